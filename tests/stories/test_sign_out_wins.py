"""Sign-out wins against other requests, in every order of the steps."""

import random
from contextlib import suppress

import pytest
from support.races import Paused, Process, Turns, every_order
from zope.interface import implementer_only

from pyramid_sessiontoken.errors import SessionTokenError
from pyramid_sessiontoken.interfaces import (
    IRenewingRepository,
    ISubjectRepository,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository


@implementer_only(ITokenRepository)
class FourVerbs(MemoryRepository):
    pass


@implementer_only(IRenewingRepository)
class Renewing(MemoryRepository):
    pass


@implementer_only(ISubjectRepository)
class OfSubjects(MemoryRepository):
    pass


class World:
    """A session of alice's that is due for renewal, and two processes.

    :param together: whether one process does both works.
    :param reader: whether a third process reads meanwhile.
    """

    def __init__(
        self,
        turns,
        clock,
        repository_class,
        ttl,
        *,
        together=False,
        reader=False,
    ):
        self.clock = clock
        self.turns = turns
        self.inner = repository_class(clock)
        repository = Paused(self.inner, self.turns)
        names = "abc" if reader else "ab"
        self.processes = [Process(clock, repository, ttl) for _ in names]
        self.clerk, self.ender, *self.readers = self.processes
        if together:
            self.ender = self.clerk
        self.reference = self.clerk.sign_in()
        self.ticket = self.clerk.ticket(self.reference)
        clock.advance(1800)
        self.references = [self.reference]
        self.steps = []

    # Other requests at the same time.

    def renews(self):
        self.clerk.sessions.renew(self.ticket, self.reference)

    def updates(self):
        """Change the claims of the session."""
        with suppress(SessionTokenError):
            self.clerk.sessions.update(
                self.ticket, self.reference, lambda claims: claims
            )

    def swaps(self):
        """Swap the cookie of a session for a header token."""
        issued = self.clerk.sessions.exchange(self.ticket)
        self.references.append(issued.access_token)

    def signs_in(self):
        self.references.append(self.clerk.sign_in())

    def reads(self):
        for reader in self.readers:
            reader.lives(self.reference)

    # Ways to end the session.

    def ends(self):
        self.ender.stored.end(self.ticket.sid, self.reference)

    def ends_by_name(self):
        self.ender.stored.end(self.ticket.sid)

    def ends_all(self):
        self.ender.stored.end_all("alice")

    def ends_others(self):
        self.ender.stored.end_all("alice", self.ticket.sid)

    # The result.

    def play(self, words, choose):
        works = [getattr(self, word) for word in words]
        taken, options = self.turns.play(works, choose)
        self.steps = [*taken]
        return taken, options

    def living(self):
        """Tell which references are accepted; all processes agree, once
        their caches are old.
        """
        self.clock.advance(5)
        fresh = Process(self.clock, self.inner, ttl=0)
        answers = [
            [each.lives(reference) for reference in self.references]
            for each in (*self.processes, fresh)
        ]
        assert all(answer == answers[0] for answer in answers)
        return answers[0]


REPOSITORIES = [MemoryRepository, FourVerbs, Renewing, OfSubjects]
ENDS = ["ends", "ends_by_name", "ends_all"]

#: What is under way in which repository. A swap renews nothing, so it takes
#: the same steps with and without IRenewingRepository.
UNDER_WAY = [
    *(("renews", each) for each in REPOSITORIES),
    *(("updates", each) for each in REPOSITORIES),
    ("swaps", MemoryRepository),
    ("swaps", FourVerbs),
]


@pytest.fixture
def turns():
    with Turns() as turns:
        yield turns


@pytest.fixture(params=REPOSITORIES, ids=lambda each: each.__name__)
def world(request, turns, clock):
    began = clock.now()

    def make(ttl=5, **kw):
        clock.advance(began - clock.now())
        return World(turns, clock, request.param, ttl, **kw)

    return make


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(("under_way", "world"), UNDER_WAY, indirect=["world"])
def test_an_ended_session_is_refused_in_every_order(world, under_way, ends):
    # In one process or in two; each case in both would take long.
    together = under_way == "renews" and ends != "ends"

    def play(choose):
        played = world(together=together)
        answer = played.play([under_way, ends], choose)
        assert not any(played.living()), played.steps
        return answer

    assert every_order(play) > 10


@pytest.mark.parametrize("ends", ENDS)
def test_an_ended_session_is_refused_after_many_parallel_steps(world, ends):
    """Many requests have more orders than can be tried."""
    chance = random.Random(ends)  # noqa: S311
    for _ in range(40):
        played = world(reader=True)
        works = ["renews", "updates", "swaps", "reads", ends]
        played.play(works, chance.choice)
        assert not any(played.living()), played.steps


def test_only_a_sign_in_after_the_end_of_all_sessions_is_valid(world):
    """A sign-in in between is one or the other, in every process alike."""

    def play(choose):
        played = world(ttl=0)
        answer = played.play(["signs_in", "ends_all"], choose)
        old, new = played.living()
        assert not old
        steps = "".join(map(str, played.steps))
        if steps.startswith("0" * steps.count("0")):
            assert not new
        # Each one begins with its first step.
        if steps.removeprefix("0").startswith("1" * steps.count("1")):
            assert new
        return answer

    assert every_order(play) > 10


def test_a_kept_session_stays_valid_in_every_order(world):
    def play(choose):
        played = world()
        answer = played.play(["renews", "ends_others"], choose)
        assert played.living() == [True], played.steps
        return answer

    assert every_order(play) > 10


def test_two_ends_of_all_sessions_do_not_undo_each_other(turns, clock):
    """One keeps a session that the other ends."""
    began = clock.now()

    def play(choose):
        clock.advance(began - clock.now())
        played = World(turns, clock, MemoryRepository, 0)
        # The user has a mark already, which is overwritten.
        played.ends_others()
        played.clock.advance(60)
        answer = played.play(["ends_others", "ends_all"], choose)
        assert not any(played.living())
        for each in played.processes:
            assert each.stored.revocations.is_ended(played.ticket), (
                played.steps
            )
        return answer

    assert every_order(play) > 10
