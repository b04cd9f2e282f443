"""Time is whole seconds, read in one place."""

import time
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.clock import SystemClock, moment
from pyramid_sessiontoken.interfaces import IClock


def test_it_has_all_that_the_interface_asks():
    assert verifyObject(IClock, SystemClock())


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.999])
def test_a_fraction_of_a_second_is_cut_off(monkeypatch, fraction):
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000 + fraction)

    now = SystemClock().now()

    assert now == 1_000_000_000
    assert type(now) is int


def test_a_moment_is_aware_and_in_utc():
    found = moment(1_800_000_000)

    assert found == datetime(2027, 1, 15, 8, tzinfo=timezone.utc)
    assert found.tzinfo is timezone.utc


@given(st.integers(0, 253_402_300_799))
def test_every_second_until_the_year_9999_is_a_moment(seconds):
    assert moment(seconds).timestamp() == seconds


def test_a_moment_needs_no_function_of_the_machine(monkeypatch):
    """That of Windows ends in the year 3000."""

    class Narrow(datetime):
        @classmethod
        def fromtimestamp(cls, *args):
            raise OSError("Invalid argument")

    monkeypatch.setattr("pyramid_sessiontoken.clock.datetime", Narrow)

    assert moment(253_402_214_400).year == 9999
