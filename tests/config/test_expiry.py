"""How long the settings let tokens and sessions live."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
    value_of,
)
from support.tokens import make_jwt, make_ticket

from pyramid_sessiontoken.config import expiry
from pyramid_sessiontoken.config.expiry import make_policy, read_fraction
from pyramid_sessiontoken.expiry import ExpiryPolicy


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("expiry.absolute", "14d", 14 * 86400),
        ("expiry.absolute", 7200, 7200),
        ("expiry.absolute", "400d", 400 * 86400),
        ("expiry.sliding", "off", None),
        ("expiry.sliding", False, None),
        ("expiry.sliding", "10h", 36000),
        ("expiry.clock_skew", "5m", 300),
        ("expiry.clock_skew", "0", 0),
        ("expiry.persistent.absolute", "30d", 30 * 86400),
        ("expiry.persistent.sliding", "2h", 7200),
        ("expiry.persistent.sliding", "off", None),
        ("expiry.renew_on", "any", "any"),
        ("expiry.renew_on", "unsafe", "unsafe"),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("expiry.absolute", "10 hours", "not a duration"),
        ("expiry.absolute", "0", "too little"),
        ("expiry.absolute", "401d", "too much"),
        ("expiry.absolute", "34560001", "too much"),
        ("expiry.sliding", "401d", "too much"),
        ("expiry.sliding", "0", "too little"),
        ("expiry.absolute", "off", "not a duration"),
        ("expiry.sliding", "of", "not a duration"),
        ("expiry.renew_after", "1", "out of range"),
        ("expiry.renew_after", "half", "not a number"),
        ("expiry.clock_skew", "6m", "too much"),
        ("expiry.policy", "no.such.module", "cannot be imported"),
        ("expiry.persistent.absolute", "401d", "too much"),
        ("expiry.persistent.absolute", "0", "too little"),
        ("expiry.persistent.absolute", "off", "not a duration"),
        ("expiry.persistent.sliding", "401d", "too much"),
        ("expiry.persistent.sliding", "a week", "not a duration"),
        ("expiry.renew_on", "GET", "not one of them"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"expiry.sliding": "11h"},
            ["expiry.sliding: 11h is longer", "expiry.absolute, 10h"],
        ),
        (
            {"expiry.sliding": " 7200s", "expiry.absolute": 5400},
            ["expiry.sliding: 7200s is longer", "expiry.absolute, 5400"],
        ),
        (
            {"expiry.persistent.sliding": "7d"},
            [
                "expiry.persistent.sliding: 7d is longer",
                "expiry.persistent.absolute, 10h",
                "sessiontoken.expiry.sliding or .absolute",
            ],
        ),
        (
            {"expiry.persistent.absolute": "30m"},
            [
                "expiry.persistent.sliding: 1h is longer",
                "expiry.persistent.absolute, 30m",
            ],
        ),
        (
            {
                "expiry.persistent.absolute": "7d",
                "expiry.persistent.sliding": "30d",
            },
            [
                "expiry.persistent.sliding: 30d",
                "expiry.persistent.absolute, 7d",
            ],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"expiry.sliding": "10h"},
        {"expiry.absolute": "1h"},
        {"expiry.absolute": "30m"},
        {"expiry.sliding": "off", "expiry.absolute": "5m"},
        {"expiry.sliding": "off", "expiry.persistent.absolute": "5m"},
        {"expiry.persistent.absolute": "1h"},
        {"expiry.persistent.sliding": "10h"},
        {
            "expiry.persistent.absolute": "5m",
            "expiry.persistent.sliding": "off",
        },
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


@pytest.mark.parametrize(
    ("given", "in_force"),
    [
        ({}, (36000, 3600, 36000, 3600)),
        ({"absolute": "30m"}, (1800, 1800, 1800, 1800)),
        ({"absolute": "30m", "sliding": "off"}, (1800, None, 1800, None)),
        ({"sliding": "2h"}, (36000, 7200, 36000, 7200)),
        (
            {"persistent.absolute": "30d"},
            (36000, 3600, 30 * 86400, 3600),
        ),
        (
            {"sliding": "off", "persistent.absolute": "30d"},
            (36000, None, 30 * 86400, None),
        ),
        (
            {"persistent.absolute": "30d", "persistent.sliding": "7d"},
            (36000, 3600, 30 * 86400, 7 * 86400),
        ),
        ({"persistent.sliding": "off"}, (36000, 3600, 36000, None)),
        (
            {"absolute": "20m", "persistent.absolute": "1d"},
            (1200, 1200, 86400, 1200),
        ),
    ],
)
def test_a_limit_that_is_not_set_follows_from_the_others(given, in_force):
    parsed, faults = read({f"expiry.{k}": v for k, v in given.items()})

    assert faults == []
    policy = make_policy(parsed.expiry)
    assert (policy.absolute, policy.sliding, *policy.persistent) == in_force


@pytest.mark.parametrize(
    ("given", "advised"),
    [
        ({}, False),
        ({"persistent.absolute": "30d"}, True),
        ({"persistent.absolute": "30d", "sliding": "off"}, False),
        ({"persistent.absolute": "30d", "persistent.sliding": "7d"}, False),
        ({"persistent.absolute": "30d", "persistent.sliding": "off"}, False),
        ({"persistent.sliding": "2h"}, False),
    ],
)
def test_an_idle_timeout_for_long_sessions_is_advised(given, advised):
    parsed, _ = read({f"expiry.{k}": v for k, v in given.items()})

    advice = [each for each in parsed.advice() if "persistent" in each]

    assert len(advice) == advised
    for each in advice:
        assert each.startswith("sessiontoken.expiry.persistent.sliding is not")
        assert "3600 s (sessiontoken.expiry.sliding)" in each


@pytest.mark.parametrize(
    ("renew_on", "renewing"),
    [("any", None), ("unsafe", {"POST", "PUT", "PATCH", "DELETE"})],
)
def test_only_unsafe_requests_renew_if_the_setting_says_so(renew_on, renewing):
    parsed, _ = read({"expiry.renew_on": renew_on})

    assert parsed.expiry.renewing == renewing


def test_a_session_of_the_longest_lifetime_can_be_read():
    """What the settings allow must give tokens that are not refused."""
    parsed, faults = read({"expiry.absolute": "400d", "expiry.sliding": "off"})
    assert faults == []
    policy = ExpiryPolicy(parsed.expiry.absolute, parsed.expiry.sliding)
    times = policy.begin(1_800_000_000)
    ticket = make_ticket(
        iat=times.iat,
        exp=times.exp,
        auth_time=times.iat,
        session_end=times.session_end,
    )

    reader = make_jwt()
    assert reader.decode(reader.encode(ticket)).ticket == ticket


@pytest.mark.parametrize(
    ("value", "fraction"),
    [("0.5", 0.5), ("0", 0.0), (0.25, 0.25), (0, 0.0), ("0.999", 0.999)],
)
def test_a_fraction_is_read(value, fraction):
    assert read_fraction(value) == fraction


@pytest.mark.parametrize(
    "value",
    [
        *("", "1", "1.0", "-0.1", "nan", "inf", "-inf", "half", "50%", "0,5"),
        *(1, 1.5, float("nan"), True),
    ],
)
def test_other_texts_are_no_fractions(value):
    with pytest.raises(ValueError):
        read_fraction(value)


@pytest.mark.parametrize("value", [None, [], {}, (), [0.5], object()])
def test_a_value_that_is_no_number_is_no_fraction(value):
    with pytest.raises(ValueError):
        read_fraction(value)


def test_a_number_beyond_all_floats_is_no_fraction():
    with pytest.raises(ValueError):
        read_fraction(10**400)


def test_a_skew_is_at_most_five_minutes():
    assert expiry.SKEW.read("5m") == 300
    assert expiry.SKEW.read("0") == 0
    with pytest.raises(ValueError):
        expiry.SKEW.read("301s")
