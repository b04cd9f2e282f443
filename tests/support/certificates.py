"""A certificate authority of the tests' own."""

from __future__ import annotations

import base64
import urllib.parse
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pyramid_sessiontoken.keys.base64url import encode_base64url
from support import START

CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
EMAIL = NameOID.EMAIL_ADDRESS

SUCCESS = "SUCCESS"

#: One key for all but the real handshakes: keys are slow to make.
KEY = ec.generate_private_key(ec.SECP256R1())


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def name(*pairs: tuple[x509.ObjectIdentifier, str] | str) -> x509.Name:
    """Make a name; a text is a CN."""
    return x509.Name(
        [
            x509.NameAttribute(
                *((NameOID.COMMON_NAME, pair) if type(pair) is str else pair)
            )
            for pair in pairs
        ]
    )


@dataclass(frozen=True)
class Made:
    """A certificate, and how it is written here and there."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @cached_property
    def pem(self) -> str:
        encoding = serialization.Encoding.PEM
        return self.certificate.public_bytes(encoding).decode()

    @cached_property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def escaped(self) -> str:
        """As nginx writes ``$ssl_client_escaped_cert``."""
        return urllib.parse.quote(self.pem, safe="")

    @property
    def folded(self) -> str:
        """As Apache writes ``%{SSL_CLIENT_CERT}s`` into a header."""
        return self.pem.replace("\n", " ")

    @property
    def byte_sequence(self) -> str:
        """As RFC 9440 has it."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def thumbprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def x5t(self) -> str:
        return encode_base64url(self.certificate.fingerprint(hashes.SHA256()))


ISSUER = name("Tests' CA", (NameOID.ORGANIZATION_NAME, "Tests"))


def make_certificate(
    subject: x509.Name | str = "alice",
    *,
    issuer: x509.Name = ISSUER,
    begins: int = START - 86400,
    ends: int = START + 86400,
    usages: Any = (CLIENT_AUTH,),
    digital_signature: bool | None = None,
    names: Any = (),
    more: Any = (),
    key: ec.EllipticCurvePrivateKey = KEY,
    signer: ec.EllipticCurvePrivateKey = KEY,
    ca: bool = False,
) -> Made:
    """Make a certificate; the library does not verify its signature."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject) if type(subject) is str else subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(begins))
        .not_valid_after(moment(ends))
    )
    if ca:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
    if usages:
        extended = x509.ExtendedKeyUsage(usages)
        builder = builder.add_extension(extended, critical=False)
    if digital_signature is not None:
        bits = dict.fromkeys(
            (
                "content_commitment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        usage = x509.KeyUsage(
            digital_signature=digital_signature, key_encipherment=True, **bits
        )
        builder = builder.add_extension(usage, critical=True)
    if names:
        alternative = x509.SubjectAlternativeName(names)
        builder = builder.add_extension(alternative, critical=False)
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return Made(builder.sign(signer, hashes.SHA256()), key)


class Authority:
    """Sign certificates for real handshakes, valid now."""

    def __init__(self, subject: str = "Tests' CA") -> None:
        self.subject = name(subject)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.made = self.make(self.subject, key=self.key, ca=True, usages=())

    def make(self, subject: x509.Name | str, **changes: Any) -> Made:
        now = int(datetime.now(timezone.utc).timestamp())
        day = int(timedelta(days=1).total_seconds())
        return make_certificate(
            subject,
            **{
                "issuer": self.subject,
                "begins": now - day,
                "ends": now + day,
                "key": ec.generate_private_key(ec.SECP256R1()),
                "signer": self.key,
                **changes,
            },
        )


def numbered(*values: Any) -> list[Any]:
    """Number the parameters of a test: every process makes certificates of
    its own, and yet all have the same tests.
    """
    return [
        pytest.param(value, id=str(number))
        for number, value in enumerate(values)
    ]
