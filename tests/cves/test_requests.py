"""Attacks on requests and answers, repeated."""

import base64

import pytest
from support import START
from support.access_tokens import SETTINGS, Application, bearer
from support.certificates import SUCCESS, make_certificate

NAME = "__Host-sessiontoken"
HALF = 1800


def attempt(client, address, password="wrong"):
    pair = base64.b64encode(f"alice:{password}".encode()).decode()
    return client.fresh(REMOTE_ADDR=address).get(
        "/admin",
        headers={"Authorization": f"Basic {pair}"},
        expect_errors=True,
    )


def test_cve_2026_45364_another_address_of_one_network(make):
    """A customer has a /64 of IPv6, and an address has many spellings."""
    client = make({"throttle.attempts": "3/minute", "throttle.by": "address"})
    for address in (
        "2001:db8:1:2::1",
        "2001:0DB8:0001:0002:0000:0000:0000:0002",
        "2001:db8:1:2:ffff::3",
    ):
        assert attempt(client, address).status_int == 401
    assert attempt(client, "2001:db8:1:2:a::9", "alice").status_int == 429
    assert attempt(client, "2001:db8:1:3::9", "alice").status_int == 200
    for address in ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"):
        assert attempt(client, address).status_int == 401
    assert attempt(client, "192.0.2.1", "alice").status_int == 429


@pytest.mark.parametrize("path", ["/identity", "/public"])
def test_cve_2023_30861_and_cve_2025_48947_renewed_cookie_in_a_cache(
    make, path
):
    """A response that only renews the cookie is not kept by caches."""
    client = make()
    client.post_json("/sign_in", {})
    client.clock.advance(HALF)
    renewed = client.get(path)
    if "Set-Cookie" in renewed.headers:
        assert renewed.headers["Cache-Control"] == "private, no-store"
        assert "Cookie" in renewed.headers["Vary"]
    assert ("Set-Cookie" in renewed.headers) == (path == "/identity")


def test_cve_2026_27205_answer_to_nobody_without_vary(make):
    """Also the answer to a request without a cookie depends on it."""
    client = make()
    assert client.get("/identity").headers["Vary"] == "Authorization, Cookie"
    refused = client.get("/admin", expect_errors=True)
    assert refused.status_int == 401
    assert "Cookie" in refused.headers["Vary"]
    assert refused.headers["Cache-Control"] == "private, no-store"


def certified(make, **settings):
    return make(
        {
            "authenticators": "session client_certificate",
            "basic.check": None,
            "client_certificate.source": "header:X-Client-Cert",
            "client_certificate.verify": "header:X-Client-Verify",
            "client_certificate.trusted_proxies": "10.0.0.1",
            "client_certificate.subject": "CN=alice",
            **settings,
        }
    )


def shown(client, peer, verify=SUCCESS, **variables):
    environ = {
        "REMOTE_ADDR": peer,
        "HTTP_X_CLIENT_CERT": make_certificate().escaped,
        "HTTP_X_CLIENT_VERIFY": verify,
        **variables,
    }
    return client.get("/identity", extra_environ=environ).json["userid"]


def test_cve_2024_10039_certificate_in_a_header_of_a_client(make):
    client = certified(make)
    assert shown(client, "10.0.0.1") == "alice"
    assert shown(client, "10.0.0.2") is None
    forwarded = {"HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    assert shown(client, "10.0.0.2", **forwarded) is None
    for verdict in ("NONE", "FAILED", "success", "FAILED:SUCCESS", ""):
        assert shown(client, "10.0.0.1", verdict) is None
    # The header came twice: from the client, and from the proxy.
    text = make_certificate().escaped
    twice = {"HTTP_X_CLIENT_CERT": f"{text}, {text}"}
    assert shown(client, "10.0.0.1", **twice) is None
    assert shown(client, "10.0.0.1", f"{SUCCESS}, {SUCCESS}") is None


def test_cve_2015_0219_header_with_an_underscore(make):
    """WSGI writes X_Client_Cert as it writes X-Client-Cert. The peer decides,
    not the spelling.
    """
    client = certified(make)
    headers = {
        "X_Client_Cert": make_certificate().escaped,
        "X_Client_Verify": SUCCESS,
    }
    got = client.get(
        "/identity", headers=headers, extra_environ={"REMOTE_ADDR": "10.0.0.2"}
    )
    assert got.json["userid"] is None
    assert got.json["failure"]


def test_knox_length_of_a_token_is_an_error(make):
    """An access token of any length is refused, and none is an error."""
    application = Application(make, SETTINGS)
    text = application.create()
    assert application.lives(text)
    for length in (*range(len(text)), 60, 100, 1000, 4096, 9000):
        cut = (text + "A" * 9000)[:length]
        assert application.who(bearer(cut))["userid"] is None
    assert application.client.clock.now() == START
