"""Tests of applications begin with a user who is signed in."""

import uuid

import pytest
from pyramid.config import Configurator
from support import START
from webtest import TestApp

from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    SessionLimitReached,
    SessionTokenError,
)
from pyramid_sessiontoken.events import SessionEnded, SessionIssued
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IExpiryPolicy
from pyramid_sessiontoken.testing import signed_in

LIMITED = {
    "repository": "memory",
    "authenticators": "session cookie",
    "token.form": "reference",
    "cookie.form": "reference",
    "sessions.limit": "1",
}

KEPT = {
    "repository": "memory",
    "token.form": "reference",
    "cookie.form": "reference",
}

FORMS = [{}, KEPT]
COOKIES = [False, True]


def who(app, headers, **kw):
    return app.get("/identity", headers=headers, **kw)


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("settings", FORMS)
@pytest.mark.parametrize("userid", ["alice", 42, uuid.UUID(int=7)])
def test_the_headers_sign_a_user_in(make, settings, cookie, userid):
    app = make(settings)

    headers = signed_in(app.app, userid, {"team": "blue"}, cookie=cookie)

    answer = who(app, headers).json
    shown = userid if isinstance(userid, int) else str(userid)
    assert answer["userid"] == shown
    assert answer["claims"] == {"team": "blue"}
    assert answer["authenticator"] == ("cookie" if cookie else "session")
    assert set(headers) == {"Cookie" if cookie else "Authorization"}
    assert who(app, {}).json["userid"] is None


class Middleware:
    def __init__(self, name, inner):
        setattr(self, name, inner)


def test_the_application_is_found_behind_what_wraps_it(make):
    app = make()
    inner = app.app
    wsgi = inner.app if isinstance(inner, TestApp) else inner
    for given in (
        app,
        wsgi,
        TestApp(wsgi),
        Middleware("application", Middleware("app", wsgi)),
        TestApp(Middleware("application", wsgi), lint=False),
    ):
        assert who(app, signed_in(given, "bob")).json["userid"] == "bob"


def test_what_is_no_such_application_is_a_type_error():
    circle = Middleware("app", None)
    circle.app = circle
    without = Configurator().make_wsgi_app()
    for given in (None, len, circle, without, TestApp(without)):
        with pytest.raises(TypeError, match="pyramid_sessiontoken"):
            signed_in(given, "alice")


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("settings", FORMS)
def test_a_session_may_have_begun_earlier(make, clock, settings, cookie):
    app = make(settings)
    began = START - 30_000

    headers = signed_in(
        app.app, "alice", amr=("pwd", "otp"), auth_time=began, cookie=cookie
    )

    status = app.get("/token/status", headers=headers).json
    assert status["auth_time"] == began
    assert status["amr"] == ["pwd", "otp"]
    assert status["session_expires_in"] == 6000
    assert status["expires_in"] == 3600
    assert "Session-Token" not in who(app, headers).headers
    clock.advance(5999)
    # Nobody used it for an hour.
    assert who(app, headers).json["userid"] is None


@pytest.mark.parametrize("revocation", ["on", "off"])
def test_a_session_may_have_begun_before_one_that_was_used(make, revocation):
    app = make({"repository": "memory", "revocation": revocation})
    assert who(app, signed_in(app.app, "alice")).json["userid"] == "alice"

    headers = signed_in(app.app, "alice", auth_time=START - 600)

    assert who(app, headers).json["userid"] == "alice"


@pytest.mark.parametrize("settings", FORMS)
def test_no_token_outlives_its_session(make, clock, settings):
    app = make(settings)
    headers = signed_in(app.app, "alice", auth_time=START - 35_990)
    clock.advance(9)
    assert who(app, headers).json["userid"] == "alice"
    clock.advance(1)
    assert who(app, headers).json["userid"] is None


def test_a_session_that_would_be_over_is_a_value_error(make):
    app = make()
    for seconds, told in ((36_000, "has ended"), (-1, "in the future")):
        with pytest.raises(ValueError, match=told):
            signed_in(app.app, "alice", auth_time=START - seconds)


def test_it_looks_at_the_clock_and_the_policy_of_the_application(make, clock):
    app = make({"expiry.absolute": "1h"})
    clock.advance(500)
    headers = signed_in(app.app, "alice", auth_time=START)
    status = app.get("/token/status", headers=headers).json
    assert status["session_expires_in"] == 3100
    assert app.app.registry.getUtility(IExpiryPolicy)


def test_the_token_travels_as_the_settings_say(make):
    bearer = make({"token.scheme": "Bearer"})
    headers = signed_in(bearer.app, "alice")
    assert headers["Authorization"].startswith("Bearer ")
    assert who(bearer, headers).json["userid"] == "alice"

    other = make({"token.header": "X-Token"})
    headers = signed_in(other.app, "alice")
    assert list(headers) == ["X-Token"]
    assert who(other, headers).json["userid"] == "alice"


def test_a_large_cookie_comes_in_chunks(make):
    app = make()
    headers = signed_in(app.app, "alice", {"x": "x" * 5000}, cookie=True)
    assert headers["Cookie"].count(";") == 1
    assert who(app, headers).json["claims"] == {"x": "x" * 5000}


def test_a_partitioned_cookie_comes_once(make):
    app = make({"cookie.partitioned": "true", "cookie.samesite": "None"})
    headers = signed_in(app.app, "alice", cookie=True)
    assert headers["Cookie"].count("sessiontoken=") == 1
    assert who(app, headers).json["userid"] == "alice"


@pytest.mark.parametrize(
    ("listed", "cookie"), [("session", True), ("cookie", False)]
)
def test_what_the_application_does_not_take_is_an_error(make, listed, cookie):
    app = make({"authenticators": listed, "basic.check": None})
    with pytest.raises(SessionTokenError, match="does not name"):
        signed_in(app.app, "alice", cookie=cookie)


@pytest.mark.parametrize("cookie", COOKIES)
def test_subscribers_are_told(make, cookie):
    told = []
    app = make(
        setup=lambda config: config.add_subscriber(told.append, SessionIssued)
    )
    signed_in(app.app, "alice", auth_time=START - 60, cookie=cookie)
    [event] = told
    assert event.identity.userid == "alice"
    assert event.ticket.auth_time == START - 60


def test_the_transformer_runs_and_may_refuse(make):
    def setup(config):
        config.set_sessiontoken_claims_transformer(Transformer())

    class Transformer:
        def transform(self, identity, request):
            if identity.userid == "mallory":
                raise InvalidCredential("barred")
            return Identity(identity.userid, {"seen": True})

    app = make(setup=setup)
    headers = signed_in(app.app, "alice")
    assert who(app, headers).json["claims"] == {"seen": True}
    with pytest.raises(InvalidCredential):
        signed_in(app.app, "mallory")
    with pytest.raises(ClaimsError):
        signed_in(app.app, "role:admin")


STAMPS = {}


def stamp(userid, request):
    return STAMPS.get(userid, "first")


@pytest.mark.parametrize("cookie", COOKIES)
def test_the_stamp_is_asked(make, monkeypatch, cookie):
    app = make({**KEPT, "stamp": stamp, "stamp.every": "0"})
    headers = signed_in(app.app, "alice", cookie=cookie)
    assert who(app, headers).json["userid"] == "alice"
    monkeypatch.setitem(STAMPS, "alice", "second")
    assert who(app, headers).json["userid"] is None
    monkeypatch.setitem(STAMPS, "alice", None)
    with pytest.raises(InvalidCredential):
        signed_in(app.app, "alice")


@pytest.mark.parametrize("cookie", COOKIES)
def test_the_limit_counts_it(make, cookie):
    ended = []
    app = make(
        {**LIMITED, "basic.check": None},
        setup=lambda config: config.add_subscriber(ended.append, SessionEnded),
    )
    first = signed_in(app.app, "alice", cookie=cookie)
    second = signed_in(app.app, "alice", cookie=cookie)
    assert [e.reason for e in ended] == ["evicted"]
    assert who(app, first).json["userid"] is None
    assert who(app, second).json["userid"] == "alice"

    refusing = make(
        {**LIMITED, "basic.check": None, "sessions.over_limit": "refuse"}
    )
    signed_in(refusing.app, "alice", cookie=cookie)
    with pytest.raises(SessionLimitReached):
        signed_in(refusing.app, "alice", cookie=cookie)


def test_a_session_like_any_other_is_signed_out(make):
    app = make(KEPT)
    headers = signed_in(app.app, "alice")
    app.delete("/token", headers=headers, status=204)
    assert who(app, headers).json["userid"] is None
