"""Sign-ins of one user at once, in many orders of their steps."""

import random

import pytest
from support.races import Paused, Process, Turns
from zope.interface import implementer_only

from pyramid_sessiontoken.interfaces import ISubjectRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.limits import (
    END_IDLEST,
    END_OLDEST,
    REFUSE,
)

ORDERS = 150


@implementer_only(ISubjectRepository)
class OfSubjects(MemoryRepository):
    """A repository without conditional writes."""


@pytest.fixture
def turns():
    with Turns() as turns:
        yield turns


@pytest.fixture
def world(turns, clock):
    def make(limit, over, repository_class=MemoryRepository):
        return World(turns, clock, repository_class, (limit, over))

    return make


class World:
    """Processes in which one user signs in."""

    def __init__(self, turns, clock, repository_class, limit):
        self.clock, self.turns = clock, turns
        inner = repository_class(clock)
        self.processes = [
            Process(clock, Paused(inner, turns), 0, limit) for _ in "abc"
        ]
        self.fresh = Process(clock, inner, 0, limit)
        self.references = []

    def signs_in(self):
        process = self.processes[len(self.references) % 3]
        number = len(self.references)
        self.references.append(None)
        self.references[number] = process.sign_in()

    def renews(self):
        first = self.processes[0]
        try:
            first.sessions.renew(self.ticket, self.references[0])
        finally:
            pass

    def ends(self):
        self.processes[1].stored.end(self.ticket.sid, self.references[0])

    def before(self):
        """Sign in, with a session that is due for renewal."""
        self.references = [self.fresh.sign_in()]
        self.ticket = self.fresh.ticket(self.references[0])
        self.clock.advance(1800)

    def play(self, words, choose):
        works = [getattr(self, word) for word in words]
        return self.turns.play(works, choose)

    def living(self):
        return [bool(r and self.fresh.lives(r)) for r in self.references]


def replay(world, words, check, before=False, **kw):
    """Play in some of the orders: all of them are tens of thousands."""
    chance = random.Random(repr(kw))  # noqa: S311
    for _ in range(ORDERS):
        played = world(**kw)
        if before:
            played.before()
        taken, _ = played.play(words, chance.choice)
        check(played.living(), taken)


@pytest.mark.parametrize("over", [END_OLDEST, END_IDLEST])
def test_one_of_two_sign_ins_lives(world, over):
    def check(living, steps):
        assert living.count(True) == 1, steps

    words = ["signs_in", "signs_in"]
    replay(world, words, check, limit=1, over=over)


def test_one_of_two_sign_ins_is_refused(world):
    """Never both, and never none."""

    def check(living, steps):
        assert living.count(True) == 1, steps

    words = ["signs_in", "signs_in"]
    replay(world, words, check, limit=1, over=REFUSE)


@pytest.mark.parametrize("over", [END_OLDEST, END_IDLEST])
def test_a_sign_in_and_a_renewal(world, over):
    """What the sign-in ends does not come back, and it does not end itself."""

    def check(living, steps):
        assert living == [False, True], steps

    words = ["renews", "signs_in"]
    replay(world, words, check, before=True, limit=1, over=over)


def test_a_refused_sign_in_and_a_sign_out(world):
    def check(living, steps):
        assert not living[0], steps

    words = ["ends", "signs_in"]
    replay(world, words, check, before=True, limit=1, over=REFUSE)


@pytest.mark.parametrize("over", [END_OLDEST, END_IDLEST])
def test_without_conditional_writes_no_sign_in_too_many_lives(world, over):
    """Two may have one number; then the name of the session decides."""

    def check(living, steps):
        assert living.count(True) == 1, steps

    words = ["signs_in", "signs_in"]
    kw = {"repository_class": OfSubjects, "limit": 1, "over": over}
    replay(world, words, check, **kw)


@pytest.mark.parametrize("over", [END_OLDEST, END_IDLEST, REFUSE])
def test_three_sign_ins_at_once_keep_to_the_limit(world, over):
    def check(living, steps):
        assert living.count(True) == 2, steps

    replay(world, ["signs_in"] * 3, check, limit=2, over=over)
