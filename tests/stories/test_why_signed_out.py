"""A user asks: why was I signed out? One word tells it everywhere."""

import json
import logging

import pytest
from support import KEY, OTHER_KEY

from pyramid_sessiontoken.errors import CODES
from pyramid_sessiontoken.testing import signed_in

LOG = "pyramid_sessiontoken"
AUDIT = "pyramid_sessiontoken.audit"
KEPT = {"repository": "memory", "audit": "on"}
FROM = {"REMOTE_ADDR": "192.0.2.7"}


def why(request):
    """Tell a user why the session ended."""
    return {
        "code": request.sessiontoken.failure_code,
        "failure": request.sessiontoken.failure,
    }


def with_page(config):
    config.add_route("why", "/why")
    config.add_view(why, route_name="why", renderer="json")


@pytest.fixture
def app(make):
    return make(KEPT, setup=with_page)


def ask(app, headers):
    return app.get("/why", headers=headers, extra_environ=FROM).json


def lines(caplog, name=LOG):
    """Give the refusals of the log, or all lines of the audit log."""
    return [
        text
        for record in caplog.records
        if (text := record.getMessage()) and record.name == name
        if name == AUDIT or " refused: " in text
    ]


@pytest.mark.parametrize("cookie", [False, True])
def test_a_session_that_expired(app, clock, caplog, cookie):
    caplog.set_level(logging.INFO, LOG)
    headers = signed_in(app.app, "alice", cookie=cookie)
    sid = json.loads(lines(caplog, AUDIT)[0])["sid"]
    clock.advance(4000)
    caplog.clear()

    told = ask(app, headers)

    name = "cookie" if cookie else "session"
    assert told == {
        "code": "expired",
        "failure": f"{name} refused: the token expired",
    }
    assert told["code"] in CODES
    [line] = lines(caplog)
    assert line == (
        f"{name} refused: the token expired [expired, user 'alice', session"
        f" {sid[:8]}, address 192.0.2.7]"
    )
    [audit] = map(json.loads, lines(caplog, AUDIT))
    assert audit["reason"] == "expired"
    assert audit["address"] == "192.0.2.7"


@pytest.mark.parametrize("cookie", [False, True])
def test_a_session_that_was_ended(app, caplog, cookie):
    caplog.set_level(logging.INFO, LOG)
    headers = signed_in(app.app, 42, cookie=cookie)
    sid = json.loads(lines(caplog, AUDIT)[0])["sid"]
    app.delete("/token", headers=headers, status=204)
    caplog.clear()

    assert ask(app, headers)["code"] == "ended"

    [line] = lines(caplog)
    assert line.endswith(
        f" [ended, user 42, session {sid[:8]}, address 192.0.2.7]"
    )


def test_a_stale_cookie_is_told_once(app, clock, caplog):
    caplog.set_level(logging.INFO, LOG)
    first, second = (
        signed_in(app.app, user, cookie=True) for user in ("alice", "bob")
    )
    clock.advance(4000)
    caplog.clear()

    for _ in range(3):
        for headers in (first, second):
            assert ask(app, headers)["code"] == "expired"

    assert len(lines(caplog)) == 2
    # What is counted is counted each time.
    assert len(lines(caplog, AUDIT)) == 6


def test_a_cookie_of_an_ended_session_is_told_once(app, caplog):
    headers = signed_in(app.app, "alice", cookie=True)
    app.delete("/token", headers=headers, status=204)
    caplog.set_level(logging.INFO, LOG)
    for _ in range(3):
        assert ask(app, headers)["code"] == "ended"
    assert len(lines(caplog)) == 1


def test_with_debug_each_request_is_told(app, clock, caplog):
    caplog.set_level(logging.DEBUG, LOG)
    headers = signed_in(app.app, "alice", cookie=True)
    clock.advance(4000)
    caplog.clear()
    for _ in range(3):
        ask(app, headers)
    assert len(lines(caplog)) == 3


def test_a_header_token_is_told_each_time(app, clock, caplog):
    """A program that repeats it has a mistake."""
    headers = signed_in(app.app, "alice")
    clock.advance(4000)
    caplog.set_level(logging.INFO, LOG)
    for _ in range(3):
        ask(app, headers)
    assert len(lines(caplog)) == 3


def test_a_cookie_of_a_lost_key(make, caplog):
    headers = signed_in(make({"keys": OTHER_KEY}).app, "alice", cookie=True)
    app = make({"keys": KEY}, setup=with_page)
    caplog.set_level(logging.INFO, LOG)
    assert ask(app, headers)["code"] == "undecodable"
    [line] = lines(caplog)
    assert line.endswith(" [undecodable, address 192.0.2.7]")


def test_a_user_who_is_gone_is_named(make, caplog):
    users = {"alice": object()}

    def load(identity, request):
        return users.get(identity.userid)

    app = make({"user_loader": load}, setup=with_page)
    headers = signed_in(app.app, "alice")
    assert ask(app, headers) == {"code": None, "failure": None}
    users.clear()
    caplog.set_level(logging.INFO, LOG)
    assert ask(app, headers)["code"] == "user_gone"
    [line] = lines(caplog)
    assert "[user_gone, user 'alice', session " in line


def test_another_site_is_told_with_the_user(app, caplog):
    headers = signed_in(app.app, "alice", cookie=True)
    caplog.set_level(logging.INFO, LOG)
    elsewhere = {**headers, "Origin": "https://evil.example"}
    app.post("/why", headers=elsewhere, extra_environ=FROM)
    [line] = lines(caplog)
    assert "[cross_site, user 'alice', session " in line


def test_the_address_is_that_of_the_client_behind_a_proxy(make, caplog):
    app = make(
        {
            "address.header": "X-Forwarded-For",
            "address.trusted_proxies": "192.0.2.0/24",
        },
        setup=with_page,
    )
    caplog.set_level(logging.INFO, LOG)
    ask(app, {"Cookie": "__Host-sessiontoken=0.AA", "X-Forwarded-For": "::5"})
    [line] = lines(caplog)
    assert line.endswith("address ::5]")


def test_a_password_of_a_form_is_told_with_the_address(make, caplog):
    def form(request):
        request.sessiontoken.check_password("alice", "wrong")
        return {}

    def setup(config):
        config.add_route("form", "/form")
        config.add_view(form, route_name="form", renderer="json")

    app = make(setup=setup)
    caplog.set_level(logging.INFO, LOG)
    app.get("/form", extra_environ=FROM)
    [line] = lines(caplog)
    assert line.endswith(" [wrong_password, address 192.0.2.7]")
