"""What ``keys`` and ``token.keys`` may say."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from typing import Any

from ..keys.base64url import decode_base64url
from ..keys.jwk import KEY_BYTES, read_jwk_set
from ..keys.ring import Key
from ..keys.strength import PLACEHOLDER, refuse_duplicates
from .kinds import Kind, read_list, read_secret

EPHEMERAL = "ephemeral"

#: Before the path of a file that keys are read from.
FILE = "file:"


HOW_TO_MAKE_ONE = (
    "make one with 'psessiontoken keygen > sessiontoken.jwks' and write"
    " 'sessiontoken.keys = file:sessiontoken.jwks' (for development:"
    " 'sessiontoken.keys = ephemeral')"
)


# RFC 8259: a set of keys begins as a JSON object; base64url never does.
_JSON_OBJECT = re.compile(r"\s*\{")


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
    refuse_duplicates(keys)
    return tuple(keys)


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


def _plain(text: str, number: int) -> Key:
    if PLACEHOLDER.search(text.encode()):
        raise ValueError(f"key {number} is a placeholder; {HOW_TO_MAKE_ONE}")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError(f"key {number} is not base64url") from None
    return Key.of(secret)


KEYS = Kind(
    "base64url keys, env:NAME or file:PATH of keys or a JWK Set, or ephemeral",
    read_keys,
    secret=True,
)
