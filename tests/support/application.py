"""What an INI of the tests names: an application, and parts of it."""

from pyramid.config import Configurator
from zope.interface import implementer, implementer_only

from pyramid_sessiontoken.events import SessionEnded, SessionIssued
from pyramid_sessiontoken.interfaces import (
    IClock,
    ICookieTransform,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import ManualClock
from support import START

#: What subscribers of every application that is made here are told.
TOLD = []

#: The clock of every application that is made here.
CLOCK = ManualClock(START)


#: What ``stamp`` gives, where it is not the same for all.
STAMPS = {}


def stamp(userid, request):
    return STAMPS.get(userid, "the same for all")


def make_app(global_config, **settings):
    """Make an application on a clock that the test advances."""
    config = Configurator(settings=settings)
    config.registry.registerUtility(CLOCK, IClock)
    config.include("pyramid_sessiontoken", route_prefix="/auth")
    for event in (SessionIssued, SessionEnded):
        config.add_subscriber(TOLD.append, event)
    return config.make_wsgi_app()


def make_other(global_config, **settings):
    """Make an application that does not include the library."""
    return Configurator(settings=settings).make_wsgi_app()


@implementer_only(ITokenRepository)
class FourVerbs(MemoryRepository):
    """A repository without powers."""


def make_four_verbs(options, registry):
    return FourVerbs(CLOCK)


@implementer(ISessionStore)
class OwnStore:
    """No command asks it for anything."""


def make_own_store(options, registry):
    return OwnStore()


@implementer(ICookieTransform)
class Backwards:
    """Writes a cookie from its end."""

    def encode(self, content):
        return content[::-1]

    decode = encode


def make_transform(options, registry):
    return Backwards()
