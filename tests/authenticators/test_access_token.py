"""An access token in ``Authorization``."""

import logging

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from support import START
from support.access_tokens import Application, bearer, session
from support.keys import Rings
from support.states import begin_state
from support.tokens import FIRST, NAMES
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.access_token import (
    AccessTokenAuthenticator,
)
from pyramid_sessiontoken.authenticators.bearer_scheme import BearerScheme
from pyramid_sessiontoken.authenticators.chain import Chain
from pyramid_sessiontoken.authenticators.state import Refusal
from pyramid_sessiontoken.events import (
    CredentialRefused,
    CredentialThrottled,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IAuthenticator,
    IClock,
    ITokenRepository,
)
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.policy.cross_site import is_cross_site
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.access_tokens import AccessTokens
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.sealed_access_tokens import (
    SealedAccessTokens,
)
from pyramid_sessiontoken.testing import ManualClock

CLOCK = ManualClock(START)


def make_tokens():
    registry = Registry()
    registry.registerUtility(CLOCK, IClock)
    registry.registerUtility(MemoryRepository(CLOCK), ITokenRepository)
    cache = FirstLevelCache(100, 5)
    return AccessTokens(
        registry,
        SealedAccessTokens(Seal(Rings(FIRST), "access_tokens"), NAMES),
        NAMES,
        cache,
        Revocations(registry, NAMES, cache),
        prefix="pat_",
        longest=86400,
        read=int,
    )


TOKENS = make_tokens()
TEXT, _ = TOKENS.create("alice", "CI", {"scope": "read"}, 86400)


def make_authenticator():
    among = BearerScheme()
    among.add("access_token", lambda shown: TOKENS.may_be(shown.text))
    return AccessTokenAuthenticator(TOKENS, "session", among)


def make_request(value=None, **environ):
    request = Request.blank("/", environ=environ)
    request.registry = Registry("test")
    if value is not None:
        request.environ["HTTP_AUTHORIZATION"] = value
    return request


def ask(request):
    """Ask the authenticator through a chain."""
    state = begin_state(request)
    request.registry.registerUtility(
        make_authenticator(), IAuthenticator, "access_token"
    )
    return Chain(is_cross_site).ask(request, state, "access_token")


def test_the_authenticator_provides_its_interface():
    authenticator = make_authenticator()

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme == "Bearer"
    assert authenticator.ambient is False
    assert authenticator.vary == ("Authorization",)
    assert authenticator.counts_refusals is True
    assert authenticator.is_sign_in is False
    challenge = authenticator.challenge(make_request())
    assert challenge == 'Bearer realm="session"'


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_good_one_gives_its_user(scheme):
    request = make_request(scheme + TEXT)
    identity = ask(request)
    assert identity == Identity("alice", {"scope": "read"}, "access_token")
    state = request.__dict__["sessiontoken.state"]
    assert state.access_token.userid == "alice"


def test_it_is_accepted_without_a_state():
    identity = make_authenticator().authenticate(
        make_request(f"Bearer {TEXT}")
    )
    assert identity.userid == "alice"


@pytest.mark.parametrize(
    "value",
    [None, "", TEXT, f"Basic {TEXT}", f"Session {TEXT}"],
    ids=["absent", "empty", "without a scheme", "Basic", "Session"],
)
def test_nothing_else_is_looked_at(value):
    assert ask(make_request(value)) is None


def test_it_is_not_looked_for_elsewhere():
    request = make_request(
        HTTP_COOKIE=f"a={TEXT}",
        QUERY_STRING=f"access_token={TEXT}",
        HTTP_X_API_KEY=TEXT,
    )
    assert ask(request) is None


@given(
    st.text(max_size=100)
    | st.text(st.characters(max_codepoint=255), max_size=100).map(
        lambda text: f"Bearer {text}"
    )
    | st.text(max_size=100).map(lambda text: f"Bearer pat_{text}")
)
@example(f"Bearer {TEXT}")
@example(f"Bearer {TEXT}, Bearer {TEXT}")
@example("Bearer pat_" + "x" * 49)
@example("Bearer \ud800")
@example("Bearer")
def test_any_header_is_accepted_or_refused(value):
    answer = ask(make_request(value))

    assert answer is None or isinstance(answer, (Identity, Refusal))
    assert isinstance(answer, Identity) == (value == f"Bearer {TEXT}")


@given(st.data())
def test_every_mutation_is_refused(data):
    where = data.draw(st.integers(4, len(TEXT)))
    put = data.draw(st.text(st.characters(max_codepoint=255), max_size=2))
    cut = data.draw(st.integers(0, 2))
    mutated = TEXT[:where] + put + TEXT[where + cut :]

    answer = ask(make_request(f"Bearer {mutated}"))

    is_same = mutated.strip(" ") == TEXT
    assert isinstance(answer, Identity if is_same else Refusal)


def test_it_appears_neither_in_the_log_nor_in_the_reason(caplog):
    caplog.set_level(logging.DEBUG)
    for shown in (f"{TEXT}x", TEXT[:-1], "pat_hunter2"):
        refused = ask(make_request(f"Bearer {shown}"))
        assert TEXT[4:20] not in refused.reason
    assert len(caplog.messages) == 3
    assert TEXT[4:20] not in caplog.text
    assert "hunter2" not in caplog.text


# In an application.


def test_a_refused_one_is_never_replaced_by_the_cookie(make):
    app = Application(make)
    client = app.client.fresh()
    client.post_json("/sign_in", {"userid": "bob"})
    who = client.get("/identity", headers=bearer("pat_x")).json
    assert who["userid"] is None
    assert who["failure"].startswith("access_token refused")


def test_the_cookie_comes_first_where_it_is_listed_first(make):
    app = Application(make)
    client = app.client.fresh()
    client.post_json("/sign_in", {"userid": "bob"})
    who = client.get("/identity", headers=bearer(app.create())).json
    assert who["userid"] == "bob"


def test_refused_ones_count_by_address_and_a_good_one_is_let_in(make):
    told = []
    app = Application(
        make,
        {"throttle.attempts": "3/minute"},
        setup=lambda config: [
            config.add_subscriber(told.append, event)
            for event in (CredentialRefused, CredentialThrottled)
        ],
    )
    text = app.create()
    client = app.client.fresh(REMOTE_ADDR="192.0.2.1")
    for _ in range(3):
        client.get("/admin", headers=bearer("pat_x"), status=401)

    answer = client.get("/admin", headers=bearer("pat_x"), status=429)

    assert int(answer.headers["Retry-After"]) > 0
    assert isinstance(told[-1], CredentialThrottled)
    assert client.get("/admin", headers=bearer(text)).text == "hello"
    other = app.client.fresh(REMOTE_ADDR="192.0.2.2")
    other.get("/admin", headers=bearer("pat_x"), status=401)
    # Passwords have a count of their own.
    client.swap()


def test_another_bearer_token_is_refused_once(make):
    app = Application(make)
    for shown in ("x", "eyJhbGciOiJub25lIn0.e30.", "pst_" + "x" * 43):
        answer = app.client.fresh().get(
            "/admin", headers=bearer(shown), status=401
        )
        told = answer.headers.getall("WWW-Authenticate")
        assert 'Bearer realm="session", error="invalid_token"' in told
        failure = app.who(bearer(shown))["failure"]
        assert failure.startswith("access_token refused")


SECRET = bytes(range(100, 132))
ISSUER = {
    "bearer.issuer": "https://issuer.example",
    "bearer.audience": "api",
    "bearer.algorithms": "HS256",
    "bearer.key": encode_base64url(SECRET),
}


@pytest.mark.parametrize("scheme", ["Session", "Bearer"])
@pytest.mark.parametrize(
    "listed", ["access_token bearer", "bearer access_token"]
)
def test_beside_another_issuer_each_judges_its_own(make, scheme, listed):
    app = Application(
        make,
        {
            "authenticators": f"session {listed} basic",
            "token.scheme": scheme,
            **ISSUER,
        },
    )
    claims = {
        "iss": "https://issuer.example",
        "aud": "api",
        "sub": "carol",
        "exp": START + 10**6,
        "iat": START,
    }
    foreign = jwt.encode(claims, SECRET, "HS256")
    text = app.create()

    assert app.who(bearer(text))["authenticator"] == "access_token"
    assert app.who(bearer(foreign))["authenticator"] == "bearer"
    app.create(headers=bearer(foreign), status=403)
    token = app.client.fresh().swap()["access_token"]
    shown = {"Authorization": f"{scheme} {token}"}
    assert app.who(shown)["authenticator"] == "session"
    altered = app.who(bearer(text[:-1]))["failure"]
    assert altered.startswith("access_token refused")


def test_a_session_that_a_bearer_token_began_makes_one(make):
    app = Application(
        make, {"authenticators": "session access_token bearer", **ISSUER}
    )
    claims = {
        "iss": "https://issuer.example",
        "aud": "api",
        "sub": "carol",
        "exp": START + 10**6,
        "iat": START,
    }
    foreign = jwt.encode(claims, SECRET, "HS256")
    token = app.client.fresh().post("/token", headers=bearer(foreign)).json
    text = app.create(headers=session(token["access_token"]))
    assert app.who(bearer(text))["userid"] == "carol"


def test_with_combine_its_claims_and_those_of_others_are_one(make):
    class Transformer:
        def transform(self, identity, request):
            names = [*identity.claims, "by " + identity.authenticator]
            return Identity(identity.userid, dict.fromkeys(names, 1))

    app = Application(
        make,
        {
            "authenticators": "session basic api_key access_token",
            "api_key.check": lambda key, request: {"plan": "gold"},
            "combine": "true",
            "claims_transformer": Transformer(),
        },
    )
    text = app.create()
    alone = app.who(bearer(text))
    assert alone["claims"] == {"roles": 1, "by basic": 1}

    both = app.who({**bearer(text), "X-Api-Key": "x"})

    assert both["authenticator"] == "api_key access_token"
    assert both["claims"] == {
        "roles": 1,
        "by basic": 1,
        "plan": 1,
        "by api_key": 1,
    }
    assert both["userid"] == "alice"


def test_on_a_route_that_does_not_name_it_it_counts_as_refused(make):
    def setup(config):
        config.add_route(
            "only", "/only", sessiontoken_authenticators="session"
        )
        config.add_view(
            lambda request: {"userid": request.authenticated_userid},
            route_name="only",
            renderer="json",
        )

    app = Application(make, setup=setup)
    answer = app.client.fresh().get("/only", headers=bearer(app.create()))
    assert answer.json == {"userid": None}
