"""From the credentials of a request to its identity."""

import logging

import pytest
from pyramid.response import Response
from support.endpoint import BASIC

from pyramid_sessiontoken.authenticators.basic import BasicAuthenticator
from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator


def test_the_authenticator_that_vouches_is_logged_at_debug_level(
    client, caplog
):
    token = client.swap()["access_token"]
    with caplog.at_level(logging.DEBUG, "pyramid_sessiontoken"):
        client.ask(token)
    assert caplog.messages == ["session vouches for 'alice'"]


def test_a_refusing_authenticator_is_asked_once_and_notified_once(own, caplog):
    told = []
    client = own(
        InvalidCredential("no good"),
        setup=lambda config: config.add_subscriber(
            told.append, CredentialRefused
        ),
    )
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        who = client.get("/identity").json
    assert who["userid"] is None
    assert who["failure"] == "own refused: no good"
    assert client.own.asked == 1
    assert caplog.messages == ["own refused: no good [refused]"]
    assert [(e.authenticator, e.reason) for e in told] == [("own", "no good")]


def test_a_password_is_checked_once_though_two_questions_are_asked(make):
    """pyramid_tm asks all authenticators; the endpoint asks some of them."""
    asked = []

    def check(username, password, request):
        asked.append(username)
        return True

    client = make(
        {"basic.check": check},
        setup=lambda config: config.include("pyramid_tm"),
    )
    client.swap()
    assert asked == ["alice"]


def test_an_unusable_userid_of_a_credential_is_a_refusal(make):
    client = make({"basic.check": lambda u, p, r: True})
    client.authorization = ("Basic", ("system.Everyone", "x"))
    who = client.get("/identity").json
    assert who["userid"] is None
    assert "system." in who["failure"]


@pytest.mark.parametrize("asked", ["identity", "ticket", "claims"])
def test_an_outage_is_raised_from_request_sessiontoken(own, asked):
    def setup(config):
        config.add_route("session", "/session")
        config.add_view(
            lambda request: Response(
                f"{request.sessiontoken.failure},"
                f" {getattr(request.sessiontoken, asked)}"
            ),
            route_name="session",
        )
        config.add_route("why", "/why")
        config.add_view(
            lambda request: Response(str(request.sessiontoken.failure)),
            route_name="why",
        )

    client = own(RepositoryUnavailable("down"), setup=setup)
    client.get("/session", status=503)
    assert client.get("/why").text == "repository refused: down"


def test_an_authenticator_that_gives_no_identity_is_a_type_error(own):
    client = own(lambda request: "carol")
    with pytest.raises(TypeError, match="'own' gave str"):
        client.get("/identity")


def test_an_identity_gets_the_name_in_the_settings(own):
    client = own(Identity("carol", authenticator="another"))
    assert client.get("/identity").json["authenticator"] == "own"
    token = client.post("/token").json["access_token"]
    assert client.fresh().ask(token).json["authenticator"] == "own"


def test_the_user_loader_gives_the_applications_own_user(make):
    users = {"alice": {"name": "Alice"}}
    seen = []

    def load(identity, request):
        return users.get(identity.userid)

    def setup(config):
        config.add_view(
            lambda request: seen.append(request.identity) or Response(),
            route_name="public",
            request_method="PUT",
        )

    client = make({"user_loader": load}, setup=setup)
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    client.put("/public", headers=headers)
    assert seen == [{"name": "Alice"}]
    who = client.ask(token).json
    assert who["userid"] == "alice"
    assert who["authenticator"] == "session"

    del users["alice"]
    who = client.ask(token).json
    assert who["userid"] is None
    assert who["failure"] == (
        "session refused: the user loader gave None: the user is gone or"
        " barred"
    )
    assert client.ask(token, "/token/status").json == {"active": False}
    client.authorization = ("Basic", ("alice", "alice"))
    client.post("/token", status=401)


def test_an_unregistered_authenticator_is_an_error_when_it_is_needed(make):
    client = make()
    client.registry.unregisterUtility(provided=IAuthenticator, name="basic")
    with pytest.raises(SessionTokenError, match="'basic'"):
        client.get("/identity")


def test_no_user_is_signed_in_over_plain_http(client):
    token = client.swap()["access_token"]
    client.extra_environ["wsgi.url_scheme"] = "http"
    who = client.ask(token).json
    assert who["userid"] is None
    assert "X-Forwarded-Proto" in who["failure"]


def test_the_first_authenticator_that_vouches_is_taken(own):
    """The first that vouches counts, unless an explicit one is refused."""
    vouches = own(Identity("carol"))
    token = vouches.swap(headers={})["access_token"]
    assert vouches.ask(token).json["userid"] == "carol"
    finds_nothing = own(None)
    token = finds_nothing.swap()["access_token"]
    assert finds_nothing.ask(token).json["userid"] == "alice"


def test_an_identity_without_a_userid_signs_no_user_in(own):
    client = own(Identity(None, {"group": 1}))
    assert client.get("/identity").json["userid"] is None
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


def test_an_explicit_refusal_beats_an_ambient_identity(make):
    client = make({"authenticators": "cookie session basic"})
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"
    assert client.ask("junk").json["userid"] is None
    token = client.swap("bob")["access_token"]
    # Both vouch: the first of the list counts.
    assert client.ask(token).json["userid"] == "alice"


def test_basic_is_explicit_for_precedence_and_ambient_for_cross_site(make):
    client = make({"authenticators": "cookie basic session"})
    client.post_json("/sign_in", {})
    client.authorization = ("Basic", ("alice", "wrong"))
    assert client.get("/identity").json["userid"] is None
    client.authorization = ("Basic", ("alice", "alice"))
    client.post("/token", headers={"Sec-Fetch-Site": "cross-site"}, status=401)
    assert BasicAuthenticator.ambient


# A user who signs in and is barred at once.


def warnings(caplog):
    found = [r.getMessage() for r in caplog.records if r.levelname[0] == "W"]
    caplog.clear()
    return found


@pytest.mark.parametrize("later", [0, 59])
def test_a_user_refused_right_after_sign_in_causes_a_warning(
    make, caplog, later
):
    """The application would sign the user in again and again, and nothing
    that a production.ini shows would say why.
    """
    client = make({"user_loader": lambda identity, request: None})
    client.post_json("/sign_in", {})
    client.clock.advance(later)
    warnings(caplog)

    assert client.get("/identity").json["userid"] is None
    [said] = warnings(caplog)
    assert said.startswith(f"'alice' signed in {later} s ago")
    assert "sessiontoken.user_loader knows no such user" in said


def test_a_user_refused_later_causes_no_warning(make, caplog):
    client = make({"user_loader": lambda identity, request: None})
    client.post_json("/sign_in", {})
    warnings(caplog)
    client.clock.advance(60)

    assert client.get("/identity").json["userid"] is None
    # A password that is shown each time begins no session.
    client.post("/token", headers=BASIC, status=401)
    assert warnings(caplog) == []
