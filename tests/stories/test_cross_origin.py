"""A page of another origin signs its user in, with header tokens (CORS)."""

import pytest
from support.cors import (
    APP,
    ASKS,
    BASIC,
    EVIL,
    OF_PAGE,
    assert_readable,
    assert_silent,
    assert_unreadable,
)


@pytest.fixture
def site(make):
    def make_site(settings=(), *args, **kw):
        return make({"cors.origins": APP, **dict(settings)}, *args, **kw)

    return make_site


def tween_that_asks(handler, registry):
    """Ask for the user before a route is matched, as pyramid_tm does."""

    def tween(request):
        request.authenticated_userid  # noqa: B018
        return handler(request)

    return tween


# The whole road.


def test_a_page_of_another_origin_signs_in_renews_and_signs_out(site):
    client = site({"repository": "memory"})

    client.options("/token", headers={**OF_PAGE, **ASKS}, status=204)
    answer = client.post("/token", headers={**OF_PAGE, **BASIC})
    token = assert_readable(answer).json["access_token"]
    with_it = {**OF_PAGE, "Authorization": f"Session {token}"}
    status = client.get("/token/status", headers=with_it)
    assert assert_readable(status).json["sub"] == "bob"
    client.clock.advance(1800)
    renewed = assert_readable(client.post("/token/renew", headers=with_it))
    with_it["Authorization"] = f"Session {renewed.json['access_token']}"
    assert client.get("/identity", headers=with_it).json["userid"] == "bob"
    assert_readable(client.delete("/token", headers=with_it, status=204))
    answer = client.post("/token/renew", headers=with_it, status=401)
    challenge = answer.headers["WWW-Authenticate"]
    assert "invalid_token" in challenge
    assert_readable(answer)


@pytest.mark.parametrize("origin", [APP, EVIL])
def test_a_sign_out_with_an_expired_token_ends_the_session(site, origin):
    """Later tokens of it may be elsewhere. No browser sends such a header by
    itself, so it counts from any page that has the token.
    """
    client = site({"repository": "memory"})
    old = client.swap()["access_token"]
    client.clock.advance(1800)
    new = client.ask(old).headers["Session-Token"]
    client.clock.advance(1900)
    assert client.ask(new).json["userid"] == "alice"

    headers = {"Origin": origin, "Authorization": f"Session {old}"}
    client.delete("/token", headers=headers, status=204)

    assert client.ask(new).json["userid"] is None


def test_the_password_counts_from_the_page_and_nothing_ambient_does(site):
    """Whoever asks first: a tween does, before routing."""

    def asks(config):
        config.add_tween(f"{__name__}.tween_that_asks")

    for setup in (None, asks):
        client = site({"token.exchange": "basic cookie"}, setup)
        for headers in (
            OF_PAGE,
            {**OF_PAGE, "Sec-Fetch-Site": "same-site"},
            {"Origin": APP},
        ):
            for send in (client.get, client.post):
                answer = send("/token", headers={**headers, **BASIC})
                assert answer.json["access_token"]
        evil = {**OF_PAGE, "Origin": EVIL, **BASIC}
        assert_unreadable(client.post("/token", headers=evil, status=401))
        # Where a page is served, Basic comes from the browser's memory.
        answer = client.post("/identity", headers={**OF_PAGE, **BASIC})
        assert answer.json["userid"] is None
        client.post_json("/sign_in", {})
        assert client.post("/token").json["access_token"]
        client.post("/token", headers=OF_PAGE, status=401)
        client.post("/token/renew", headers=OF_PAGE, status=401)


def test_a_user_of_the_server_does_not_count_from_another_origin(site):
    client = site({"authenticators": "session remote_user"})
    client.extra_environ["REMOTE_USER"] = "alice"

    assert client.post("/token").json["access_token"]
    client.post("/token", headers=OF_PAGE, status=401)


def test_routes_of_the_application_are_its_own_business(site):
    client = site()
    token = client.post("/token", headers=BASIC).json["access_token"]
    answer = client.get(
        "/identity",
        headers={**OF_PAGE, "Authorization": f"Session {token}"},
    )
    assert answer.json["userid"] == "bob"
    assert_silent(answer)
    answer = client.options(
        "/identity", headers={**OF_PAGE, **ASKS}, expect_errors=True
    )
    assert_silent(answer)
