"""Access tokens that users make for programs.

Only the texts that were made are accepted, and no other text of their form
has a right checksum by accident.
"""

from __future__ import annotations

import string
import zlib

from pyramid_sessiontoken.authenticators.schemes import credential_of
from pyramid_sessiontoken.errors import Malformed
from pyramid_sessiontoken.tokens.access_token import check_text, checksum

PREFIX = "st_"
BODY = "A" * 21 + "-_" + "z" * 20
MADE = PREFIX + BODY + checksum(BODY)
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def seeds():
    yield b"Bearer " + MADE.encode()
    yield b"bearer  " + MADE.encode()
    yield b"Session " + MADE.encode()
    for text in (
        MADE[:-1],
        MADE + "0",
        MADE + "\n",
        MADE[:-1] + "~",
        PREFIX,
        PREFIX + "0" * 49,
        PREFIX * 2 + BODY,
        MADE.swapcase(),
        BODY,
    ):
        yield b"Bearer " + text.encode()


def target(data: bytes) -> None:
    shown = credential_of(data.decode("latin-1"), "Bearer")
    if shown is None or not shown.startswith(PREFIX):
        return
    try:
        check_text(PREFIX, shown)
    except Malformed:
        return
    body, check = shown[3:-6], shown[-6:]
    assert len(body) == 43
    assert body.isascii()
    number = 0
    for digit in check:
        number = number * 62 + DIGITS.index(digit)
    assert number == zlib.crc32(body.encode())
