"""Cookies: a header, or a content under the right key.

What is accepted is what was issued, and a ticket has one text.
"""

from __future__ import annotations

from support.cookies import KNOWN_TICKETS
from support.keys import Rings
from support.tokens import FIRST, SECOND, make_ticket

from pyramid_sessiontoken.cookies.codec import CookieCodec
from pyramid_sessiontoken.cookies.jar import MAX_COMBINATIONS, Jar
from pyramid_sessiontoken.cookies.layout import VERSION, write_ticket
from pyramid_sessiontoken.cookies.transforms import (
    EncryptedTransform,
    SignedTransform,
)
from pyramid_sessiontoken.errors import Undecodable
from pyramid_sessiontoken.keys.base64url import encode_base64url

HEADER, TICKET, SIGNED, ENCRYPTED = range(4)

JAR = Jar("__Host-st", chunk_size=200, max_chunks=5)
RING = Rings(FIRST, SECOND)
SIGNS = SignedTransform(RING, "cookie")
ENCRYPTS = EncryptedTransform(RING, "cookie")
PLAIN = CookieCodec(lambda: SIGNS)
SEALED = CookieCodec(lambda: ENCRYPTS)

TICKETS = [*KNOWN_TICKETS, make_ticket(claims={"roles": ["x" * 60] * 9})]

#: Everything that was issued, by its text.
ISSUED = {PLAIN.encode(ticket): ticket for ticket in TICKETS}


def seeds():
    for text in ISSUED:
        pairs = [
            header[1].partition(";")[0]
            for header in JAR.write(text, None, None)
        ]
        for header in (
            "; ".join(pairs),
            "; ".join(reversed(pairs)),
            "; ".join([*pairs, *pairs]),
            "a=b; " + ",".join(pairs),
            pairs[0].replace("=", '="') + '"',
            pairs[-1],
            pairs[0][:-1],
        ):
            yield bytes([HEADER]) + header.encode()
    for ticket in TICKETS:
        content = write_ticket(ticket)
        yield bytes([TICKET]) + content
        signed = SIGNS.encode(content)
        yield bytes([SIGNED]) + signed
        yield bytes([SIGNED]) + signed[:-1] + bytes([signed[-1] ^ 1])
        yield bytes([SIGNED]) + signed.replace(b"alice", b"admin")
    # Nonces are random, so it is no genuine cookie twice.
    yield bytes([ENCRYPTED, 2]) + bytes(8 + 12 + 40 + 16)
    yield bytes([HEADER]) + b"__Host-st=99.x; __Host-st.1=y; =z; \xff=\xfe"
    yield bytes([TICKET]) + b"a-reference"


def target(data: bytes) -> None:
    kind, rest = (data[0] % 4 if data else HEADER), data[1:]
    if kind == HEADER:
        _read_header(rest.decode("latin-1"))
    elif kind == TICKET:
        _open_content(rest)
    elif kind == SIGNED:
        _open_text(PLAIN, encode_base64url(rest))
    else:
        # No ciphertext here was ever written, so none is accepted.
        assert _open(SEALED, encode_base64url(rest)) is None


def _read_header(header):
    shown = JAR.read({"HTTP_COOKIE": header})
    if shown is None:
        return
    assert len(shown.values) <= MAX_COMBINATIONS
    for text in shown.values:
        _open_text(PLAIN, text)
    # What is deleted, a browser takes for the same cookies.
    deleted = JAR.delete(shown)
    assert len(deleted) <= 21
    for name, value in deleted:
        assert JAR.owns((name, value))
        assert value.isprintable()


def _open_text(codec, text):
    opened = _open(codec, text)
    if opened is not None:
        assert text in ISSUED
        assert opened.ticket == ISSUED[text]


def _open_content(content):
    for codec, transform in ((PLAIN, SIGNS), (SEALED, ENCRYPTS)):
        opened = _open(codec, encode_base64url(transform.encode(content)))
        if opened is None:
            # Only a ticket that is written wrongly is refused.
            assert content.startswith(VERSION)
        elif isinstance(opened, str):
            assert not content.startswith(VERSION)
        else:
            assert write_ticket(opened.ticket) == content


def _open(codec, text):
    try:
        return codec.open(text)
    except Undecodable:
        return None
