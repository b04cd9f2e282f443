"""JWK Sets: those of other issuers, and the files of our own keys.

A key that is accepted is strong enough, and PyJWT reads the same key.
"""

from __future__ import annotations

import json
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)
from jwt import PyJWK
from support.tokens import FIRST

from pyramid_sessiontoken.issuers.jwks import MAX_KEYS, read_key_set
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import read_jwk_set, write_jwk_set
from pyramid_sessiontoken.keys.ring import Key

PUBLIC, SECRET, OWN = range(3)

ALGORITHMS = {
    PUBLIC: ("RS256", "PS384", "ES256", "ES384", "ES512", "ES256K", "EdDSA"),
    SECRET: ("HS256", "HS512"),
}

# Numbers that are keys, without a random one.
_X = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)
_N = 2**2047 + 2**1024 + 9
OWN_KEYS = [
    Key("a", bytes(range(1, 65))),
    Key("p", bytes(range(1, 33)), "ES256", "P-256"),
    Key("e", bytes(range(2, 34)), "EdDSA", "Ed25519"),
]


def _number(value):
    return encode_base64url(value.to_bytes(-(-value.bit_length() // 8), "big"))


def members():
    yield {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(_X)}
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        numbers = ec.derive_private_key(7, curve).public_key().public_numbers()
        size = -(-curve.key_size // 8)
        yield {
            "kty": "EC",
            "crv": {256: "P-256", 384: "P-384", 521: "P-521"}[curve.key_size],
            "x": encode_base64url(numbers.x.to_bytes(size, "big")),
            "y": encode_base64url(numbers.y.to_bytes(size, "big")),
        }
    for exponent in (65537, 3, 65536):
        yield {"kty": "RSA", "n": _number(_N), "e": _number(exponent)}
    yield {"kty": "RSA", "n": _number(_N >> 1024), "e": "AQAB"}
    yield {"kty": "oct", "k": encode_base64url(FIRST.secret)}
    yield {"kty": "oct", "k": encode_base64url(bytes(8))}
    yield {"kty": "AKP"}


def seeds():
    each = list(members())
    named = [{**m, "kid": str(n), "use": "sig"} for n, m in enumerate(each)]
    for kind in (PUBLIC, SECRET):
        for keys in (each, named, [*named, *named], [], [1, None, [], {}]):
            yield bytes([kind]) + json.dumps({"keys": keys}).encode()
        for member in named:
            for changes in (
                {},
                {"use": "enc"},
                {"key_ops": ["encrypt"]},
                {"alg": "none"},
                {"d": "x"},
                {"kid": ""},
            ):
                keys = [{**member, **changes}]
                yield bytes([kind]) + json.dumps({"keys": keys}).encode()
        yield bytes([kind]) + b'{"keys":[],"keys":[]}'
    for keys in (OWN_KEYS, OWN_KEYS[:1], OWN_KEYS[1:2]):
        yield bytes([OWN]) + write_jwk_set(keys).encode()


def target(data: bytes) -> None:
    kind, rest = (data[0] % 3 if data else PUBLIC), data[1:]
    if kind == OWN:
        _read_own(rest.decode("utf-8", "replace"))
    else:
        _read_foreign(rest, ALGORITHMS[kind])


def _read_own(text):
    try:
        keys = read_jwk_set(text)
    except ValueError:
        return
    assert keys
    assert read_jwk_set(write_jwk_set(keys)) == keys


def _read_foreign(raw, algorithms):
    try:
        found = read_key_set(raw, algorithms)
    except ValueError:
        return
    assert len(found) <= MAX_KEYS
    by_pyjwt = {}
    for member in json.loads(raw)["keys"]:
        # PyJWT raises errors of many kinds.
        with suppress(Exception):
            key = _key_by_pyjwt(member)
            by_pyjwt[_octets(key)] = key
    for key in found:
        assert key.algorithm in algorithms
        assert key.verifies(b"text", b"not its signature") is False
        same = by_pyjwt[key.octets]
        if isinstance(same, bytes):
            assert len(same) >= 32
        if isinstance(same, rsa.RSAPublicKey):
            assert same.key_size >= 2048
            assert same.public_numbers().e >= 65537
        if key.kid is not None:
            assert found.find(key.kid, key.algorithm) is not None


def _key_by_pyjwt(member):
    bare = {name: member[name] for name in _READ if name in member}
    algorithm = {"RSA": "RS256", "oct": "HS256"}.get(bare.get("kty"))
    return PyJWK(bare, algorithm).key


def _octets(key):
    if isinstance(key, bytes):
        return key
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


_READ = ("kty", "crv", "x", "y", "n", "e", "k")
