"""Fixtures: an application on a clock that is held in the hand."""

import os

import pytest
from hypothesis import HealthCheck, settings
from pyramid.config import Configurator
from support import KEY, START, Client, Root, check_password, includeme

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

pytest_plugins = [
    "support.marks",
    "support.servers",
    "support.proxies",
    "support.secured",
]

# No test asserts how long something takes; and where others wait for the
# answer, the same examples are tried each time.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def make(clock):
    """Make a client of an application with settings of the test's own."""

    def make_client(settings=(), setup=None, before=None, **configurator):
        every = {
            "sessiontoken.keys": KEY,
            "sessiontoken.authenticators": "session cookie basic",
            "sessiontoken.basic.check": check_password,
        }
        for key, value in dict(settings).items():
            every[f"sessiontoken.{key}"] = value
        every = {k: v for k, v in every.items() if v is not None}
        configurator.setdefault("root_factory", Root)
        config = Configurator(settings=every, **configurator)
        config.registry.registerUtility(clock, IClock)
        if before is not None:
            before(config)
        config.include("pyramid_sessiontoken")
        config.include(includeme)
        if setup is not None:
            setup(config)
        return Client(config.make_wsgi_app(), clock)

    return make_client


@pytest.fixture
def client(make):
    return make()
