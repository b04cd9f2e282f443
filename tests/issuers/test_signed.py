"""What all signed tokens of another issuer have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.issuers.signed import (
    TIME_LIMIT,
    check_times,
    names_one,
    read_time,
)


@pytest.mark.parametrize(
    ("audience", "is_named"),
    [
        ("a", True),
        (["x", "b"], True),
        ("x", False),
        ([], False),
        (["a", 1], False),
        (None, False),
        ({"a": 1}, False),
    ],
)
def test_an_audience_names_one_or_none(audience, is_named):
    assert names_one(audience, ("a", "b")) is is_named


@given(
    st.integers() | st.floats() | st.booleans() | st.text() | st.none(),
)
def test_a_time_is_a_number_in_its_range(value):
    try:
        found = read_time({"iat": value}, "iat")
    except InvalidCredential:
        return
    assert type(found) in (int, float)
    assert 0 <= found < TIME_LIMIT


@given(st.integers(-100, 100), st.integers(0, 60))
def test_times_have_a_leeway(ahead, leeway):
    claims = {"iat": 1000 + ahead}
    if ahead > leeway:
        with pytest.raises(InvalidCredential, match="in the future"):
            check_times(claims, 5000, 1000, leeway)
    else:
        check_times(claims, 5000, 1000, leeway)
