"""What the settings say of users."""

import json

import pytest
from support.settings import assert_bad_value_is_told, value_of

from pyramid_sessiontoken.config.kinds import Named


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("authorization", "authenticated", "authenticated"),
        ("authorization", "json:loads", Named("json:loads", json.loads)),
        ("user_loader", "json:loads", Named("json:loads", json.loads)),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("claims_transformer", "", "empty"),
        ("user_loader", "no_such_module:load", "cannot be imported"),
        ("principals", "string:digits", "cannot be called"),
        ("authorization", "authentic", "cannot be imported"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)
