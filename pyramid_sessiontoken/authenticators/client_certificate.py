"""A certificate that the client showed in the TLS handshake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from zope.interface import implementer

from ..errors import BadCertificate, InvalidClaims
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..keys.base64url import encode_base64url
from .check import identity_of
from .names import CLIENT_CERTIFICATE
from .trusted_place import TrustedPlace
from .x509 import (
    ShownCertificate,
    read_certificate,
    read_certificate_pem,
    read_header,
)

Check = Callable[[x509.Certificate, Any], object]

#: What nginx, Apache and others say if the chain of the certificate is good
#: and the client has its key.
SUCCESS = "SUCCESS"

#: What some servers say instead of a certificate if the client showed none.
_NONE = "NONE"

#: The log shows at most so many characters of a name.
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Believed:
    """Which certificates are accepted, and which of their names is the userid.

    A certificate must match one value of each set that is not empty.

    :ivar userid: a kind of name; see :func:`.x509.read_certificate`.
    :ivar thumbprints: SHA-256, hexadecimal, in lower case.
    :ivar check: ``(certificate, request)``; for its answers see
        :func:`.check.identity_of`.
    """

    userid: str
    subjects: frozenset[x509.Name] = frozenset()
    issuers: frozenset[x509.Name] = frozenset()
    thumbprints: frozenset[str] = frozenset()
    check: Check | None = None


@implementer(IAuthenticator)
class ClientCertificateAuthenticator:
    """Accept a certificate that the server verified.

    The server verifies the chain, the revocation and the possession of the
    key. Dates, usages and names are judged here.

    :param source: where the server says the certificate.
    :param verify: where the server says that it verified the certificate;
        ``None``: it does not say so.
    :param success: what it says then.
    :param now: gives whole seconds since the epoch.
    :param binds: whether sessions are bound to the certificate.
    """

    scheme = None
    #: A browser shows it by itself once the user chose it.
    ambient = True
    #: RFC 8176, section 2.
    amr = "hwk"

    def __init__(  # noqa: PLR0913
        self,
        source: TrustedPlace,
        verify: TrustedPlace | None,
        believed: Believed,
        now: Callable[[], int],
        *,
        success: str = SUCCESS,
        binds: bool = False,
        name: str = CLIENT_CERTIFICATE,
    ) -> None:
        self.name = name
        self._source = source
        self._verify = verify
        self._believed = believed
        self._now = now
        self.binds = binds
        self._success = success
        said = () if verify is None else verify.vary
        self.vary = tuple(dict.fromkeys(source.vary + said))
        self._decode = (
            read_certificate_pem if source.header is None else read_header
        )

    def authenticate(self, request: Any) -> Identity | None:
        shown = self._read(request)
        if shown is None:
            return None
        self._require_accepted(shown)
        check = self._believed.check
        answer = True if check is None else check(shown.certificate, request)
        userid = self._only_name(shown) if answer is True else None
        return identity_of(answer, self.name, userid)

    def challenge(self, request: Any) -> str | None:
        return None

    def thumbprint_of(self, request: Any) -> str | None:
        """Give the thumbprint of the certificate that the request shows, as
        in ``x5t#S256`` (RFC 8705, section 3.1); ``None`` where it shows none.

        :raises InvalidCredential: where it cannot stand for a client now.
        """
        shown = self._read(request)
        return None if shown is None else encode_base64url(shown.thumbprint)

    def _read(self, request: Any) -> ShownCertificate | None:
        """Give the certificate that the request shows, if it shows one.

        :raises InvalidCredential: where it cannot stand for a client now.
        """
        text = self._source.read(request.environ)
        if text is None or text == _NONE:
            return None
        # First: a certificate that the server did not verify is not parsed.
        self._require_verified(request)
        shown = read_certificate(self._decode(text), self._believed.userid)
        # RFC 5280, section 4.1.2.5: inclusive.
        if not shown.begins <= self._now() <= shown.ends:
            raise BadCertificate(
                f"the certificate {_subject(shown)} is not valid now"
            )
        if not shown.is_for_clients:
            raise BadCertificate(
                f"the certificate {_subject(shown)} is not for clients: its"
                " usages lack clientAuth or digitalSignature"
            )
        if shown.is_broken:
            raise BadCertificate(
                f"the private key of the certificate {_subject(shown)} can be"
                " computed (ROCA, CVE-2017-15361)"
            )
        return shown

    def _require_verified(self, request: Any) -> None:
        if self._verify is None:
            return
        verdict = self._verify.read(request.environ)
        if verdict != self._success:
            raise BadCertificate(
                "the server did not verify the certificate:"
                f" {self._verify.header or self._verify.key} is"
                f" {verdict and verdict[:_MAX_NAME]!r}, not {self._success!r}"
            )

    def _require_accepted(self, shown: ShownCertificate) -> None:
        believed = self._believed
        for what, value, values in (
            ("subject", shown.subject, believed.subjects),
            ("issuer", shown.issuer, believed.issuers),
            ("thumbprint", shown.thumbprint.hex(), believed.thumbprints),
        ):
            if values and value not in values:
                raise BadCertificate(
                    f"the {what} of the certificate {_subject(shown)}, issued"
                    f" by {_shorten(shown.issuer)}, is not in"
                    f" sessiontoken.{self.name}.{what}"
                )

    def _only_name(self, shown: ShownCertificate) -> str:
        if len(shown.names) != 1:
            raise InvalidClaims(
                f"the certificate {_subject(shown)} has {len(shown.names)}"
                f" names of the kind {self._believed.userid!r}, not one: see"
                f" sessiontoken.{self.name}.userid"
            )
        return shown.names[0]


def _subject(shown: ShownCertificate) -> str:
    return _shorten(shown.subject)


def _shorten(name: x509.Name) -> str:
    return repr(name.rfc4514_string()[:_MAX_NAME])
