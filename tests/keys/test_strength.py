"""Only keys that are good enough may sign."""

import base64
import secrets

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import RSAAlgorithm
from support.tokens import BASE64URL

from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.keys.strength import (
    refuse_duplicates,
    shared,
    weakness,
)

ONE, TWO, THREE = (bytes(range(n, n + 64)) for n in (0, 64, 128))


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ([ONE], [ONE], True),
        ([ONE, TWO], [THREE, TWO], True),
        ([ONE], [ONE + bytes(3)], True),
        ([ONE, TWO], [THREE], False),
        ([ONE], [], False),
    ],
)
def test_two_rings_may_have_a_key_in_common(one, other, common):
    assert shared(map(Key.of, one), map(Key.of, other)) is common


def test_no_key_of_a_ring_comes_twice():
    refuse_duplicates([Key.of(ONE), Key.of(TWO)])
    for twice in (ONE, ONE + bytes(9)):
        with pytest.raises(ValueError, match="a key comes twice"):
            refuse_duplicates([Key.of(ONE), Key("other", twice)])
    with pytest.raises(ValueError, match="'kid' comes twice"):
        refuse_duplicates([Key("a", ONE), Key("a", TWO)])


LENGTHS = [("HS256", 32), ("HS384", 48), ("HS512", 64)]


@pytest.mark.parametrize(("algorithm", "least"), LENGTHS)
def test_a_key_is_at_least_as_long_as_the_hash(algorithm, least):
    """RFC 7518, section 3.2."""
    assert weakness(Key.of(ONE[:least]), algorithm) is None
    for length in (0, 1, 16, least - 1):
        why = weakness(Key.of(ONE[:length]), algorithm)
        assert str(length) in why
        assert str(least) in why


@pytest.mark.parametrize("byte", [0, 1, 120, 255])
def test_one_repeated_byte_is_refused(byte):
    assert weakness(Key.of(bytes([byte]) * 64), "HS256") is not None


def repeated_character(letter, length):
    """Write one character as often as base64url needs; of the last one only
    the bits count that are there (RFC 4648, section 3.5).
    """
    text = letter * -(-length * 4 // 3)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert len(raw) == length
    return raw


@pytest.mark.parametrize("length", [32, 48, 64])
def test_one_repeated_character_of_base64url_is_no_key(length):
    """Nor, say, four that come again: the bytes repeat themselves."""
    good = [
        letter
        for letter in BASE64URL
        if weakness(Key.of(repeated_character(letter, length)), "HS256")
        is None
    ]

    assert good == []


@pytest.mark.parametrize("period", [2, 3, 5, 16, 31, 32])
def test_a_repeated_sequence_of_bytes_is_refused(period):
    secret = (ONE[:period] * 64)[:64]

    assert weakness(Key.of(secret), "HS256") == f"it repeats {period} bytes"
    assert weakness(Key.of(ONE[:33] + ONE[:31]), "HS256") is None


@pytest.mark.parametrize(
    "secret",
    [
        b"secretsecretsecretsecretsecretsecret",
        b"this is my Secret key, do not tell anybody",
        b"CHANGE_ME-CHANGE_ME-CHANGE_ME-CHANGE_ME",
        b"correct horse battery staple password",
        b"put your key here put your key here put",
        bytes(range(20)) + b"placeholder" + bytes(range(20)),
    ],
)
def test_a_placeholder_is_refused_in_every_spelling(secret):
    assert "placeholder" in weakness(Key.of(secret), "HS256")


def test_a_key_for_another_algorithm_is_refused():
    """RFC 8725, section 3.1: each key serves one algorithm."""
    assert weakness(Key("a", ONE, "HS256"), "HS256") is None
    for alg in ("HS384", "RS256", "none", "", []):
        assert "HS256" in weakness(Key("a", ONE, alg), "HS256")


def asymmetric_keys():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key()
    edwards = ed25519.Ed25519PrivateKey.generate()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pkcs8 = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    encoding = serialization.Encoding
    yield "PEM", public.public_bytes(encoding.PEM, spki)
    yield "DER", public.public_bytes(encoding.DER, spki)
    yield (
        "SSH",
        public.public_bytes(
            encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        ),
    )
    yield "private PEM", private.private_bytes(encoding.PEM, pkcs8, plain)
    yield "JWK", RSAAlgorithm.to_jwk(public).encode()
    yield (
        "Ed25519 PEM",
        edwards.public_key().public_bytes(encoding.PEM, spki),
    )


def test_an_asymmetric_key_is_refused():
    """Others may know it (RFC 8725, section 3.1)."""
    accepted = [
        label
        for label, raw in asymmetric_keys()
        if weakness(Key.of(raw), "HS256") is None
    ]

    assert accepted == []


def test_random_keys_are_accepted():
    weak = [
        raw
        for raw in (secrets.token_bytes(32) for _ in range(2000))
        if weakness(Key.of(raw), "HS256")
    ]

    assert weak == []
