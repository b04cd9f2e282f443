"""What the settings say of the stamp."""

import json

import pytest
from support.settings import assert_bad_value_is_told, read, value_of

from pyramid_sessiontoken.policy.security_policy import POLICY


@pytest.mark.parametrize(
    ("value", "seconds"), [("5m", 300), ("0", 0), (0, 0), ("90", 90)]
)
def test_it_is_asked_as_often_as_the_setting_says(value, seconds):
    assert value_of("stamp.every", value) == seconds


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("stamp", "no.such.module", "cannot be imported"),
        ("stamp", "json:__doc__", "cannot be called"),
        ("stamp.every", "often", "not a duration"),
        ("stamp.every", "off", "not a duration"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


def test_a_dotted_name_and_a_callable_are_taken():
    for value in ("json:dumps", json.dumps):
        assert value_of("stamp", value).value is json.dumps


def test_nothing_is_asked_where_it_is_not_set(make):
    parsed, _ = read()

    assert parsed.stamp.make(None) is None
    assert make().registry[POLICY].rules.stamp is None
