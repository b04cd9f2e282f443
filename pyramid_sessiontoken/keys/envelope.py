"""Protected bytes that begin with their version and the name of their key."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .derivation import NAME_BYTES, DerivedKeys, Made
from .lookup import CurrentRing

NONCE_BYTES = 12


class UnknownHead(ValueError):
    """The bytes have another version, or a key that the ring does not have."""


class Envelope(DerivedKeys[Made]):
    """Write the head of protected bytes, and take it off again.

    The head is the version of the format, one byte, and the name of the key,
    eight bytes. The key is derived from the ring for one purpose.

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

        :raises UnknownHead: where no key here can have written it.
        """
        head, rest = protected[: 1 + NAME_BYTES], protected[1 + NAME_BYTES :]
        if head[:1] != self._version:
            raise UnknownHead("it has another format")
        key = self.find(head[1:])
        if key is None:
            raise UnknownHead("no key of the ring made it")
        return head, key, rest


class EncryptedEnvelope(Envelope[AESGCM]):
    """Encrypt and authenticate with AES-256-GCM (NIST SP 800-38D).

    After the head come the nonce and the ciphertext. The head is
    authenticated, too. Nonces are random: a key serves at most 2**32 texts
    (section 8.3).

    :param version: the version of the format, one byte.
    :param purpose: labels of the derivation.
    """

    def __init__(
        self, ring: CurrentRing, version: bytes, *purpose: str
    ) -> None:
        super().__init__(ring, version, *purpose, make=AESGCM)

    def seal(self, content: bytes, place: bytes = b"") -> bytes:
        """Encrypt under the first key.

        :param place: where the result is kept; it opens only there.
        """
        head, cipher = self.head()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + cipher.encrypt(nonce, content, head + place)

    def open(self, sealed: bytes, place: bytes = b"") -> bytes:
        """Give the content.

        :raises UnknownHead: for another version, or a key that the ring does
            not have.
        :raises ValueError: for bytes that were altered, or sealed for another
            place.
        """
        head, cipher, rest = self.split(sealed)
        nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, head + place)
        except (InvalidTag, ValueError):
            raise ValueError("it cannot be decrypted") from None
