"""The text of an access token.

It is a prefix, 43 characters of base64url (256 random bits), and a checksum of
the 43 in 6 characters. People, and scanners of leaked secrets, recognise it.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib

from ..errors import Malformed

_RANDOM_BYTES = 32  # 43 characters of base64url

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase

_CHECKSUM_LENGTH = 6  # 62 ** 6 is more than 2 ** 32.

_AFTER_PREFIX = re.compile(r"([A-Za-z0-9_-]{43})([0-9A-Za-z]{6})")


def new_text(prefix: str) -> str:
    """Make an access token."""
    body = secrets.token_urlsafe(_RANDOM_BYTES)
    return prefix + body + checksum(body)


def check_text(prefix: str, text: str) -> None:
    """Check the form and the checksum of an access token.

    :param text: begins with the prefix.
    :raises InvalidCredential: for a text that :func:`new_text` does not make.
    """
    found = _AFTER_PREFIX.fullmatch(text, len(prefix))
    if found is None:
        raise Malformed(
            "it is not as long as an access token, or not as plain"
        )
    body, check = found.groups()
    if checksum(body) != check:
        raise Malformed("its checksum is wrong: it was altered or cut")


def checksum(text: str) -> str:
    """Give the CRC-32 of ASCII characters in base 62: 6 digits, the one of
    the greatest weight first.
    """
    rest = zlib.crc32(text.encode("ascii"))
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
