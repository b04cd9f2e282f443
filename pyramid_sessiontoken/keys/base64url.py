"""Base64url and base64, strictly: one text for one value."""

from __future__ import annotations

import base64
import binascii

_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
# The standard alphabet's own characters become one that is in no alphabet.
_FROM_URLSAFE = bytes.maketrans(b"-_+/", b"+/..")

# By the characters after the last whole four: the padding, and those that may
# come last, whose unused bits are 0. One character alone is no byte.
_ENDS = (
    ("", ""),
    ("", ""),
    ("==", "AQgw"),
    ("=", "AEIMQUYcgkosw048"),
)


def encode_base64url(raw: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    standard = binascii.b2a_base64(raw, newline=False).rstrip(b"=")
    return standard.translate(_TO_URLSAFE).decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Decode a text that :func:`encode_base64url` could have written.

    :raises ValueError: for every other text. Padding, other characters and
        unused bits that are set would give one value two texts.
    """
    rest = len(text) % 4
    padding, last = _ENDS[rest]
    padded = (text + padding).encode("ascii")
    raw = binascii.a2b_base64(padded.translate(_FROM_URLSAFE))
    # binascii passes over other characters, and then gives fewer bytes.
    if len(raw) != len(text) * 3 // 4 or (rest and text[-1] not in last):
        raise ValueError("not canonical base64url")
    return raw


def decode_base64(text: str) -> bytes:
    """Decode base64 with padding (RFC 4648, section 4).

    :raises ValueError: for every other text. The last character may have
        unused bits, and these must be 0 (section 3.5).
    """
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode("ascii") != text:
        raise ValueError("not canonical base64")
    return raw
