"""Base64url without padding: one text for one value (RFC 7515, section 2)."""

from __future__ import annotations

import binascii

_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


def encode_base64url(raw: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    standard = binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    return standard.translate(_TO_URLSAFE).decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Decode exactly what :func:`encode_base64url` could have written.

    :raises ValueError: for anything else, such as padding, a foreign
        character or stray bits, that would make two texts of one value.
    """
    padded = text + "=" * (-len(text) % 4)
    raw = binascii.a2b_base64(padded.encode().translate(_FROM_URLSAFE))
    if encode_base64url(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
