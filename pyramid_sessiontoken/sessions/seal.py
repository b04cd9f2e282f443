"""What the repository keeps: encrypted, and bound to its place."""

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

    The key is derived from the ring for this purpose; the place, the key of
    the item, is authenticated with it, so that no two can be exchanged.

    :param purpose: labels of the derivation.
    """

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self._envelope = EncryptedEnvelope(ring, VERSION, *purpose)

    def seal(self, members: dict[str, Any], place: str) -> bytes:
        """Encrypt under the first key."""
        content = json.dumps(members, separators=(",", ":")).encode()
        return self._envelope.seal(content, place.encode())

    def open(self, sealed: bytes, place: str) -> dict[str, Any]:
        """Turn :meth:`seal` round.

        :raises InvalidCredential: for what it did not write there, of a key
            that left the ring, or of another version.
        """
        try:
            content = self._envelope.open(sealed, place.encode())
        except UnknownHead:
            raise InvalidCredential(
                "its record is of another version or key"
            ) from None
        except ValueError:
            raise InvalidCredential("its record is corrupt") from None
        return read_object(content)

    @property
    def keys(self) -> object:
        """The keys of this moment; another object once they are others."""
        return self._envelope.keys
