"""Sessions are issued, redeemed, renewed and exchanged."""

import pytest
from pyramid.registry import Registry
from support import START
from support.tokens import make_ticket

from pyramid_sessiontoken.errors import (
    REASON_EXPIRED,
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.expiry import LONGEST, ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.identity.ticket import new_id
from pyramid_sessiontoken.interfaces import (
    EXPIRED,
    RENEW,
    VALID,
    IClock,
    IExpiryPolicy,
    Times,
)
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.store import Beginning

ALICE = Identity("alice", {"roles": ["admin"]}, "basic")
HOUR = 3600
DAY = 24 * HOUR


class Drawer:
    """A form of token that keeps tickets here, and gives their numbers."""

    def __init__(self):
        self.makes_references = True
        self.tickets = []
        self.references = []
        self.ended = set()
        self.begun = []

    def begin(self):
        reference = f"of {len(self.begun)}" if self.makes_references else None
        self.begun.append(Beginning(new_id(), reference))
        return self.begun[-1]

    def encode(self, ticket, reference=None):
        self.references.append(reference)
        self.tickets.append(ticket)
        return str(len(self.tickets) - 1)

    def decode(self, text):
        if not text.isdecimal():
            raise InvalidCredential("no number")
        ticket = self.tickets[int(text)]
        return identity_of(ticket, "session"), f"reference {text}"

    def renew(self, reference, ticket):
        return None if reference in self.ended else self.encode(ticket)


class Revocations:
    """All that began up to a time ended, so a session begins after that."""

    def __init__(self, ahead=0):
        self.ahead = ahead

    def mark_ahead(self, userid, now):
        assert userid == "alice"
        return now + self.ahead

    def believes(self, ticket):
        return False


@pytest.fixture
def form():
    return Drawer()


@pytest.fixture
def sessions(clock, form):
    return make_sessions(clock, form)


def make_sessions(clock, form, revocations=None, trim=None):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    policy = ExpiryPolicy(10 * HOUR, HOUR, clock_skew=30)
    registry.registerUtility(policy, IExpiryPolicy)
    return Sessions(registry, form, "Session", revocations, trim)


# Issue.


def test_a_session_begins_now_and_says_how_long_it_lasts(sessions, form):
    issued = sessions.issue(ALICE)

    [ticket] = form.tickets
    assert issued.ticket is ticket
    assert (ticket.userid, ticket.claims) == ("alice", {"roles": ["admin"]})
    assert (ticket.iat, ticket.auth_time) == (START, START)
    assert (ticket.exp, ticket.session_end) == (START + HOUR, START + 36000)
    assert issued.as_dict() == {
        "access_token": "0",
        "token_type": "Session",
        "expires_in": HOUR,
        "session_expires_in": 36000,
    }


def test_the_form_of_the_token_names_the_session(sessions, form):
    tickets = [sessions.issue(ALICE).ticket for _ in range(2)]
    assert form.begun == [
        (ticket.sid, f"of {number}") for number, ticket in enumerate(tickets)
    ]
    assert form.references == ["of 0", "of 1"]
    # A further token of the session has a reference of its own.
    sessions.exchange(tickets[0])
    assert form.references[2:] == [None]


def test_a_ticket_keeps_what_it_is_given_at_the_beginning(sessions):
    device = {"address": "192.0.2.7"}

    kept = sessions.issue(
        ALICE, persistent=True, device=device, thumbprint="x"
    ).ticket

    assert (kept.persistent, kept.thumbprint) == (True, "x")
    assert kept.device == device
    plain = sessions.issue(ALICE).ticket
    assert (plain.persistent, plain.thumbprint) == (False, None)
    assert plain.device == {}


def test_every_session_has_a_name_of_its_own(sessions):
    sids = {sessions.issue(ALICE).ticket.sid for _ in range(20)}

    assert len(sids) == 20


@pytest.mark.parametrize(
    ("authenticator", "amr"),
    [
        # RFC 8176, section 2.
        ("basic", ("pwd",)),
        ("client_certificate", ("hwk",)),
        ("api_key", ("api_key",)),
        ("basic api_key", ("pwd", "api_key")),
    ],
)
def test_a_ticket_names_the_methods_of_its_sign_in(
    sessions, authenticator, amr
):
    identity = Identity("alice", {}, authenticator)

    assert sessions.issue(identity).ticket.amr == amr


@pytest.mark.parametrize(
    ("userid", "claims", "why"),
    [
        (None, {}, "needs a userid"),
        ("role:admin", {}, "role:"),
        ("alice", {"exp": 1}, "exp"),
    ],
)
def test_no_session_begins_for_what_no_token_carries(
    sessions, form, userid, claims, why
):
    with pytest.raises(ClaimsError, match=why):
        sessions.issue(Identity(userid, claims, "basic"))

    assert form.tickets == []


def test_a_session_tells_which_mark_it_comes_after(clock, form):
    sessions = make_sessions(clock, form, Revocations())

    issued = sessions.issue(ALICE)

    assert issued.ticket.place == START + 1
    assert issued.ticket.began == {"after": START}
    assert issued.ticket.auth_time == issued.ticket.iat == START


def test_old_records_are_removed_when_a_session_has_begun(clock, form):
    removed = []
    sessions = make_sessions(
        clock, form, trim=lambda: removed.append(list(form.tickets))
    )
    sessions.issue(ALICE)
    # What kept the ticket under the reference did it, too.
    assert removed == []

    form.makes_references = False
    ticket = sessions.issue(ALICE).ticket
    assert removed == [form.tickets]
    assert form.tickets[1] is ticket
    sessions.renew(ticket, None)
    assert len(removed) == 1


def test_a_clock_that_was_set_back_far_is_told_as_an_outage(clock, form):
    """No token can say that its session began that far in the future."""
    assert make_sessions(clock, form, Revocations(599)).issue(ALICE)

    with pytest.raises(RepositoryUnavailable, match="a clock was set back"):
        make_sessions(clock, form, Revocations(600)).issue(ALICE)


class ByUser(ExpiryPolicy):
    """Bob's sessions last a month, and so do persistent ones."""

    def begin(self, now, identity=None, persistent=False):
        if self._is_long(identity.userid, persistent=persistent):
            return Times(now, now + 7 * DAY, now + 30 * DAY)
        return super().begin(now)

    def judge(self, ticket, now):
        if self._is_long(ticket.userid, persistent=ticket.persistent):
            return EXPIRED if now >= ticket.exp else VALID
        return super().judge(ticket, now)

    def _is_long(self, userid, *, persistent):
        return userid == "bob" or persistent


@pytest.mark.parametrize(
    ("userid", "persistent", "times"),
    [
        ("alice", False, (HOUR, 10 * HOUR)),
        ("bob", False, (7 * DAY, 30 * DAY)),
        ("alice", True, (7 * DAY, 30 * DAY)),
    ],
)
def test_a_policy_may_give_sessions_different_times(
    sessions, clock, userid, persistent, times
):
    """They are told as the policy will judge them, wherever they are told."""
    policy = ByUser(10 * HOUR, HOUR)
    sessions._registry.registerUtility(policy, IExpiryPolicy)
    issued = sessions.issue(Identity(userid), persistent=persistent)
    told = sessions.unchanged(issued.ticket, "0")
    left = sessions.remaining(issued.ticket)

    assert (issued.expires_in, issued.session_expires_in) == times
    assert (told.expires_in, told.session_expires_in) == times
    assert (left["expires_in"], left["session_expires_in"]) == times
    for seconds, accepted in ((times[0] - 1, True), (1, False)):
        clock.advance(seconds)
        verdict = sessions.verdict_of(issued.ticket)
        assert (verdict is not EXPIRED) is accepted


def test_a_session_of_more_than_400_days_is_refused_where_it_begins(
    sessions, form
):
    for seconds, begins in ((LONGEST, True), (LONGEST + 1, False)):
        policy = ExpiryPolicy(seconds)
        sessions._registry.registerUtility(policy, IExpiryPolicy)
        if begins:
            assert sessions.issue(ALICE).session_expires_in == LONGEST
        else:
            with pytest.raises(SessionTokenError, match="400 days"):
                sessions.issue(ALICE)
    assert len(form.tickets) == 1


class PutsOff(ExpiryPolicy):
    """A session ends so long after its last use."""

    def renew(self, ticket, now):
        times = super().renew(ticket, now)
        return times._replace(session_end=now + self.absolute)


@pytest.mark.parametrize(
    ("days", "end"), [(10, 9 + 10), (30, 9 + 30), (395, 400)]
)
def test_no_renewal_makes_a_session_longer_than_400_days(
    sessions, clock, days, end
):
    policy = PutsOff(days * DAY)
    sessions._registry.registerUtility(policy, IExpiryPolicy)
    ticket = sessions.issue(ALICE).ticket
    clock.advance(9 * DAY)

    renewed = sessions.renew(ticket, None).ticket

    assert renewed.session_end == START + end * DAY


# Redeem.


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, VALID), (HOUR // 2 - 1, VALID), (HOUR // 2, RENEW)],
)
def test_a_token_is_redeemed_and_may_be_due(sessions, clock, seconds, verdict):
    issued = sessions.issue(ALICE)
    clock.advance(seconds)

    redeemed = sessions.redeem(issued.access_token)

    assert redeemed.ticket is redeemed.identity.ticket is issued.ticket
    assert redeemed[2:] == ("reference 0", issued.access_token, verdict)


def test_an_expired_token_is_refused_with_its_ticket(sessions, clock):
    issued = sessions.issue(ALICE)
    clock.advance(HOUR + 30)

    with pytest.raises(InvalidCredential) as refused:
        sessions.redeem(issued.access_token)

    assert refused.value.reason == REASON_EXPIRED
    assert refused.value.ticket is issued.ticket


def test_a_token_from_the_future_is_refused_without_its_ticket(
    sessions, clock
):
    text = sessions.issue(ALICE).access_token
    clock.advance(-31)

    with pytest.raises(
        InvalidCredential, match="iat is later than now"
    ) as refused:
        sessions.redeem(text)

    assert refused.value.ticket is None


def test_a_token_is_read_whatever_its_time(sessions, clock):
    issued = sessions.issue(ALICE)
    clock.advance(20 * HOUR)

    identity, reference = sessions.read("0")

    assert identity.ticket is issued.ticket
    assert reference == "reference 0"
    with pytest.raises(InvalidCredential, match="no number"):
        sessions.read("junk")


# Renew and exchange.


def test_a_renewal_is_the_same_session_with_the_same_end(sessions, clock):
    issued = sessions.issue(ALICE)
    clock.advance(HOUR // 2)

    renewed = sessions.renew(issued.ticket, None)

    assert renewed.access_token == "1"
    assert renewed.expires_in == HOUR
    assert renewed.session_expires_in == 36000 - HOUR // 2
    assert renewed.ticket.iat == START + HOUR // 2
    for name in ("sid", "auth_time", "session_end", "claims", "amr"):
        assert getattr(renewed.ticket, name) == getattr(issued.ticket, name)


def test_a_session_that_was_ended_meanwhile_is_not_renewed(sessions, form):
    issued = sessions.issue(ALICE)
    form.ended.add("reference 0")

    assert sessions.renew(issued.ticket, "reference 0") is None


def test_an_exchange_gives_the_session_another_token(sessions, clock, form):
    issued = sessions.issue(ALICE)
    clock.advance(600)

    exchanged = sessions.exchange(issued.ticket)

    assert len(form.tickets) == 2
    assert exchanged.ticket.sid == issued.ticket.sid
    assert exchanged.ticket.exp == START + 600 + HOUR
    assert exchanged.ticket.session_end == issued.ticket.session_end


def test_the_time_left_of_a_known_token_is_given(sessions, clock, form):
    issued = sessions.issue(ALICE)
    clock.advance(600)

    told = sessions.unchanged(issued.ticket, "0")

    assert (told.access_token, told.ticket) == ("0", issued.ticket)
    assert told.expires_in == HOUR - 600
    assert len(form.tickets) == 1


# The time that is left.


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        (0, (3600, 36000, 1800)),
        (1799, (1801, 34201, 1)),
        (1800, (1800, 34200, 0)),
        # In its leeway, use still renews it.
        (3600, (0, 32400, 0)),
        (3630, (0, 32370, None)),
        (36000, (0, 0, None)),
    ],
)
def test_the_time_left_agrees_with_the_policy(sessions, clock, seconds, left):
    ticket = sessions.issue(ALICE).ticket
    clock.advance(seconds)

    told = sessions.remaining(ticket)

    names = ("expires_in", "session_expires_in", "renews_in")
    assert tuple(told[name] for name in names) == left


def test_todays_settings_shorten_a_session_that_is_under_way(sessions):
    ticket = make_ticket(
        iat=START, exp=START + HOUR, auth_time=START - 9 * HOUR
    )

    assert sessions.remaining(ticket)["session_expires_in"] == HOUR
    assert sessions.unchanged(ticket, "0").session_expires_in == HOUR


def test_a_session_that_ends_with_another_is_over_at_its_end(sessions, clock):
    """Whatever the settings say by now."""
    ticket = sessions.issue(ALICE).ticket._replace(
        actor="eve", session_end=START + 60, exp=START + HOUR
    )
    clock.advance(59)
    assert sessions.verdict_of(ticket) is VALID
    clock.advance(1)
    assert sessions.verdict_of(ticket) is EXPIRED
