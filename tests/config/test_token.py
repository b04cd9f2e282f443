"""The settings of session tokens in a header."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
    value_of,
)


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("token.renewal_header", "off", None),
        ("token.scheme", "Bearer", "Bearer"),
        ("token.path", "/auth/token", "/auth/token"),
        ("token.exchange", "session", ("session",)),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("token.path", "token", "not a plain path"),
        ("token.scheme", "Two Words", "characters"),
        ("token.header", "X Token", "characters"),
        ("token.issuer", " ", "empty"),
        ("token.algorithm", "none", "not one of them"),
        ("token.algorithm", "RS256", "not one of them"),
        ("token.exchange", "session,", "empty item"),
        ("token.renewal_header", "a b", "characters"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"token.exchange": "session basic"},
            ["token.exchange: 'basic' is not in", "authenticators"],
        ),
        (
            {
                "authenticators": "session basic",
                "basic.check": "json:loads",
                "token.scheme": "bASIC",
            },
            ["token.scheme: Basic", "'basic'"],
        ),
        ({"token.header": "cookie"}, ["token.header: Cookie"]),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"token.exchange": "cookie"},
        {"token.scheme": "Basic"},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []
