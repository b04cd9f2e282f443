"""Certificates: how they are written, and what they say (RFC 5280)."""

from __future__ import annotations

import base64
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import InvalidCredential
from ..keys.roca import is_roca

#: Longer texts are not looked at, characters.
MAX_LENGTH = 65536

# RFC 7468, section 3. A header cannot hold new lines: Apache writes blanks
# instead.
_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----[ \t\r\n]"
    r"([A-Za-z0-9+/= \t\r\n]+)"
    r"[ \t\r\n]-----END CERTIFICATE-----[ \t\r\n]*"
)
_BLANKS = re.compile(r"[ \t\r\n]+")

# What nginx writes for $ssl_client_escaped_cert; others spare +, / and =.
_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~+/=-]|%[0-9A-Fa-f]{2})+")

_AlternativeName = (
    type[x509.RFC822Name]
    | type[x509.DNSName]
    | type[x509.UniformResourceIdentifier]
)
_ALTERNATIVE_NAMES: dict[str, _AlternativeName] = {
    "email": x509.RFC822Name,
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
}

#: How OpenSSL and others call what RFC 4514, section 3, has no name for.
_MORE_NAMES = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
_NAMES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    **_MORE_NAMES,
}
# RFC 4514, section 3: names are compared without case.
_OIDS = {
    spelling: oid
    for name, oid in _NAMES.items()
    for spelling in (name, name.lower(), name.upper())
}


class ShownCertificate(NamedTuple):
    """A certificate that was shown, and what of it counts.

    :ivar thumbprint: SHA-256 of the DER.
    :ivar begins: whole seconds since the epoch, as is ``ends``.
    :ivar is_for_clients: whether its usages allow it to stand for a client.
    :ivar is_broken: whether others can compute its private key.
    :ivar names: those that could be the userid.
    """

    certificate: x509.Certificate
    thumbprint: bytes
    subject: x509.Name
    issuer: x509.Name
    begins: float
    ends: float
    is_for_clients: bool
    is_broken: bool
    names: tuple[str, ...]


def read_certificate(der: bytes, kind: str) -> ShownCertificate:
    """Read a certificate.

    :param kind: of the userid: ``cn``, ``email``, ``dns``, ``uri``,
        ``subject`` or ``thumbprint``.
    :raises InvalidCredential: where it is none.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        return ShownCertificate(
            certificate=certificate,
            thumbprint=certificate.fingerprint(SHA256()),
            subject=certificate.subject,
            issuer=certificate.issuer,
            begins=certificate.not_valid_before_utc.timestamp(),
            ends=certificate.not_valid_after_utc.timestamp(),
            is_for_clients=_is_for_clients(certificate),
            is_broken=_is_broken(certificate),
            names=tuple(_names(certificate, kind)),
        )
    except Exception as error:  # noqa: BLE001
        # What is malformed is found late, and has errors of many classes.
        raise InvalidCredential(
            f"it is no certificate that can be read ({type(error).__name__})"
        ) from None


def parse_name(text: str) -> x509.Name:
    """Read a name (RFC 4514).

    :raises ValueError: where it is none.
    """
    return x509.Name.from_rfc4514_string(text, _OIDS)


def read_pem(text: str) -> bytes:
    """Give the DER of exactly one certificate in PEM.

    :raises InvalidCredential: for anything else.
    """
    match = None if len(text) > MAX_LENGTH else _PEM.fullmatch(text)
    if match is None:
        raise InvalidCredential("it is not one certificate in PEM")
    return _decode(_BLANKS.sub("", match[1]))


def read_header_pem(text: str) -> bytes:
    """Give the DER of exactly one certificate in PEM, escaped as nginx's
    ``$ssl_client_escaped_cert``, or with blanks for new lines as Apache
    writes it into a header.

    :raises InvalidCredential: for anything else.
    """
    if _ESCAPED.fullmatch(text):
        text = unquote_to_bytes(text).decode("latin-1")
    return read_pem(text)


def read_byte_sequence(text: str) -> bytes:
    """Give the DER in a ``Client-Cert`` header: one Byte Sequence (RFC 9440,
    section 2.2; RFC 9651, section 3.3.5).

    :raises InvalidCredential: for anything else.
    """
    inner = text[1:-1]
    if len(text) > MAX_LENGTH or text != f":{inner}:":
        raise InvalidCredential("it is not one Byte Sequence (RFC 9440)")
    return _decode(inner)


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidCredential("its certificate is not base64") from None
    # RFC 4648, section 3.5: one value has one spelling.
    if base64.b64encode(raw).decode("ascii") != text:
        raise InvalidCredential("its base64 has stray bits")
    return raw


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may stand for a client (RFC 5280, sections
    4.2.1.3 and 4.2.1.12): without the extensions, any usage is allowed.
    """
    extensions = certificate.extensions
    try:
        extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        pass
    else:
        if ExtendedKeyUsageOID.CLIENT_AUTH not in extended.value:
            return False
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return True
    # RFC 8446, section 4.4.2.4: the client signs with it.
    return usage.value.digital_signature


def _is_broken(certificate: x509.Certificate) -> bool:
    try:
        return is_roca(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        # Of a kind that is not known here; the server verified it.
        return False


def _names(certificate: x509.Certificate, kind: str) -> list[str]:
    """Give all names of a kind."""
    if kind == "subject":
        return [certificate.subject.rfc4514_string()]
    if kind == "thumbprint":
        return [certificate.fingerprint(SHA256()).hex()]
    if kind == "cn":
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(attribute.value) for attribute in found]
    try:
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(_ALTERNATIVE_NAMES[kind])
