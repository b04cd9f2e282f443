"""The times of a session, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START

from pyramid_sessiontoken.debugtoolbar.times import span, when


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1, "1 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3601, "1 h 1 s"),
        (5430, "1 h 30 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_duration_has_two_units(seconds, text):
    assert span(seconds) == text


@given(st.integers(0, 400 * 86400))
def test_a_duration_is_never_longer_than_it_is(seconds):
    sizes = {"d": 86400, "h": 3600, "min": 60, "s": 1}
    words = span(seconds).split()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    told = sum(int(count) * sizes[unit] for count, unit in pairs)
    assert told <= seconds < told + max(1, told)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (START, "2027-01-15 08:00:00 UTC, now"),
        (START + 90, "2027-01-15 08:01:30 UTC, in 1 min 30 s"),
        (START - 3600, "2027-01-15 07:00:00 UTC, 1 h ago"),
    ],
)
def test_a_time_says_how_far_it_is_away(time, text):
    assert when(time, START) == text
