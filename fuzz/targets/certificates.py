"""Client certificates, as servers and proxies write them.

What is accepted is the one certificate that the text spells, and a changed
certificate has another thumbprint.
"""

from __future__ import annotations

import base64
import urllib.parse
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pyramid_sessiontoken.authenticators.x509 import (
    parse_name,
    read_certificate,
    read_certificate_pem,
    read_header,
)
from pyramid_sessiontoken.errors import Malformed

PEM = Path(__file__).with_name("alice.pem").read_text("ascii")
DER = x509.load_pem_x509_certificate(PEM.encode()).public_bytes(Encoding.DER)

KINDS = ("cn", "email", "dns", "uri", "subject", "thumbprint")

VARIABLE, HEADER, BYTES, NAME = range(4)


def seeds():
    body = base64.b64encode(DER).decode()
    yield bytes([VARIABLE]) + PEM.encode()
    yield bytes([VARIABLE]) + PEM.replace("\n", "\r\n\t").encode()
    for text in (
        PEM.replace("\n", " "),
        urllib.parse.quote(PEM, safe=""),
        urllib.parse.quote(PEM + PEM, safe=""),
        f":{body}:",
        body,
        f":{body}:, :{body}:",
    ):
        yield bytes([HEADER]) + text.encode()
    for kind in range(len(KINDS)):
        yield bytes([BYTES, kind]) + DER
    yield bytes([BYTES, 0]) + DER[:-1]
    yield bytes([BYTES, 0]) + DER + b"\0"
    for name in (
        "CN=alice,O=Tests",
        r"CN=a\,b+E=x",
        "CN=#0c05616c696365",
        "=",
    ):
        yield bytes([NAME]) + name.encode()


def target(data: bytes) -> None:
    kind, rest = (data[0] % 4 if data else VARIABLE), data[1:]
    if kind == BYTES:
        _read_bytes(rest[1:], KINDS[rest[0] % 6 if rest else 0])
    elif kind == NAME:
        _read_name(rest)
    else:
        read = read_header if kind == HEADER else read_certificate_pem
        text = rest.decode("latin-1")
        try:
            der = read(text)
        except Malformed as refusal:
            assert len(refusal.reason) < 100
            return
        # What was read is in the text, and read in the same way.
        bare = "".join(
            urllib.parse.unquote_to_bytes(text).decode("latin-1").split()
        )
        assert base64.b64encode(der).decode() in bare
        _read_bytes(der, "cn")


def _read_bytes(der, kind):
    try:
        shown = read_certificate(der, kind)
    except Malformed as refusal:
        assert len(refusal.reason) < 100
        return
    assert shown.thumbprint == sha256(der).digest() or der != DER
    if shown.thumbprint == sha256(DER).digest():
        assert der == DER
        assert shown.is_for_clients
    # A certificate is exactly its bytes: nothing may stand behind it.
    assert shown.certificate.public_bytes(Encoding.DER) == der


def _read_name(raw):
    try:
        name = parse_name(raw.decode("utf-8", "replace"))
    except ValueError:
        return
    assert parse_name(name.rfc4514_string()) == name
