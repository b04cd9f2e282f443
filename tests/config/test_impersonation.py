"""The settings of acting for another user."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
)

from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.policy.security_policy import POLICY


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("impersonation.check", "json:nothing", "cannot be imported"),
        ("impersonation.check", "string:digits", "cannot be called"),
        ("impersonation.principals", "a,,b", "empty item"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"impersonation.check": "json:loads"},
            ["impersonation.check needs", "impersonation.principals"],
        ),
        (
            {
                "impersonation.principals": "role:support",
                "repository": "memory",
                "revocation": "off",
            },
            ["impersonation.principals needs", "revocation = on"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


def test_a_registered_repository_needs_revocation_too():
    given = {"impersonation.principals": "a", "revocation": "off"}

    assert read(given, Registered(keys=True, repository=True))[1]
    assert read(given, Registered(keys=True))[1] == []


@pytest.mark.parametrize("revocation", [None, "on"])
def test_with_revocation_it_is_allowed(revocation):
    given = {"impersonation.principals": "a b", "repository": "memory"}
    if revocation is not None:
        given["revocation"] = revocation

    assert read(given)[1] == []


@pytest.mark.parametrize(
    ("principals", "told"),
    [
        ("role:support", 0),
        ("system.Everyone", 1),
        ("a system.Authenticated system.Everyone", 2),
    ],
)
def test_principals_of_every_user_are_advised_against(principals, told):
    settings, _ = read({"impersonation.principals": principals})

    advice = [a for a in settings.advice() if "act for others" in a]
    assert len(advice) == told


def test_without_the_setting_requests_know_nothing_of_it(make):
    assert make().registry[POLICY].rules.impersonation is None


def test_what_requests_need_of_it(make):
    client = make(
        {
            "impersonation.principals": "role:support group:desk",
            "impersonation.check": max,
            "expiry.absolute": "2h",
            "token.issuer": "here",
        }
    )

    made = client.registry[POLICY].rules.impersonation

    assert made.principals == {"role:support", "group:desk"}
    assert made.check is max
    assert made.longest == 7200
    assert made.seconds("30m") == 1800
    # The digest is that of the marks of this application.
    other = make({"impersonation.principals": "x"})
    assert made.digest("x") != (
        other.registry[POLICY].rules.impersonation.digest("x")
    )
