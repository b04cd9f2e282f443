"""Keys in a setting, the environment and files."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.config.keys import KEYS, read_keys
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.ring import Key, thumbprint

ONE, TWO, THREE = (bytes(range(n, n + 64)) for n in (0, 64, 128))
A, B, C = map(encode_base64url, (ONE, TWO, THREE))


def jwk(secret=ONE, **changes):
    member = {"kty": "oct", "kid": "a", "k": encode_base64url(secret)}
    return {**member, **changes}


def jwk_set(*members):
    return json.dumps({"keys": members})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys"


# Where they come from.


@pytest.mark.parametrize(
    "value",
    [f"{A} {B}", f"{A},{B}", f"\n{A}\n{B}\n", [A, B], (A, B), f"{A}== {B}=="],
)
def test_plain_keys_are_read_in_their_order(value):
    assert read_keys(value) == (Key.of(ONE), Key.of(TWO))


def test_the_name_of_a_plain_key_is_derived_from_it():
    (key,) = read_keys(A)

    assert key == Key(thumbprint(ONE), ONE)


def test_keys_are_read_from_the_environment_and_a_file(path, monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", B)
    path.write_text(f"{C}\n")

    assert read_keys(f"{A} env:SESSIONTOKEN_TEST file:{path}") == (
        Key.of(ONE),
        Key.of(TWO),
        Key.of(THREE),
    )


def test_several_plain_keys_may_stand_in_one_file(path):
    path.write_text(f"{A}\n{B}\n")

    assert read_keys(f"file:{path}") == (Key.of(ONE), Key.of(TWO))


def test_a_jwk_set_is_read_from_a_file(path):
    path.write_text(jwk_set(jwk(), jwk(TWO, kid="b", use="sig", alg="HS512")))

    assert read_keys(f"file:{path}") == (
        Key("a", ONE),
        Key("b", TWO, "HS512"),
    )


def test_a_jwk_set_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", f" {jwk_set(jwk())}")

    assert read_keys(f"env:SESSIONTOKEN_TEST {B}") == (
        Key("a", ONE),
        Key.of(TWO),
    )


def test_an_empty_place_holds_no_key(monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", "")

    assert read_keys("env:SESSIONTOKEN_TEST") == ()


def test_an_ephemeral_key_is_new_in_every_process():
    (one,), (other,) = read_keys("ephemeral"), read_keys("ephemeral")

    assert len(one.secret) == 64
    assert one.secret != other.secret
    assert one.kid != other.kid
    assert one.kid.startswith("ephemeral")


# What is no key.


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        5,
        A[:-1] + "!",
        "A",
        A[:-1] + "B",  # stray bits
        f"ephemeral {A}",
        [A, 5],
        [A.encode()],
        "env:SESSIONTOKEN_THAT_IS_NOT_SET",
        "file:/there/is/no/such/file",
        "\ud800" * 50,
        '{"keys":[]}',
    ],
)
def test_other_values_are_no_keys(value):
    with pytest.raises(ValueError) as caught:
        read_keys(value)

    assert A[:20] not in str(caught.value)


def test_a_bad_key_is_named_by_its_number():
    with pytest.raises(ValueError, match="key 2 is not base64url"):
        read_keys(f"{A} {B}!")


@pytest.mark.parametrize(
    "text",
    [
        "changeme",
        "change-me",
        "ChangeMeChangeMeChangeMeChangeMeChangeMeChangeMe",
        "my-secret-key-my-secret-key-my-secret-key-my-secret",
        "passwordpasswordpasswordpasswordpasswordpassword",
        "your_key_here",
        "x" * 43,
    ],
)
def test_a_placeholder_is_refused_with_a_hint_to_keygen(text):
    with pytest.raises(ValueError, match="placeholder") as caught:
        read_keys(text)

    assert "psessiontoken keygen" in str(caught.value)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        f"{A} {A}==",
        [A, encode_base64url(ONE + b"\0")],
        [encode_base64url(ONE + bytes(9)), encode_base64url(ONE + bytes(3))],
    ],
)
def test_a_key_that_comes_twice_is_refused(value):
    """HMAC pads keys with zero bytes: they make no difference."""
    with pytest.raises(ValueError, match="key comes twice"):
        read_keys(value)


def test_a_kid_that_comes_twice_is_refused(path):
    path.write_text(jwk_set(jwk(), jwk(TWO)))

    with pytest.raises(ValueError, match="'kid' comes twice"):
        read_keys(f"file:{path}")


def test_a_jwk_set_that_is_nested_too_deep_is_refused():
    with pytest.raises(ValueError):
        read_keys('{"a":' * 100_000)


@given(st.text() | st.text('{}[]":,keysokidt0 \n'))
def test_any_text_is_read_or_refused_with_a_value_error(text):
    for value in (text, [text], "{" + text):
        try:
            read_keys(value)
        except ValueError as error:
            assert str(error)  # noqa: PT017


def test_the_kind_of_keys_is_secret():
    assert KEYS.secret is True
    assert KEYS.read(A) == (Key.of(ONE),)
