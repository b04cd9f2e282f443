"""Which keys are good enough to use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from jwt.algorithms import get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .base64url import encode_base64url
from .curves import CURVE_OF
from .ring import Key

#: The algorithms of HMAC, and the bytes that a key of each must have at least:
#: those of the hash (RFC 7518, section 3.2).
ALGORITHMS = {"HS256": 32, "HS384": 48, "HS512": 64}

#: All algorithms that may sign tokens.
SIGNING = (*ALGORITHMS, *CURVE_OF)

_PYJWT = get_default_algorithms()

# A longer repetition is not looked for, bytes.
_LONGEST_PERIOD = 64

# Words from examples. By chance, one random key in a hundred million contains
# one of them in base64url.
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
    """Say why a key must not be used; ``None`` if it is good enough."""
    # RFC 8725, section 3.1: each key serves one algorithm.
    curve = CURVE_OF.get(algorithm)
    if key.curve != curve:
        return (
            f"it is {_kind(key.curve)}, and {algorithm} needs {_kind(curve)}"
        )
    if key.alg not in (None, algorithm):
        return f"its 'alg' is {key.alg!r:.40}, not {algorithm}"
    if curve is None:
        return weakness_of_secret(key.secret, algorithm)
    if _period(key.secret) == 1:
        return "it is one repeated byte"
    return None


def weakness_for_hmac(key: Key) -> str | None:
    """Say why a key must not be used where only keys for one purpose are
    derived from it, whatever HMAC its ``alg`` names.
    """
    named = key.alg in tuple(ALGORITHMS) and key.curve is None
    return weakness(replace(key, alg=None) if named else key, "HS256")


def _kind(curve: str | None) -> str:
    return "a secret" if curve is None else f"a private key on {curve}"


def is_placeholder(secret: bytes) -> bool:
    """Tell whether a secret, or its base64url, contains a word of examples."""
    text = encode_base64url(secret).encode("ascii")
    return bool(PLACEHOLDER.search(secret) or PLACEHOLDER.search(text))


def weakness_of_secret(secret: bytes, algorithm: str) -> str | None:
    """Say why a secret must not be used for HMAC, also one of another issuer;
    ``None`` if it is good enough.
    """
    least = ALGORITHMS[algorithm]
    if len(secret) < least:
        return (
            f"it has {len(secret)} bytes, and {algorithm} needs {least}"
            " (RFC 7518, section 3.2)"
        )
    period = _period(secret)
    if period == 1:
        return "it is one repeated byte"
    if is_placeholder(secret):
        return "it is a placeholder"
    if period is not None:
        # One character of base64url comes again after 3 bytes.
        return f"it repeats {period} bytes"
    try:
        # A PEM, a DER or SSH key, or a JWK may be public (RFC 8725, section
        # 3.1).
        _PYJWT[algorithm].prepare_key(secret)
    except InvalidKeyError:
        return f"it is an asymmetric key, and {algorithm} needs a secret"
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
    # HMAC pads a key with zero bytes (RFC 2104), so they do not count.
    return {key.secret.rstrip(b"\0") for key in keys}


def refuse_duplicates(keys: list[Key]) -> None:
    if len(_secrets(keys)) < len(keys):
        raise ValueError("a key comes twice")
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("a 'kid' comes twice")
