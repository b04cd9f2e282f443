"""What the repository keeps: encrypted, and bound to its place."""

from __future__ import annotations

import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import InvalidCredential
from ..keys.derivation import NAME_BYTES, DerivedKeys
from ..keys.lookup import CurrentRing
from ..tokens.payload import read_object

VERSION = b"\x01"
NONCE_BYTES = 12


class Seal:
    """Seal JSON objects with AES-256-GCM (NIST SP 800-38D).

    The key is derived from the ring for this purpose; the place, the key of
    the item, is authenticated with it, so that no two can be exchanged.

    :param purpose: labels of the derivation.
    """

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self._derived = DerivedKeys(ring, *purpose, make=AESGCM)

    def seal(self, members: dict[str, Any], place: str) -> bytes:
        """Encrypt under the first key."""
        name, cipher = self._derived.first()
        nonce = secrets.token_bytes(NONCE_BYTES)
        content = json.dumps(members, separators=(",", ":")).encode()
        head = VERSION + name
        sealed = cipher.encrypt(nonce, content, head + place.encode())
        return head + nonce + sealed

    def open(self, sealed: bytes, place: str) -> dict[str, Any]:
        """Turn :meth:`seal` round.

        :raises InvalidCredential: for what it did not write there, of a key
            that left the ring, or of another version.
        """
        head, rest = sealed[: 1 + NAME_BYTES], sealed[1 + NAME_BYTES :]
        cipher = self._derived.find(head[1:])
        if cipher is None or head[:1] != VERSION:
            raise InvalidCredential("its record is of another version or key")
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            content = cipher.decrypt(nonce, ciphertext, head + place.encode())
        except (InvalidTag, ValueError):
            raise InvalidCredential("its record is corrupt") from None
        return read_object(content)

    @property
    def keys(self) -> object:
        """The keys of this moment; another object once they are others."""
        return self._derived.keys
