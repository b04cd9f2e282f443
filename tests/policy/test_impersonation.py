"""Anything that an application passes to ``act_as`` is accepted or refused."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden
from pyramid.request import Request
from support import KEY

from pyramid_sessiontoken.errors import ClaimsError, SessionTokenError
from pyramid_sessiontoken.interfaces import IPrincipals
from pyramid_sessiontoken.policy.security_policy import policy_of

WORDS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()


@pytest.fixture(scope="module")
def registry():
    config = Configurator(
        settings={
            "sessiontoken.keys": KEY,
            "sessiontoken.impersonation.principals": "role:support",
            "sessiontoken.impersonation.check": lambda *args: True,
        }
    )
    config.include("pyramid_sessiontoken")
    config.commit()
    return config.registry


def request_of(registry, token=None):
    request = Request.blank("/", base_url="https://localhost")
    request.registry = registry
    if token is not None:
        request.headers["Authorization"] = f"Session {token}"
    return request


@settings(max_examples=200)
@given(
    st.just("bob") | WORDS | st.uuids(),
    st.text(min_size=1) | WORDS,
    st.sampled_from(["30m", 60, "0", "400d"]) | WORDS,
    st.none() | st.dictionaries(st.text(), WORDS, max_size=3),
)
@example("alice", "why", "30m", None)
@example("bob", "why", "30m", {"sub": "x"})
@example("bob", "why", "9" * 13, None)
def test_any_arguments_are_accepted_or_refused(
    registry, userid, reason, lifetime, claims
):
    roles = {"roles": ["support"]}
    own = request_of(registry).sessiontoken.issue("alice", roles)
    request = request_of(registry, own.access_token)
    try:
        issued = request.sessiontoken.act_as(userid, reason, lifetime, claims)
    except (SessionTokenError, ClaimsError, ValueError, HTTPForbidden):
        return

    ticket = issued.ticket
    assert (ticket.userid, ticket.actor) == (userid, "alice")
    assert type(ticket.userid) is type(userid)
    assert 0 < issued.session_expires_in <= own.session_expires_in
    assert reason.isprintable()
    shown = request_of(registry, issued.access_token)
    assert shown.sessiontoken.actor == "alice"
    assert shown.authenticated_userid == userid
    with pytest.raises(SessionTokenError):
        shown.sessiontoken.act_as("carol", "again")


def test_a_principal_that_is_the_own_id_of_another_type_counts(registry):
    """42 is not "42": else a group of that name would come for free."""
    seen = []

    def principals(user, request):
        return ["everybody"] if user.userid == "alice" else ["42"]

    config = Configurator(
        settings={
            "sessiontoken.keys": KEY,
            "sessiontoken.impersonation.principals": "everybody",
        }
    )
    config.registry.registerUtility(principals, IPrincipals)
    config.include("pyramid_sessiontoken")
    config.commit()
    own = request_of(config.registry).sessiontoken.issue("alice")
    for userid in (42, "42"):
        request = request_of(config.registry, own.access_token)
        try:
            request.sessiontoken.act_as(userid, "why")
        except HTTPForbidden:
            seen.append(userid)
    assert seen == [42]


def test_nobody_acts_while_a_request_is_judged(registry):
    request = request_of(registry)
    policy_of(request).state(request).is_judging = True

    with pytest.raises(SessionTokenError, match="helps to decide"):
        request.sessiontoken.act_as("bob", "why")
