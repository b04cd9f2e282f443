"""How long a session lasts is what the expiry policy will do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.tokens import make_ticket

from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import EXPIRED, VALID
from pyramid_sessiontoken.sessions.remaining import (
    renewal,
    session_end,
    token_end,
)

POLICY = ExpiryPolicy(36000, 3600, clock_skew=30)


def ticket_of(**changes):
    times = {
        "iat": START,
        "exp": START + 3600,
        "auth_time": START,
        "session_end": START + 36000,
    }
    return make_ticket(**{**times, **changes})


class Counts(ExpiryPolicy):
    """A policy that notes how often it is asked."""

    asked = 0

    def judge(self, ticket, now):
        Counts.asked += 1
        return super().judge(ticket, now)


class Half:
    """Judges a token to be over in the middle of its life, and never renews
    one.
    """

    def judge(self, ticket, now):
        middle = (ticket.iat + ticket.exp) // 2
        return EXPIRED if now >= middle else VALID


@pytest.mark.parametrize(
    ("seconds", "token", "session", "due"),
    [
        (0, 3600, 36000, 1800),
        (1800, 3600, 36000, 1800),
        (3599, 3600, 36000, 3599),
        # Use still renews it, in its leeway.
        (3600, 3600, 36000, 3600),
        (3629, 3629, 36000, 3629),
        (3630, 3630, 36000, None),
        (36000, 36000, 36000, None),
        (40000, 40000, 40000, None),
    ],
)
def test_ends_are_told_in_seconds_since_the_epoch(
    seconds, token, session, due
):
    ticket, now = ticket_of(), START + seconds

    assert token_end(POLICY, ticket, now) == START + token
    assert session_end(POLICY, ticket, now) == START + session
    assert renewal(POLICY, ticket, now) == (
        None if due is None else START + due
    )


def test_a_policy_of_ones_own_is_believed():
    ticket = ticket_of()

    assert token_end(Half(), ticket, START) == START + 1800
    assert renewal(Half(), ticket, START) is None


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**7))
def test_a_session_ends_when_no_ticket_of_it_is_accepted(absolute, end, now):
    policy = ExpiryPolicy(absolute, clock_skew=30)
    told = session_end(policy, ticket_of(session_end=START + end), START + now)

    assert told == START + max(now, min(absolute, end))


def test_mostly_one_question_is_enough():
    policy = Counts(36000, 3600)
    Counts.asked = 0
    session_end(policy, ticket_of(), START)

    assert Counts.asked == 1
