"""Encrypt records for the repository, and bind each one to its key."""

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

    The key of the cipher is derived from the ring for this purpose. The place,
    which is the key of the record, is authenticated as well. So a record that
    was moved to the place of another one cannot be opened.

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
        """Give what was sealed for a place.

        :raises InvalidCredential: where it was not, or the key that sealed it
            has left the ring.
        """
        head, rest = sealed[: 1 + NAME_BYTES], sealed[1 + NAME_BYTES :]
        cipher = self._derived.find(head[1:])
        if cipher is None or head[:1] != VERSION:
            raise InvalidCredential(
                "its record was encrypted with a key that is not in the ring,"
                " or by another version of the library"
            )
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            content = cipher.decrypt(nonce, ciphertext, head + place.encode())
        except (InvalidTag, ValueError):
            raise InvalidCredential(
                "its record is damaged, or was moved to another key"
            ) from None
        return read_object(content)

    @property
    def keys(self) -> object:
        """The keys of this moment: another object as soon as they change."""
        return self._derived.keys
