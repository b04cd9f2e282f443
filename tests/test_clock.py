"""Time is read in one place."""

import time
from datetime import datetime, timezone

import pytest
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.clock import SystemClock, moment
from pyramid_sessiontoken.interfaces import IClock


def test_the_clock_provides_its_interface():
    assert verifyObject(IClock, SystemClock())


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.999])
def test_seconds_are_rounded_down(monkeypatch, fraction):
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000 + fraction)

    now = SystemClock().now()

    assert now == 1_000_000_000
    assert type(now) is int


def test_a_moment_is_aware_and_in_utc():
    found = moment(1_800_000_000)

    assert found == datetime(2027, 1, 15, 8, tzinfo=timezone.utc)
    assert found.tzinfo is timezone.utc
