"""A session token in a header is redeemed for its session."""

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from support.keys import Rings
from support.states import begin_state
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.chain import Chain
from pyramid_sessiontoken.authenticators.session import SessionAuthenticator
from pyramid_sessiontoken.authenticators.state import (
    Refusal,
    find_state,
)
from pyramid_sessiontoken.errors import REASON_EXPIRED, InvalidCredential
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    RENEW,
    VALID,
    IAuthenticator,
    IClock,
    IExpiryPolicy,
)
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.policy.cross_site import is_cross_site
from pyramid_sessiontoken.sessions.forms import HeaderForm
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.testing import ManualClock
from pyramid_sessiontoken.tokens.jwt import SessionJWT

START = 1_800_000_000


class World:
    """A registry with the real parts, and a clock that the test sets."""

    def __init__(self):
        self.clock = ManualClock(START)
        self.registry = Registry("test")
        self.registry.registerUtility(self.clock, IClock)
        self.registry.registerUtility(
            ExpiryPolicy(36000, 3600, 0.5, 30), IExpiryPolicy
        )
        form = HeaderForm(
            SessionJWT(Rings(Key.of(bytes(range(64)))), "HS256", "iss", "aud"),
            None,
            None,
        )
        self.sessions = Sessions(self.registry, form, "Session")

    def authenticator(self, **options):
        return SessionAuthenticator(self.sessions.redeem, **options)

    def issue(self, userid="alice", **claims):
        identity = Identity(userid, claims, "basic")
        return self.sessions.issue(identity).access_token

    def request(self, value=None, header="HTTP_AUTHORIZATION", **options):
        request = Request.blank("/", **options)
        request.registry = self.registry
        if value is not None:
            request.environ[header] = value
        return request

    def ask(self, authenticator, request):
        """Ask the authenticator through a chain."""
        state = begin_state(request)
        request.registry.registerUtility(
            authenticator, IAuthenticator, "session"
        )
        return Chain(is_cross_site).ask(request, state, "session")

    def refusal(self, authenticator, request):
        """Give the reason of the refusal; any other answer fails the test."""
        refused = self.ask(authenticator, request)
        assert isinstance(refused, Refusal)
        return refused.reason


@pytest.fixture
def world():
    return World()


def test_the_authenticator_provides_its_interface(world):
    authenticator = world.authenticator()

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme == "Session"
    assert authenticator.ambient is False
    assert authenticator.vary == ("Authorization",)


@pytest.mark.parametrize("scheme", ["Session", "session", "SESSION"])
def test_a_token_signs_its_user_in(world, scheme):
    token = world.issue(42, roles=["admin"])

    identity = world.authenticator().authenticate(
        world.request(f"{scheme} {token}")
    )

    assert identity.userid == 42
    assert identity.claims == {"roles": ["admin"]}
    assert identity.authenticator == "session"
    assert identity.ticket.auth_time == START
    assert identity.ticket.amr == ("pwd",)


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Bearer a.b.c"])
def test_other_schemes_are_ignored(world, value):
    assert world.authenticator().authenticate(world.request(value)) is None


def test_the_scheme_may_have_another_name(world):
    authenticator = world.authenticator(scheme="Bearer")
    token = world.issue()

    assert authenticator.scheme == "Bearer"
    assert authenticator.authenticate(world.request(f"bearer {token}"))
    assert (
        authenticator.authenticate(world.request(f"Session {token}")) is None
    )


def test_another_header_carries_the_token_bare(world):
    authenticator = world.authenticator(header="X-Session")
    token = world.issue()

    def ask(value, header="HTTP_X_SESSION"):
        return authenticator.authenticate(world.request(value, header))

    assert ask(token).userid == "alice"
    assert ask(f"Session {token}", "HTTP_AUTHORIZATION") is None
    assert ask("") is None
    with pytest.raises(InvalidCredential):
        ask(f"Session {token}")
    assert authenticator.vary == ("X-Session",)
    assert authenticator.scheme is None
    assert authenticator.challenge(world.request()) is None


def test_the_name_of_the_header_is_compared_without_case(world):
    authenticator = world.authenticator(header="AUTHORIZATION")

    assert authenticator.scheme == "Session"
    assert authenticator.authenticate(
        world.request(f"Session {world.issue()}")
    )


def test_a_header_token_is_accepted_in_cross_site_requests(world):
    """So it is accepted whatever Origin says."""
    request = world.request(
        f"Session {world.issue()}",
        method="POST",
        environ={"HTTP_SEC_FETCH_SITE": "cross-site"},
    )

    assert world.ask(world.authenticator(), request).userid == "alice"


@pytest.mark.parametrize(
    "value", ["Session", "Session ", "Session x", "Session {0} {0}"]
)
def test_a_malformed_token_is_refused_and_not_ignored(world, value):
    request = world.request(value.format(world.issue()))

    world.refusal(world.authenticator(), request)


def test_a_token_in_the_url_or_in_the_body_is_never_read(world):
    """RFC 6750, section 5.3: URLs end up in logs."""
    token = world.issue()
    request = world.request(POST={"access_token": token, "Session": token})
    request.query_string = f"access_token={token}&Authorization={token}"
    request.cookies["Authorization"] = token

    for options in ({}, {"header": "X-Session"}):
        assert world.authenticator(**options).authenticate(request) is None


WORLD = World()


@given(
    st.sampled_from(["", "Session ", "session  ", "Session\t"]),
    st.text()
    | st.text(st.characters(max_codepoint=255))
    | st.just(WORLD.issue()),
    st.text(max_size=3) | st.sampled_from([" ", "\r\n", "=", ".", "\0"]),
)
@example("Session ", "\ud800", "")
@example("Session ", "\xe9" * 70000, "")
@example("Session ", WORLD.issue(), "")
def test_any_header_value_is_accepted_or_refused(scheme, text, end):
    request = WORLD.request(scheme + text + end)

    answer = WORLD.ask(WORLD.authenticator(), request)

    assert answer is None or isinstance(answer, (Identity, Refusal))
    if isinstance(answer, Identity):
        assert answer.userid == "alice"


def test_the_ticket_of_a_token_and_its_verdict_are_noted(world):
    """The response renews the token, once the request is judged."""
    token = world.issue()
    for seconds, verdict in ((1799, VALID), (1, RENEW)):
        world.clock.advance(seconds)
        request = world.request(f"Session {token}")
        identity = world.ask(world.authenticator(), request)

        (noted,) = find_state(request).tokens
        assert noted == (
            identity,
            identity.ticket,
            None,
            token,
            verdict,
        )
        assert find_state(request).token_of(identity) is noted


# The challenge.


def test_a_challenge_without_a_token_has_no_error(world):
    authenticator = world.authenticator(realm='my "realm"')
    request = world.request()

    assert authenticator.challenge(request) == r'Session realm="my \"realm\""'
    assert world.ask(authenticator, request) is None
    assert authenticator.challenge(request) == r'Session realm="my \"realm\""'


def test_a_challenge_after_a_good_token_has_no_error(world):
    authenticator = world.authenticator()
    request = world.request(f"Session {world.issue()}")
    world.ask(authenticator, request)

    assert authenticator.challenge(request) == 'Session realm="session"'


def test_the_challenge_says_that_a_token_expired(world):
    authenticator = world.authenticator()
    token = world.issue()
    world.clock.advance(3600 + 30)
    request = world.request(f"Session {token}")

    assert world.refusal(authenticator, request) == REASON_EXPIRED
    assert authenticator.challenge(request) == (
        'Session realm="session", error="invalid_token",'
        ' error_description="The token expired"'
    )


def test_all_other_refusals_look_alike(world):
    authenticator = world.authenticator()
    token = world.issue()
    world.clock.advance(-31)
    challenges = set()
    for shown in (
        token,  # its iat is in the future
        token[:-1],
        token.replace(".", "..", 1),
        "",
        "x" * 9000,
        "\xe9",
        World().issue() + "x",
    ):
        request = world.request(f"Session {shown}")
        world.refusal(authenticator, request)
        challenges.add(authenticator.challenge(request))

    assert challenges == {'Session realm="session", error="invalid_token"'}


def test_the_token_appears_neither_in_the_log_nor_in_the_reason(world, caplog):
    caplog.set_level(logging.DEBUG)
    authenticator = world.authenticator()
    token = world.issue()
    world.clock.advance(3600 + 30)
    shown = [token, token[:-1], token + "x", f"{token}.x", token[5:]]
    for text in shown:
        reason = world.refusal(authenticator, world.request(f"Session {text}"))
        parts = text.split(".")
        assert not [part for part in parts if len(part) > 8 and part in reason]

    assert len(caplog.messages) == len(shown)
    for part in token.split("."):
        assert part not in caplog.text
