"""Processes that share a repository, and every order of what they do."""

import threading

from pyramid.registry import Registry
from zope.interface import directlyProvides, providedBy

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IClock,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.forms import Reference
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore
from pyramid_sessiontoken.sessions.stored import KeptSessions
from support.keys import Rings
from support.tokens import FIRST


class Process:
    """What an application has of a repository that others share."""

    def __init__(self, clock, repository, ttl=5):
        registry = Registry()
        registry.registerUtility(clock, IClock)
        registry.registerUtility(ExpiryPolicy(36000, 3600), IExpiryPolicy)
        registry.registerUtility(repository, ITokenRepository)
        seal = Seal(Rings(FIRST), "store")
        cache = FirstLevelCache(100, ttl)
        revocations = Revocations(registry, seal, cache)
        store = RepositorySessionStore(registry, seal, cache)
        registry.registerUtility(store, ISessionStore)
        form = Reference(registry, revocations)
        self.kept = KeptSessions(registry, store, revocations)
        self.sessions = Sessions(registry, form, "Session", revocations)

    def sign_in(self, userid="alice"):
        return self.sessions.issue(Identity(userid, {}, "basic")).access_token

    def ticket(self, reference):
        return self.sessions.redeem(reference)[0]

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
    """Lets one thread at a time take one step."""

    def __init__(self):
        self._mine = threading.local()

    def wait(self):
        actor = getattr(self._mine, "actor", None)
        if actor is not None:
            actor.arrived.release()
            actor.go.acquire()

    def play(self, works, choose):
        """Do works step by step; give who took each step, and who could
        have.

        :param choose: names the next, of those that are given.
        """
        actors = [_Actor(self._mine, work) for work in works]
        for actor in actors:
            actor.start()
            actor.arrived.acquire()
        taken, options = [], []
        while waiting := [n for n, a in enumerate(actors) if a.is_waiting]:
            number = choose(waiting)
            taken.append(number)
            options.append(waiting)
            actors[number].step()
        for actor in actors:
            actor.join()
            if actor.raised is not None:
                raise actor.raised
        return taken, options


class _Actor(threading.Thread):
    def __init__(self, mine, work):
        super().__init__(daemon=True)
        self._mine, self._work = mine, work
        self.go, self.arrived = threading.Semaphore(0), threading.Semaphore(0)
        self.is_waiting = True
        self.raised = None

    def run(self):
        self._mine.actor = self
        self.arrived.release()
        self.go.acquire()
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001
            self.raised = error
        finally:
            self.is_waiting = False
            self.arrived.release()

    def step(self):
        self.go.release()
        self.arrived.acquire()


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
