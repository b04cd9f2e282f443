"""The key ring: the first key signs, all keys verify."""

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
    """A symmetric or a private key, and the name by which tokens refer to it.

    :ivar secret: of a private key the bytes of the ``d`` of its JWK.
    :ivar alg: the only algorithm that the key may be used with; ``None`` for
        any.
    :ivar is_plain: whether it was written as plain text, a part of which can
        be a key, too.
    :ivar curve: of a private key, as JWKs name it; ``None``: the key is
        symmetric.
    :ivar since: when the key was added to a ring in use, in seconds since the
        epoch; ``None`` if the ring began with it.
    """

    kid: str
    secret: bytes = field(repr=False)
    alg: str | None = None
    curve: str | None = None
    since: int | None = field(default=None, compare=False)
    is_plain: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, secret: bytes) -> Key:
        """Name a key by its thumbprint (RFC 7638): every node does so."""
        return cls(thumbprint(secret), secret)


@implementer(IKeyRing)
@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys that never change: at least one, the signer first."""

    keys: tuple[Key, ...]

    @property
    def signer(self) -> Key:
        return self.keys[0]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.keys)


def describe(ring: Any) -> str:
    """Say which key signs and which keys verify, without a secret."""
    signer, *others = (repr(key.kid) for key in ring)
    if not others:
        return f"{signer} signs"
    verb = "verifies" if len(others) == 1 else "verify"
    return f"{signer} signs; {', '.join(others)} {verb}"


def thumbprint(secret: bytes) -> str:
    """Compute the JWK SHA-256 thumbprint (RFC 7638) of an ``oct`` key."""
    # Section 3.2: the required members of "oct", in lexicographic order.
    return thumbprint_of({"k": encode_base64url(secret), "kty": "oct"})


def thumbprint_of(members: dict[str, str]) -> str:
    """Compute the thumbprint of a JWK of these required members."""
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(text.encode()).digest())
