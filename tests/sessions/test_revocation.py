"""Sessions that were ended before their tokens expire."""

import struct
import uuid

import pytest
from pyramid.registry import Registry
from support import START
from support.tokens import NAMES, make_ticket
from zope.interface import implementer_only

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.interfaces import (
    IClock,
    IRenewingRepository,
    ITokenRepository,
    TokenItem,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.records import LINGER
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.testing import ManualClock

ABSOLUTE = 36000
SIDS = [letter * 22 for letter in "abc"]

#: What no mark of a user says.
UNREADABLE = {
    "empty": b"",
    "junk": b"junk",
    "cut": bytes([1]) + bytes(15),
    "another version": bytes([2]) + bytes(16),
    "version 0": bytes(17),
    "no ASCII": bytes([1]) + bytes(16) + b"\xe9",
    "JSON": b'{"before": 1800000000, "spared": ""}',
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


def process(clock, repository, ttl=5, skew=0):
    """Give the revocations of a process that shares a repository."""
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(repository, ITokenRepository)
    return Revocations(registry, NAMES, FirstLevelCache(100, ttl), skew)


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
    now = clock.now()
    after = revocations.mark_ahead(changes.get("userid", "alice"), now)
    began = {} if after is None else {"after": after}
    return ticket_of(now, **changes)._replace(began=freeze_claims(began))


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


def test_a_mark_lasts_as_long_as_its_session(revocations, repository, clock):
    until = revocations.end(SIDS[0], START + ABSOLUTE)
    assert until == moment(START + ABSOLUTE + LINGER)
    [item] = repository._items.values()
    assert item.expires == until


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_a_mark_lasts_as_long_as_the_longest_session_where_none_is_known(
    revocations, eager, repository, clock, way
):
    """Whatever the settings of the application that it belongs to."""
    days = 400
    ticket = ticket_of()._replace(session_end=START + days * 86400)
    if way == "end":
        until = revocations.end(SIDS[0])
    else:
        until = revocations.end_all("alice")
    assert until == moment(START + days * 86400 + LINGER)
    [item] = repository._items.values()
    assert item.expires == until
    clock.advance(days * 86400 - 1)
    assert eager.is_ended(ticket)


def test_a_mark_lasts_longer_where_the_session_is_known_later_to(
    revocations, repository
):
    """Its ticket was not at hand at first."""
    revocations.end(SIDS[0])
    until = revocations.end(SIDS[0], START + ABSOLUTE)
    [item] = repository._items.values()
    assert item.expires == until == moment(START + ABSOLUTE + LINGER)


def test_revocation_records_do_not_grow(revocations, repository):
    for _ in range(50):
        revocations.end(SIDS[0])
        revocations.end_all("alice", keep=SIDS[1])
    assert len(repository._items) == 2
    for key, item in repository._items.items():
        assert len(key) + len(item.token) < 70


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
    assert revocations.mark_ahead("alice", START) is None
    revocations.end_all("alice")
    assert revocations.mark_ahead("alice", START) == START
    assert revocations.mark_ahead("bob", START) is None
    clock.advance(1)
    assert revocations.mark_ahead("alice", START + 1) is None


def test_a_new_session_sees_an_end_in_another_process(revocations, eager):
    """The cache of this process still has the earlier answer."""
    assert not revocations.is_ended(ticket_of())
    eager.end_all("alice")
    assert revocations.mark_ahead("alice", START) == START


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


def test_the_first_mark_of_a_user_written_twice_at_once_ends_all(
    revocations, eager, repository
):
    """One call keeps a session, and the other was a moment faster."""
    repository.meanwhile.append(lambda: eager.end_all("alice"))
    revocations.end_all("alice", keep=SIDS[0])
    for each in (revocations, eager):
        assert each.is_ended(ticket_of(sid=SIDS[0]))


def test_it_ends_all_where_nothing_is_written_on_a_condition(clock):
    repository = FourVerbs(clock)
    revocations = process(clock, repository)
    for _ in range(3):
        session = begin(revocations, clock)
        revocations.end_all("alice")
        assert process(clock, repository).is_ended(session)


def test_a_session_of_a_node_whose_clock_is_ahead_ends_too(clock, repository):
    """Its clock is ahead by no more than what is forgiven."""
    ahead = ManualClock(START + 30)
    here = process(clock, repository, skew=30)
    there = process(ahead, repository, ttl=0, skew=30)
    session = begin(there, ahead, sid=SIDS[0])
    kept = begin(there, ahead, sid=SIDS[1])
    here.end_all("alice", keep=SIDS[1])
    for each in (here, there):
        assert each.is_ended(session)
        assert not each.is_ended(kept)


def test_a_session_begun_after_the_call_lives_on_every_node(clock, repository):
    clocks = [ManualClock(START + seconds) for seconds in (-30, 0, 30)]
    nodes = [process(c, repository, ttl=0, skew=30) for c in clocks]
    for node, its_clock in zip(nodes, clocks, strict=True):
        for ending in nodes:
            before = begin(node, its_clock, sid=SIDS[0])
            ending.end_all("alice")
            after = begin(node, its_clock, sid=SIDS[1])
            assert all(each.is_ended(before) for each in nodes)
            assert not any(each.is_ended(after) for each in nodes)


# A repository that forgets.


@pytest.mark.parametrize("ttl", [0, 5])
def test_after_a_restart_what_began_before_has_ended(clock, ttl):
    """A new process does not know what the old one ended."""
    old = process(clock, MemoryRepository(clock), ttl)
    session = begin(old, clock)
    assert not old.is_ended(session)
    clock.advance(2)
    new = process(clock, MemoryRepository(clock), ttl)
    for each in (session, ticket_of(START + 1)):
        assert new.is_ended(each)
        assert new.is_ended_by_now(each)
    mine = begin(new, clock)
    assert (mine.auth_time, mine.place) == (START + 2, START + 2)
    for seconds in (0, 1, 600):
        clock.advance(seconds)
        assert not new.is_ended(mine)
        assert not new.is_ended_by_now(mine)
        assert new.is_ended(session)
    assert not old.is_ended(session)
    new.end_all("alice")
    assert new.is_ended(mine)


def test_a_repository_that_keeps_its_items_forgets_nothing(clock):
    @implementer_only(IRenewingRepository)
    class Keeps(MemoryRepository):
        pass

    session = begin(process(clock, Keeps(clock)), clock)
    clock.advance(60)
    assert not process(clock, Keeps(clock)).is_ended(session)


# What nobody can read.


def test_a_mark_holds_times_and_digests_alone(revocations, repository):
    revocations.end(SIDS[0])
    revocations.end_all("alice", keep=SIDS[1])
    ended, before = sorted(
        repository._items.values(), key=lambda item: len(item.token)
    )
    assert ended.token == b""
    times = struct.pack(">Bqq", 1, START, -1)
    assert before.token == times + NAMES.session_mark(SIDS[1]).encode()


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


def test_a_mark_that_nobody_can_read_is_said_and_written_anew(
    revocations, repository, clock, caplog
):
    session = begin(revocations, clock, sid=SIDS[1])
    revocations.end_all("alice")
    spoil(repository, b"junk")
    clock.advance(600)
    assert revocations.is_ended(session)
    assert caplog.messages == []
    mine = begin(revocations, clock, sid=SIDS[2])
    assert "cannot be read: all sessions" in caplog.text
    for seconds in (0, 1, 60, 600):
        clock.advance(seconds)
        assert not revocations.is_ended(mine)
        assert revocations.is_ended(session)
    begin(revocations, clock)
    assert len(caplog.messages) == 1


# A session in which one user acts for another.


def acting_for(ticket, auth_time=START):
    """Give the ticket of a session that this one began, in which alice acts
    for bob.
    """
    began = {
        "actor": NAMES.session_mark(ticket.sid),
        "actor_at": ticket.place,
    }
    return ticket_of(auth_time, "bob", SIDS[1])._replace(
        actor=ticket.userid, began=began
    )


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_an_acting_session_ends_with_the_one_that_began_it(
    revocations, eager, way
):
    acting = acting_for(ticket_of())
    for each in (revocations, eager):
        assert not each.is_ended(acting)
        assert not each.is_ended_by_now(acting)

    if way == "end":
        eager.end(SIDS[0])
    else:
        eager.end_all("alice")

    assert eager.is_ended(acting)
    assert revocations.is_ended_by_now(acting)


def test_it_goes_on_where_another_session_of_the_actor_ends(revocations):
    acting = acting_for(ticket_of())

    revocations.end(SIDS[2])
    revocations.end_all("alice", keep=SIDS[0])
    revocations.end_all("carol")

    assert not revocations.is_ended(acting)


def test_it_counts_when_the_session_of_the_actor_began(revocations, clock):
    revocations.end_all("alice")
    early, late = ticket_of(), begin(revocations, clock)

    assert revocations.is_ended(acting_for(early, START + 100))
    assert not revocations.is_ended(acting_for(late))


@pytest.mark.parametrize("lacks", ["actor", "actor_at"])
def test_one_that_does_not_say_what_began_it_has_ended(revocations, lacks):
    acting = acting_for(ticket_of())
    began = {n: v for n, v in acting.began.items() if n != lacks}

    assert revocations.is_ended(acting._replace(began=began))


def test_a_session_is_ended_by_its_mark_alone(revocations, eager):
    revocations.end_marked(NAMES.session_mark(SIDS[0]))

    assert eager.is_ended(ticket_of())
    assert eager.is_ended(acting_for(ticket_of()))


def ticket_of_token(token, **changes):
    began = freeze_claims({"token": token})
    return make_ticket(began=began, auth_time=START, **changes)


def test_a_session_ends_when_its_access_token_is_gone(repository, revocations):
    identifier = NAMES.access_token_id("pat_x")
    ticket = ticket_of_token(identifier)
    item = TokenItem(
        NAMES.access_token(identifier), moment(START + 600), b"x", None
    )
    assert revocations.is_ended(ticket)
    assert revocations.is_ended_by_now(ticket)
    revocations.note_removed(item.key)
    repository.add_or_update(item)
    assert revocations.is_ended(ticket)  # The cache says so.
    assert not revocations.is_ended_by_now(ticket)
    assert not revocations.past_cache().is_ended(ticket)
    assert not revocations.is_ended(ticket)
    revocations.end(ticket.sid)
    assert revocations.is_ended(ticket)


@pytest.mark.parametrize("token", ["", "x", "\0" * 24, "x" * 300])
def test_of_what_is_no_id_the_repository_is_not_asked(
    repository, revocations, token
):
    ticket = ticket_of_token(token)
    assert revocations.is_ended(ticket)
    assert not [key for key in repository.asked if key.startswith("p")]
