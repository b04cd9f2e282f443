"""``audit`` is on or off."""

import pytest
from support.settings import assert_bad_value_is_told, value_of


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("on", True),
        ("true", True),
        (True, True),
        ("off", None),
        ("no", None),
        (False, None),
    ],
)
def test_a_value_is_read(value, read):
    assert value_of("audit", value) is read


def test_another_value_is_a_fault():
    assert_bad_value_is_told("audit", "json", "neither true nor false")
