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
    weakness_for_hmac,
    weakness_of_secret,
)

ONE, TWO, THREE = (bytes(range(n, n + 64)) for n in (0, 64, 128))


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ([ONE], [ONE], True),
        ([ONE, TWO], [THREE, TWO], True),
        ([ONE], [ONE + bytes(3)], True),
        ([ONE], [ONE + b"X"], False),
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


# Private keys.

CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", *CURVES])
@pytest.mark.parametrize("kind", [None, "P-256", "Ed25519"])
def test_kinds_never_mix(algorithm, kind):
    """RFC 8725, section 3.1."""
    key = Key("a", ONE if kind is None else ONE[:32], curve=kind)

    why = weakness(key, algorithm)

    if kind == CURVES.get(algorithm):
        assert why is None
    else:
        assert algorithm in why
        assert (kind or "a secret") in why


@pytest.mark.parametrize("algorithm", CURVES)
def test_a_private_key_of_one_repeated_byte_is_refused(algorithm):
    key = Key("a", b"a" * 32, curve=CURVES[algorithm])

    assert weakness(key, algorithm) == "it is one repeated byte"


@pytest.mark.parametrize("alg", [None, "HS256", "HS384", "HS512"])
def test_keys_that_sign_no_tokens_may_be_for_any_hmac(alg):
    assert weakness_for_hmac(Key("a", ONE[:32], alg)) is None
    assert "31 bytes" in weakness_for_hmac(Key("a", ONE[:31], alg))


@pytest.mark.parametrize("alg", ["ES256", "RS256", "none", 5, ["HS256"]])
def test_keys_that_sign_no_tokens_are_for_hmac_alone(alg):
    assert "'alg'" in weakness_for_hmac(Key("a", ONE, alg))


def test_no_private_key_stands_for_a_secret():
    key = Key("a", ONE[:32], "HS256", "P-256")

    assert "needs a secret" in weakness_for_hmac(key)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (
            bytes(range(31)),
            "it has 31 bytes, and HS256 needs 32 (RFC 7518, section 3.2)",
        ),
        (b"\x07" * 32, "it is one repeated byte"),
        (b"change-me" + bytes(range(40)), "it is a placeholder"),
        (bytes(range(16)) * 2, "it repeats 16 bytes"),
        (bytes(range(64)), None),
    ],
)
def test_a_sentence_tells_why_a_secret_is_weak(secret, why):
    assert weakness_of_secret(secret, "HS256") == why


@pytest.mark.parametrize(
    ("key", "algorithm", "why"),
    [
        (
            Key("a", ONE, curve="P-256"),
            "HS256",
            "it is a private key on P-256, and HS256 needs a secret",
        ),
        (
            Key("a", ONE),
            "EdDSA",
            "it is a secret, and EdDSA needs a private key on Ed25519",
        ),
        (
            Key("a", ONE, "x" * 50),
            "HS256",
            f"its 'alg' is '{'x' * 39}, not HS256",
        ),
        (
            Key("a", b"\1" * 32, curve="P-256"),
            "ES256",
            "it is one repeated byte",
        ),
        (Key("a", ONE, "HS512"), "HS512", None),
    ],
)
def test_a_sentence_tells_why_a_key_is_weak(key, algorithm, why):
    assert weakness(key, algorithm) == why


def test_a_sentence_tells_what_comes_twice():
    for keys, why in (
        ([Key("a", ONE), Key("b", ONE)], "a key comes twice"),
        ([Key("a", ONE), Key("a", TWO)], "a 'kid' comes twice"),
    ):
        with pytest.raises(ValueError) as caught:
            refuse_duplicates(keys)
        assert str(caught.value) == why
