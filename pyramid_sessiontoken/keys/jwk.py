"""Write symmetric keys as a JWK Set (RFC 7517), and read them."""

from __future__ import annotations

import json
import secrets
from typing import Any

from .base64url import decode_base64url, encode_base64url
from .ring import Key

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
    """Read symmetric keys from a JWK Set (RFC 7517, section 5).

    :raises ValueError: for every other text.
    """
    try:
        members = json.loads(text)["keys"]
        keys = [_jwk(member) for member in members]
    except _NOT_A_JWK_SET:
        raise ValueError("not a JWK Set of the form {'keys': [...]}") from None
    if not keys:
        raise ValueError("the JWK Set has no keys")
    return keys


def write_jwk_set(keys: list[Key]) -> str:
    """Write symmetric keys as a JWK Set."""
    members = [
        {
            "kty": "oct",
            "kid": key.kid,
            "use": "sig",
            **({} if key.alg is None else {"alg": key.alg}),
            "k": encode_base64url(key.secret),
        }
        for key in keys
    ]
    return json.dumps({"keys": members}, indent=2)


def new_key() -> Key:
    return Key.of(secrets.token_bytes(KEY_BYTES))


def _jwk(member: dict[str, Any]) -> Key:
    kid = member.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError(
            "a key in the JWK Set has no 'kid', which is its name"
        )
    if member.get("kty") != "oct":
        raise ValueError(f"the 'kty' of the key {kid!r} is not 'oct'")
    if member.get("use", "sig") != "sig":
        raise ValueError(f"the 'use' of the key {kid!r} is not 'sig'")
    if not {"sign", "verify"} <= set(
        member.get("key_ops", ("sign", "verify"))
    ):
        raise ValueError(
            f"the 'key_ops' of the key {kid!r} lack 'sign' or 'verify'"
        )
    try:
        secret = decode_base64url(member["k"].rstrip("="))
    except (KeyError, AttributeError, ValueError):
        raise ValueError(
            f"the 'k' of the key {kid!r} is not base64url"
        ) from None
    return Key(kid, secret, member.get("alg"))
