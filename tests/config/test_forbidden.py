"""The settings of the answer to HTTPForbidden."""

import pytest
from support import KEY
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    faults_of_start,
    read,
    value_of,
)


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("login_url", "/login", "/login"),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("forbidden_view", "maybe", "neither true nor false"),
        ("login_url", "", "empty"),
    ],
)
def test_a_bad_value_is_told_and_the_default_stands(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"login_url": "//attacker.example/"},
            ["login_url", "one leading slash", "'//attacker.example/'"],
        ),
        (
            {"login_url": "/\\attacker.example/"},
            ["login_url", "one leading slash"],
        ),
    ],
)
def test_a_contradiction_is_told(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"login_url": "/login//here"},
    ],
)
def test_what_is_just_allowed(given):
    _, faults = read(given)

    assert faults == []


def test_the_route_of_the_sign_in_page_has_no_parts_to_fill_in():
    def setup(config):
        config.add_route("sign_in", "/{tenant}/sign_in")

    [fault] = faults_of_start({"keys": KEY, "login_url": "sign_in"}, setup)
    assert "without parts" in fault
