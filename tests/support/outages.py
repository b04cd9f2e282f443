"""A repository with outages."""

from zope.interface import implementer

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.interfaces import (
    IAddingRepository,
    IRenewingRepository,
    ISubjectRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository


@implementer(IAddingRepository, IRenewingRepository, ISubjectRepository)
class Flaky:
    """It keeps its items, and may be down.

    :ivar fails: how many of the next calls fail.
    :ivar asked: the verbs that were called, and whether they failed.
    """

    def __init__(self, clock):
        self._inner = MemoryRepository(clock)
        self.down = False
        self.fails = 0
        self.asked = []

    def __getattr__(self, name):
        if name not in ISubjectRepository.names(all=True) and name not in (
            "add",
            "renew",
        ):
            raise AttributeError(name)

        def verb(*args, **kw):
            self.asked.append(name)
            self.fails -= 1
            if self.down or self.fails >= 0:
                raise RepositoryUnavailable("it is down")
            return getattr(self._inner, name)(*args, **kw)

        return verb
