"""The last answers of the repository count for a while."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.registry import Registry
from support import START
from support.outages import Flaky
from support.tokens import NAMES, make_ticket

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import Ended, RepositoryUnavailable
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.interfaces import (
    IClock,
    ITokenRepository,
    TokenItem,
)
from pyramid_sessiontoken.sessions import grace as module
from pyramid_sessiontoken.sessions.cache import UNKNOWN, FirstLevelCache
from pyramid_sessiontoken.sessions.grace import (
    LastAnswers,
    NotingRevocations,
)
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.testing import ManualClock

GRACE = 60
TTL = 5
SIDS = [letter * 22 for letter in "abcd"]


@pytest.fixture
def flaky(clock):
    return Flaky(clock)


class Process:
    """The revocations of a process."""

    def __init__(self, clock, repository, ttl=TTL, size=100):
        self.registry = Registry()
        self.registry.registerUtility(clock, IClock)
        self.registry.registerUtility(repository, ITokenRepository)
        self.last = LastAnswers(size, GRACE)
        self.marks = NotingRevocations(
            self.registry, NAMES, FirstLevelCache(100, ttl), 0, self.last
        )
        self.graceful = self.marks.in_grace()


@pytest.fixture
def process(clock, flaky):
    return Process(clock, flaky)


def ticket_of(sid=SIDS[0], userid="alice", **kw):
    return make_ticket(
        sid=sid,
        userid=userid,
        auth_time=START,
        iat=START,
        exp=START + 3600,
        session_end=START + 36000,
        **kw,
    )


TICKET = ticket_of()


def is_unknown(marks, ticket=TICKET):
    with pytest.raises(RepositoryUnavailable):
        marks.is_ended(ticket)
    return True


@pytest.mark.parametrize("userid", ["alice", 42, uuid.UUID(int=42)])
def test_a_session_is_believed_by_its_last_answer(
    process, flaky, clock, userid
):
    graceful, ticket = process.graceful, ticket_of(userid=userid)
    assert not graceful.is_ended(ticket)
    flaky.down = True
    clock.advance(GRACE - 1)
    assert not graceful.is_ended(ticket)
    clock.advance(1)
    assert is_unknown(graceful, ticket)
    # From the future, it does not count.
    clock.advance(-GRACE - 1)
    assert is_unknown(graceful, ticket)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ask"), st.integers(0, 3)),
            st.tuples(st.just("end"), st.integers(0, 3)),
            st.tuples(st.just("end elsewhere"), st.integers(0, 3)),
            st.tuples(st.just("down"), st.booleans()),
            st.tuples(st.just("pass"), st.integers(1, 40)),
        ),
        max_size=40,
    )
)
def test_whom_to_believe_follows_from_the_answers(steps):
    """Four sessions of two users, and a repository that comes and goes."""
    clock = ManualClock(START)
    flaky = Flaky(clock)
    here, there = (Process(clock, flaky, ttl=0) for _ in range(2))
    tickets = [ticket_of(sid, "ab"[n % 2]) for n, sid in enumerate(SIDS)]
    ended, known, asked = set(), set(), {}
    for what, which in steps:
        if what == "down":
            flaky.down = which
        elif what == "pass":
            clock.advance(which)
        elif what == "ask":
            try:
                answer = here.graceful.is_ended(tickets[which])
            except RepositoryUnavailable:
                answer = None
            since = clock.now() - asked.get(which, -GRACE)
            if not flaky.down:
                assert answer == (which in ended)
                asked[which] = clock.now()
                known |= ended & {which}
            elif which in known:
                assert answer in (True, None)
            else:
                assert answer == (False if since < GRACE else None)
        elif not flaky.down:
            (here if what == "end" else there).marks.end(SIDS[which])
            ended.add(which)
            if what == "end":
                known.add(which)


def test_only_those_who_may_are_given_grace(process, flaky, clock):
    assert not process.marks.is_ended(TICKET)
    flaky.down = True
    clock.advance(TTL)
    assert is_unknown(process.marks)
    assert is_unknown(process.marks.past_cache())
    with pytest.raises(RepositoryUnavailable):
        process.graceful.is_ended_by_now(TICKET)
    # What they were told counts, nevertheless.
    assert not process.graceful.is_ended(TICKET)


@pytest.mark.parametrize("way", ["marks", "past_cache", "by_now"])
def test_every_answer_of_the_repository_counts(process, flaky, clock, way):
    if way == "by_now":
        assert not process.marks.is_ended_by_now(TICKET)
    elif way == "past_cache":
        assert not process.marks.past_cache().is_ended(TICKET)
    else:
        assert not process.marks.is_ended(TICKET)
    flaky.down = True
    clock.advance(GRACE - 1)
    assert not process.graceful.is_ended(TICKET)


def test_both_the_session_and_its_user_were_asked_about(process, flaky, clock):
    """The other session of the user is not known."""
    assert not process.graceful.is_ended(TICKET)
    other = ticket_of(SIDS[1])
    flaky.down = True
    assert is_unknown(process.graceful, other)
    flaky.down = False
    clock.advance(GRACE // 2)
    assert not process.graceful.is_ended(other)
    # The user was asked about again, the first session was not.
    flaky.down = True
    clock.advance(GRACE // 2)
    assert is_unknown(process.graceful)
    assert not process.graceful.is_ended(other)


@pytest.mark.parametrize("who", ["marks", "graceful", "past_cache"])
@pytest.mark.parametrize("ttl", [0, TTL])
@pytest.mark.parametrize("way", ["end", "end_all"])
def test_what_ended_here_has_ended(clock, flaky, way, ttl, who):
    process = Process(clock, flaky, ttl)
    assert not process.graceful.is_ended(TICKET)
    ending = process.marks
    if who != "marks":
        ending = {
            "graceful": process.graceful,
            "past_cache": process.marks.past_cache(),
        }[who]
    if way == "end":
        ending.end(TICKET.sid)
    else:
        ending.end_all(TICKET.userid)
    flaky.down = True
    for _ in range(GRACE):
        assert process.graceful.is_ended(TICKET)
        clock.advance(1)
    assert is_unknown(process.graceful)


def test_a_sign_out_that_an_issuer_told_here_counts(process, flaky):
    key = NAMES.issuer_subject("https://issuer.example", "carol")
    began = freeze_claims({"iss_sub": key, "iss_at": START})
    ticket = ticket_of(began=began)
    assert not process.graceful.is_ended(ticket)
    process.marks.end_up_to(key, START)
    flaky.down = True
    assert process.graceful.is_ended(ticket)


def test_an_end_that_could_not_be_written_is_none(process, flaky):
    assert not process.graceful.is_ended(TICKET)
    flaky.down = True
    with pytest.raises(RepositoryUnavailable):
        process.marks.end(TICKET.sid)
    assert not process.graceful.is_ended(TICKET)


def test_an_answer_from_before_an_end_is_not_kept(flaky, clock):
    """Another thread ends the session while the answer is under way."""
    process = Process(clock, flaky, ttl=0)
    get = flaky._inner.get

    def slow(key):
        item = get(key)
        if not flaky.ended:
            flaky.ended = True
            process.marks.end(TICKET.sid)
        return item

    flaky.ended = False
    flaky._inner.get = slow
    process.graceful.is_ended(TICKET)
    flaky._inner.get = get
    flaky.down = True
    assert process.graceful.is_ended(TICKET)


def test_what_ended_elsewhere_is_noticed_when_it_is_asked(
    clock, process, flaky
):
    other = Process(clock, flaky)
    assert not process.graceful.is_ended(TICKET)
    other.marks.end(TICKET.sid)
    flaky.down = True
    clock.advance(TTL)
    assert not process.graceful.is_ended(TICKET)
    flaky.down = False
    assert process.graceful.is_ended(TICKET)


def acting(sid=SIDS[1]):
    """Carl's session in which he acts for alice."""
    key = NAMES.session_mark(SIDS[2])
    began = freeze_claims({"actor": key, "actor_at": START})
    return ticket_of(sid, actor="carl", began=began)


def test_for_who_acts_both_sessions_were_asked_about(process, flaky, clock):
    ticket = acting()
    assert not process.graceful.is_ended(ticket)
    flaky.down = True
    clock.advance(TTL)
    assert not process.graceful.is_ended(ticket)
    flaky.down = False
    process.marks.end(SIDS[2])
    flaky.down = True
    assert process.graceful.is_ended(ticket)


def doubt(process, ticket=TICKET):
    """Tell that both marks changed elsewhere."""
    keys = [NAMES.session_mark(ticket.sid), NAMES.user_mark(ticket.userid)]
    process.last.doubt([*keys, "another"])


@pytest.mark.parametrize("half", ["young", "old"])
def test_what_changed_elsewhere_is_not_believed(process, flaky, half):
    """Redis told it, and then was down."""
    assert not process.graceful.is_ended(TICKET)
    if half == "old":
        process.last._old = process.last._young
        process.last._young = {}
    process.marks._cache.clear()
    doubt(process)
    flaky.down = True
    assert is_unknown(process.graceful)
    assert len(process.last._young) + len(process.last._old) == 0


def test_what_ended_here_has_ended_though_it_changed_elsewhere(
    process, flaky, clock
):
    """Redis also tells what this process wrote."""
    one, other = ticket_of(), ticket_of(SIDS[1], "bob")
    late = ticket_of(SIDS[2], "bob")._replace(auth_time=START + 5)
    for ticket in (one, other, late):
        assert not process.graceful.is_ended(ticket)
    process.marks.end(one.sid)
    process.marks.end_all("bob")
    process.marks._cache.clear()
    process.last.doubt([NAMES.session_mark(one.sid), NAMES.user_mark("bob")])
    flaky.down = True
    assert process.graceful.is_ended(one)
    assert process.graceful.is_ended(other)
    # It began later; another mark may have ended it since.
    assert is_unknown(process.graceful, late)
    clock.advance(GRACE)
    assert is_unknown(process.graceful, one)


def test_an_answer_from_before_a_change_elsewhere_is_not_kept(process, flaky):
    asked = process.last.version
    doubt(process)
    process.last.put("a", None, START, asked)
    assert process.last.get("a", START) is UNKNOWN


TOKEN = "t" * 24
BY_TOKEN = ticket_of(began=freeze_claims({"token": TOKEN}))


@pytest.fixture
def record(clock, flaky):
    """Keep the record of an access token, for half a time of grace."""
    key = NAMES.access_token(TOKEN)
    expires = moment(clock.now() + GRACE // 2)
    flaky.add_or_update(TokenItem(key, expires, b"", None))
    return key


@pytest.mark.usefixtures("record")
def test_a_session_of_an_access_token_is_believed_while_that_counts(
    process, flaky, clock
):
    assert not process.graceful.is_ended(BY_TOKEN)
    flaky.down = True
    clock.advance(GRACE // 2 - 1)
    assert not process.graceful.is_ended(BY_TOKEN)
    clock.advance(1)
    assert process.graceful.is_ended(BY_TOKEN)


def test_an_access_token_that_was_removed_here_ends_its_sessions(
    process, flaky, record
):
    assert not process.graceful.is_ended(BY_TOKEN)
    process.marks.note_removed(record)
    flaky.down = True
    assert process.graceful.is_ended(BY_TOKEN)


def test_an_access_token_that_changed_elsewhere_is_not_believed(
    process, flaky, record
):
    assert not process.graceful.is_ended(BY_TOKEN)
    process.marks._cache.clear()
    process.last.doubt([record])
    flaky.down = True
    assert is_unknown(process.graceful, BY_TOKEN)


def test_the_memory_is_bounded(clock, flaky, monkeypatch):
    monkeypatch.setattr(module, "BELIEVED", 10)
    process = Process(clock, flaky, ttl=0, size=20)
    tickets = [
        ticket_of(f"{number:022}", f"user{number}") for number in range(100)
    ]
    for ticket in tickets:
        assert not process.graceful.is_ended(ticket)
    assert len(process.last._young) + len(process.last._old) <= 20
    flaky.down = True
    # The last ones are known; of the others, nothing is believed.
    assert not process.graceful.is_ended(tickets[-1])
    assert is_unknown(process.graceful, tickets[0])
    flaky.down = False
    few = Process(clock, flaky, ttl=0, size=1000)
    for ticket in tickets:
        few.graceful.is_ended(ticket)
    flaky.down = True
    for ticket in tickets:
        assert not few.graceful.is_ended(ticket)
        assert len(few.last.believed) <= 10


def test_who_was_believed_just_now_is_not_renewed(process, flaky, clock):
    graceful = process.graceful
    assert not graceful.is_ended(TICKET)
    assert not graceful.believes(TICKET)
    flaky.down = True
    clock.advance(TTL)
    assert not graceful.is_ended(TICKET)
    assert graceful.believes(TICKET)
    assert process.marks.believes(TICKET)
    assert not graceful.believes(ticket_of(SIDS[1]))
    clock.advance(1)
    # The clock ticked between the question and the renewal.
    assert graceful.believes(TICKET)
    clock.advance(1)
    assert not graceful.believes(TICKET)
    clock.advance(-3)
    assert not graceful.believes(TICKET)


def test_what_is_believed_can_be_confirmed(process, flaky, clock):
    process.graceful.is_ended(TICKET)
    flaky.down = True
    clock.advance(TTL)
    assert not process.graceful.is_ended(TICKET)
    with pytest.raises(RepositoryUnavailable):
        process.marks.confirm(TICKET)
    flaky.down = False
    process.marks.confirm(TICKET)
    process.marks.end(TICKET.sid)
    with pytest.raises(Ended):
        process.marks.confirm(TICKET)


def test_without_grace_nothing_needs_to_be_confirmed(clock, flaky):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(flaky, ITokenRepository)
    plain = Revocations(registry, NAMES, FirstLevelCache(100, 0))
    assert plain.in_grace() is plain
    flaky.down = True
    plain.confirm(TICKET)
    assert not plain.believes(TICKET)
    assert flaky.asked == []
