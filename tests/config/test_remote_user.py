"""The settings of a user whom the server or a proxy names."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("remote_user.environ", "HTTP_REMOTE_USER", "anybody can send"),
        ("remote_user.trusted_proxies", "proxy", "is no network"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"remote_user.header": "X-User"},
            [
                "remote_user.header: anybody can send a header",
                "needs sessiontoken.remote_user.trusted_proxies",
            ],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"authenticators": "remote_user"},
        {"remote_user.header": "X", "remote_user.trusted_proxies": "::1"},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []
