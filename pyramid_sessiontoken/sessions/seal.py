"""Encrypt records for the repository, and bind each one to its key."""

from __future__ import annotations

from ..errors import UnknownKey, WrongSignature
from ..keys.envelope import EncryptedEnvelope, UnknownHead
from ..keys.lookup import CurrentRing

VERSION = b"\x02"


class Seal:
    """Seal the contents of records with AES-256-GCM (NIST SP 800-38D).

    The key of the cipher is derived from the ring for this purpose. The place,
    which is the key of the record, is authenticated as well. So a record that
    was moved to the place of another one cannot be opened.

    :param purpose: labels of the derivation.
    """

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self._envelope = EncryptedEnvelope(ring, VERSION, *purpose)

    def seal(self, content: bytes, place: str) -> bytes:
        """Encrypt under the first key."""
        return self._envelope.seal(content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Give what was sealed for a place.

        :raises InvalidCredential: where it was not, or the key that sealed it
            has left the ring.
        """
        try:
            return self._envelope.open(sealed, place.encode())
        except UnknownHead:
            raise UnknownKey(
                "its record was encrypted with a key that is not in the ring,"
                " or by another version of the library"
            ) from None
        except ValueError:
            raise WrongSignature(
                "its record is damaged, or was moved to another key"
            ) from None

    @property
    def keys(self) -> object:
        """The keys of this moment: another object as soon as they change."""
        return self._envelope.keys
