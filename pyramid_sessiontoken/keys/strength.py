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

_PYJWT = get_default_algorithms()

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
    why = weakness_of_secret(key.secret, algorithm)
    if why is not None:
        return why
    text = encode_base64url(key.secret).encode("ascii")
    if PLACEHOLDER.search(key.secret) or PLACEHOLDER.search(text):
        return "it is a placeholder"
    return None


def weakness_of_secret(secret: bytes, algorithm: str) -> str | None:
    """Say why a secret must not be used for HMAC, whoever made it; ``None``
    for a good one.
    """
    least = ALGORITHMS[algorithm]
    if len(secret) < least:
        return (
            f"it has {len(secret)} bytes, and {algorithm} needs {least}"
            " (RFC 7518, section 3.2)"
        )
    if len(set(secret)) == 1:
        return "it is one repeated byte"
    try:
        # RFC 8725, section 3.1: no PEM, DER or SSH key and no JWK, which
        # others may know.
        _PYJWT[algorithm].prepare_key(secret)
    except InvalidKeyError:
        return "it is an asymmetric key"
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
