"""OAuth 2 clients encode their id and secret before they write Basic."""

import base64
from urllib.parse import quote_plus

import pytest
from support.endpoint import FORM

GRANT = "grant_type=client_credentials"
#: What the application knows.
PASSWORDS = {"a client:7": "s+c%20ret/ü", "raw+name": "100%25"}


def check(username, password, request):
    request.environ.setdefault("asked", []).append(username)
    return PASSWORDS.get(username) == password


def basic(username, password, encode=quote_plus):
    pair = f"{encode(username)}:{encode(password)}"
    shown = base64.b64encode(pair.encode()).decode()
    return {"Authorization": f"Basic {shown}", "Content-Type": FORM}


def as_it_is(text):
    return text


ENCODED = basic("a client:7", PASSWORDS["a client:7"])
RAW = basic("raw+name", PASSWORDS["raw+name"], as_it_is)


def asks_before_routing(config):
    """As pyramid_tm does, for its annotation."""
    config.add_tween(f"{__name__}.tween_that_asks")


def tween_that_asks(handler, registry):
    def tween(request):
        request.authenticated_userid  # noqa: B018
        return handler(request)

    return tween


@pytest.fixture(params=[None, asks_before_routing])
def make_client(make, request):
    def make_with(settings=()):
        return make(
            {"basic.check": check, "repository": "memory", **dict(settings)},
            setup=request.param,
        )

    return make_with


@pytest.mark.parametrize("headers", [ENCODED, RAW])
def test_with_a_grant_type_both_spellings_are_accepted(make_client, headers):
    client = make_client()

    token = client.post("/token", GRANT, headers=headers).json["access_token"]

    userid = "a client:7" if headers is ENCODED else "raw+name"
    assert client.ask(token).json["userid"] == userid


def test_without_a_grant_type_credentials_are_not_decoded(make_client):
    client = make_client()

    for body in ("", "other=x"):
        client.post("/token", body, headers=ENCODED, status=401)
        assert client.post("/token", body, headers=RAW).json["access_token"]
    client.get("/token", headers=ENCODED, status=401)
    client.get("/token", headers=RAW)
    path = "/identity"
    assert client.get(path, headers=ENCODED).json["userid"] is None
    assert client.get(path, headers=RAW).json["userid"] == "raw+name"
    answer = client.post(path, GRANT, headers=ENCODED)
    assert answer.json["userid"] is None


@pytest.mark.parametrize("path", ["/token/introspect", "/token/revoke"])
@pytest.mark.parametrize("headers", [ENCODED, RAW])
def test_introspection_and_revocation_need_no_grant_type(
    make_client, path, headers
):
    client = make_client()
    token = client.post("/token", GRANT, headers=headers).json["access_token"]

    answer = client.post(path, {"token": token}, headers=headers)

    if path == "/token/introspect":
        assert answer.json["active"] is True
    else:
        assert client.ask(token).json["userid"] is None


def test_a_failure_is_counted_once_for_each_spelling_of_the_name(make_client):
    client = make_client(
        {"throttle.attempts": "3/minute", "throttle.by": "user"}
    )
    wrong = basic("a client:7", "wrong+")

    for _ in range(3):
        client.post("/token", GRANT, headers=wrong, status=401)
    client.post("/token", GRANT, headers=ENCODED, status=429)
    # Both spellings are at the limit, wherever they are shown.
    sent = quote_plus("a client:7")
    client.get("/token", headers=basic(sent, "x", as_it_is), status=429)
    plain = basic("raw+name", "wrong", as_it_is)
    for _ in range(3):
        client.post("/token", GRANT, headers=plain, status=401)
    client.get("/token", headers=basic("raw name", "x", as_it_is), status=429)
    client.get("/token", headers=RAW, status=429)


def test_a_failure_is_counted_once_for_its_address(make_client):
    client = make_client(
        {"throttle.attempts": "3/minute", "throttle.by": "address"}
    )
    wrong = basic("a b", "wrong+")
    for _ in range(3):
        client.post("/token", GRANT, headers=wrong, status=401)
    client.post("/token", GRANT, headers=ENCODED, status=429)


def test_a_body_that_a_tween_read_is_still_refused(make_client):
    client = make_client()

    for body, status in (
        (f"{GRANT}&{GRANT}", 400),
        ("grant_type=password", 400),
        (GRANT + "&a=" + "x" * 65536, 413),
    ):
        client.post("/token", body, headers=ENCODED, status=status)
