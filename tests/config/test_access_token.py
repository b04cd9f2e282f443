"""The settings of access tokens."""

import pytest
from pyramid.exceptions import ConfigurationError
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
    value_of,
)
from support.stored import Drawer, FourVerbs

from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.interfaces import (
    IKeyRing,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.policy.security_policy import POLICY

LISTED = {"authenticators": "session access_token"}


@pytest.mark.parametrize("prefix", ["a_", "acme_pat_", "__", "A1_" * 6 + "x_"])
def test_a_prefix_is_a_word_with_an_underscore_at_its_end(prefix):
    assert value_of("access_token.prefix", prefix) == prefix


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "empty"),
        ("_", "not a prefix"),
        ("pat", "not a prefix"),
        ("pat-", "not a prefix"),
        ("p\xe4t_", "not a prefix"),
        ("x" * 20 + "_", "not a prefix"),
        ("pst_", "session tokens begin so"),
        ("pst_pat_", "session tokens begin so"),
        ("eyJ_", "session tokens begin so"),
    ],
)
def test_any_other_prefix_is_told(value, why):
    assert_bad_value_is_told("access_token.prefix", value, why)


@pytest.mark.parametrize("value", ["0", "401d", "ever", "off"])
def test_a_lifetime_is_up_to_400_days(value):
    parsed, faults = read({"access_token.lifetime": value})
    assert len(faults) == 1
    assert parsed.access_token.lifetime == 90 * 86400


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (LISTED, ["'access_token' needs sessiontoken.repository"]),
        (
            {**LISTED, "repository": "memory", "revocation": "off"},
            ["'access_token' needs sessiontoken.revocation = on"],
        ),
    ],
)
def test_what_is_lacking_is_told(given, words):
    assert_contradiction_is_told(given, words)


def test_a_registered_repository_is_enough_and_a_store_is_not():
    assert read(LISTED, Registered(repository=True, tokens=True))[1] == []
    assert len(read(LISTED, Registered(repository=True))[1]) == 1
    assert read({**LISTED, "repository": "registered"})[1] == []


def test_not_listed_it_needs_nothing():
    assert read({"access_token.prefix": "x_"})[1] == []
    assert read({"access_token.prefix": "x_"})[0].other_lives == ()


def test_how_long_they_live_keeps_keys():
    parsed, _ = read({**LISTED, "repository": "memory"})
    assert parsed.other_lives == (90 * 86400,)


def test_a_key_of_a_ring_that_rotates_verifies_as_long_as_they_live(make):
    settings = {
        **LISTED,
        "repository": "memory",
        "keys.rotate": "30d",
        "access_token.lifetime": "200d",
        "basic.check": None,
    }
    client = make(settings)
    ring = client.registry.getUtility(IKeyRing)
    first = {key.kid for key in ring}
    client.clock.advance(190 * 86400)
    assert ring.signer.kid not in first
    assert first & {key.kid for key in ring}


def test_it_stands_in_the_rules(make):
    client = make({**LISTED, "repository": "memory", "basic.check": None})
    rules = client.registry[POLICY].rules
    tokens = rules.stored.access_tokens
    assert tokens.longest == 90 * 86400
    assert tokens.may_be("pat_x")
    assert not tokens.may_be("PAT_x")
    assert rules.exchange == ("session",)


def test_without_it_there_are_none(make):
    client = make({"repository": "memory"})
    assert client.registry[POLICY].rules.stored.access_tokens is None


def test_the_start_says_where_they_cannot_be_listed(make, clock, caplog):
    make(
        {**LISTED, "repository": "registered", "basic.check": None},
        before=lambda config: config.registry.registerUtility(
            FourVerbs(clock), ITokenRepository
        ),
    )
    assert "the access tokens of a user cannot be listed" in caplog.text


def test_a_repository_may_come_later(make, caplog):
    make({**LISTED, "repository": "registered", "basic.check": None})
    assert "cannot be listed" not in caplog.text


def test_a_store_of_its_own_does_not_matter(make):
    client = make(
        {**LISTED, "repository": "memory", "basic.check": None},
        before=lambda config: config.registry.registerUtility(
            Drawer(), ISessionStore
        ),
    )
    assert client.registry[POLICY].rules.stored.access_tokens is not None


@pytest.mark.parametrize("lacking", [{}, {"repository": "memory"}])
def test_a_start_without_what_it_needs_fails_with_one_fault(make, lacking):
    settings = {**LISTED, "basic.check": None, **lacking}
    if lacking:
        settings["revocation"] = "off"
    with pytest.raises(ConfigurationError) as raised:
        make(settings)
    assert "faults: 1" in str(raised.value)
    assert "'access_token' needs" in str(raised.value)
