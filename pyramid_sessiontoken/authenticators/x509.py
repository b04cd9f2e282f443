"""Read certificates: their spellings, and what they say (RFC 5280)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import Malformed
from ..keys.base64url import decode_base64
from ..keys.roca import is_roca

#: A longer text is refused unread, characters.
MAX_LENGTH = 65536

# RFC 7468, section 3. A header cannot contain new lines, so Apache writes
# blanks instead.
_BLOCK = (
    r"-----BEGIN CERTIFICATE-----[ \t\r\n]"
    r"([A-Za-z0-9+/= \t\r\n]+)"
    r"[ \t\r\n]-----END CERTIFICATE-----[ \t\r\n]*"
)
_PEM = re.compile(_BLOCK)
# The certificate of the client, and behind it those of its issuers.
_CHAIN = re.compile(f"{_BLOCK}(?:{_BLOCK.replace('(', '(?:')})*")
_BLANKS = re.compile(r"[ \t\r\n]+")

# How nginx writes $ssl_client_escaped_cert. Other servers leave +, / and =
# unescaped.
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

#: Names of OpenSSL and others for types that have none in RFC 4514, section 3.
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
# RFC 4514, section 3: upper and lower case are equal.
_OIDS = {
    spelling: oid
    for name, oid in _NAMES.items()
    for spelling in (name, name.lower(), name.upper())
}


class ShownCertificate(NamedTuple):
    """A certificate that was shown, and the values that are judged.

    :ivar thumbprint: SHA-256 of the DER.
    :ivar begins: whole seconds since the epoch, as is ``ends``.
    :ivar is_for_clients: whether its usages allow it to stand for a client.
    :ivar is_broken: whether others can compute its private key.
    :ivar names: the names that could be the userid.
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
    :raises InvalidCredential: for a text that is no certificate.
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
        # The errors of a malformed certificate have many classes, and some
        # are found only when a member is read.
        raise Malformed(
            f"its certificate cannot be read ({type(error).__name__})"
        ) from None


def parse_name(text: str) -> x509.Name:
    """Read a name (RFC 4514).

    :raises ValueError: for a text that is no name.
    """
    return x509.Name.from_rfc4514_string(text, _OIDS)


def read_certificate_pem(text: str) -> bytes:
    """Give the DER of exactly one certificate in PEM.

    :raises InvalidCredential: for anything else.
    """
    return _read_pem(text, _PEM)


def read_header(text: str) -> bytes:
    """Give the DER of a certificate in a header, in the form that its first
    character tells: a Byte Sequence (RFC 9440), PEM, or DER in base64.

    :raises InvalidCredential: for anything else.
    """
    # Two headers are joined so (RFC 9110, section 5.3), and some proxies join
    # the certificates that the client sent.
    if "," in text:
        raise Malformed(
            "it has a comma: the header came twice, or it is a chain of"
            " several certificates"
        )
    if text.startswith(":"):
        return read_byte_sequence(text)
    if text.startswith(("-", "%2D", "%2d")):
        return read_header_pem(text)
    if len(text) > MAX_LENGTH:
        raise Malformed("it is too long for a certificate")
    return _decode(text)


def read_header_pem(text: str) -> bytes:
    """Give the DER of the first certificate in PEM, in a header: nginx escapes
    it (``$ssl_client_escaped_cert``), Apache writes blanks for new lines. The
    chain of the certificate may stand behind it.

    :raises InvalidCredential: for anything else.
    """
    if _ESCAPED.fullmatch(text):
        text = unquote_to_bytes(text).decode("latin-1")
    return _read_pem(text, _CHAIN)


def _read_pem(text: str, pattern: re.Pattern[str]) -> bytes:
    match = None if len(text) > MAX_LENGTH else pattern.fullmatch(text)
    if match is None:
        raise Malformed("it is not one certificate in PEM")
    return _decode(_BLANKS.sub("", match[1]))


def read_byte_sequence(text: str) -> bytes:
    """Give the DER in a ``Client-Cert`` header: one Byte Sequence (RFC 9440,
    section 2.2; RFC 9651, section 3.3.5).

    :raises InvalidCredential: for anything else.
    """
    inner = text[1:-1]
    if len(text) > MAX_LENGTH or text != f":{inner}:":
        raise Malformed("it is not one Byte Sequence (RFC 9440)")
    return _decode(inner)


def _decode(text: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError:
        raise Malformed("its certificate is not base64") from None


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may stand for a client (RFC 5280, sections
    4.2.1.3 and 4.2.1.12). Without an extension, any usage is allowed.
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
    # RFC 8446, section 4.4.2.4: the client signs with its key.
    return usage.value.digital_signature


def _is_broken(certificate: x509.Certificate) -> bool:
    try:
        return is_roca(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        # Of a kind that is not known here; the server verified it.
        return False


def _names(certificate: x509.Certificate, kind: str) -> list[str]:
    """Give all names of one kind; see :func:`read_certificate`."""
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
