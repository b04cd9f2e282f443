"""``Authorization`` with a user name and a password.

What is accepted has one spelling, which the standard library writes.
"""

from __future__ import annotations

import base64

from pyramid_sessiontoken.authenticators.basic import parse_credential
from pyramid_sessiontoken.authenticators.schemes import (
    challenge,
    credential_of,
)
from pyramid_sessiontoken.errors import Malformed


def seeds():
    for pair in (
        b"alice:secret",
        b"alice:",
        b":secret",
        b"alice",
        b"alice:a:b",
        "Zo\xeb:\u20ac".encode(),
        "Zo\xeb:x".encode("latin-1"),
        b"alice\0:x",
        b"alice:x\r\n",
        b"\xed\xa0\x80:x",
        b"\xc2\x85:x",
    ):
        text = base64.b64encode(pair)
        for shown in (b"Basic ", b"bAsIc   ", b"Basic\t", b"Bearer "):
            yield shown + text
        yield b"Basic " + text.rstrip(b"=")
        yield b"Basic " + text + b"="
        yield b"Basic " + text[:2] + b" " + text[2:]
    yield b"Basic " + b"QQ==" * 2048 + b"QQ=="
    yield b"Basic YTpi, Basic YTpi"


def target(data: bytes) -> None:
    value = data.decode("latin-1")
    shown = credential_of(value, "Basic")
    written = challenge("Basic", {"realm": value})
    assert written.isascii()
    assert written.isprintable()
    if shown is None:
        return
    try:
        username, password = parse_credential(shown)
    except Malformed as refusal:
        assert shown[:20] not in refusal.reason or len(shown) < 20
        return
    assert username
    assert password
    assert ":" not in username
    pair = f"{username}:{password}"
    assert base64.b64encode(pair.encode()).decode() == shown
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in pair)
