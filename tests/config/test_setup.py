"""What the settings say is made and registered, or told as a fault."""

import pytest
from pyramid.registry import Registry

from pyramid_sessiontoken.clock import SystemClock
from pyramid_sessiontoken.config.kinds import Named
from pyramid_sessiontoken.config.setup import Setup
from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock


def make_setup(options=(), given=()):
    return Setup(Registry(), dict(options), given, [])


def made_of(options, registry):
    return ManualClock(options["now"])


def broken(options, registry):
    raise LookupError("no clock")


def clock_of(setup):
    return setup.registry.queryUtility(IClock)


def test_an_object_named_in_a_setting_is_made_of_its_options():
    setup = make_setup({"clock": {"now": 7}})

    setup.register_named(IClock, "clock", Named("a:clock", made_of))

    assert clock_of(setup).now() == 7
    assert (setup.faults, setup.warnings) == ([], [])


@pytest.mark.parametrize(
    ("value", "why"),
    [(broken, "no clock"), (object(), "object lacks now of IClock")],
)
def test_an_object_that_cannot_be_made_is_a_fault(value, why):
    setup = make_setup()

    setup.register_named(IClock, "clock", Named("a:clock", value))

    assert clock_of(setup) is None
    assert setup.faults == [f"sessiontoken.clock: a:clock: {why}"]


def test_an_empty_setting_registers_no_utility():
    setup = make_setup()

    setup.register_named(IClock, "clock", None)

    assert clock_of(setup) is None


@pytest.mark.parametrize("given", [(), ("realm", "my.clock")])
def test_a_utility_of_the_application_is_not_replaced(given):
    setup, mine = make_setup(given=given), ManualClock(1)
    setup.registry.registerUtility(mine, IClock)

    setup.register(IClock, SystemClock())
    setup.register(IClock, SystemClock(), "clock")

    assert clock_of(setup) is mine
    assert setup.warnings == []


@pytest.mark.parametrize("given", ["clock", "clock.zone"])
def test_a_setting_without_effect_causes_a_warning(given, caplog):
    setup, mine = make_setup(given=(given,)), ManualClock(1)
    setup.registry.registerUtility(mine, IClock)

    setup.register(IClock, SystemClock(), "clock")

    (warning,) = setup.warnings
    assert warning == (
        f"sessiontoken.clock is set, but {mine!r} is registered and is"
        " used instead"
    )
    assert caplog.messages == [warning]


def test_the_clock_and_the_ring_are_those_of_each_moment():
    setup = make_setup()
    setup.registry.registerUtility(ManualClock(1), IClock)
    assert setup.clock.now() == 1
    setup.registry.registerUtility(ManualClock(2), IClock)
    assert setup.clock.now() == 2
    assert setup.ring() is setup.header_ring() is None
