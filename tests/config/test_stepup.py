"""The settings of stepup."""

import pytest
from support import KEY
from support.settings import (
    assert_bad_value_is_told,
    faults_of_start,
    value_of,
)


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("stepup.max_age", "90", 90),
        ("stepup.max_age", "1h", 3600),
        ("stepup.url", "/again", "/again"),
        ("stepup.url", "again", "again"),
        ("stepup.url", "https://sso.example/", "https://sso.example/"),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("stepup.max_age", "0", "too little"),
        ("stepup.max_age", "soon", "not a duration"),
        ("stepup.max_age", True, "not a duration"),
        ("stepup.url", "http://sso.example/", "begins with https://"),
        ("stepup.url", "//sso.example/", "one leading slash"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


def test_the_route_of_the_page_must_exist():
    [fault] = faults_of_start({"keys": KEY, "stepup.url": "again"})
    assert fault.startswith("- sessiontoken.stepup.url: neither a path")
