"""A session lives while it is used, up to its absolute end."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.tokens import make_ticket
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.expiry import (
    ExpiryPolicy,
    least_gain,
    limits_of,
)
from pyramid_sessiontoken.interfaces import (
    EXPIRED,
    NOT_YET,
    RENEW,
    VALID,
    IExpiryPolicy,
    Times,
)

MINUTE, HOUR, DAY = 60, 3600, 86400
START = 1_000_000

#: The defaults of the settings.
USUAL = ExpiryPolicy(10 * HOUR, HOUR, 0.5, 30)


@st.composite
def policies(draw, sliding=None):
    absolute = draw(st.integers(1, 400 * DAY) | st.integers(1, 2 * HOUR))
    if sliding is None:
        sliding = draw(st.booleans())
    return ExpiryPolicy(
        absolute,
        draw(st.integers(1, absolute)) if sliding else None,
        # A float contains these fractions exactly.
        draw(st.integers(0, 63)) / 64,
        draw(st.integers(0, 300)),
    )


def issue(policy, now=START):
    times = policy.begin(now)
    return make_ticket(
        iat=times.iat,
        exp=times.exp,
        auth_time=now,
        session_end=times.session_end,
    )


def renew(policy, ticket, now):
    times = policy.renew(ticket, now)
    return make_ticket(
        iat=times.iat,
        exp=times.exp,
        auth_time=ticket.auth_time,
        session_end=times.session_end,
    )


def life_of(policy):
    return policy.absolute if policy.sliding is None else policy.sliding


def limits(policy, ticket):
    """Give when a ticket begins, when it expires, and when its session
    ends.
    """
    life = life_of(policy)
    leeway = min(policy.clock_skew, life // 10)
    exp = min(ticket.exp, ticket.iat + life)
    end = min(ticket.session_end, ticket.auth_time + policy.absolute)
    return ticket.iat - leeway, exp + leeway, end


def is_accepted(policy, ticket, now):
    begins, dies, end = limits(policy, ticket)
    return begins <= now < dies and now < end


def is_due(policy, ticket, now):
    life = life_of(policy)
    end = min(ticket.session_end, ticket.auth_time + policy.absolute)
    exp = min(ticket.exp, ticket.iat + life)
    gain = min(now + life, end) - exp
    return now - ticket.iat >= Fraction(policy.renew_after) * (
        exp - ticket.iat
    ) and gain >= min(60, Fraction(life, 20))


def test_it_has_all_that_the_interface_asks():
    assert verifyObject(IExpiryPolicy, USUAL)


# A session begins.


@given(policies(), st.integers(0, 2**34))
def test_a_new_session_has_its_end(policy, now):
    end = now + policy.absolute

    assert policy.begin(now) == Times(
        now, min(now + life_of(policy), end), end
    )


def test_without_sliding_a_ticket_lives_as_long_as_its_session():
    times = ExpiryPolicy(10 * HOUR).begin(START)

    assert times == Times(START, START + 10 * HOUR, START + 10 * HOUR)


def test_sliding_never_passes_the_end_even_if_it_is_longer():
    times = ExpiryPolicy(absolute=HOUR, sliding=DAY).begin(START)

    assert times.exp == START + HOUR


# A ticket is checked.


@st.composite
def judgements(draw):
    """Draw a policy, a ticket that may be another policy's, and a time near
    one of its limits.
    """
    policy = draw(policies())
    if draw(st.booleans()):
        ticket = issue(draw(policies()))
    else:
        iat = draw(st.integers(0, 2**34))
        ticket = make_ticket(
            iat=iat,
            exp=iat + draw(st.integers(-10, 400 * DAY)),
            auth_time=iat - draw(st.integers(-10, 400 * DAY)),
            session_end=iat + draw(st.integers(-10, 400 * DAY)),
        )
    begins, dies, end = limits(policy, ticket)
    half = ticket.iat + (dies - ticket.iat) // 2
    near = draw(st.sampled_from([begins, dies, end, half, ticket.iat]))
    return policy, ticket, near + draw(st.integers(-70, 70))


@settings(max_examples=300)
@given(judgements())
def test_a_ticket_is_valid_within_its_own_limits_and_those_of_the_settings(
    judgement,
):
    policy, ticket, now = judgement

    accepted = policy.judge(ticket, now) in (VALID, RENEW)

    assert accepted == is_accepted(policy, ticket, now)


@settings(max_examples=300)
@given(judgements())
def test_a_valid_ticket_is_renewed_if_due_and_worth_a_write(judgement):
    policy, ticket, now = judgement
    if is_accepted(policy, ticket, now):
        assert policy.judge(ticket, now) is (
            RENEW if is_due(policy, ticket, now) else VALID
        )


@given(judgements())
def test_only_a_ticket_from_the_future_is_not_yet_valid(judgement):
    policy, ticket, now = judgement
    begins, dies, end = limits(policy, ticket)

    verdict = policy.judge(ticket, now)

    assert (verdict is NOT_YET) == (now < begins)
    assert (verdict is EXPIRED) == (now >= begins and now >= min(dies, end))


@given(policies())
def test_every_session_is_accepted_from_the_second_it_begins(policy):
    assert policy.judge(issue(policy), START) in (VALID, RENEW)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (-31, NOT_YET),
        (-30, VALID),
        (0, VALID),
        (30 * MINUTE - 1, VALID),
        (30 * MINUTE, RENEW),
        (HOUR - 1, RENEW),
        (HOUR + 29, RENEW),
        (HOUR + 30, EXPIRED),
        (10 * HOUR, EXPIRED),
    ],
)
def test_a_usual_ticket_second_by_second(after, verdict):
    assert USUAL.judge(issue(USUAL), START + after) is verdict


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(-30, VALID), (10 * HOUR - 1, VALID), (10 * HOUR, EXPIRED)],
)
def test_there_is_no_leeway_on_the_absolute_end(after, verdict):
    """Without sliding ``exp`` is the end, and nothing is ever renewed."""
    policy = ExpiryPolicy(10 * HOUR, None, 0.5, 30)

    assert policy.judge(issue(policy), START + after) is verdict


@pytest.mark.parametrize(
    ("sliding", "skew", "leeway"),
    [
        (HOUR, 30, 30),
        (HOUR, 300, 300),
        (MINUTE, 30, 6),
        (9, 30, 0),
        (10, 30, 1),
        (HOUR, 0, 0),
        (None, 30, 30),
    ],
)
def test_leeway_is_at_most_a_tenth_of_a_tickets_life(sliding, skew, leeway):
    policy = ExpiryPolicy(10 * HOUR, sliding, 0.5, skew)
    ticket = issue(policy)
    begins = ticket.iat - leeway

    assert policy.judge(ticket, begins) is VALID
    assert policy.judge(ticket, begins - 1) is NOT_YET


@given(policies(sliding=False), st.integers(0, 400 * DAY))
def test_without_sliding_nothing_is_renewed(policy, after):
    assert policy.judge(issue(policy), START + after) is not RENEW


def test_a_ticket_is_renewed_at_once_if_the_fraction_is_0():
    policy = ExpiryPolicy(10 * HOUR, HOUR, 0.0, 30)
    ticket = issue(policy)

    assert policy.judge(ticket, START + 59) is VALID
    assert policy.judge(ticket, START + 60) is RENEW


@pytest.mark.parametrize(
    ("sliding", "least"), [(HOUR, 60), (20 * MINUTE, 60), (MINUTE, 3)]
)
def test_a_renewal_gains_a_minute_or_a_twentieth(sliding, least):
    """A ticket that expires just before its session gains little."""
    policy = ExpiryPolicy(10 * HOUR, sliding)
    end = START + 10 * HOUR

    def judge(exp):
        ticket = make_ticket(
            iat=exp - sliding, exp=exp, auth_time=START, session_end=end
        )
        return policy.judge(ticket, exp - 1)

    assert judge(end - least) is RENEW
    assert judge(end - least + 1) is VALID


# A session is renewed.


@given(policies(), st.integers(0, 400 * DAY))
def test_renewal_is_computed_from_the_settings(policy, after):
    ticket = issue(policy)
    now = START + after

    assert policy.renew(ticket, now) == Times(
        now, min(now + life_of(policy), ticket.session_end), ticket.session_end
    )


@given(judgements())
def test_a_renewed_ticket_is_no_longer_due(judgement):
    policy, ticket, now = judgement
    if policy.judge(ticket, now) is not RENEW:
        return

    renewed = renew(policy, ticket, now)

    # The next renewal would gain nothing yet.
    assert policy.judge(renewed, now) is VALID


@given(judgements())
def test_a_renewal_never_shortens_a_ticket(judgement):
    policy, ticket, now = judgement
    if policy.judge(ticket, now) is not RENEW:
        return

    _, dies, end = limits(policy, ticket)
    _, renewed_dies, renewed_end = limits(policy, renew(policy, ticket, now))

    assert renewed_dies > dies
    assert renewed_end == end


@settings(max_examples=10)
@given(st.lists(st.integers(0, 1829), min_size=1, max_size=20))
@example([0])
@example([1829])
def test_ten_thousand_renewals_have_the_same_life_and_stay_within_the_end(
    delays,
):
    """For more than a year, a client comes back in the second half of the
    ticket's life.
    """
    policy = ExpiryPolicy(400 * DAY, HOUR, 0.5, 30)
    ticket = first = issue(policy)
    now = START
    for delay in itertools.islice(itertools.cycle(delays), 10_000):
        now += 1800 + delay
        verdict = policy.judge(ticket, now)
        assert verdict is (RENEW if now < first.session_end else EXPIRED)

        ticket = renew(policy, ticket, now)

        assert ticket.session_end == first.session_end
        assert ticket.exp <= ticket.session_end
        if now < first.session_end:
            assert ticket.exp == min(now + HOUR, first.session_end)
        assert ticket.exp - ticket.iat <= HOUR


@settings(max_examples=50)
@given(policies(sliding=True), st.data())
def test_however_often_it_is_renewed_a_session_ends(policy, data):
    """Renew a ticket as late as possible, until the session ends."""
    ticket = issue(policy)
    end = ticket.session_end
    for _ in range(20):
        begins, dies, _ = limits(policy, ticket)
        now = data.draw(st.integers(begins, dies - 1))
        if policy.judge(ticket, now) is RENEW:
            ticket = renew(policy, ticket, now)
            assert ticket.exp - ticket.iat <= policy.sliding
            assert ticket.exp <= end

        assert ticket.session_end == end
        assert policy.judge(ticket, end) is EXPIRED


# The settings change while a session lives.


def test_a_shorter_absolute_expiry_ends_sessions_that_have_begun():
    ticket = issue(ExpiryPolicy(10 * HOUR))
    today = ExpiryPolicy(2 * HOUR)

    assert today.judge(ticket, START + 2 * HOUR - 1) is VALID
    assert today.judge(ticket, START + 2 * HOUR) is EXPIRED


def test_a_longer_absolute_expiry_does_not_prolong_sessions_that_have_begun():
    ticket = issue(ExpiryPolicy(2 * HOUR, HOUR))
    today = ExpiryPolicy(10 * HOUR, HOUR)

    renewed = renew(today, ticket, START + 59 * MINUTE)
    renewed = renew(today, renewed, START + 90 * MINUTE)

    assert renewed.session_end == START + 2 * HOUR
    assert today.judge(renewed, START + 2 * HOUR - 1) is not EXPIRED
    assert today.judge(renewed, START + 2 * HOUR) is EXPIRED


def test_renewal_under_a_shorter_absolute_expiry_stays_within_it():
    ticket = issue(ExpiryPolicy(10 * HOUR, HOUR))
    today = ExpiryPolicy(90 * MINUTE, HOUR)

    renewed = renew(today, ticket, START + 45 * MINUTE)

    assert renewed.exp == START + 90 * MINUTE
    # The end of a session is copied, not computed again.
    assert renewed.session_end == ticket.session_end


def test_a_shorter_sliding_expiry_applies_at_once():
    ticket = issue(ExpiryPolicy(10 * HOUR, HOUR))
    today = ExpiryPolicy(10 * HOUR, 10 * MINUTE, 0.5, 30)

    assert today.judge(ticket, START + 5 * MINUTE - 1) is VALID
    assert today.judge(ticket, START + 5 * MINUTE) is RENEW
    assert today.judge(ticket, START + 10 * MINUTE + 29) is RENEW
    assert today.judge(ticket, START + 10 * MINUTE + 30) is EXPIRED


def test_a_longer_sliding_expiry_applies_from_the_next_renewal_on():
    ticket = issue(ExpiryPolicy(10 * HOUR, 10 * MINUTE))
    today = ExpiryPolicy(10 * HOUR, HOUR)

    assert today.judge(ticket, START + 10 * MINUTE) is EXPIRED
    renewed = renew(today, ticket, START + 5 * MINUTE)
    assert renewed.exp - renewed.iat == HOUR


def test_a_ticket_keeps_its_end_when_sliding_is_switched_off():
    ticket = issue(ExpiryPolicy(10 * HOUR, HOUR))
    today = ExpiryPolicy(10 * HOUR)

    assert today.judge(ticket, START + HOUR - 1) is RENEW
    assert today.judge(ticket, START + HOUR) is EXPIRED
    assert renew(today, ticket, START + MINUTE).exp == ticket.session_end


def test_a_ticket_is_shortened_when_sliding_is_switched_on():
    ticket = issue(ExpiryPolicy(10 * HOUR))

    assert USUAL.judge(ticket, START + 30 * MINUTE) is RENEW
    assert USUAL.judge(ticket, START + HOUR + 30) is EXPIRED


@pytest.mark.parametrize(
    ("life", "gain"),
    [(20, 1), (HOUR // 3, MINUTE), (HOUR, MINUTE), (400 * DAY, MINUTE)],
)
def test_a_renewal_must_gain_a_minute_or_a_twentieth(life, gain):
    assert least_gain(life) == gain
    ordinary, persistent = ExpiryPolicy(500 * DAY, life).limits
    assert ordinary.minimum_gain == persistent.minimum_gain == gain


# A session was begun as persistent.


@given(policies(), policies(), judgements(), st.booleans())
def test_a_session_is_judged_by_the_limits_of_its_kind(
    ordinary, persistent, judgement, is_persistent
):
    """As if there were a policy for each kind."""
    both = ExpiryPolicy(
        ordinary.absolute,
        ordinary.sliding,
        ordinary.renew_after,
        ordinary.clock_skew,
        persistent=(persistent.absolute, persistent.sliding),
    )
    own = ExpiryPolicy(
        *(both.persistent if is_persistent else (both.absolute, both.sliding)),
        both.renew_after,
        both.clock_skew,
    )
    _, ticket, now = judgement
    ticket = ticket._replace(persistent=is_persistent)

    assert both.judge(ticket, now) is own.judge(ticket, now)
    assert both.renew(ticket, now) == own.renew(ticket, now)
    assert both.begin(now, None, is_persistent) == own.begin(now)
    assert both.begin(now) == both.begin(now, None, False)


@given(policies())
def test_both_kinds_have_the_same_limits_where_nothing_else_is_said(policy):
    ordinary, persistent = policy.limits

    assert ordinary == persistent


def test_leeway_is_whole_seconds():
    """A tenth of 25 seconds is cut off."""
    assert limits_of(36_000, 25, 30) == (36_000, 25, 2, 1.25)
    assert type(limits_of(36_000, 25, 30).leeway) is int


def test_a_renewal_never_passes_the_end_that_a_ticket_has():
    """The settings allow longer sessions by now, or shorter ones."""
    ticket = make_ticket(iat=1000, exp=4600, auth_time=1000, session_end=5000)

    longer = ExpiryPolicy(absolute=36_000, sliding=3600)
    assert longer.renew(ticket, 3000) == (3000, 5000, 5000)
    shorter = ExpiryPolicy(absolute=3000, sliding=3600)
    assert shorter.renew(ticket, 3000) == (3000, 4000, 5000)
