"""Write keys as a JWK Set (RFC 7517), and read them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from .base64url import decode_base64url, encode_base64url
from .curves import CURVE_OF, CURVES, new_secret, public_members
from .curves import KEY_BYTES as PRIVATE_BYTES
from .ring import Key, thumbprint_of

#: As long as the longest hash, so that a new key serves every algorithm.
KEY_BYTES = 64

# Errors while a text is read that is not a JWK Set.
_NOT_A_JWK_SET = (
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    json.JSONDecodeError,
)


def read_jwk_set(text: str) -> list[Key]:
    """Read symmetric and private keys from a JWK Set (RFC 7517, section 5).

    :raises ValueError: for every other text, and for each key that is of
        another kind.
    """
    keys, faults = [], []
    try:
        for member in json.loads(text)["keys"]:
            try:
                keys.append(_jwk(member))
            except ValueError as error:
                faults.append(str(error))
    except _NOT_A_JWK_SET:
        raise ValueError("not a JWK Set of the form {'keys': [...]}") from None
    if faults:
        raise ValueError("; ".join(faults))
    if not keys:
        raise ValueError("the JWK Set has no keys")
    return keys


def write_jwk_set(keys: Iterable[Key]) -> str:
    """Write symmetric and private keys as a JWK Set."""
    members = [
        {
            **_type_of(key),
            "kid": key.kid,
            "use": "sig",
            **({} if key.alg is None else {"alg": key.alg}),
            "k" if key.curve is None else "d": encode_base64url(key.secret),
        }
        for key in keys
    ]
    return json.dumps({"keys": members}, indent=2)


def public_jwk(key: Key, algorithm: str) -> dict[str, str]:
    """Write the public part of a private key, for those who verify."""
    return {
        **public_members(key),
        "kid": key.kid,
        "use": "sig",
        "alg": algorithm,
    }


def public_jwk_set(
    ring: Callable[[], Iterable[Key]], algorithm: str
) -> dict[str, Any]:
    """Write the public parts of the private keys of a ring."""
    return {"keys": [public_jwk(key, algorithm) for key in ring()]}


def new_key(algorithm: str | None = None) -> Key:
    """Make a key for an algorithm; ``None``: for every HMAC."""
    curve = CURVE_OF.get(algorithm or "")
    if curve is None:
        made = Key.of(secrets.token_bytes(KEY_BYTES))
        return Key(made.kid, made.secret, algorithm)
    secret = new_secret(curve)
    # RFC 7638, section 3.2: the required members are those of the public key.
    members = public_members(Key("", secret, algorithm, curve))
    return Key(thumbprint_of(members), secret, algorithm, curve)


def _type_of(key: Key) -> dict[str, str]:
    return {"kty": "oct"} if key.curve is None else public_members(key)


def _jwk(member: dict[str, Any]) -> Key:
    kid = member.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError(
            "a key in the JWK Set has no 'kid', which is its name"
        )
    kty = member.get("kty")
    if member.get("use", "sig") != "sig":
        raise ValueError(f"the 'use' of the key {kid!r} is not 'sig'")
    if kty == "oct":
        return _symmetric(kid, member)
    if kty in [curve.kty for curve in CURVES.values()]:
        return _private(kid, member)
    raise ValueError(
        f"the 'kty' of the key {kid!r} is not 'oct', and no private 'EC' or"
        " 'OKP' key"
    )


def _symmetric(kid: str, member: dict[str, Any]) -> Key:
    if not {"sign", "verify"} <= _operations(member):
        raise ValueError(
            f"the 'key_ops' of the key {kid!r} lack 'sign' or 'verify'"
        )
    return Key(kid, _octets(kid, member, "k"), member.get("alg"))


def _private(kid: str, member: dict[str, Any]) -> Key:
    """Read a private key (RFC 7518, section 6.2; RFC 8037, section 2)."""
    name = member.get("crv")
    curve = CURVES.get(name) if isinstance(name, str) else None
    if curve is None or curve.kty != member["kty"]:
        raise ValueError(
            f"the 'crv' of the key {kid!r} is none of {', '.join(CURVES)}"
        )
    if "d" not in member:
        raise ValueError(f"the key {kid!r} is public: it has no 'd'")
    # What others write for a private key says nothing of verifying.
    if "sign" not in _operations(member):
        raise ValueError(f"the 'key_ops' of the key {kid!r} lack 'sign'")
    secret = _octets(kid, member, "d")
    if len(secret) != PRIVATE_BYTES:
        raise ValueError(
            f"the 'd' of the key {kid!r} has {len(secret)} bytes, not"
            f" {PRIVATE_BYTES}"
        )
    alg = member.get("alg")
    if alg in curve.algorithms:
        alg = curve.algorithms[0]
    key = Key(kid, secret, alg, name)
    try:
        public = public_members(key)
    except ValueError:
        raise ValueError(f"the 'd' of the key {kid!r} is no key") from None
    if any(member.get(part) != value for part, value in public.items()):
        raise ValueError(
            f"the 'x' or the 'y' of the key {kid!r} is not that of its 'd'"
        )
    return key


def _operations(member: dict[str, Any]) -> set[Any]:
    return set(member.get("key_ops", ("sign", "verify")))


def _octets(kid: str, member: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64url(member[name].rstrip("="))
    except (KeyError, AttributeError, ValueError):
        raise ValueError(
            f"the {name!r} of the key {kid!r} is not base64url"
        ) from None
