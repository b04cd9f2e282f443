"""What the repository keeps: encrypted, and bound to its place."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import InvalidCredential
from ..keys.derivation import NAME_BYTES, DerivedKeys
from ..tokens.payload import read_object

VERSION = b"\x01"
NONCE_BYTES = 12


class Seal:
    """Seal JSON objects with AES-256-GCM (NIST SP 800-38D).

    The key is derived from the ring for this purpose; the place, the key of
    the item, is authenticated with it, so that no two can be exchanged.

    :param ring: gives the key ring, when it is needed.
    :param purpose: labels of the derivation.
    """

    def __init__(self, ring: Callable[[], Any], *purpose: str) -> None:
        self._derived = DerivedKeys(ring, *purpose)
        self._made: tuple[Any, dict[bytes, AESGCM]] = (None, {})

    def seal(self, members: dict[str, Any], place: str) -> bytes:
        """Encrypt under the first key."""
        name, cipher = next(iter(self._ciphers().items()))
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
        cipher = self._cipher(head[1:])
        if cipher is None or head[:1] != VERSION:
            raise InvalidCredential("its record is of another version or key")
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            content = cipher.decrypt(nonce, ciphertext, head + place.encode())
        except (InvalidTag, ValueError):
            raise InvalidCredential("its record is corrupt") from None
        return read_object(content)

    @property
    def keys(self) -> dict[bytes, bytes]:
        """Keys by name; another object once the ring is another."""
        return self._derived.keys

    def _cipher(self, name: bytes) -> AESGCM | None:
        cipher = self._ciphers().get(name)
        if cipher is None and self._derived.find(name) is not None:
            # A key that has just come.
            cipher = self._ciphers().get(name)
        return cipher

    def _ciphers(self) -> dict[bytes, AESGCM]:
        """Give them by the names of their keys, made once for each ring."""
        keys = self.keys
        made, ciphers = self._made
        if made is not keys:
            ciphers = {name: AESGCM(key) for name, key in keys.items()}
            self._made = (keys, ciphers)
        return ciphers
