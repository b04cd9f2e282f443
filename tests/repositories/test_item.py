"""An item that the interface does not allow is refused, and times are whole
seconds.
"""

from datetime import datetime, timedelta, timezone

import pytest

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import SessionTokenError
from pyramid_sessiontoken.interfaces import TokenItem
from pyramid_sessiontoken.repositories.item import (
    check_item,
    is_key,
    seconds_of,
)

ITEM = TokenItem("key", moment(1_800_000_000), b"token", "str:alice")


@pytest.mark.parametrize("key", ["a", "Zz09-_:.", "k" * 200])
def test_a_key_has_up_to_200_of_the_allowed_characters(key):
    assert is_key(key)
    check_item(ITEM._replace(key=key))


@pytest.mark.parametrize("key", ["", "k" * 201, "a b", "a/b", "a\n", "ä"])
def test_other_keys_are_refused(key):
    assert not is_key(key)
    with pytest.raises(SessionTokenError, match=r"^the key of a TokenItem"):
        check_item(ITEM._replace(key=key))


@pytest.mark.parametrize("subject", [None, "", "\ud800\0" * 150])
def test_a_subject_is_any_text_of_300_characters(subject):
    check_item(ITEM._replace(subject=subject))


def test_a_longer_subject_is_refused():
    with pytest.raises(SessionTokenError, match=r"at most 300 characters$"):
        check_item(ITEM._replace(subject="x" * 301))


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (moment(1_800_000_000), 1_800_000_000),
        (moment(5) + timedelta(microseconds=999_999), 5),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000, timezone.utc), -1),
    ],
)
def test_a_time_is_whole_seconds_rounded_down(date, seconds):
    assert seconds_of(date) == seconds
