"""Where keys come from: base64url text, or a JWK Set (RFC 7517)."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from typing import Any

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .jwt import ALGORITHMS
from .keyring import Key, decode_base64url, encode_base64url
from .kinds import Kind, read_list, read_secret

EPHEMERAL = "ephemeral"

#: Before the path of a file that keys are read from.
FILE = "file:"

#: As long as the longest hash, so that a key serves every algorithm.
KEY_BYTES = 64

HOW_TO_MAKE_ONE = (
    "make one with 'psessiontoken keygen > sessiontoken.jwks' and write"
    " 'sessiontoken.keys = file:sessiontoken.jwks' (for development:"
    " 'sessiontoken.keys = ephemeral')"
)

# Words that stand in examples, not in random keys: in base64url one of them
# comes up by chance once in a hundred million keys.
_PHRASES = (
    "change me, your key, secret, password, placeholder, example, replace,"
    " insert, xxxxxx".split(", ")
)
_PLACEHOLDER = re.compile(
    "|".join(
        re.escape(spelt.replace(" ", between))
        for phrase in _PHRASES
        for spelt in (
            phrase,
            phrase.upper(),
            phrase.capitalize(),
            phrase.title(),
        )
        for between in ("", " ", "-", "_")
    ).encode()
)

# RFC 8259: a set of keys begins as a JSON object; base64url never does.
_JSON_OBJECT = re.compile(r"\s*\{")


_NO_JWK_SET = (
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    json.JSONDecodeError,
)


def read_keys(value: Any) -> tuple[Key, ...]:
    """Read the keys of a ring, the signing one first.

    :raises ValueError: for a key that is no key; lengths are not judged.
    """
    if value == EPHEMERAL:
        name = f"{EPHEMERAL}-{secrets.token_hex(4)}"
        return (Key(name, secrets.token_bytes(KEY_BYTES)),)
    keys: list[Key] = []
    for number, item in enumerate(read_list(value), 1):
        text = read_secret(item)
        if _JSON_OBJECT.match(text):
            keys.extend(read_jwk_set(text))
        else:
            # A file or a variable may hold several plain keys, too.
            keys.extend(_plain(part, number) for part in text.split())
    _refuse_duplicates(keys)
    return tuple(keys)


def read_jwk_set(text: str) -> list[Key]:
    """Read symmetric keys from a JWK Set (RFC 7517, section 5)."""
    try:
        members = json.loads(text)["keys"]
        keys = [_jwk(member) for member in members]
    except _NO_JWK_SET:
        raise ValueError("not a JWK Set: {'keys': [...]}") from None
    if not keys:
        raise ValueError("a JWK Set without keys")
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


def located(value: Any) -> list[str]:
    """Give the items of a setting, files by their absolute paths: the
    working directory may become another.
    """
    return [
        f"{FILE}{os.path.abspath(item.removeprefix(FILE))}"
        if item.startswith(FILE)
        else item
        for item in read_list(value)
    ]


def files_of(items: Iterable[str]) -> tuple[str, ...]:
    """Give the paths of the files among the items of a setting."""
    return tuple(
        item.removeprefix(FILE) for item in items if item.startswith(FILE)
    )


def weakness(key: Key, algorithm: str) -> str | None:
    """Say why a key must not be used; ``None`` for a good one."""
    if key.alg not in (None, algorithm):
        # RFC 8725, section 3.1: each key serves one algorithm.
        return f"it is for another algorithm than {algorithm}"
    least = ALGORITHMS[algorithm]
    if len(key.secret) < least:
        return (
            f"it has {len(key.secret)} bytes, and {algorithm} needs {least}"
            " (RFC 7518, section 3.2)"
        )
    if len(set(key.secret)) == 1:
        return "it is one repeated byte"
    text = encode_base64url(key.secret).encode("ascii")
    if _PLACEHOLDER.search(key.secret) or _PLACEHOLDER.search(text):
        return "it is a placeholder"
    try:
        # No PEM, DER or SSH key, which others may know (RFC 8725, 3.1).
        get_default_algorithms()[algorithm].prepare_key(key.secret)
    except InvalidKeyError:
        return "it is an asymmetric key"
    return None


def _plain(text: str, number: int) -> Key:
    if _PLACEHOLDER.search(text.encode()):
        raise ValueError(f"key {number} is a placeholder; {HOW_TO_MAKE_ONE}")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError(f"key {number} is not base64url") from None
    return Key.of(secret)


def _jwk(member: dict[str, Any]) -> Key:
    kid = member.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("a key has no 'kid'")
    if member.get("kty") != "oct":
        raise ValueError(f"the key {kid!r} has not 'kty': 'oct'")
    if member.get("use", "sig") != "sig":
        raise ValueError(f"the key {kid!r} has another 'use' than 'sig'")
    if not {"sign", "verify"} <= set(
        member.get("key_ops", ("sign", "verify"))
    ):
        raise ValueError(f"the key {kid!r} may not both sign and verify")
    try:
        secret = decode_base64url(member["k"].rstrip("="))
    except (KeyError, AttributeError, ValueError):
        raise ValueError(f"the key {kid!r} has no base64url 'k'") from None
    return Key(kid, secret, member.get("alg"))


def shared(one: Iterable[Key], other: Iterable[Key]) -> bool:
    """Tell whether two rings have a key in common."""
    return not _secrets(one).isdisjoint(_secrets(other))


def _secrets(keys: Iterable[Key]) -> set[bytes]:
    # HMAC pads keys with zero bytes (RFC 2104): they make no difference.
    return {key.secret.rstrip(b"\0") for key in keys}


def _refuse_duplicates(keys: list[Key]) -> None:
    if len(_secrets(keys)) < len(keys):
        raise ValueError("a key comes twice")
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("a 'kid' comes twice")


KEYS = Kind(
    "base64url keys, env:NAME or file:PATH of keys or a JWK Set, or ephemeral",
    read_keys,
    secret=True,
)
