"""Sessions that were ended before their tokens expire."""

import uuid
from datetime import timedelta

import pytest
from pyramid.registry import Registry
from support import START
from support.keys import Rings
from support.tokens import FIRST, SECOND, make_ticket
from zope.interface import implementer_only

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import (
    IClock,
    IExpiryPolicy,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.records import LINGER
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal

ABSOLUTE = 36000
SIDS = [letter * 22 for letter in "abc"]

UNREADABLE = {
    "empty": b"",
    "junk": b"junk",
    "latin-1": b"\xe9",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "an empty object": b"{}",
    "cut": b'{"before": 5, "kee',
    "without keep": b'{"before": 5}',
    "without before": b'{"keep": ""}',
    "null before": b'{"before": null, "keep": ""}',
    "no number": b'{"before": "soon", "keep": ""}',
    "a list before": b'{"before": [], "keep": ""}',
    "NaN": b'{"before": NaN, "keep": ""}',
    "beyond floats": b'{"before": 1e999, "keep": ""}',
    "5000 digits": b'{"before": ' + b"9" * 5000 + b', "keep": ""}',
    "twice": b'{"before": 5, "before": 5, "keep": ""}',
    "nested": b"[" * 100_000,
}


class Repository(MemoryRepository):
    """The repository in memory, which notes what it was asked."""

    def __init__(self, clock):
        super().__init__(clock)
        self.asked = []
        #: What another process does while an answer is under way.
        self.meanwhile = []

    def get(self, key):
        self.asked.append(key)
        item = super().get(key)
        while self.meanwhile:
            self.meanwhile.pop()()
        return item


@implementer_only(ITokenRepository)
class FourVerbs(MemoryRepository):
    """A repository that provides only ITokenRepository."""


def process(clock, repository, ttl=5, keys=(FIRST,)):
    """Give the revocations of a process that shares a repository."""
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(repository, ITokenRepository)
    registry.registerUtility(ExpiryPolicy(ABSOLUTE, 3600), IExpiryPolicy)
    seal = Seal(Rings(*keys), "store")
    return Revocations(registry, seal, FirstLevelCache(100, ttl))


@pytest.fixture
def repository(clock):
    return Repository(clock)


@pytest.fixture
def revocations(clock, repository):
    return process(clock, repository)


@pytest.fixture
def eager(clock, repository):
    """Another process, without a cache."""
    return process(clock, repository, ttl=0)


def ticket_of(auth_time=START, userid="alice", sid=SIDS[0]):
    return make_ticket(
        userid=userid,
        sid=sid,
        iat=auth_time,
        exp=auth_time + 3600,
        auth_time=auth_time,
        session_end=auth_time + ABSOLUTE,
    )


def begin(revocations, clock, **changes):
    """Give the ticket of a session that begins now."""
    first = revocations.first_auth_time(
        changes.get("userid", "alice"), clock.now()
    )
    return ticket_of(first, **changes)


def test_no_session_is_ended_at_the_beginning(revocations, repository):
    assert not revocations.is_ended(ticket_of())
    assert repository._items == {}


def test_ending_a_session_ends_no_other(revocations, eager):
    revocations.end(SIDS[0])
    for each in (revocations, eager):
        assert each.is_ended(ticket_of())
        assert each.is_ended(ticket_of(START + 5000))
        assert not each.is_ended(ticket_of(sid=SIDS[1]))
    # To end it twice is no error.
    revocations.end(SIDS[0])
    assert revocations.is_ended(ticket_of())


def test_sign_out_is_immediate_in_this_process(revocations):
    assert not revocations.is_ended(ticket_of())
    revocations.end(SIDS[0])
    assert revocations.is_ended(ticket_of())
    assert not revocations.is_ended(ticket_of(userid="bob", sid=SIDS[1]))
    revocations.end_all("bob")
    assert revocations.is_ended(ticket_of(userid="bob", sid=SIDS[1]))


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_another_process_notices_an_end_within_the_cache_time(
    revocations, repository, clock, way
):
    other = process(clock, repository)
    assert not other.is_ended(ticket_of())
    if way == "end":
        revocations.end(SIDS[0])
    else:
        revocations.end_all("alice")
    clock.advance(4)
    assert not other.is_ended(ticket_of())
    clock.advance(1)
    assert other.is_ended(ticket_of())


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_an_answer_read_before_an_end_is_not_kept(
    revocations, repository, way
):
    """The question came before the sign-out, the answer after it."""
    repository.meanwhile.append(
        lambda: (
            revocations.end(SIDS[0])
            if way == "end"
            else revocations.end_all("alice")
        )
    )
    revocations.is_ended(ticket_of())
    assert revocations.is_ended(ticket_of())


def test_two_reads_are_enough_for_the_cache_time(
    revocations, repository, clock
):
    for second in range(5):
        assert not revocations.is_ended(ticket_of())
        clock.advance(1)
        assert len(repository.asked) == 2, second
    assert not revocations.is_ended(ticket_of())
    assert len(repository.asked) == 4


def test_a_revocation_record_lasts_as_long_as_the_sessions_it_ends(
    revocations, eager, repository, clock
):
    revocations.end(SIDS[0])
    revocations.end_all("bob")
    lasts = moment(START + ABSOLUTE) + timedelta(seconds=LINGER)
    assert {item.expires for item in repository._items.values()} == {lasts}
    clock.advance(ABSOLUTE + LINGER - 1)
    assert eager.is_ended(ticket_of())
    assert eager.is_ended(ticket_of(userid="bob"))
    clock.advance(1)
    assert repository.remove_all_before(moment(clock.now())) == 2


def test_revocation_records_do_not_grow(revocations, repository):
    for _ in range(50):
        revocations.end(SIDS[0])
        revocations.end_all("alice", keep=SIDS[1])
    assert len(repository._items) == 2
    assert all(len(item.token) < 200 for item in repository._items.values())


def test_revocation_records_reveal_neither_user_nor_session(
    revocations, repository
):
    revocations.end(SIDS[0])
    revocations.end_all("somebody", keep=SIDS[1])
    for key, item in repository._items.items():
        for word in (*SIDS, "somebody"):
            assert word not in key
            assert word.encode() not in item.token
        assert item.subject is None
        assert item.key == key


# All sessions of a user.


def test_all_sessions_that_began_up_to_now_end(revocations, eager):
    revocations.end_all("alice")
    for each in (revocations, eager):
        for auth_time in (0, START - ABSOLUTE, START - 1, START):
            assert each.is_ended(ticket_of(auth_time))
        assert not each.is_ended(ticket_of(START + 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "bob"),
        ("42", 42),
        (str(uuid.UUID(int=7)), uuid.UUID(int=7)),
    ],
)
def test_sessions_of_other_users_do_not_end(revocations, one, other):
    for ends, lives in ((one, other), (other, one)):
        revocations.end_all(ends)
        assert revocations.is_ended(ticket_of(userid=ends))
        if ends == one:
            assert not revocations.is_ended(ticket_of(userid=lives))


def test_a_session_that_begins_after_the_end_in_the_same_second_is_valid(
    revocations, eager, clock
):
    before = begin(revocations, clock, sid=SIDS[0])
    revocations.end_all("alice")
    for number, each in enumerate((revocations, eager)):
        after = begin(each, clock, sid=SIDS[number + 1])
        assert not revocations.is_ended(after)
        assert not eager.is_ended(after)
    assert revocations.is_ended(before)


def test_a_second_end_in_the_same_second_ends_that_session_too(
    revocations, eager, clock
):
    for each in (revocations, eager, eager, revocations):
        session = begin(each, clock)
        assert not revocations.is_ended(session)
        assert not eager.is_ended(session)
        each.end_all("alice")
        assert eager.is_ended(session)
        clock.advance(0)
        assert each.is_ended(session)
        clock.advance(5 if each is eager else 0)


def test_ends_and_sign_ins_within_seconds_keep_their_order(revocations, clock):
    """Sessions begin and end, with or without seconds between."""
    ended, alive = [], []
    for step in "bebbeebbb1be1ebebb2e1bbeeebe1be":
        if step == "b":
            alive.append(begin(revocations, clock))
        elif step == "e":
            revocations.end_all("alice")
            ended += alive
            alive = []
        else:
            clock.advance(int(step))
        assert [revocations.is_ended(each) for each in ended] == (
            [True] * len(ended)
        )
        assert [revocations.is_ended(each) for each in alive] == (
            [False] * len(alive)
        )


def test_a_session_begins_now_where_no_session_ended(revocations, clock):
    assert revocations.first_auth_time("alice", START) == START
    revocations.end_all("alice")
    assert revocations.first_auth_time("alice", START) == START + 1
    assert revocations.first_auth_time("bob", START) == START
    clock.advance(1)
    assert revocations.first_auth_time("alice", START + 1) == START + 1


def test_a_new_session_sees_an_end_in_another_process(revocations, eager):
    """The cache of this process still has the earlier answer."""
    assert not revocations.is_ended(ticket_of())
    eager.end_all("alice")
    assert revocations.first_auth_time("alice", START) == START + 1


def test_one_session_can_be_kept(revocations, eager):
    revocations.end_all("alice", keep=SIDS[1])
    for each in (revocations, eager):
        assert each.is_ended(ticket_of(sid=SIDS[0]))
        assert not each.is_ended(ticket_of(sid=SIDS[1]))
        assert each.is_ended(ticket_of(sid=SIDS[2]))


def test_a_kept_session_ends_with_the_next_call(revocations, clock):
    revocations.end_all("alice", keep=SIDS[1])
    revocations.end_all("alice")
    assert revocations.is_ended(ticket_of(sid=SIDS[1]))
    clock.advance(60)
    new = begin(revocations, clock, sid=SIDS[2])
    revocations.end_all("alice", keep=SIDS[2])
    assert revocations.is_ended(ticket_of(sid=SIDS[1]))
    assert not revocations.is_ended(new)


def test_keeping_an_ended_session_does_not_restore_it(
    revocations, eager, clock
):
    """Its request began before the session was ended, and goes on after."""
    revocations.end_all("alice")
    clock.advance(60)
    revocations.end_all("alice", keep=SIDS[0])
    for each in (revocations, eager):
        assert each.is_ended(ticket_of(sid=SIDS[0]))


def test_a_session_can_be_kept_several_times(revocations, clock):
    for _ in range(3):
        revocations.end_all("alice", keep=SIDS[0])
        assert not revocations.is_ended(ticket_of(sid=SIDS[0]))
        assert revocations.is_ended(ticket_of(sid=SIDS[1]))
        clock.advance(1)


def test_a_kept_session_can_be_ended_alone(revocations):
    revocations.end_all("alice", keep=SIDS[1])
    revocations.end(SIDS[1])
    assert revocations.is_ended(ticket_of(sid=SIDS[1]))


def test_a_clock_that_is_set_back_restores_no_session(
    revocations, eager, clock
):
    """It also does not end a new session."""
    old = begin(revocations, clock)
    revocations.end_all("alice")
    clock.advance(-100)
    assert revocations.is_ended(old)
    session = begin(eager, clock)
    assert not revocations.is_ended(session)
    eager.end_all("alice")
    assert eager.is_ended(session)
    assert eager.is_ended(old)


def test_after_repeated_lost_races_no_session_is_kept(
    revocations, eager, repository, monkeypatch
):
    """Each time, another request writes the mark first."""
    revocations.end_all("alice")
    monkeypatch.setattr(repository, "renew", lambda item, was: False)
    revocations.end_all("alice", keep=SIDS[0])
    for each in (revocations, eager):
        assert each.is_ended(ticket_of(START + 1))
        assert not each.is_ended(ticket_of(START + 2))


def test_without_conditional_writes_all_sessions_end(clock):
    repository = FourVerbs(clock)
    revocations = process(clock, repository)
    for _ in range(3):
        session = begin(revocations, clock)
        revocations.end_all("alice")
        assert process(clock, repository).is_ended(session)


# Unreadable records.


def test_a_revocation_record_is_sealed(revocations, repository):
    revocations.end(SIDS[0])
    revocations.end_all("alice", keep=SIDS[1])
    ended, before = sorted(
        repository._items.values(), key=lambda item: len(item.token)
    )
    assert ended.token == b""
    for word in (b"before", b"spared", str(START).encode()):
        assert word not in before.token


def spoil(repository, raw):
    for key, item in [*repository._items.items()]:
        repository._items[key] = item._replace(token=raw)


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("way", ["end", "end_all"])
def test_an_unreadable_revocation_record_ends_its_sessions(
    revocations, eager, repository, raw, way
):
    if way == "end":
        revocations.end(SIDS[0])
    else:
        revocations.end_all("alice", keep=SIDS[0])
    spoil(repository, raw)
    assert eager.is_ended(ticket_of())
    assert not eager.is_ended(ticket_of(userid="bob", sid=SIDS[1]))


@pytest.mark.parametrize("raw", [b"", b"{}", b"junk"])
def test_a_user_can_sign_in_despite_an_unreadable_record(
    revocations, eager, repository, clock, raw
):
    revocations.end_all("alice")
    spoil(repository, raw)
    assert not eager.is_ended(begin(eager, clock))
    # The mark can be written anew.
    eager.end_all("alice")
    session = begin(eager, clock)
    clock.advance(60)
    assert not eager.is_ended(session)
    assert not eager.is_ended(session)
    assert not revocations.is_ended(session)


def test_any_record_of_a_session_ends_it(eager, repository):
    eager.end(SIDS[0])
    for raw in UNREADABLE.values():
        spoil(repository, raw)
        assert eager.is_ended(ticket_of())


def test_a_key_that_leaves_the_ring_restores_no_session(
    clock, repository, caplog
):
    """Tokens that another key signed stay valid, unless they were ended."""
    old = process(clock, repository, ttl=0, keys=(FIRST, SECOND))
    new = process(clock, repository, ttl=0, keys=(SECOND,))
    session = begin(old, clock, sid=SIDS[1])
    old.end(SIDS[0])
    old.end_all("alice")
    clock.advance(600)
    later = begin(old, clock, sid=SIDS[2])
    assert not old.is_ended(later)
    # A process that cannot read the record takes all for ended, once.
    assert new.is_ended(ticket_of(userid="bob"))
    for ticket in (session, later):
        assert new.is_ended(ticket)
    clock.advance(1)
    assert new.is_ended(ticket_of(clock.now()))
    assert caplog.messages == []
    mine = begin(new, clock, sid=SIDS[2])
    assert "the mark that ended all sessions of a user cannot" in caplog.text
    for seconds in (0, 1, 60, 600):
        clock.advance(seconds)
        assert not new.is_ended(mine)
        for ticket in (session, later):
            assert new.is_ended(ticket)
        # The mark was written anew, under a key that all processes have.
        assert not old.is_ended(mine)
    assert len(caplog.messages) == 1
    assert not new.is_ended(begin(new, clock, sid="d" * 22))


def test_a_record_in_the_place_of_another_is_unreadable(
    eager, repository, clock
):
    eager.end_all("alice")
    eager.end_all("bob")
    one, other = repository._items
    items = repository._items
    items[one] = items[other]._replace(key=one)
    assert eager.is_ended(ticket_of(clock.now()))
    assert not eager.is_ended(begin(eager, clock))
