"""A dictionary is read as settings, and all faults are found at once."""

import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.exceptions import ConfigurationError
from support.settings import NOTHING, SHORT_KEY, only_fault, prefixed, read

from pyramid_sessiontoken.config.reader import raise_faults, read_settings
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import (
    TABLE,
)


def test_settings_of_other_packages_are_ignored():
    _, faults = read(
        pyramid_includes="x", **{"sessiontokens.keys": "x", "keys": "y"}
    )

    assert faults == []


def test_given_settings_are_told_from_defaults():
    parsed, _ = read({"realm": "mine", "login_url": None})

    assert parsed.given == {"keys", "realm"}


def test_options_belong_to_the_object_of_a_dotted_name():
    parsed, faults = read(
        {
            "authenticators": "session mine=json:loads uuid.UUID",
            "mine.colour": "red",
            "mine.deep.down": 5,
            "UUID.bytes": "x",
            "claims_transformer": "json:loads",
            "claims_transformer.roles": "a b",
            "expiry.policy": "json:loads",
            "expiry.policy.weekend": "off",
            "cookie.transform": "json:loads",
            "cookie.transform.rounds": "5",
            "user_loader": "json:loads",
            "user_loader.table": "users",
            "principals": "json:loads",
            "principals.prefix": "ldap:",
        }
    )

    assert faults == []
    assert parsed.options == {
        "mine": {"colour": "red", "deep.down": 5},
        "UUID": {"bytes": "x"},
        "claims_transformer": {"roles": "a b"},
        "expiry.policy": {"weekend": "off"},
        "cookie.transform": {"rounds": "5"},
        "user_loader": {"table": "users"},
        "principals": {"prefix": "ldap:"},
    }


@pytest.mark.parametrize(
    "key",
    [
        "mine.colour",
        "claims_transformer.roles",
        "expiry.policy.weekend",
        "cookie.transform.rounds",
        "basic.check.colour",
    ],
)
def test_options_without_an_object_are_unknown_settings(key):
    assert f"{PREFIX}{key}: there is no such setting" in only_fault(
        {key: "red"}
    )


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("autenticators", "authenticators"),
        ("expiry.slidin", "expiry.sliding"),
        ("expiry_sliding", "expiry.sliding"),
        ("require_ssl", "require_tls"),
        ("repository.urls", "repository.url"),
        ("token.Path", "token.path"),
    ],
)
def test_a_misspelt_key_is_reported_with_the_nearest_one(key, near):
    fault = only_fault({key: "red"})

    assert fault.startswith(f"{PREFIX}{key}: there is no such setting")
    assert fault.endswith(f"did you mean {PREFIX}{near}?")


@pytest.mark.parametrize("key", ["zzz", "", ".", "unheard.of", "\ud800"])
def test_a_key_without_a_near_one_is_reported_alone(key):
    assert only_fault({key: "red"}) == (
        f"{PREFIX}{key}: there is no such setting"
    )


def test_all_faults_are_reported_at_once():
    bad = {
        "keys": "changeme",
        "realm": "",
        "require_tls": "ture",
        "expiry.absolute": "1h",
        "expiry.sliding": "2h",
        "token.algorithm": "HS1",
        "authenticators": "sesion",
        "token.exchange": "basic",
        "user_loader": "no.such:loader",
        "cookie.samesite": "None",
        "cookie.secure": "no",
        "autorization": "acl",
    }

    _, faults = read_settings(prefixed(bad), NOTHING)

    told = [fault.partition(": ")[0].removeprefix(PREFIX) for fault in faults]
    # Of two that contradict each other, one is named first.
    assert sorted(told) == sorted(
        bad.keys() - {"expiry.absolute", "cookie.secure"}
    )


@pytest.mark.parametrize(
    ("broken", "contradicting", "words"),
    [
        (
            {"basic.check": "no.such:check"},
            {"authenticators": "sesion"},
            "no authenticator 'sesion'",
        ),
        (
            {"cookie.path": "app"},
            {"cookie.samesite": "None", "cookie.secure": "no"},
            "cookie.samesite: None needs",
        ),
        (
            {"token.keys": "x"},
            {"keys": SHORT_KEY[:40]},
            "it has 30 bytes",
        ),
    ],
)
def test_one_fault_hides_no_other(broken, contradicting, words):
    """Who mends the one that was told must not find another behind it."""
    alone = only_fault(contradicting)
    assert words in alone

    _, faults = read({**broken, **contradicting})

    assert alone in faults


def test_one_error_lists_all_faults():
    with pytest.raises(ConfigurationError) as caught:
        raise_faults(["first: a", "second: b"])

    assert str(caught.value) == (
        "pyramid_sessiontoken cannot start; faults: 2\n- first: a\n- second: b"
    )


def test_without_faults_there_is_no_error():
    assert raise_faults([]) is None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            {
                "authenticators": "session bearer",
                "bearer.algorithms": "RS265",
            },
            ["bearer.algorithms", "authenticators: 'bearer' needs"],
        ),
        (
            {
                "authenticators": "session client_certificate",
                "client_certificate.issuer": "garbage",
                "client_certificate.source": "header:Client-Cert",
            },
            ["client_certificate.issuer", "client_certificate.source"],
        ),
        (
            {"keys": "AAAA", "token.algorithm": "HS257"},
            ["token.algorithm", "keys: key 1 is refused"],
        ),
        (
            {
                "cookie.name": "__Host-x",
                "cookie.path": "nope",
                "cookie.domain": "example.com",
            },
            ["cookie.path", "cookie.name"],
        ),
        (
            {"token.form": "reference", "cookie.form": "refrence"},
            ["cookie.form", "token.form: reference needs"],
        ),
    ],
)
def test_a_row_at_fault_hides_no_other_fault(given, named):
    _, faults = read(given)
    for name in named:
        assert [f for f in faults if f.startswith(PREFIX + name)], faults


def test_the_default_for_a_bad_value_causes_no_contradiction():
    only_fault({"expiry.sliding": "x", "expiry.absolute": "30m"})
    only_fault({"authenticators": "session,,", "token.exchange": "basic"})


def test_options_of_a_bad_value_are_no_faults():
    only_fault({"authenticators": "session,,mine=a:b", "mine.opt": "1"})
    only_fault({"repository": "nowhere.at:all", "repository.colour": "red"})
    _, faults = read({"authenticators": "session,,", "cookie.nme": "x"})
    assert len(faults) == 2


def test_no_fault_shows_the_password_of_a_url():
    fault = only_fault({"bearer.jwks": "https://user:hunter2@host/x"})
    assert "hunter2" not in fault


INI_VALUES = (
    st.text()
    | st.text("abz059 ,.:/=-_\n\0{}[]\"'")
    | st.sampled_from(
        [
            "",
            "..",
            ".",
            ":",
            "off",
            "on",
            "0",
            "1h",
            "nan",
            "=",
            "a=",
            "\ud800",
        ]
    )
)


VALUES = (
    INI_VALUES
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(INI_VALUES, max_size=3)
    | st.tuples(INI_VALUES)
    | st.dictionaries(INI_VALUES, INI_VALUES, max_size=2)
    | st.just(uuid)
)


def check_faults(given, faults):
    for fault in faults:
        assert fault.startswith(PREFIX)
        keys = [*TABLE, *given]
        assert [key for key in keys if fault.startswith(f"{PREFIX}{key}")]


@settings(max_examples=300)
@given(st.sampled_from([*TABLE]), INI_VALUES)
@example("user_loader", "..")
def test_any_ini_is_read_or_reported(key, value):
    given = {key: value}

    _, faults = read(given)

    check_faults(given, faults)


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*TABLE]) | st.text(), VALUES, max_size=4)
)
@example({"require_tls": None})
@example({"expiry.renew_after": [0.5]})
def test_any_settings_are_read_or_reported(given):
    _, faults = read(given)

    check_faults(given, faults)


def test_a_number_that_cannot_be_printed_is_a_fault():
    """Python writes no integer of more than 4,300 digits."""
    _, faults = read({"expiry.absolute": 10**5000})

    assert [fault for fault in faults if "expiry.absolute" in fault]


@pytest.mark.parametrize("key", ["require_tls", "cookie.httponly"])
def test_none_never_switches_a_protection_off(key):
    """Say, of a variable of the environment that is not set."""
    parsed, faults = read({key: None})

    assert parsed.value(key) is True or faults
