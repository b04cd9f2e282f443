"""``request.sessiontoken.check_password``: the form signs in as Basic does."""

import base64
import logging
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pwdlib.hashers.bcrypt import BcryptHasher
from pyramid.config import Configurator
from pyramid.httpexceptions import (
    HTTPForbidden,
    HTTPServiceUnavailable,
    HTTPTooManyRequests,
)
from pyramid.request import Request
from pyramid.security import remember
from support import KEY
from webtest import TestApp

from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
    UnfitAnswer,
)
from pyramid_sessiontoken.events import (
    CredentialRefused,
    CredentialThrottled,
    SessionIssued,
)
from pyramid_sessiontoken.identity import Identity

HERE = {"REMOTE_ADDR": "192.0.2.1"}


class Check:
    """Accept a password that equals the name; remember what was asked."""

    def __init__(self, answer=True):
        self.answer, self.asked = answer, []

    def __call__(self, username, password, request):
        self.asked.append((username, password))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if username == password else None


def check_form(request):
    """The view of a form that wants JSON: what it got, as JSON."""
    form = request.POST
    identity = request.sessiontoken.check_password(
        form.get("username"), form.get("password")
    )
    return identity and {
        "userid": str(identity.userid),
        "claims": identity.claims,
        "authenticator": identity.authenticator,
    }


def sign_in_form(request):
    form = request.POST
    user = request.sessiontoken.check_password(form["name"], form["word"])
    headers = remember(request, user, claims={"theme": "dark"})
    request.response.headerlist.extend(headers)
    return str(request.authenticated_userid)


@pytest.fixture
def check():
    return Check()


@pytest.fixture
def make_form(make, check):
    """Make a client of an application with two sign-in forms."""

    def make_client(settings=(), setup=None):
        def set_up(config):
            for name, view in (
                ("form", check_form),
                ("sign_in_form", sign_in_form),
            ):
                config.add_route(name, f"/{name}")
                config.add_view(view, route_name=name, renderer="json")
            if setup is not None:
                setup(config)

        every = {"basic.check": check, **dict(settings)}
        return make(every, setup=set_up).fresh(**HERE)

    return make_client


def request_of(client, scheme="https", **environ):
    request = Request.blank(
        "/", base_url=f"{scheme}://localhost", environ={**HERE, **environ}
    )
    request.registry = client.registry
    return request


def basic(username, password):
    word = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


def fill(client, username="alice", password="wrong", **kw):
    form = {"username": username, "password": password}
    return client.post("/form", form, **kw)


def fail(client, times, username="alice"):
    for _ in range(times):
        assert fill(client, username).json is None


@pytest.mark.parametrize("authenticators", ["session cookie basic", "cookie"])
def test_a_right_password_gives_its_user_whether_basic_is_listed_or_not(
    make_form, check, authenticators
):
    check.answer = {"sub": 42, "roles": ["editor"]}
    client = make_form({"authenticators": authenticators})

    assert fill(client, "alice", "alice").json == {
        "userid": "42",
        "claims": {"roles": ["editor"]},
        "authenticator": "basic",
    }
    assert check.asked == [("alice", "alice")]


def test_an_htpasswd_file_is_asked_without_basic(make, tmp_path):
    file = tmp_path / "passwords"
    file.write_text(f"alice:{BcryptHasher(rounds=4).hash('wonderland')}\n")
    client = make(
        {
            "authenticators": "cookie",
            "basic.check": None,
            "basic.htpasswd": str(file),
        }
    )
    session = request_of(client).sessiontoken

    assert session.check_password("alice", "wonderland").userid == "alice"
    assert session.check_password("alice", "alice") is None


@pytest.mark.parametrize("name", ["basic", "bearer", "staff"])
def test_without_a_check_it_says_what_to_set(make, name):
    client = make({"authenticators": "cookie", "basic.check": None})

    with pytest.raises(SessionTokenError, match=f"sessiontoken.{name}.check"):
        request_of(client).sessiontoken.check_password("a", "a", name)


def test_log_and_event_are_those_of_basic(make_form, caplog):
    told = []
    client = make_form(
        setup=lambda config: config.add_subscriber(
            told.append, CredentialRefused
        )
    )
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        client.post("/token", headers=basic("alice", "x"), status=401)
        fill(client)

    by_header, by_form = told
    assert by_form.request.path == "/form"
    assert by_form.authenticator == by_header.authenticator == "basic"
    assert by_form.reason == by_header.reason
    assert by_form.code == by_header.code == "wrong_password"
    one, other = caplog.messages
    assert one == other
    assert one.startswith("basic refused: unknown user or wrong password for")


def test_forms_and_basic_have_one_count(make_form, check):
    client = make_form({"throttle.attempts": "3/minute"})
    fail(client, 2)
    client.post("/token", headers=basic("alice", "x"), status=401)
    del check.asked[:]

    client.post("/token", headers=basic("alice", "alice"), status=429)
    answer = fill(client, "alice", "alice", status=429)

    assert answer.headers["Retry-After"] == "60"
    assert check.asked == []


def test_forms_are_throttled_where_basic_is_not_listed(make_form, clock):
    told = []
    client = make_form(
        {"authenticators": "cookie", "throttle.attempts": "3/minute"},
        setup=lambda config: config.add_subscriber(
            told.append, CredentialThrottled
        ),
    )
    fail(client, 3)
    clock.advance(20)

    with pytest.raises(HTTPTooManyRequests) as caught:
        request_of(client).sessiontoken.check_password("alice", "alice")

    assert caught.value.headers["Retry-After"] == "40"
    assert [(e.authenticator, e.retry_after) for e in told] == [("basic", 40)]
    clock.advance(40)
    assert fill(client, "alice", "alice").json["userid"] == "alice"


def test_over_plain_http_no_password_is_looked_at(make_form, check):
    client = make_form()
    session = request_of(client, "http").sessiontoken
    for shown in (("alice", "alice"), (None, None)):
        with pytest.raises(HTTPForbidden):
            session.check_password(*shown)

    assert check.asked == []
    client = make_form({"require_tls": "false"})
    session = request_of(client, "http").sessiontoken
    assert session.check_password("alice", "alice").userid == "alice"


def test_an_outage_is_503(make_form, check):
    client = make_form({"throttle.attempts": "3/minute"})
    check.answer = RepositoryUnavailable("gone")

    with pytest.raises(HTTPServiceUnavailable) as caught:
        request_of(client).sessiontoken.check_password("alice", "alice")
    assert "Retry-After" in caught.value.headers
    client = make_form(
        {
            "throttle.attempts": "3/minute",
            "throttle.storage": "redis://127.0.0.1:1",
        }
    )
    fill(client, status=503)


UNASKED = [
    (None, "x"),
    ("alice", None),
    (7, "x"),
    (b"alice", b"alice"),
    ("", "x"),
    ("alice", ""),
    ("ali:ce", "ali:ce"),
    ("ali\0ce", "x"),
    ("alice", "a\nb"),
    ("alice", "a\x85"),
    ("\ud800", "\ud800"),
    ("alice", "x" * 6200),
    ("x" * 10**6, "x"),
]


@pytest.mark.parametrize(("username", "password"), UNASKED)
def test_what_basic_could_not_carry_is_refused_unasked(
    make_form, check, caplog, username, password
):
    check.answer = "everybody"
    client = make_form({"throttle.attempts": "1/minute"})
    session = request_of(client).sessiontoken
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        for _ in range(3):
            assert session.check_password(username, password) is None

    assert check.asked == []
    assert len(caplog.messages) == 3
    assert all(len(message) < 90 for message in caplog.messages)
    assert session.check_password("alice", "alice").userid == "everybody"


@given(
    st.text() | st.text(st.characters()) | st.none() | st.integers(),
    st.text() | st.binary() | st.text(st.characters(max_codepoint=300)),
)
@example("system.Everyone", "x")
@example("a" * 256, "a" * 256)
@example("a+b%20", "a+b%20")
def test_any_pair_is_answered_as_basic_answers_it(username, password):
    asked = []

    def check(username, password, request):
        asked.append((username, password))
        return True

    client = _app(check)
    identity = request_of(client).sessiontoken.check_password(
        username, password
    )

    assert asked in ([], [(username, password)])
    assert identity is None or identity == Identity(username, {}, "basic")
    if not isinstance(username, str) or not isinstance(password, str):
        assert identity is None
        return
    try:
        headers = basic(username, password)
    except UnicodeEncodeError:
        assert identity is None
        return
    request = request_of(client, HTTP_AUTHORIZATION=headers["Authorization"])
    shown = request.sessiontoken.identity
    if ":" in username:
        assert identity is None
    else:
        assert shown == identity


def _app(check):

    config = Configurator(
        settings={
            "sessiontoken.keys": KEY,
            "sessiontoken.authenticators": "basic",
            "sessiontoken.basic.check": check,
        }
    )
    config.include("pyramid_sessiontoken")
    app = TestApp(config.make_wsgi_app())
    app.registry = app.app.registry
    return app


def test_a_form_is_never_decoded_twice(make_form, check):
    """The endpoint decodes Basic; a form was decoded when it was read."""
    client = make_form()
    request = request_of(client, PATH_INFO="/token/introspect")

    session = request.sessiontoken
    assert session.check_password("a+b", "a+b").userid == "a+b"
    assert check.asked == [("a+b", "a+b")]


def test_an_answer_that_names_nobody_is_none(make_form, check, caplog):
    check.answer = {"plan": "gold"}
    client = make_form({"throttle.attempts": "1/minute"})
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        for _ in range(3):
            assert fill(client, "alice", "alice").json is None

    assert caplog.messages == ["basic: the check names no user"] * 3


@pytest.mark.parametrize(
    "answer",
    [InvalidCredential("locked"), ClaimsError("no userid"), "system.Everyone"],
)
def test_a_check_that_refuses_in_another_way_refuses(make_form, check, answer):
    check.answer = answer
    client = make_form()

    assert fill(client, "alice", "alice").json is None


def test_mistakes_of_the_check_are_those_of_the_application(make_form, check):
    client = make_form()
    session = request_of(client).sessiontoken
    for answer, error in (
        ({"sub": "alice", "exp": 1}, UnfitAnswer),
        (LookupError("a mistake"), LookupError),
    ):
        check.answer = answer
        with pytest.raises(error):
            session.check_password("alice", "alice")


# It changes nothing of who the request is.


def test_the_user_of_the_request_stays_the_same(make_form):
    client = make_form()
    token = client.swap("carol")["access_token"]
    for shown, userid in (({}, None), (f"Session {token}", "carol")):
        environ = {"HTTP_AUTHORIZATION": shown} if shown else {}
        for word in ("alice", "wrong"):
            request = request_of(client, **environ)
            session = request.sessiontoken
            session.check_password("alice", word)
            assert request.authenticated_userid == userid
            session.check_password("alice", word)
            assert request.authenticated_userid == userid
            assert session.failure is None
    assert client.get("/identity").json["userid"] is None


def check_and_forbid(request):
    request.sessiontoken.check_password("alice", "wrong")
    raise HTTPForbidden


def test_a_failed_form_leaves_challenge_and_headers_alone(make_form):
    def setup(config):
        config.add_route("checked", "/checked")
        config.add_view(check_and_forbid, route_name="checked")

    client = make_form(setup=setup)
    headers = [
        [h for h in client.get(path, status=401).headerlist if "Date" not in h]
        for path in ("/forbidden", "/checked")
    ]

    assert headers[0] == headers[1]
    assert [h for h in headers[0] if h[0] == "WWW-Authenticate"]
    assert "Cache-Control" not in fill(client).headers


def test_a_subscriber_may_ask_who_the_user_is(make_form):
    """Also where code that helps to judge the request checks a password."""
    seen = []
    client = make_form(
        {
            "user_loader": lambda identity, request: [
                request.sessiontoken.check_password("eve", "x"),
                identity,
            ][1],
        },
        setup=lambda config: config.add_subscriber(
            lambda event: seen.append(
                (event.reason, event.request.authenticated_userid)
            ),
            CredentialRefused,
        ),
    )
    token = client.swap("carol")["access_token"]
    del seen[:]

    client.ask(token)

    reason = "unknown user or wrong password for 'eve'"
    assert seen == [(reason, "carol")]


# ``remember`` and ``issue`` take what it gives.


@pytest.mark.parametrize("userid", ["alice", 42, uuid.UUID(int=7)])
def test_the_session_says_that_a_password_was_shown(make_form, check, userid):
    told = []
    check.answer = {"sub": userid, "roles": ["editor"], "theme": "light"}
    client = make_form(
        setup=lambda config: config.add_subscriber(told.append, SessionIssued)
    )

    client.post("/sign_in_form", {"name": "alice", "word": "alice"})

    (event,) = told
    assert event.authenticator == "basic"
    assert event.ticket.amr == ("pwd",)
    assert event.ticket.userid == userid
    assert event.ticket.claims == {"roles": ["editor"], "theme": "dark"}
    assert client.get("/identity").json["claims"]["roles"] == ["editor"]


def test_issue_takes_an_identity(make_form):
    client = make_form({"repository": "memory"})
    session = request_of(client).sessiontoken
    user = session.check_password("alice", "alice")

    issued = session.issue(user)

    assert issued.ticket.amr == ("pwd",)
    assert issued.ticket.claims == {}
    assert session.issue(user, {"a": 1}).ticket.claims == {"a": 1}


def test_an_identity_of_the_applications_own_comes_from_the_application(
    make_form,
):
    session = request_of(make_form()).sessiontoken

    issued = session.issue(Identity(7, {"a": 1}))

    assert issued.ticket.amr == ("application",)
    assert issued.ticket.claims == {"a": 1}
    assert session.issue(Identity(7, {}, "otp")).ticket.amr == ("otp",)


def test_an_identity_of_a_session_keeps_its_amr(make_form):
    client = make_form()
    token = client.swap("carol")["access_token"]
    request = request_of(client, HTTP_AUTHORIZATION=f"Session {token}")
    session = request.sessiontoken
    assert session.identity.authenticator == "session"

    issued = session.issue(session.identity)

    assert issued.ticket.amr == ("pwd",)
    assert issued.ticket.sid != session.ticket.sid
    assert remember(request, session.identity)
    assert session.ticket.amr == ("pwd",)


@pytest.mark.parametrize("transforms", [False, True])
def test_an_identity_that_names_nobody_begins_no_session(
    make_form, transforms
):
    class Transformer:
        def transform(self, identity, request):
            return identity

    client = make_form(
        {"claims_transformer": lambda *args: Transformer()}
        if transforms
        else {}
    )
    request = request_of(client)
    with pytest.raises(ClaimsError):
        request.sessiontoken.issue(Identity(None, {"plan": "gold"}))
    with pytest.raises(ClaimsError):
        remember(request, Identity(None))


def test_the_transformer_runs_at_sign_in_alone(make_form):
    seen = []

    class Transformer:
        def transform(self, identity, request):
            seen.append(identity)
            return Identity(identity.userid, {**identity.claims, "t": 1})

    client = make_form({"claims_transformer": lambda *args: Transformer()})
    session = request_of(client).sessiontoken
    user = session.check_password("alice", "alice")
    assert seen == []

    issued = session.issue(user)

    assert [identity.authenticator for identity in seen] == ["basic"]
    assert issued.ticket.claims == {"t": 1}
