"""Every end that somebody decides is told once, with its reason."""

import uuid

import pytest
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.response import Response
from pyramid.security import forget, remember
from zope.interface import implementer

from pyramid_sessiontoken.errors import (
    CODES,
    InvalidCredential,
    RepositoryUnavailable,
)
from pyramid_sessiontoken.events import (
    CredentialRefused,
    CredentialThrottled,
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)
from pyramid_sessiontoken.interfaces import (
    IClaimsTransformer,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

EVENTS = (
    SessionIssued,
    SessionRenewed,
    SessionEnded,
    CredentialRefused,
    CredentialThrottled,
)

#: A user of each type.
USERIDS = ("bob", 42, uuid.UUID(int=42))


class Told:
    """What subscribers are told."""

    def __init__(self):
        self.events = []

    def __call__(self, config):
        for event in EVENTS:
            config.add_subscriber(self.events.append, event)

    def ends(self):
        ended = [e for e in self.events if isinstance(e, SessionEnded)]
        self.events.clear()
        return ended

    def ends_of(self):
        """Give reason, userid and actor of each end."""
        return [(e.reason, e.userid, e.actor) for e in self.ends()]


@pytest.fixture
def told():
    return Told()


@pytest.fixture(params=["self-contained", "reference"])
def kept(make, told, request):
    """Make a client of an application with a view that a test provides."""

    def make_kept(does=None, settings=()):
        def setup(config):
            told(config)
            config.add_route("do", "/do")
            config.add_view(
                lambda request: does(request) or Response("done"),
                route_name="do",
            )

        every = {
            "repository": "memory",
            "token.form": request.param,
            "cookie.form": request.param,
            **dict(settings),
        }
        return make(every, setup=setup)

    return make_kept


def show(token):
    return {"Authorization": f"Session {token}"}


def sid_of(client, token):
    sessions = client.registry["pyramid_sessiontoken.policy"].rules.header
    return sessions.sessions.redeem(token).ticket.sid


def test_a_sign_out_of_a_token_is_told(kept, told):
    client = kept()
    token = client.swap()["access_token"]
    sid = sid_of(client, token)

    client.delete("/token", headers=show(token), status=204)

    [event] = told.ends()
    assert event.request.method == "DELETE"
    assert (event.reason, event.sid) == ("signed_out", sid)
    assert (event.userid, event.actor) == ("alice", "alice")
    assert event.identity.userid == "alice"
    assert event.ticket.sid == sid
    assert event.authenticator == "session"


@pytest.mark.parametrize("userid", USERIDS)
def test_a_sign_out_of_the_cookie_is_told_with_the_type_of_the_user(
    kept, told, userid
):
    client = kept(
        lambda request: Response(
            headerlist=(remember if request.POST else forget)(request, userid)
            if request.POST
            else forget(request)
        )
    )
    client.post("/do", {"in": "1"})
    client.get("/do")

    [event] = told.ends()
    assert (event.reason, event.authenticator) == ("signed_out", "cookie")
    assert event.userid == event.actor == userid
    assert type(event.userid) is type(userid)


def test_a_sign_out_of_token_and_cookie_tells_of_both(kept, told):
    client = kept()
    client.post_json("/sign_in", {"userid": "bob"})
    token = client.swap("alice")["access_token"]
    told.events.clear()

    client.delete("/token", headers=show(token), status=204)

    assert told.ends_of() == [
        ("signed_out", "alice", "alice"),
        ("signed_out", "bob", "alice"),
    ]


def test_a_new_sign_in_replaces_the_session_before(kept, told):
    client = kept()
    client.post_json("/sign_in", {"userid": "alice"})
    first = client.registry
    told.events.clear()

    client.post_json("/sign_in", {"userid": "bob"})

    assert [type(event) for event in told.events] == [
        SessionEnded,
        SessionIssued,
    ]
    assert told.ends_of() == [("replaced", "alice", "bob")]
    assert first is client.registry


def test_a_cookie_that_a_sign_in_refuses_is_told(kept, told):
    """The view does not ask who the user is."""
    client = kept(
        lambda request: Response(headerlist=remember(request, "alice"))
    )

    client.get("/do", headers={"Cookie": "__Host-sessiontoken=x"})

    assert [type(event) for event in told.events] == [
        SessionIssued,
        CredentialRefused,
    ]
    assert told.events[1].code == "undecodable"


def test_a_revoked_token_of_the_caller_is_told(kept, told):
    client = kept()
    token, other = (client.swap()["access_token"] for _ in range(2))
    sid = sid_of(client, other)
    told.events.clear()

    client.post("/token/revoke", {"token": other}, headers=show(token))

    [event] = told.ends()
    assert (event.reason, event.sid) == ("revoked", sid)
    assert (event.userid, event.actor) == ("alice", "alice")
    assert event.ticket.sid == sid
    # To end it twice is no error, and it ends nothing.
    client.post("/token/revoke", {"token": other}, headers=show(token))
    assert told.ends() == []


def test_a_session_that_another_user_revokes_is_told(make, told):
    """The repository knows whose it is; the ticket is that of the session."""

    def revoke(request):
        request.sessiontoken.revoke(request.params["sid"])
        return Response("done")

    def setup(config):
        told(config)
        config.add_route("do", "/do")
        config.add_view(revoke, route_name="do")

    client = make(
        {"repository": "memory", "token.form": "reference"}, setup=setup
    )
    bobs, alices = (client.swap(u)["access_token"] for u in ("bob", "alice"))
    sid = sid_of(client, bobs)
    told.events.clear()

    client.get(f"/do?sid={sid}", headers=show(alices))

    [event] = told.ends()
    assert (event.reason, event.sid) == ("revoked", sid)
    assert (event.userid, event.actor) == ("bob", "alice")
    assert event.ticket.sid == sid
    assert event.identity is event.authenticator is None
    assert client.ask(bobs).json["userid"] is None


def test_a_session_that_is_not_at_hand_is_told_by_its_sid(kept, told):
    client = kept(lambda request: request.sessiontoken.revoke("x" * 22))

    client.get("/do")

    [event] = told.ends()
    assert (event.reason, event.sid) == ("revoked", "x" * 22)
    assert event.userid is event.ticket is event.actor is None


def test_a_user_revokes_the_session_of_the_request(kept, told):
    def revoke_own(request):
        session = request.sessiontoken
        session.revoke(session.ticket.sid)

    client = kept(revoke_own)
    token = client.swap()["access_token"]
    sid = sid_of(client, token)
    told.events.clear()

    client.get("/do", headers=show(token))

    [event] = told.ends()
    assert (event.reason, event.sid) == ("revoked", sid)
    assert (event.userid, event.actor) == ("alice", "alice")
    assert event.identity.ticket is event.ticket
    assert event.authenticator == "session"


@pytest.mark.parametrize("userid", USERIDS)
def test_the_end_of_all_sessions_of_a_user_is_told_once(kept, told, userid):
    def end_all(request):
        for _ in range(2):
            request.sessiontoken.issue(userid)
        told.events.clear()
        request.sessiontoken.revoke_all(userid)

    client = kept(end_all)
    token = client.swap("alice")["access_token"]

    client.get("/do", headers=show(token))

    [event] = told.ends()
    assert (event.reason, event.actor) == ("revoked_all", "alice")
    assert event.sid is event.ticket is event.identity is None
    assert event.userid == userid
    assert type(event.userid) is type(userid)


def test_a_user_ends_all_own_sessions(kept, told):
    client = kept(lambda request: request.sessiontoken.revoke_all())
    token = client.swap("alice")["access_token"]

    client.get("/do", headers=show(token))

    [event] = told.ends()
    assert event.identity.userid == event.userid == event.actor == "alice"
    assert event.sid is event.ticket is None


def test_a_text_that_means_several_users_is_told_for_each(kept, told):
    client = kept(lambda request: request.sessiontoken.revoke_all("42"))

    client.get("/do")

    assert told.ends_of() == [
        ("revoked_all", "42", None),
        ("revoked_all", 42, None),
    ]


def test_a_session_that_is_ended_while_the_request_is_judged(make, told):
    """The user loader finds that the user was barred."""

    def load(identity, request):
        request.sessiontoken.revoke_all(42)
        request.sessiontoken.revoke(identity.ticket.sid)

    client = make({"repository": "memory", "user_loader": load}, setup=told)
    client.post_json("/sign_in", {"userid": "bob"})

    assert client.get("/identity").json["userid"] is None
    assert told.ends_of() == [
        ("revoked_all", 42, None),
        ("revoked", None, None),
    ]


class Down(MemoryRepository):
    """Writes no more."""

    fails = False

    def add_or_update(self, item):
        self._refuse()
        super().add_or_update(item)

    def add(self, item):
        self._refuse()
        return super().add(item)

    def _refuse(self):
        if self.fails:
            raise RepositoryUnavailable("down")


def test_an_end_that_could_not_be_written_is_not_told(make, told, clock):
    repository = Down(clock)

    def do(request):
        with pytest.raises(HTTPServiceUnavailable):
            request.sessiontoken.revoke("x" * 22)
        with pytest.raises(HTTPServiceUnavailable):
            request.sessiontoken.revoke_all("alice")
        with pytest.raises(HTTPServiceUnavailable):
            forget(request)
        return Response("done")

    def setup(config):
        told(config)
        config.add_route("do", "/do")
        config.add_view(do, route_name="do")

    client = make(
        {"repository": "registered"},
        setup=setup,
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    client.post_json("/sign_in", {})
    told.events.clear()
    repository.fails = True

    client.get("/do")

    assert told.events == []


# A subscriber that fails.


@pytest.fixture
def failing(make):
    """Make a client whose subscribers to an event fail."""

    def make_failing(event, does=Response):
        def fail(event):
            raise LookupError("of the subscriber")

        def setup(config):
            config.add_subscriber(fail, event)
            config.add_view(
                lambda exc, request: Response(str(exc), status=500),
                context=LookupError,
            )
            config.add_route("do", "/do")
            config.add_view(does, route_name="do")

        return make({"repository": "memory"}, setup=setup)

    return make_failing


def test_what_a_subscriber_raises_is_500(failing):
    client = failing(SessionIssued)
    client.authorization = ("Basic", ("alice", "alice"))

    answer = client.post("/token", status=500)

    assert answer.text == "of the subscriber"


def test_a_session_of_the_endpoint_is_there_although_a_subscriber_fails(make):
    issued = []

    def note(event):
        issued.append(event.issued.access_token)
        raise LookupError

    client = make(
        {"repository": "memory", "token.form": "reference"},
        setup=lambda config: config.add_subscriber(note, SessionIssued),
    )
    client.authorization = ("Basic", ("alice", "alice"))
    with pytest.raises(LookupError):
        client.post("/token")

    assert client.fresh().ask(issued[0]).json["userid"] == "alice"


def test_a_session_is_ended_although_a_subscriber_fails(failing):
    client = failing(SessionEnded)
    token = client.swap()["access_token"]

    answer = client.delete("/token", headers=show(token), status=500)

    assert answer.text == "of the subscriber"
    assert client.ask(token).json["userid"] is None


def test_a_cookie_is_deleted_although_a_subscriber_fails(failing):
    client = failing(SessionEnded)
    client.post_json("/sign_in", {})
    [(name, value)] = client.cookies.items()

    answer = client.get("/sign_out", status=500)

    assert answer.text == "of the subscriber"
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    shown = {"Cookie": f"{name}={value}"}
    said = client.fresh().get("/identity", headers=shown).json
    assert said["userid"] is None


def test_token_and_cookie_are_ended_although_a_subscriber_fails(failing):
    client = failing(SessionEnded)
    client.post_json("/sign_in", {"userid": "bob"})
    [(name, value)] = client.cookies.items()
    token = client.swap()["access_token"]

    client.delete("/token", headers=show(token), status=500)

    assert client.fresh().ask(token).json["userid"] is None
    shown = {"Cookie": f"{name}={value}"}
    said = client.fresh().get("/identity", headers=shown).json
    assert said["userid"] is None


def test_all_users_that_are_meant_are_ended_although_a_subscriber_fails(
    failing,
):
    def end_all(request):
        request.sessiontoken.revoke_all("42")

    client = failing(SessionEnded, end_all)
    client.post_json("/sign_in", {"userid": 42})

    assert client.get("/do", status=500).text == "of the subscriber"
    assert client.get("/identity").json["userid"] is None


# Codes.


def coded(request):
    session = request.sessiontoken
    return {"failure": session.failure, "code": session.failure_code}


@pytest.fixture
def codes(make, told):
    """Make a client that is told the code of its failure."""

    def make_codes(settings=(), **kw):
        def setup(config):
            told(config)
            config.add_route("coded", "/coded")
            config.add_view(coded, route_name="coded", renderer="json")

        return make(settings, setup=setup, **kw)

    return make_codes


def code_of(client, **kw):
    said = client.get("/coded", **kw).json
    assert (said["code"] is None) == (said["failure"] is None)
    assert said["code"] is None or said["code"] in CODES
    return said["code"]


def test_a_failure_has_a_code(codes, told):
    client = codes()

    assert code_of(client) is None
    client.authorization = ("Basic", ("alice", "alice"))
    assert code_of(client) is None
    client.authorization = ("Basic", ("alice", "wrong"))
    assert code_of(client) == "wrong_password"

    [event] = told.events
    assert event.code == "wrong_password"
    assert event.reason == "unknown user or wrong password for 'alice'"


def test_the_application_refuses_with_a_code_of_the_list(codes, told):
    def check(username, password, request):
        if password == "plain":
            raise InvalidCredential("not today")
        raise InvalidCredential("too old", code="expired")

    client = codes({"basic.check": check})

    client.authorization = ("Basic", ("alice", "plain"))
    assert code_of(client) == "refused"
    client.authorization = ("Basic", ("alice", "old"))
    assert code_of(client) == "expired"


def test_plain_http_has_a_code(codes):
    client = codes()

    assert code_of(client, extra_environ={"wsgi.url_scheme": "http"}) == (
        "tls_required"
    )


def test_an_outage_has_a_code(codes, clock):
    class Gone(MemoryRepository):
        def get(self, key):
            raise RepositoryUnavailable("gone")

    client = codes(
        {"repository": "registered", "token.form": "reference"},
        before=lambda config: config.registry.registerUtility(
            Gone(clock), ITokenRepository
        ),
    )

    shown = show("pst_" + "A" * 43)
    assert code_of(client, headers=shown) == "repository_unavailable"


def test_an_error_of_the_application_has_a_code(codes):
    def load(identity, request):
        raise LookupError

    client = codes({"user_loader": load, "token.form": "self-contained"})
    client.authorization = ("Basic", ("alice", "alice"))

    assert code_of(client) == "application_error"


def test_a_user_who_is_gone_has_a_code(codes):
    client = codes({"user_loader": lambda identity, request: None})
    client.post_json("/sign_in", {})

    assert code_of(client) == "user_gone"


def test_another_site_has_a_code(codes):
    client = codes()
    client.post_json("/sign_in", {})

    said = client.post("/coded", headers={"Sec-Fetch-Site": "cross-site"}).json
    assert said["code"] == "cross_site"


def test_two_users_at_once_have_a_code(codes):
    client = codes({"combine": "true"})
    client.post_json("/sign_in", {"userid": "bob"})
    client.authorization = ("Basic", ("alice", "alice"))

    assert code_of(client) == "another_user"


def test_a_transformer_refuses_with_a_code(codes):
    @implementer(IClaimsTransformer)
    class Refuse:
        def transform(self, identity, request):
            raise InvalidCredential("no such tenant", code="invalid_claims")

    client = codes({"claims_transformer": Refuse()})
    client.authorization = ("Basic", ("alice", "alice"))

    assert code_of(client) == "invalid_claims"


def ended(client):
    """Give a token of a session that was ended."""
    token = client.swap()["access_token"]
    client.delete("/token", headers=show(token), status=204)
    return token


def expired(client):
    token = client.swap()["access_token"]
    client.clock.advance(36000)
    return token


def from_the_future(client):
    client.clock.advance(600)
    token = client.swap()["access_token"]
    client.clock.advance(-600)
    return token


def forged(client):
    return client.swap()["access_token"][:-6] + "AAAAAA"


def cut(client):
    return client.swap()["access_token"].partition(".")[2]


def too_long(client):
    return "A" * 9000


@pytest.mark.parametrize(
    ("make_token", "code"),
    [
        (ended, "ended"),
        (expired, "expired"),
        (from_the_future, "not_yet_valid"),
        (forged, "wrong_signature"),
        (cut, "unknown_key"),
        (too_long, "malformed"),
    ],
)
def test_a_token_is_refused_with_a_code(codes, make_token, code):
    client = codes({"repository": "memory"})
    token = make_token(client)

    assert code_of(client.fresh(), headers=show(token)) == code


def test_a_token_of_another_application_has_a_code(codes, make):
    client = codes({"token.audience": "shop"})
    other = make({"token.audience": "bank"}).swap()["access_token"]

    assert code_of(client, headers=show(other)) == "wrong_audience"
    other = make({"token.audience": "shop", "token.issuer": "bank"}).swap()
    shown = show(other["access_token"])
    assert code_of(client, headers=shown) == "wrong_issuer"


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_the_cookie_of_an_ended_session_has_a_code(codes, form):
    client = codes({"repository": "memory", "cookie.form": form})
    client.post_json("/sign_in", {})
    [(name, value)] = client.cookies.items()
    client.get("/sign_out")

    shown = {"Cookie": f"{name}={value}"}
    assert code_of(client.fresh(), headers=shown) == "ended"


def test_the_cookie_of_an_expired_session_has_a_code(codes):
    client = codes()
    client.post_json("/sign_in", {})
    [(name, value)] = client.cookies.items()
    client.clock.advance(36000)

    shown = {"Cookie": f"{name}={value}"}
    assert code_of(client.fresh(), headers=shown) == "expired"


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ("wrong", "wrong_api_key"),
        ("with a blank", "malformed"),
        ("nameless", "invalid_claims"),
    ],
)
def test_an_api_key_is_refused_with_a_code(codes, shown, code):
    client = codes(
        {
            "authenticators": "api_key",
            "api_key.check": lambda key, request: (
                {"sub": "system.root"} if key == "nameless" else None
            ),
        }
    )

    assert code_of(client, headers={"X-API-Key": shown}) == code


def test_a_header_of_no_trusted_proxy_has_a_code(codes):
    client = codes(
        {
            "authenticators": "remote_user",
            "remote_user.header": "X-User",
            "remote_user.trusted_proxies": "10.0.0.1",
        }
    ).fresh(REMOTE_ADDR="192.0.2.1")

    assert code_of(client, headers={"X-User": "alice"}) == "untrusted_proxy"


def test_a_throttle_that_cannot_count_has_a_code(codes):
    """The storage of the failures is another one than the repository."""
    client = codes(
        {
            "throttle.attempts": "3/minute",
            "throttle.storage": "redis://127.0.0.1:1/0",
        }
    ).fresh(REMOTE_ADDR="192.0.2.1")
    client.authorization = ("Basic", ("alice", "alice"))

    assert code_of(client) == "throttle_unavailable"
