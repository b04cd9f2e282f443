"""Durations are written as the settings write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.config.durations import span
from pyramid_sessiontoken.config.kinds import read_duration


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0"), (0.25, "250ms"), (90, "90s"), (5400, "90m"), (86400, "1d")],
)
def test_a_duration_is_written_as_in_settings(seconds, written):
    assert span(seconds) == written


@given(st.integers(0, 36500 * 86400))
def test_what_is_written_is_read_as_the_same(seconds):
    assert read_duration(span(seconds)) == seconds
