"""``client_certificate.*``: certificates that clients show to the server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..authenticators.trusted_place import Network, find_place
from .built_in import BuiltIn, Shared
from .kinds import (
    BOOL,
    CALLABLE,
    Kind,
    Named,
    off_or,
    one_of,
    read_list,
    read_text,
)
from .row import PREFIX, setting
from .setup import Setup
from .trusted_proxies import NETWORKS, PLACE, need_proxies, read_place


def read_lines(value: Any) -> tuple[str, ...]:
    """Split at new lines only: what stands on one may have blanks and
    commas.
    """
    items = value.splitlines() if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)):
        raise ValueError("not a list")
    if isinstance(value, str):
        items = [item for item in items if item.strip()]
    read = tuple(map(read_text, items))
    if not read:
        raise ValueError("an empty list")
    return read


def read_names(value: Any) -> tuple[str, ...]:
    """Read names (RFC 4514); give them as they are written."""
    from ..authenticators.x509 import parse_name

    lines = read_lines(value)
    for line in lines:
        try:
            parse_name(line)
        except ValueError as error:
            why = f" ({error})" if str(error) else ""
            raise ValueError(f"{line!r} is no name{why}") from None
    return lines


def read_thumbprints(value: Any) -> tuple[str, ...]:
    """Read SHA-256 digests in hexadecimal, also as OpenSSL prints them; give
    them in lower case without colons.
    """
    digests = []
    for item in read_list(value):
        digest = item.replace(":", "").lower()
        if re.fullmatch("[0-9a-f]{64}", digest) is None:
            raise ValueError(f"{item!r} is no SHA-256 digest")
        digests.append(digest)
    return tuple(digests)


def read_success(value: Any) -> str:
    """Read the word for a good certificate."""
    text = read_text(value)
    if text == "NONE" or "," in text:
        raise ValueError("no server says it of a good certificate")
    return text


#: What Apache and nginx say of a certificate that they verified.
SUCCESS = "SUCCESS"

SUCCESS_WORD = Kind("a text without a comma, not NONE", read_success)
PLACE_OR_OFF = Kind("environ:NAME, header:NAME or off", off_or(read_place))
NAMES = Kind(
    "names (RFC 4514) such as CN=alice,O=Example, one a line", read_names
)
THUMBPRINTS = Kind("SHA-256 digests, 64 hexadecimal digits", read_thumbprints)


@dataclass(frozen=True, slots=True)
class ClientCertificateSettings(BuiltIn):
    """Certificates that clients show to the server."""

    source: str = setting(
        PLACE,
        "environ:SSL_CLIENT_CERT",
        "Where the certificate stands, as PEM; or a header with PEM (plain or"
        " escaped, as nginx writes it), a Byte Sequence (RFC 9440), or DER in"
        " base64.",
    )
    verify: str | None = setting(
        PLACE_OR_OFF,
        "environ:SSL_CLIENT_VERIFY",
        "Where the server says that it verified the certificate; off for"
        " servers that do not say it, with thumbprint or check.",
    )
    success: str = setting(
        SUCCESS_WORD,
        SUCCESS,
        "What the server says there of a certificate that is good.",
    )
    trusted_proxies: tuple[Network, ...] | None = setting(
        NETWORKS,
        None,
        "The proxies whose headers with certificates are believed.",
    )
    subject: tuple[str, ...] | None = setting(
        NAMES, None, "Subjects to believe."
    )
    issuer: tuple[str, ...] | None = setting(
        NAMES, None, "Issuers to believe."
    )
    thumbprint: tuple[str, ...] | None = setting(
        THUMBPRINTS, None, "SHA-256 thumbprints of certificates to believe."
    )
    check: Named | None = setting(
        CALLABLE, None, "(certificate, request): answers as for basic.check."
    )
    userid: str = setting(
        one_of("cn", "email", "dns", "uri", "subject", "thumbprint"),
        "cn",
        "What of the certificate is the userid.",
    )
    bind: bool = setting(
        BOOL,
        "false",
        "The session token works only with that certificate (RFC 8705).",
    )

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        for row, place in (("source", self.source), ("verify", self.verify)):
            if place is not None and place.startswith("header:"):
                yield from need_proxies(self, row, self.trusted_proxies)
        if self.verify is None and not (self.thumbprint or self.check):
            yield (
                f"{self.row('verify')}: off needs {self.row('thumbprint')} or"
                " .check: the server does not say which certificates it"
                " verified"
            )
        if self.bind and self.group not in names:
            yield (
                f"{self.row('bind')} needs {self.group!r} among"
                f" {PREFIX}authenticators"
            )

    def lacks(self) -> Iterator[str]:
        if not any((self.subject, self.issuer, self.thumbprint, self.check)):
            yield self.needs(
                f"at least one of {self.row('subject')}, .issuer, .thumbprint"
                " and .check: which certificates to believe"
            )

    def place(self) -> tuple[Any, str]:
        return find_place(self.source, ()).key, self.row("source")

    def make(self, setup: Setup, shared: Shared) -> Any:
        from ..authenticators.client_certificate import (
            Believed,
            ClientCertificateAuthenticator,
        )

        proxies = self.trusted_proxies or ()
        believed = Believed(
            self.userid,
            _parse_names(self.subject or ()),
            _parse_names(self.issuer or ()),
            frozenset(self.thumbprint or ()),
            None if self.check is None else self.check.value,
        )
        return ClientCertificateAuthenticator(
            find_place(self.source, proxies),
            None if self.verify is None else find_place(self.verify, proxies),
            believed,
            setup.clock.now,
            success=self.success,
            binds=self.bind,
            name=self.group,
        )


def _parse_names(names: Iterable[str]) -> frozenset[Any]:
    from ..authenticators.x509 import parse_name

    return frozenset(map(parse_name, names))
