"""Encrypt records for the repository, and bind each one to its key."""

from __future__ import annotations

import json
from typing import Any

from ..errors import InvalidCredential
from ..keys.envelope import EncryptedEnvelope, UnknownHead
from ..keys.lookup import CurrentRing
from ..tokens.payload import read_object

VERSION = b"\x01"


class Seal:
    """Seal JSON objects with AES-256-GCM (NIST SP 800-38D).

    The key of the cipher is derived from the ring for this purpose. The place,
    which is the key of the record, is authenticated as well. So a record that
    was moved to the place of another one cannot be opened.

    :param purpose: labels of the derivation.
    """

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self._envelope = EncryptedEnvelope(ring, VERSION, *purpose)

    def seal(self, members: dict[str, Any], place: str) -> bytes:
        """Encrypt under the first key."""
        content = json.dumps(members, separators=(",", ":")).encode()
        return self._envelope.seal(content, place.encode())

    def open(self, sealed: bytes, place: str) -> dict[str, Any]:
        """Give what was sealed for a place.

        :raises InvalidCredential: where it was not, or the key that sealed it
            has left the ring.
        """
        try:
            content = self._envelope.open(sealed, place.encode())
        except UnknownHead:
            raise InvalidCredential(
                "its record was encrypted with a key that is not in the ring,"
                " or by another version of the library"
            ) from None
        except ValueError:
            raise InvalidCredential(
                "its record is damaged, or was moved to another key"
            ) from None
        return read_object(content)

    @property
    def keys(self) -> object:
        """The keys of this moment: another object as soon as they change."""
        return self._envelope.keys
