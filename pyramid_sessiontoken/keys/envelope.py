"""Protected bytes that begin with their version and the name of their key."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .derivation import NAME_BYTES, DerivedKeys, Made
from .lookup import CurrentRing

HEAD_BYTES = 1 + NAME_BYTES
NONCE_BYTES = 12


class UnknownHead(ValueError):
    """The bytes have another version, or a key that the ring lacks."""


class Envelope(DerivedKeys[Made]):
    """Write and read the head of protected bytes.

    The head is the version of the format, one byte, and the name of the key,
    eight bytes. The keys are derived from the ring for one purpose.

    :param purpose: labels of the derivation.
    :param make: makes the object that works with a derived key.
    """

    def __init__(
        self,
        ring: CurrentRing,
        version: bytes,
        *purpose: str,
        make: Callable[[bytes], Made],
    ) -> None:
        super().__init__(ring, *purpose, make=make)
        self._version = version

    def head(self) -> tuple[bytes, Made]:
        """Give the head to write, and the first key."""
        name, key = self.first()
        return self._version + name, key

    def split(self, protected: bytes) -> tuple[bytes, Made, bytes]:
        """Give the head, the key that it names, and the rest.

        :raises UnknownHead: if this envelope cannot have written the head.
        """
        if not protected.startswith(self._version):
            raise UnknownHead("it has another format")
        key = self.find(protected[1:HEAD_BYTES])
        if key is None:
            raise UnknownHead("its key is not in the key ring")
        return protected[:HEAD_BYTES], key, protected[HEAD_BYTES:]


class EncryptedEnvelope(Envelope[AESGCM]):
    """Encrypt and authenticate with AES-256-GCM (NIST SP 800-38D).

    The nonce and the ciphertext follow the head. The head is authenticated as
    well. Nonces are random, so a key may encrypt at most 2**32 texts (section
    8.3).

    :param version: the version of the format, one byte.
    :param purpose: labels of the derivation.
    """

    def __init__(
        self, ring: CurrentRing, version: bytes, *purpose: str
    ) -> None:
        super().__init__(ring, version, *purpose, make=AESGCM)

    def seal(self, content: bytes, place: bytes = b"") -> bytes:
        """Encrypt under the first key.

        :param place: authenticated as well: :meth:`open` needs the same place.
        """
        head, cipher = self.head()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + cipher.encrypt(nonce, content, head + place)

    def open(self, sealed: bytes, place: bytes = b"") -> bytes:
        """Give the content.

        :raises UnknownHead: for another version or an unknown key.
        :raises ValueError: for bytes that were altered, or that were sealed
            for another place.
        """
        head, cipher, rest = self.split(sealed)
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, head + place)
        except (InvalidTag, ValueError):
            raise ValueError("it cannot be decrypted") from None
