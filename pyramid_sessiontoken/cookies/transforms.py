"""The content of a cookie to protected bytes, and back: signed or encrypted.

Both transforms write an :mod:`.envelope`. Its keys are derived from the ring
for the cookie alone.
"""

from __future__ import annotations

import hmac
import logging
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from zope.interface import implementer

from ..errors import InvalidCredential, RepositoryUnavailable, Undecodable
from ..interfaces import ICookieTransform
from ..keys.envelope import EncryptedEnvelope, Envelope, UnknownHead
from ..keys.lookup import CurrentRing

log = logging.getLogger("pyramid_sessiontoken")

MAC_BYTES = 32


class RingTransform:
    """A transform whose result depends only on the keys of its envelope."""

    envelope: Envelope[Any]


@implementer(ICookieTransform)
class SignedTransform(RingTransform):
    """Sign with HMAC-SHA-256 (RFC 2104). The content stays readable."""

    VERSION = b"\x01"
    envelope: Envelope[HMAC]

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self.envelope = Envelope(
            ring, self.VERSION, *purpose, "signed", make=_prepare_mac
        )

    def encode(self, content: bytes) -> bytes:
        head, prepared = self.envelope.head()
        signed = head + content
        return signed + _mac(prepared, signed)

    def decode(self, protected: bytes) -> bytes:
        try:
            head, prepared, rest = self.envelope.split(protected)
        except UnknownHead as refusal:
            raise Undecodable(str(refusal)) from None
        content, mac = rest[:-MAC_BYTES], rest[-MAC_BYTES:]
        if not hmac.compare_digest(_mac(prepared, head + content), mac):
            raise Undecodable("its signature is wrong")
        return content


def _prepare_mac(key: bytes) -> HMAC:
    return HMAC(key, SHA256())


def _mac(prepared: HMAC, signed: bytes) -> bytes:
    # To copy a MAC costs less than half of what it costs to begin one.
    mac = prepared.copy()
    mac.update(signed)
    return mac.finalize()


@implementer(ICookieTransform)
class EncryptedTransform(RingTransform):
    """Encrypt and authenticate with AES-256-GCM (NIST SP 800-38D).

    Nonces are random, so a key may encrypt at most 2**32 cookies (section
    8.3).
    """

    VERSION = b"\x02"
    envelope: EncryptedEnvelope

    def __init__(self, ring: CurrentRing, *purpose: str) -> None:
        self.envelope = EncryptedEnvelope(
            ring, self.VERSION, *purpose, "encrypted"
        )

    def encode(self, content: bytes) -> bytes:
        return self.envelope.seal(content)

    def decode(self, protected: bytes) -> bytes:
        try:
            return self.envelope.open(protected)
        except ValueError as refusal:
            raise Undecodable(str(refusal)) from None


@implementer(ICookieTransform)
class ApplicationTransform:
    """An application's own transform. The ring signs the content first.

    :param signed: signs the content.
    :param own: the application's transform, which gets the signed content.
    """

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
            # The bytes may come from any client, so any error is a refusal.
            log.exception("sessiontoken.cookie.transform failed")
            raise Undecodable(
                "sessiontoken.cookie.transform failed"
            ) from error
        if not isinstance(signed, bytes):
            raise Undecodable(
                "sessiontoken.cookie.transform did not return bytes"
            )
        return self._signed.decode(signed)


class CurrentTransform:
    """Give the transform that is registered now, each time it is called.

    :param signed: signs the content that an application's own transform gets.
    """

    def __init__(self, registry: Any, signed: SignedTransform) -> None:
        self._registry = registry
        self._signed = signed

    def __call__(self) -> Any:
        found = self._registry.utilities.lookup((), ICookieTransform)
        if isinstance(found, RingTransform):
            return found
        return ApplicationTransform(self._signed, found)
