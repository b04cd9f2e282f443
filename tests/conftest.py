"""Fixtures: an application on a clock that is held in the hand."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings
from pyramid.config import Configurator
from support import KEY, START, Client, Root, check_password, includeme

from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.testing import ManualClock

pytest_plugins = [
    "support.loaders",
    "support.marks",
    "support.servers",
    "support.proxies",
    "support.secured",
    "support.toolbar",
    "support.browser",
]

# Somebody waits for the answer, and it shall be the same one each time. mutmut
# runs the tests of a function once for each change of the function.
WAITED_FOR = not {"CI", "MUTANT_UNDER_TEST"}.isdisjoint(os.environ)

# No test asserts how long something takes.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize=WAITED_FOR,
    max_examples=25 if WAITED_FOR else 100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep what is imported and collected, which lives as long as the tests,
    from Python's garbage collector: to look through it again and again is a
    good part of the work.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def make(clock):
    """Make clients of applications with settings of the test's own. At the end
    their repositories close what they opened.
    """
    made = []

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
        made.append(config.registry)
        return Client(config.make_wsgi_app(), clock)

    yield make_client
    for registry in made:
        repository = registry.queryUtility(ITokenRepository)
        getattr(repository, "close", int)()


@pytest.fixture
def client(make):
    return make()
