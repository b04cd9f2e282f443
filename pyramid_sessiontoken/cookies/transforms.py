"""Bytes to protected bytes and back: signed or encrypted.

Both write the format's version, the name of the key, and what is protected.
The keys are derived from those of the ring, for this purpose alone.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from zope.interface import implementer

from ..errors import InvalidCredential, RepositoryUnavailable, Undecodable
from ..interfaces import ICookieTransform
from ..keys.derivation import NAME_BYTES, DerivedKeys
from ..keys.lookup import CurrentRing

log = logging.getLogger("pyramid_sessiontoken")

MAC_BYTES = 32
NONCE_BYTES = 12


class RingTransform:
    """What both transforms share: a version, and keys by name.

    :param purpose: labels of the derivation.
    """

    VERSION: bytes
    LABEL: str

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self._derived = DerivedKeys(ring, *purpose, self.LABEL, make=bytes)

    @property
    def keys(self) -> object:
        """The keys of this moment; another object once they are others."""
        return self._derived.keys

    def _head(self) -> tuple[bytes, bytes]:
        """Give version and name of the key that protects, and that key."""
        name, key = self._derived.first()
        return self.VERSION + name, key

    def _split(self, protected: bytes) -> tuple[bytes, bytes, bytes]:
        """Give head, key and the rest."""
        head = protected[: 1 + NAME_BYTES]
        if head[:1] != self.VERSION:
            raise Undecodable("it has another format")
        key = self._derived.find(head[1:])
        if key is None:
            raise Undecodable("no key of the ring made it")
        return head, key, protected[1 + NAME_BYTES :]


@implementer(ICookieTransform)
class SignedTransform(RingTransform):
    """Sign with HMAC-SHA-256 (RFC 2104); everybody can read it."""

    VERSION = b"\x01"
    LABEL = "signed"

    def encode(self, content: bytes) -> bytes:
        head, key = self._head()
        mac = hmac.digest(key, head + content, "sha256")
        return head + content + mac

    def decode(self, protected: bytes) -> bytes:
        head, key, rest = self._split(protected)
        content, mac = rest[:-MAC_BYTES], rest[-MAC_BYTES:]
        expected = hmac.digest(key, head + content, "sha256")
        if not hmac.compare_digest(expected, mac):
            raise Undecodable("its signature is wrong")
        return content


@implementer(ICookieTransform)
class EncryptedTransform(RingTransform):
    """Encrypt and authenticate with AES-256-GCM (NIST SP 800-38D).

    Nonces are random: a key serves at most 2**32 cookies (section 8.3).
    """

    VERSION = b"\x02"
    LABEL = "encrypted"

    def encode(self, content: bytes) -> bytes:
        head, key = self._head()
        nonce = secrets.token_bytes(NONCE_BYTES)
        return head + nonce + AESGCM(key).encrypt(nonce, content, head)

    def decode(self, protected: bytes) -> bytes:
        head, key, rest = self._split(protected)
        nonce, sealed = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, sealed, head)
        except (InvalidTag, ValueError):
            raise Undecodable("it cannot be decrypted") from None


@implementer(ICookieTransform)
class OverSigned:
    """An application's own transform, of what the key ring has signed."""

    def __init__(self, signed: SignedTransform, own: Any) -> None:
        self._signed = signed
        self._own = own

    def encode(self, content: bytes) -> bytes:
        encoded: bytes = self._own.encode(self._signed.encode(content))
        return encoded

    def decode(self, protected: bytes) -> bytes:
        try:
            signed = self._own.decode(protected)
        except (InvalidCredential, RepositoryUnavailable):
            raise
        except Exception as error:
            # It is fed with what any client sends.
            log.exception("the cookie transform failed")
            raise Undecodable("the cookie transform failed") from error
        if not isinstance(signed, bytes):
            raise Undecodable("the cookie transform gave no bytes")
        return self._signed.decode(signed)


class CurrentTransform:
    """Give the transform that the registry has when it is called.

    :param signed: goes below an application's own, so that what that one
        gets was signed by the key ring.
    """

    def __init__(self, registry: Any, signed: SignedTransform) -> None:
        self._registry = registry
        self._signed = signed

    def __call__(self) -> Any:
        found = self._registry.getUtility(ICookieTransform)
        if isinstance(found, RingTransform):
            return found
        return OverSigned(self._signed, found)
