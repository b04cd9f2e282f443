"""What a request showed is noted once, and the greatest status counts."""

import logging

import pytest
from pyramid.request import Request
from support.states import begin_state
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.state import (
    Refusal,
    RequestState,
    Status,
    find_state,
    note_began,
    note_token,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.interfaces import RENEW, VALID
from pyramid_sessiontoken.sessions.shown import ShownToken


@pytest.fixture
def request_():
    return Request.blank("/")


@pytest.fixture
def state(request_):
    return begin_state(request_)


def shown(verdict=VALID, **changes):
    ticket = make_ticket(**changes)
    identity = identity_of(ticket, "session")
    return ShownToken(identity, ticket, None, "text", verdict)


def test_a_request_has_no_state_before_the_first_question():
    request = Request.blank("/")

    assert find_state(request) is None
    state = begin_state(request)
    assert find_state(request) is state


def test_a_copy_of_a_request_has_no_state_of_the_first():
    request = Request.blank("/")
    begin_state(request)

    assert find_state(request.copy()) is None


def test_a_token_is_noted_where_the_request_has_a_state():
    request = Request.blank("/")
    note_token(request, shown())
    assert find_state(request) is None

    state = begin_state(request)
    token = shown()
    note_token(request, token)

    assert state.tokens == (token,)


def test_how_a_session_begins_is_noted_where_the_request_has_a_state():
    request = Request.blank("/")
    note_began(request, "google", {"by": "google"})
    assert find_state(request) is None

    state = begin_state(request)
    note_began(request, "google", {"by": "google"})
    assert state.began == {"google": {"by": "google"}}


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([], Status.NONE),
        ([VALID], Status.NONE),
        ([RENEW], Status.RENEW),
        ([RENEW, VALID], Status.RENEW),
        ([VALID, RENEW], Status.RENEW),
    ],
)
def test_one_token_that_is_due_is_enough_to_renew(
    request_, state, verdicts, status
):
    for verdict in verdicts:
        note_token(request_, shown(verdict))

    assert state.status is status
    assert len(state.tokens) == len(verdicts)


@pytest.mark.parametrize("status", [Status.DISCARD, Status.SET, Status.DELETE])
def test_a_token_that_is_due_changes_no_greater_status(
    request_, state, status
):
    state.status = status

    note_token(request_, shown(RENEW))

    assert state.status is status


def test_an_identity_is_of_the_token_that_gave_its_ticket(request_, state):
    one, other = shown(sid="one"), shown(sid="other")
    note_token(request_, one)
    note_token(request_, other)

    assert state.token_of(Identity("alice", ticket=other.ticket)) is other
    # An equal ticket is another one: it came from elsewhere.
    assert state.token_of(Identity("alice", ticket=make_ticket())) is None
    assert state.token_of(Identity("alice")) is None


def test_a_refusal_is_noted_logged_and_waits_to_be_told(state, caplog):
    caplog.set_level(logging.INFO, "pyramid_sessiontoken")

    refusal = state.refuse("basic", "wrong password", retry_after=30)

    assert refusal == Refusal("basic", "wrong password", 30)
    assert state.refusal("basic") is refusal
    assert state.refusal("session") is None
    assert state.untold == (refusal,)
    assert caplog.messages == ["basic refused: wrong password [refused]"]


def test_a_refusal_of_several_authenticators_is_one(state):
    refusal = state.refuse("basic api_key", "barred")

    assert state.refusal("basic") is state.refusal("api_key") is refusal
    assert state.untold == (refusal,)


def test_the_last_refusal_of_an_authenticator_counts(state):
    first, last = (state.refuse("basic", why) for why in ("first", "last"))

    assert state.refusal("basic") is last
    assert state.untold == (first, last)


def test_two_requests_share_nothing(request_, state):
    state.refuse("basic", "barred")
    note_token(request_, shown(RENEW))
    state.answers["basic"] = None

    other = RequestState()

    assert (other.answers, other.refused, other.untold) == ({}, {}, ())
    assert (other.tokens, other.status) == ((), Status.NONE)
