"""A clock that tests move."""

from zope.interface.verify import verifyObject

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock


def test_it_stands_still_until_it_is_moved():
    clock = ManualClock(100)
    verifyObject(IClock, clock)
    assert (clock.now(), clock.now()) == (100, 100)
    clock.advance(60)
    assert clock.now() == 160
    clock.advance(-10)
    assert clock.now() == 150
