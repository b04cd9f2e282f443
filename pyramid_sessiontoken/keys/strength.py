"""Which keys are good enough to use."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .base64url import encode_base64url
from .ring import Key

#: The algorithms and the shortest key of each, bytes: that of the hash
#: (RFC 7518, section 3.2).
ALGORITHMS = {"HS256": 32, "HS384": 48, "HS512": 64}


# No longer repetition is looked for, bytes.
_LONGEST_PERIOD = 64

# Words that stand in examples, not in random keys: in base64url one of them
# comes up by chance once in a hundred million keys.
_PHRASES = (
    "change me, your key, secret, password, placeholder, example, replace,"
    " insert, xxxxxx".split(", ")
)
PLACEHOLDER = re.compile(
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
    period = _period(key.secret)
    if period == 1:
        return "it is one repeated byte"
    text = encode_base64url(key.secret).encode("ascii")
    if PLACEHOLDER.search(key.secret) or PLACEHOLDER.search(text):
        return "it is a placeholder"
    if period is not None:
        # One character of base64url comes again after 3 bytes.
        return f"it repeats {period} bytes"
    try:
        # No PEM, DER or SSH key, which others may know (RFC 8725, 3.1).
        get_default_algorithms()[algorithm].prepare_key(key.secret)
    except InvalidKeyError:
        return "it is an asymmetric key"
    return None


def _period(secret: bytes) -> int | None:
    """Give the length of the bytes that a key repeats at least twice; ``None``
    where it repeats none.
    """
    for period in range(1, min(len(secret) // 2, _LONGEST_PERIOD) + 1):
        if secret[period:] == secret[:-period]:
            return period
    return None


def shared(one: Iterable[Key], other: Iterable[Key]) -> bool:
    """Tell whether two rings have a key in common."""
    return not _secrets(one).isdisjoint(_secrets(other))


def _secrets(keys: Iterable[Key]) -> set[bytes]:
    # HMAC pads keys with zero bytes (RFC 2104): they make no difference.
    return {key.secret.rstrip(b"\0") for key in keys}


def refuse_duplicates(keys: list[Key]) -> None:
    if len(_secrets(keys)) < len(keys):
        raise ValueError("a key comes twice")
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("a 'kid' comes twice")
