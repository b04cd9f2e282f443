"""A sign-in takes a number, and ends what is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.races import Process
from support.stored import FourVerbs
from support.tokens import NAMES, SID, make_ticket
from zope.interface import alsoProvides, implementer_only

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionLimitReached,
    SessionTokenError,
)
from pyramid_sessiontoken.expiry import LONGEST
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.claims import FrozenDict
from pyramid_sessiontoken.interfaces import (
    ISubjectRepository,
    TokenItem,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.limits import (
    ATTEMPTS,
    END_IDLEST,
    END_OLDEST,
    PATIENCE,
    REFUSE,
    SessionLimit,
    order_of,
    read_waiting,
    write_waiting,
)
from pyramid_sessiontoken.sessions.records import LINGER
from pyramid_sessiontoken.testing import ManualClock

TIMES = {
    "iat": START,
    "exp": START + 3600,
    "auth_time": START,
    "session_end": START + 3600,
}

WAYS = [END_OLDEST, END_IDLEST, REFUSE]


@pytest.fixture
def repository(clock):
    return MemoryRepository(clock)


@pytest.fixture
def process(clock, repository):
    def make(limit, over=END_OLDEST):
        return Process(clock, repository, 0, (limit, over))

    return make


def number_of(process, reference):
    return order_of(process.sessions.read(reference)[0].ticket)


@pytest.mark.parametrize("over", WAYS)
def test_the_number_of_a_sign_in_is_greater_than_those_before(
    process, clock, over
):
    """Also if a clock is set back."""
    one = process(9, over)
    numbers = []
    for seconds in (0, 0, 0, 60, -30, 0):
        clock.advance(seconds)
        numbers.append(number_of(one, one.sign_in()))
    assert numbers == sorted(set(numbers))
    assert numbers[0] == START + LONGEST + LINGER
    # Each user has numbers of their own.
    bob = number_of(one, one.sign_in("bob"))
    assert bob == clock.now() + LONGEST + LINGER < numbers[-1]


def test_the_record_of_numbers_outlives_every_session(process, repository):
    one = process(2)
    reference = one.sign_in()
    item = repository.get(NAMES.order("alice"))
    assert item.expires == moment(START + LONGEST + LINGER)
    assert item.subject is None
    assert item.token == b""
    assert number_of(one, reference) == START + LONGEST + LINGER


def test_a_renewal_and_a_swap_keep_the_number(process, clock):
    one = process(2)
    reference = one.sign_in()
    ticket = one.ticket(reference)
    clock.advance(1800)
    assert one.sessions.renew(ticket, reference)
    other = one.sessions.exchange(ticket).access_token
    assert number_of(one, reference) == order_of(ticket)
    assert number_of(one, other) == order_of(ticket)


@pytest.mark.parametrize("over", [END_OLDEST, END_IDLEST])
def test_a_sign_in_does_not_end_itself(clock, repository, over):
    """Another node, whose clock is ahead, renewed the other session."""
    ahead = ManualClock(clock.now() + 1820)
    one = Process(clock, repository, 0, (1, over))
    other = Process(ahead, repository, 0, (1, over))
    first = one.sign_in()
    assert other.sessions.renew(other.ticket(first), first)
    clock.advance(1800)
    second = one.sign_in()
    assert [one.lives(r) for r in (first, second)] == [False, True]


def test_without_a_limit_a_session_has_no_number(clock, repository):
    process = Process(clock, repository)
    ticket = process.ticket(process.sign_in())
    assert order_of(ticket) == 0
    assert repository.get(NAMES.order("alice")) is None


@pytest.mark.parametrize("over", WAYS)
def test_a_session_that_acts_for_the_user_does_not_count(
    clock, repository, over
):
    process = Process(clock, repository, 0, (1, over))
    store = process.stored._default_store
    acting = store.store(make_ticket(**TIMES, actor="admin"))
    own = process.sign_in()
    assert own
    assert process.lives(own)
    assert store.retrieve(acting) is not None


@implementer_only(ISubjectRepository)
class OfSubjects(MemoryRepository):
    pass


def test_a_session_that_a_renewal_brought_back_does_not_count(clock):
    repository = OfSubjects(clock)
    process = Process(clock, repository, 0, (1, REFUSE))
    reference = process.sign_in()
    ticket = process.ticket(reference)
    item = repository.get(NAMES.ticket(reference))
    process.stored.end(ticket.sid, reference, ticket)
    repository.add_or_update(item)
    assert not process.lives(reference)
    assert process.lives(process.sign_in())


# Without powers.


@pytest.mark.parametrize("over", WAYS)
def test_a_sign_in_is_refused_where_sessions_cannot_be_listed(clock, over):
    repository = FourVerbs(clock)
    process = Process(clock, repository, 0, (1, over))
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        process.sign_in()
    alsoProvides(repository, ISubjectRepository)
    with pytest.raises(AttributeError):
        process.sign_in()


# Sign-ins that are under way.


def issuing(process):
    return process.sessions.limit.place(make_ticket(**TIMES))


def test_a_sign_in_that_is_under_way_counts(process, clock, repository):
    one, other = process(1, REFUSE), process(1, REFUSE)
    with issuing(one) as ticket:
        assert read_waiting(repository.get(NAMES.order("alice"))) == {
            NAMES.session_mark(ticket.sid): START
        }
        with pytest.raises(SessionLimitReached):
            other.sessions.issue(Identity("alice"))
        assert other.sign_in("bob")
    # It stored nothing, and is under way no more.
    assert read_waiting(repository.get(NAMES.order("alice"))) == {}
    assert other.sign_in()


def test_a_sign_in_that_died_counts_for_a_minute(process, clock, repository):
    one = process(1, REFUSE)
    place = issuing(one)
    place.__enter__()
    clock.advance(PATIENCE - 1)
    assert one.sign_in() is None
    clock.advance(1)
    assert one.sign_in()


def test_a_sign_in_that_took_too_long_is_undone(process, clock, repository):
    one = process(1, REFUSE)
    store = one.stored._default_store
    references = []

    def hesitate():
        with issuing(one) as ticket:
            references.append(store.store(ticket))
            clock.advance(PATIENCE // 2)

    with pytest.raises(RepositoryUnavailable, match="took 30 s"):
        hesitate()
    assert store.retrieve(references[0]) is None
    assert one.sign_in()


def test_a_sign_in_gives_up_after_many_faster_ones(
    process, clock, repository, monkeypatch
):
    one = process(1)
    tried = []

    def lose(item, *args):
        tried.append(item)
        return False

    monkeypatch.setattr(repository, "add", lose)
    with pytest.raises(RepositoryUnavailable, match="were faster"):
        one.sign_in()
    assert len(tried) == ATTEMPTS
    assert one.stored.tickets_of("alice") == []


def test_what_is_under_way_is_noted_over_other_writes(process, repository):
    """The record is read again, as often as a sign-in tries."""
    one, other = process(9, REFUSE), process(9, REFUSE)
    key = NAMES.order("alice")
    with issuing(one) as ticket:
        assert other.sign_in()
        mine = NAMES.session_mark(ticket.sid)
        assert list(read_waiting(repository.get(key))) == [mine]
    assert read_waiting(repository.get(key)) == {}


def test_a_sign_in_that_cannot_arrive_is_undone(
    process, clock, repository, monkeypatch
):
    """It would count as under way, and then as failed."""
    one = process(1, REFUSE)
    with monkeypatch.context() as patch:
        patch.setattr(repository, "renew", lambda *args: False)
        with pytest.raises(RepositoryUnavailable, match="were faster"):
            one.sign_in()
    assert one.stored.tickets_of("alice") == []
    assert one.sign_in() is None
    clock.advance(PATIENCE)
    assert one.sign_in()


def test_a_record_that_vanished_while_a_sign_in_was_under_way(
    process, repository
):
    one = process(1, REFUSE)
    with issuing(one):
        repository.remove(NAMES.order("alice"))
    assert repository.get(NAMES.order("alice")) is None


def test_what_a_failed_sign_in_left_is_removed_by_a_later_one(
    process, clock, repository, monkeypatch, caplog
):
    """The repository fails when the ticket is stored, for some seconds."""
    one = process(1, REFUSE)
    store = one.stored._default_store
    references = []

    def fail():
        with issuing(one) as ticket:
            references.append(store.store(ticket))
            monkeypatch.setattr(one.stored, "remove", fail_again)
            raise RepositoryUnavailable("down")

    def fail_again(*args):
        raise RepositoryUnavailable("still down")

    with monkeypatch.context(), pytest.raises(RepositoryUnavailable):
        fail()
    monkeypatch.undo()
    assert "could not be undone: still down" in caplog.text
    assert one.sign_in() is None
    clock.advance(PATIENCE)
    assert one.sign_in()
    assert store.retrieve(references[0]) is None


def test_the_skew_of_clocks_makes_a_sign_in_take_its_place_longer(
    clock, repository
):
    process = Process(clock, repository, 0, (1, REFUSE))
    limit = process.stored.limit
    process.sessions.limit = SessionLimit(
        limit._registry, NAMES, process.stored, 1, REFUSE, skew=30
    )
    issuing(process).__enter__()
    clock.advance(PATIENCE + 29)
    assert process.sign_in() is None
    clock.advance(1)
    assert process.sign_in()


# What is written.


@given(st.dictionaries(st.text(), st.integers(0, 2**40)))
def test_what_is_under_way_is_read_as_it_was_written(waiting):
    item = TokenItem("n", moment(START), write_waiting(waiting), None)
    assert read_waiting(item) == waiting


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary() | st.binary().map(lambda tail: b"\x01" + tail))
def test_what_was_not_written_here_says_that_nothing_is_under_way(token):
    waiting = read_waiting(TokenItem("n", moment(START), token, None))
    assert all(type(since) is int for since in waiting.values())


@pytest.mark.parametrize(
    "token", [b"\x01[]", b"\x01" + b"[" * 100_000, b'\x01{"a": "b"}', b"{}"]
)
def test_another_content_is_ignored(token):
    assert read_waiting(TokenItem("n", moment(START), token, None)) == {}
    assert read_waiting(None) == {}


@given(JSON)
def test_a_number_is_an_int(value):
    ticket = make_ticket(sid=SID, began=FrozenDict(order=value))
    assert order_of(ticket) == (value if type(value) is int else 0)


# Any order of events.

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["sign_in", "sign_out", "use", "wait", "other_user"]),
        st.integers(0, 5),
    ),
    max_size=25,
)


class Model:
    """What should live: references, and when each was renewed last."""

    def __init__(self, limit, over):
        self.clock = ManualClock(START)
        repository = MemoryRepository(self.clock)
        self.process = Process(self.clock, repository, 0, (limit, over))
        self.limit, self.over = limit, over
        self.living, self.ended = {}, set()

    def end(self, reference):
        del self.living[reference]
        self.ended.add(reference)

    def expire(self):
        for reference, renewed in list(self.living.items()):
            if self.clock.now() >= renewed + 3600:
                self.end(reference)

    def sign_in(self, number):
        reference = self.process.sign_in()
        if self.over == REFUSE and len(self.living) == self.limit:
            assert reference is None
            return
        while len(self.living) >= self.limit:
            key = self.living.get if self.over == END_IDLEST else (lambda r: 0)
            # Of several, that which began first.
            self.end(min(self.living, key=key))
        self.living[reference] = self.clock.now()

    def sign_out(self, number):
        reference = self.chosen(number)
        if reference is not None:
            self.process.stored.end(self.process.ticket(reference).sid)
            self.end(reference)

    def use(self, number):
        reference = self.chosen(number)
        if reference is not None:
            ticket = self.process.ticket(reference)
            if self.process.sessions.renew(ticket, reference):
                self.living[reference] = self.clock.now()

    def wait(self, number):
        self.clock.advance(number * 500)

    def other_user(self, number):
        self.process.sign_in("bob")

    def chosen(self, number):
        """Choose one that lives."""
        living = list(self.living)
        return living[number % len(living)] if living else None


@pytest.mark.parametrize("over", WAYS)
@given(limit=st.integers(1, 4), events=EVENTS)
def test_the_sessions_that_live_are_those_of_the_model(over, limit, events):
    model = Model(limit, over)
    for event, number in events:
        getattr(model, event)(number)
        model.expire()
        assert all(map(model.process.lives, model.living))
        assert not any(map(model.process.lives, model.ended))
