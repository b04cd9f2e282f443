"""A user who wants to stay signed in does, within limits of its own kind."""

import jwt
import pytest
from support.stored import registering

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository

HOUR = 3600
DAY = 24 * HOUR

#: Keep me signed in for 30 days, unless I stay away for a week.
LONG = {
    "expiry.persistent.absolute": "30d",
    "expiry.persistent.sliding": "7d",
}

#: Which methods renew where only unsafe requests do.
RENEWS = {
    "GET": False,
    "POST": True,
    "PUT": True,
    "PATCH": True,
    "DELETE": True,
}

FORMS = ["self-contained", "reference"]


def sid(request):
    return request.sessiontoken.ticket.sid


def issue(request):
    persistent = "stay" in request.GET
    session = request.sessiontoken
    return session.issue("alice", persistent=persistent).as_dict()


def end(request):
    if "sid" in request.GET:
        request.sessiontoken.revoke(request.GET["sid"])
    else:
        request.sessiontoken.revoke_all("alice")
    return {}


def views(config):
    for view in (sid, issue, end):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__, renderer="json")


@pytest.fixture
def app(make, clock):
    """Make applications that share a repository."""
    repository = MemoryRepository(clock)

    def make_app(settings=(), **more):
        every = {"repository": "registered", **dict(settings), **more}
        return make(
            every,
            setup=views,
            before=registering(repository, ITokenRepository),
        )

    return make_app


def sign_in(client, **given):
    """Sign in by the cookie; give the time that the browser keeps it."""
    response = client.post_json("/sign_in", given)
    [cookie] = response.headers.getall("Set-Cookie")
    attributes = dict(
        each.strip().partition("=")[::2] for each in cookie.split(";")[1:]
    )
    return attributes.get("Max-Age")


def user_of(client):
    return client.get("/identity").json["userid"]


def read(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "given", [{"persistent": True}, {"max_age": 60}, {"persistent": "on"}]
)
def test_a_user_stays_signed_in_for_weeks_and_no_longer(app, form, given):
    client = app(LONG, **{"cookie.form": form})
    assert sign_in(client, **given) == str(30 * DAY)
    for _ in range(5):
        client.clock.advance(6 * DAY - 1)
        assert user_of(client) == "alice"
    client.clock.advance(4)
    assert user_of(client) == "alice"
    client.clock.advance(1)
    assert user_of(client) is None


@pytest.mark.parametrize("form", FORMS)
def test_a_user_who_stays_away_for_a_week_is_signed_out(app, form):
    client = app(LONG, **{"cookie.form": form})
    sign_in(client, persistent=True)
    client.clock.advance(7 * DAY + 30)
    assert user_of(client) is None


@pytest.mark.parametrize("form", FORMS)
def test_others_keep_the_ordinary_limits(app, form):
    client = app(LONG, **{"cookie.form": form})
    assert sign_in(client, persistent=False) is None
    client.clock.advance(HOUR + 30)
    assert user_of(client) is None
    sign_in(client)
    for _ in range(10):
        client.clock.advance(HOUR - 1)
        assert user_of(client) == "alice"
    client.clock.advance(10)
    assert user_of(client) is None


def test_the_setting_makes_every_cookie_persistent(app):
    client = app(LONG, **{"cookie.persistent": "true"})
    assert sign_in(client) == str(30 * DAY)
    client.clock.advance(6 * DAY)
    assert user_of(client) == "alice"


@pytest.mark.parametrize("form", FORMS)
def test_a_program_of_the_user_may_stay_signed_in(app, form):
    client = app(LONG, **{"token.form": form})
    short = client.get("/issue").json
    long = client.get("/issue?stay").json
    assert short["session_expires_in"] == 10 * HOUR
    assert long["session_expires_in"] == 30 * DAY
    assert long["expires_in"] == 7 * DAY
    if form == "self-contained":
        assert read(long["access_token"])["persistent"] is True
        assert "persistent" not in read(short["access_token"])
    client.clock.advance(6 * DAY)
    response = client.ask(long["access_token"])
    assert response.json["userid"] == "alice"
    if form == "self-contained":
        renewed = read(response.headers["Session-Token"])
        assert renewed["persistent"] is True
        assert renewed["exp"] == client.clock.now() + 7 * DAY


def test_a_token_swapped_for_the_cookie_lives_as_long_as_that(app):
    client = app(LONG, **{"token.exchange": "cookie"})
    sign_in(client, persistent=True)
    token = client.post("/token").json
    assert read(token["access_token"])["persistent"] is True
    assert token["expires_in"] == 7 * DAY
    client.clock.advance(6 * DAY)
    other = client.fresh()
    assert other.ask(token["access_token"]).json["userid"] == "alice"


def test_the_endpoint_begins_no_persistent_session(app):
    client = app(LONG, **{"cookie.persistent": "true"})
    token = client.swap(params={"persistent": "true", "max_age": "60"})
    assert token["session_expires_in"] == 10 * HOUR
    assert "persistent" not in read(token["access_token"])


@pytest.mark.parametrize("form", FORMS)
def test_sessions_are_judged_by_the_limits_of_today(app, form):
    before = app(LONG, **{"cookie.form": form})
    sign_in(before, persistent=True)
    today = app(
        **{
            "cookie.form": form,
            "expiry.persistent.absolute": "3d",
            "expiry.persistent.sliding": "1d",
        }
    )
    today.cookiejar = before.cookiejar
    for _ in range(3):
        today.clock.advance(DAY - 1)
        assert user_of(today) == "alice"
    today.clock.advance(3)
    assert user_of(today) is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", ["sign out", "revoke_all", "revoke"])
def test_a_session_that_was_ended_never_comes_back_to_life(app, way, form):
    """Also where an application with short limits ended it, and where its
    sid alone was known.
    """
    client = app(
        LONG, **{"cookie.form": form, "expiry.persistent.sliding": "off"}
    )
    other = app(**{"cookie.form": form, "expiry.absolute": "1h"})
    sign_in(client, persistent=True)
    [(name, value)] = client.cookies.items()
    copy = {"Cookie": f"{name}={value}"}
    identity = client.fresh().get("/identity", headers=copy)
    assert identity.json["userid"] == "alice"
    if way == "sign out":
        other.post("/sign_out", headers=copy)
    elif way == "revoke_all":
        other.get("/end")
    else:
        other.get(
            "/end", {"sid": client.fresh().get("/sid", headers=copy).json}
        )
    client.clock.advance(5)  # The other process knows by now.
    for days in (0, 1, 14, 14.99):
        client.clock.advance(int(days * DAY))
        client.registry.getUtility(ITokenRepository).remove_all_before(
            moment(client.clock.now())
        )
        response = client.fresh().get("/identity", headers=copy)
        assert response.json["userid"] is None


@pytest.mark.parametrize("form", FORMS)
def test_a_get_writes_nothing_if_the_setting_says_so(app, form):
    client = app(**{"expiry.renew_on": "unsafe", "token.form": form})
    send = {"GET": client.get, "POST": client.post, "PUT": client.put}
    send |= {"PATCH": client.patch, "DELETE": client.delete}
    for method, renews in RENEWS.items():
        token = client.swap()["access_token"]
        client.clock.advance(1800)
        headers = {"Authorization": f"Session {token}"}
        response = send[method]("/identity", headers=headers)
        given = response.headers.get("Session-Token")
        assert (given is not None) == (renews and form == "self-contained")
        left = client.ask(given or token, "/token/status").json
        assert left["expires_in"] == (HOUR if renews else 1800)


def test_the_endpoint_renews_by_a_get_whatever_the_setting_says(app):
    client = app(**{"expiry.renew_on": "unsafe"})
    token = client.swap()["access_token"]
    client.clock.advance(60)
    renewed = client.ask(token, "/token").json
    assert renewed["expires_in"] == HOUR
    assert renewed["access_token"] != token
