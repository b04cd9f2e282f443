"""Processes that share a repository, and every order of what they do."""

import threading
from concurrent.futures import ThreadPoolExecutor

from pyramid.registry import Registry
from zope.interface import directlyProvides, providedBy

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    SessionLimitReached,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IClock,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.forms import HeaderForm
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.limits import SessionLimit
from pyramid_sessiontoken.sessions.references import References
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore
from pyramid_sessiontoken.sessions.stored import StoredSessions
from support.keys import Rings
from support.tokens import FIRST, NAMES, make_jwt


class Process:
    """What an application has of a repository that others share.

    :param limit: how many sessions a user has, and what happens to more.
    """

    def __init__(self, clock, repository, ttl=5, limit=None):
        registry = Registry()
        registry.registerUtility(clock, IClock)
        registry.registerUtility(ExpiryPolicy(36000, 3600), IExpiryPolicy)
        registry.registerUtility(repository, ITokenRepository)
        seal = Seal(Rings(FIRST), "store")
        cache = FirstLevelCache(100, ttl)
        revocations = Revocations(registry, NAMES, cache)
        store = RepositorySessionStore(registry, seal, NAMES, cache)
        registry.registerUtility(store, ISessionStore)
        form = HeaderForm(
            make_jwt(FIRST),
            References(registry, revocations, ""),
            revocations,
            writes_references=True,
        )
        self.stored = StoredSessions(registry, store, revocations)
        if limit is not None:
            self.stored.limit = SessionLimit(
                registry, NAMES, self.stored, *limit
            )
        self.sessions = Sessions(registry, form, "Session", revocations)
        self.sessions.limit = self.stored.limit

    def sign_in(self, userid="alice"):
        """Begin a session; give its reference, ``None`` if it is refused."""
        try:
            issued = self.sessions.issue(Identity(userid, {}, "basic"))
        except SessionLimitReached:
            return None
        if self.stored.limit is not None:
            [*self.stored.limit.end_excess(issued.ticket)]
        return issued.access_token

    def ticket(self, reference):
        return self.sessions.redeem(reference).ticket

    def lives(self, reference):
        try:
            self.sessions.redeem(reference)
        except InvalidCredential:
            return False
        return True


class Paused:
    """A repository in which every step waits for its turn."""

    def __init__(self, inner, turns):
        self._inner, self._turns = inner, turns
        directlyProvides(self, providedBy(inner))

    def __getattr__(self, name):
        verb = getattr(self._inner, name)
        if not callable(verb):
            return verb

        def step(*args, **kw):
            self._turns.wait()
            return verb(*args, **kw)

        return step

    def remove_all_of(self, subject, keep=()):
        # As where no index is in one step with its items.
        found = [item.key for item in self.items_of(subject)]
        gone = [key for key in found if key not in keep]
        for key in gone:
            self.remove(key)
        return len(gone)


class Turns:
    """Lets one thread at a time take one step.

    The thread that arrives at a step chooses the next, so that threads change
    only where the order says so. They serve many plays.
    """

    def __init__(self):
        self._mine = threading.local()
        self._threads = ThreadPoolExecutor(8)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._threads.shutdown()

    def wait(self):
        actor = getattr(self._mine, "actor", None)
        if actor is None:
            return
        following = self._choose()
        if following is not actor:
            following.go.release()
            actor.go.acquire()

    def play(self, works, choose):
        """Do works step by step; give which took each step, and which could
        have.

        :param choose: names the next, of those that are given.
        """
        self._next, self._taken, self._options = choose, [], []
        self._actors = [_Actor(work) for work in works]
        done = [self._threads.submit(self._act, a) for a in self._actors]
        self._choose().go.release()
        for each in done:
            each.result(60)
        return self._taken, self._options

    def _act(self, actor):
        self._mine.actor = actor
        actor.go.acquire()
        try:
            actor.work()
        finally:
            self._mine.actor = None
            actor.is_waiting = False
            following = self._choose()
            if following is not None:
                following.go.release()

    def _choose(self):
        waiting = [n for n, a in enumerate(self._actors) if a.is_waiting]
        if not waiting:
            return None
        number = self._next(waiting)
        self._taken.append(number)
        self._options.append(waiting)
        return self._actors[number]


class _Actor:
    def __init__(self, work):
        self.work = work
        self.is_waiting = True
        # Held until it is this one's turn.
        self.go = threading.Lock()
        self.go.acquire()


def every_order(play):
    """Play in every order there is; count them.

    :param play: takes what chooses, and gives what ``Turns.play`` gives.
    """
    order, count = [], 0
    while True:
        ahead = iter(order)
        taken, options = play(lambda them, to=ahead: next(to, them[0]))
        count += 1
        while taken and taken[-1] == options[-1][-1]:
            taken.pop()
            options.pop()
        if not taken:
            return count
        others = options[-1]
        order = [*taken[:-1], others[others.index(taken[-1]) + 1]]
