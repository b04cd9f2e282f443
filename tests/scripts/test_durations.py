"""Durations are written for settings, and for people."""

import pytest
from support import START

from pyramid_sessiontoken.scripts.durations import about, when


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3595, "59 min 55 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7199, "1 h 59 min"),
        (86400 * 400 + 3600, "400 d 1 h"),
    ],
)
def test_a_duration_is_written_for_people(seconds, written):
    assert about(seconds) == written


def test_a_time_is_written_with_its_distance():
    assert when(START, START + 60) == "2027-01-15 08:01:00 UTC, in 1 min"
    assert when(START, START) == "2027-01-15 08:00:00 UTC, in 0 s"
    assert when(START, START - 1) == "2027-01-15 07:59:59 UTC, 1 s ago"
