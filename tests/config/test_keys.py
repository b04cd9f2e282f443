"""The key rings of the settings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import KEY, OTHER_KEY
from support.settings import (
    NOTHING,
    SHORT_KEY,
    assert_contradiction_is_told,
    only_fault,
    read,
    value_of,
)
from support.tokens import BASE64URL, FIRST, SECOND

from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import TABLE
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.ring import Key


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"token.algorithm": "HS512", "token.keys": SHORT_KEY},
            ["token.keys", "32 bytes", "HS512 needs 64"],
        ),
        ({"token.keys": SHORT_KEY[:40]}, ["token.keys", "30 bytes"]),
        (
            {"token.keys": f"{OTHER_KEY} {KEY}"},
            ["token.keys: a key of", f"{PREFIX}keys is among them"],
        ),
        ({"keys": encode_base64url(b"a" * 64)}, ["keys", "repeated byte"]),
        (
            {"keys": encode_base64url(b"my secret " * 4)},
            ["keys", "placeholder", "psessiontoken keygen"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"token.keys": OTHER_KEY},
        {"token.algorithm": "HS512"},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


def test_keys_are_read_in_their_order():
    assert value_of("keys", f"{OTHER_KEY} {KEY}") == (SECOND, FIRST)
    assert value_of("token.keys", OTHER_KEY) == (SECOND,)


def test_without_keys_the_start_fails_and_says_how_to_make_one():
    _, faults = read_settings({}, NOTHING)

    (fault,) = faults
    assert fault.startswith(f"{PREFIX}keys: there are none")
    assert "psessiontoken keygen" in fault
    assert f"{PREFIX}keys = ephemeral" in fault


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("keys", "changeme"),
        ("keys", f"{KEY} {KEY}=="),
        ("keys", f"{KEY} {KEY}"),
        ("keys", f"{KEY},"),
        ("keys", ""),
        ("keys", f"{KEY}!"),
        ("keys", f"env:SESSIONTOKEN_THAT_IS_NOT_SET {KEY}"),
        ("keys", f"file:/there/is/no/such/file {KEY}"),
        ("keys", {"k": KEY}),
        ("keys", [KEY.encode()]),
        ("keys", Key.of(KEY.encode())),
        ("token.keys", f"{KEY} x"),
    ],
)
def test_a_bad_key_is_reported_and_not_quoted(key, value):
    fault = only_fault({key: value})

    assert fault.startswith(f"{PREFIX}{key}: ")
    assert "found" not in fault
    assert KEY[:12] not in fault
    assert fault.endswith(f"allowed: {TABLE[key].kind.allowed}")


def test_a_kid_that_comes_twice_is_a_fault(tmp_path):
    path = tmp_path / "keys.jwks"
    members = [
        {"kty": "oct", "kid": "a", "k": text} for text in (KEY, OTHER_KEY)
    ]
    path.write_text(json.dumps({"keys": members}))

    fault = only_fault({"keys": f"file:{path}"})

    assert fault.startswith(f"{PREFIX}keys: a 'kid' comes twice")
    assert KEY[:12] not in fault


# A text that stands nowhere else.
SECRETS = st.text(BASE64URL, max_size=60).map("qZ9_Xw7-{}".format)


@given(
    SECRETS,
    st.sampled_from(
        [
            "{}",
            "{} {}",
            "{},",
            "{}!",
            " {}\n",
            "ephemeral {}",
            '{{"keys":[{{"k":"{}"}}]}}',
            "env:NOTHING {}",
            "{}\0",
        ]
    ),
    st.sampled_from(["keys", "token.keys", "kyes", "token.secret", "key"]),
)
def test_no_fault_ever_contains_a_secret(secret, form, key):
    """Not the value of a key that is no good, nor that of a misspelt one."""
    _, faults = read({key: form.format(*[secret] * 2)})

    assert not [fault for fault in faults if secret in fault]


@given(
    SECRETS,
    st.sampled_from(
        [
            "{}",
            "{} {}",
            '{{"keys":[{{"kty":"oct","kid":"a","k":"{}"}}]}}',
            '{{"keys":[{{"kty":"oct","k":"{}"}}]}}',
            '{{"keys":[{{"kty":"oct","kid":"a","k":"{}!"}}]}}',
            '{{"keys":["{}"]}}',
            '{{"keys":"{}"}}',
            '{{"k":"{}"',
        ]
    ),
)
def test_no_fault_about_a_file_of_keys_contains_a_secret(
    tmp_path_factory, secret, form
):
    path = tmp_path_factory.getbasetemp() / "keys"
    path.write_text(form.format(*[secret] * 2))

    _, faults = read({"keys": f"file:{path}"})

    assert not [fault for fault in faults if secret in fault]


def test_a_ring_that_the_application_registered_needs_no_setting():
    _, faults = read_settings({}, Registered(keys=True))

    assert faults == []
