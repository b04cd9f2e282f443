"""The user of a request, asked for at any time, by any code."""

import logging

import pytest
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.request import Request
from pyramid.response import Response
from pyramid.testing import DummyRequest, setUp, tearDown
from support import check_password

from pyramid_sessiontoken.authenticators.basic import BasicAuthenticator
from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
    TooManyAttempts,
)
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator


class Own:
    """An authenticator that calls a function of the test."""

    scheme = None
    vary = ("X-Own",)
    ambient = False

    def __init__(self, does):
        self.does = does
        self.asked = 0

    def authenticate(self, request):
        self.asked += 1
        if isinstance(self.does, Exception):
            raise self.does
        return self.does(request) if callable(self.does) else self.does

    def challenge(self, request):
        return None


@pytest.fixture
def own(make):
    """Make a client whose first authenticator calls a function."""

    def make_own(does, settings=(), setup=None, **kw):
        authenticator = Own(does)

        def set_up(config):
            config.add_sessiontoken_authenticator("own", authenticator)
            config.add_view(
                lambda exc, request: Response(
                    f"view, {request.identity}", status=500
                ),
                context=LookupError,
            )
            if setup is not None:
                setup(config)

        client = make(
            {"authenticators": "own session cookie basic", **dict(settings)},
            setup=set_up,
            **kw,
        )
        client.own = authenticator
        return client

    return make_own


def test_an_authenticator_is_asked_once_a_request(own):
    client = own(Identity("carol", {"a": 1}))
    assert client.get("/identity").json == {
        "userid": "carol",
        "signed_in": True,
        "claims": {"a": 1},
        "authenticator": "own",
        "failure": None,
    }
    assert client.own.asked == 1


def test_who_vouched_is_told_to_who_debugs(client, caplog):
    token = client.swap()["access_token"]
    with caplog.at_level(logging.DEBUG, "pyramid_sessiontoken"):
        client.ask(token)
    assert caplog.messages == ["session vouches for 'alice'"]


def test_a_refusal_is_asked_for_once_too_and_told_once(own, caplog):
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
    assert caplog.messages == ["own refused: no good"]
    assert [(e.authenticator, e.reason) for e in told] == [("own", "no good")]


def test_a_password_is_checked_once_though_the_endpoint_asks_as_well(make):
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


@pytest.mark.parametrize(
    ("answer", "userid"),
    [
        (None, None),
        (False, None),
        (True, "alice"),
        (7, 7),
        ("other", "other"),
        ({"sub": 8, "roles": []}, 8),
        ({"roles": ["admin"]}, None),
        ("", None),
        ([], None),
        (0.5, None),
        ({"sub": "x", "iss": "y"}, None),
    ],
)
def test_what_a_check_may_answer(make, answer, userid):
    client = make({"basic.check": lambda u, p, r: answer})
    client.authorization = ("Basic", ("alice", "x"))
    assert client.get("/identity").json["userid"] == userid
    expected = 200 if userid is not None else 401
    assert client.post("/token", status=expected)


@pytest.mark.parametrize("userid", [7, -1, 0, "7"])
def test_an_int_comes_back_as_an_int(make, userid):
    client = make({"basic.check": lambda u, p, r: {"sub": userid}})
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == userid


def test_an_error_of_the_applications_code_reaches_exception_views(own):
    client = own(LookupError("bug"))
    response = client.get("/identity", status=500)
    assert response.text == "view, None"
    assert client.own.asked == 1
    assert client.post("/token", status=500).text == "view, None"
    with pytest.raises(LookupError):
        # Raised by the forbidden view itself, after all other views.
        client.get("/forbidden")


def test_before_routing_an_error_is_nobody(own):
    """pyramid_tm asks when no exception view could answer."""
    client = own(
        LookupError("bug"),
        setup=lambda config: config.include("pyramid_tm"),
    )
    assert client.get("/public").text == "hello"
    assert client.get("/identity", status=500).text == "view, None"
    client.get("/admin", status=500)


def test_an_outage_is_503_and_never_anonymous(own, caplog):
    client = own(RepositoryUnavailable("down"))
    for path in ("/identity", "/admin"):
        response = client.get(path, status=503)
        assert response.headers["Retry-After"] == "5"
    for method in (client.get, client.post):
        response = method("/token", status=503)
        assert response.json["error"] == "temporarily_unavailable"
        assert response.headers["Retry-After"] == "5"
    client.get("/forbidden", status=503)
    assert "down" in caplog.text


@pytest.mark.parametrize("asked", ["identity", "ticket", "claims"])
def test_an_outage_is_told_to_who_asks_for_the_session_too(own, asked):
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


def test_an_outage_inside_an_exception_view_is_nobody(own):
    def setup(config):
        config.add_exception_view(
            lambda exc, request: Response(f"sorry, {request.identity}"),
            context=HTTPServiceUnavailable,
        )

    client = own(RepositoryUnavailable("down"), setup=setup)
    assert client.get("/identity").text == "sorry, None"


def test_who_asks_while_it_is_decided_is_told_so(own):
    client = own(lambda request: request.identity)
    with pytest.raises(SessionTokenError, match="which it helps to decide"):
        client.get("/identity")


def test_an_authenticator_gives_an_identity_and_nothing_else(own):
    client = own(lambda request: "carol")
    with pytest.raises(TypeError, match="'own' gave str"):
        client.get("/identity")


def test_the_name_in_the_list_is_the_name_of_who_vouched(own):
    client = own(Identity("carol", authenticator="another"))
    assert client.get("/identity").json["authenticator"] == "own"
    token = client.post("/token").json["access_token"]
    assert client.fresh().ask(token).json["authenticator"] == "own"


class Transformer:
    """Adds a claim, and counts its calls."""

    def __init__(self, does=None):
        self.does = does
        self.seen = []

    def transform(self, identity, request):
        self.seen.append(identity.authenticator)
        if self.does is not None:
            return self.does(identity)
        return Identity(
            identity.userid, {**identity.claims, "groups": ["staff"]}
        )


def test_what_the_transformer_adds_goes_into_the_ticket(make):
    transformer = Transformer()
    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            transformer
        )
    )
    token = client.swap()["access_token"]
    claims = {"roles": ["admin"], "groups": ["staff"]}
    who = client.ask(token).json
    assert who["claims"] == claims
    assert who["authenticator"] == "session"
    # It is not called for a session token, nor for the cookie.
    assert transformer.seen == ["basic"]
    client.post_json("/sign_in", {})
    client.get("/identity")
    assert transformer.seen == ["basic", "application"]


def test_an_authenticator_may_turn_away_who_tries_too_often(own):
    client = own(TooManyAttempts("enough", 30))

    answer = client.get("/identity", status=429)

    assert answer.headers["Retry-After"] == "30"
    assert "X-Own" in answer.headers["Vary"]
    assert client.post("/token", status=429).headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    "error", [InvalidCredential("barred"), ClaimsError("barred")]
)
def test_the_transformer_may_refuse(make, error):
    def refuse(identity):
        raise error

    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(refuse)
        )
    )
    client.authorization = ("Basic", ("alice", "alice"))
    assert client.get("/identity").json["failure"] == "basic refused: barred"
    client.post("/token", status=401)
    with pytest.raises(type(error)):
        client.fresh().post_json("/sign_in", {})


def test_a_transformer_that_takes_the_user_away_refuses(make):
    client = make(
        {"authorization": "authenticated"},
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(lambda identity: Identity(None, {"x": 1}))
        ),
    )
    client.authorization = ("Basic", ("alice", "alice"))
    assert client.get("/identity").json["userid"] is None
    client.get("/admin", status=401)
    client.post("/token", status=401)


def test_what_interrupts_a_judgement_leaves_none_behind(own):
    class Interrupted(BaseException):
        """A BaseException, as the timeout of a green thread is."""

    state = {"fails": True}

    def interrupted(request):
        if state.pop("fails", False):
            raise Interrupted
        return Identity("carol")

    def twice(request):
        with pytest.raises(Interrupted):
            _ = request.identity
        return Response(request.authenticated_userid)

    def setup(config):
        config.add_route("twice", "/twice")
        config.add_view(twice, route_name="twice")

    assert own(interrupted, setup=setup).get("/twice").text == "carol"


def test_who_is_told_of_a_refusal_may_ask_who_it_is(make):
    asked = []

    def ask(event):
        asked.append((event.reason, event.request.authenticated_userid))

    client = make(
        setup=lambda config: config.add_subscriber(ask, CredentialRefused)
    )
    client.ask("junk")
    client.post(
        "/token", headers={"Authorization": "Session junk"}, status=401
    )
    assert [userid for _, userid in asked] == [None, None]


def test_a_transformer_gives_an_identity_and_nothing_else(make):
    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(lambda identity: None)
        )
    )
    client.authorization = ("Basic", ("alice", "alice"))
    with pytest.raises(TypeError, match="gave NoneType"):
        client.get("/identity")


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


def test_a_name_that_nobody_registered_is_told_when_it_is_needed(make):
    client = make()
    client.registry.unregisterUtility(provided=IAuthenticator, name="basic")
    with pytest.raises(SessionTokenError, match="'basic'"):
        client.get("/identity")


def test_over_plain_http_nobody_is_signed_in(client):
    token = client.swap()["access_token"]
    client.extra_environ["wsgi.url_scheme"] = "http"
    who = client.ask(token).json
    assert who["userid"] is None
    assert "X-Forwarded-Proto" in who["failure"]


def test_identity_is_for_each_request_its_own(make):
    """A subrequest and a copy are judged by their own credentials."""

    def setup(config):
        def outer(request):
            inner = Request.blank("/identity", base_url="https://localhost")
            copy = request.copy()
            del copy.headers["Authorization"]
            copy.path_info = "/identity"
            return {
                "outer": request.authenticated_userid,
                "inner": request.invoke_subrequest(inner).json["userid"],
                "copy": request.invoke_subrequest(copy).json["userid"],
            }

        config.add_route("outer", "/outer")
        config.add_view(outer, route_name="outer", renderer="json")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    assert client.ask(token, "/outer").json == {
        "outer": "alice",
        "inner": None,
        "copy": None,
    }


def test_an_autocommitting_configurator_works():
    config = setUp(
        settings={
            "sessiontoken.keys": "ephemeral",
            "sessiontoken.authenticators": "session own basic",
            "sessiontoken.basic.check": check_password,
        }
    )
    try:
        config.include("pyramid_sessiontoken")
        config.add_sessiontoken_authenticator("own", Own(Identity("carol")))
        request = Request.blank("/", base_url="https://localhost")
        request.registry = config.registry
        assert request.authenticated_userid == "carol"
        assert request.sessiontoken.issue("dave").expires_in == 3600
        dummy = DummyRequest()
        dummy.registry = config.registry
        assert dummy.authenticated_userid is None
    finally:
        tearDown()


def test_traversal_is_no_routing_and_errors_are_seen_there_too(own):
    def setup(config):
        config.add_view(
            lambda request: Response(str(request.identity)), name="here"
        )

    client = own(LookupError("bug"), setup=setup)
    assert client.get("/here", status=500).text == "view, None"


def test_the_order_of_precedence(own):
    """The first that vouches counts, unless an explicit one is refused."""
    vouches = own(Identity("carol"))
    token = vouches.swap(headers={})["access_token"]
    assert vouches.ask(token).json["userid"] == "carol"
    finds_nothing = own(None)
    token = finds_nothing.swap()["access_token"]
    assert finds_nothing.ask(token).json["userid"] == "alice"


def test_who_names_no_user_signs_nobody_in(own):
    client = own(Identity(None, {"group": 1}))
    assert client.get("/identity").json["userid"] is None
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


def test_an_ambient_identity_waits_for_every_explicit_credential(make):
    client = make({"authenticators": "cookie session basic"})
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"
    assert client.ask("junk").json["userid"] is None
    token = client.swap("bob")["access_token"]
    # Both vouch: the first of the list counts.
    assert client.ask(token).json["userid"] == "alice"


def test_basic_is_explicit_where_it_stands_and_ambient_where_it_goes(make):
    client = make({"authenticators": "cookie basic session"})
    client.post_json("/sign_in", {})
    client.authorization = ("Basic", ("alice", "wrong"))
    assert client.get("/identity").json["userid"] is None
    client.authorization = ("Basic", ("alice", "alice"))
    client.post("/token", headers={"Sec-Fetch-Site": "cross-site"}, status=401)
    assert BasicAuthenticator.ambient
