"""The key ring: the first key signs, all verify."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zope.interface import implementer

from ..interfaces import IKeyRing
from .base64url import encode_base64url


@dataclass(frozen=True, slots=True)
class Key:
    """A symmetric key and the name that tokens call it by.

    :ivar alg: the one algorithm that it may serve, ``None`` for any.
    :ivar since: when it came into a ring that was in use, in seconds since
        the epoch; ``None`` where it was there from the start.
    """

    kid: str
    secret: bytes = field(repr=False)
    alg: str | None = None
    since: int | None = field(default=None, compare=False)

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """Name a key by its thumbprint (RFC 7638), alike on every node."""
        return cls(thumbprint(secret), secret)


@implementer(IKeyRing)
@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys that stay, the signer first, at least one."""

    keys: tuple[Key, ...]

    @property
    def signer(self) -> Key:
        return self.keys[0]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)


def describe(ring: Any) -> str:
    """Say which key signs and which verify; no secret."""
    signer, *others = (repr(key.kid) for key in ring)
    if not others:
        return f"{signer} signs"
    verb = "verifies" if len(others) == 1 else "verify"
    return f"{signer} signs; {', '.join(others)} {verb}"


def thumbprint(secret: bytes) -> str:
    """Compute the JWK SHA-256 thumbprint (RFC 7638) of an ``oct`` key."""
    # Section 3.2: the required members of "oct", in lexicographic order.
    members = {"k": encode_base64url(secret), "kty": "oct"}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(text.encode()).digest())
