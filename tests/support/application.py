"""What an INI of the tests names: an application, and parts of it."""

from pyramid.config import Configurator
from zope.interface import implementer, implementer_only

from pyramid_sessiontoken.interfaces import (
    IClock,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import ManualClock
from support import START

#: The clock of every application that is made here.
CLOCK = ManualClock(START)


def make_app(global_config, **settings):
    """Make an application on a clock that the test advances."""
    config = Configurator(settings=settings)
    config.registry.registerUtility(CLOCK, IClock)
    config.include("pyramid_sessiontoken", route_prefix="/auth")
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
