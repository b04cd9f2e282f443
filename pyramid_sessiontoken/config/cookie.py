"""``cookie.*``: the settings of the cookie, and what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..authenticators.cookie import CookieAuthenticator
from ..cookies.jar import MAX_CHUNKS, Jar
from ..cookies.transforms import (
    CurrentTransform,
    EncryptedTransform,
    SignedTransform,
)
from ..interfaces import ICookieTransform
from .built_in import BuiltIn, Shared
from .kinds import (
    BOOL,
    FORM,
    REFERENCE,
    Kind,
    Named,
    between,
    either,
    matching,
    one_of,
    read_dotted,
    read_header_name,
)
from .row import PREFIX, setting
from .setup import Setup

#: The name, behind the prefix that the other settings allow.
NAME = "sessiontoken"

#: Bytes of name and value that browsers keep (RFC 6265bis, section 5.6).
MOST_BYTES = 4096

#: Bytes that the default settings allow.
USUAL_BYTES = 7600

COOKIE_NAME = Kind("the name of a cookie (RFC 6265, 4.1.1)", read_header_name)
COOKIE_PATH = Kind(
    "a path that begins with /", matching(r"/[\x21-\x3a\x3c-\x7e]*")
)

# RFC 1123, section 2.1. Browsers ignore a dot at the beginning (RFC 6265,
# section 5.2.3).
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
COOKIE_DOMAIN = Kind(
    "the name of a domain", matching(rf"\.?{_LABEL}(\.{_LABEL})*")
)
TRANSFORM = Kind(
    "signed | encrypted | a dotted name",
    either(("signed", "encrypted"), read_dotted),
)
CHUNK_SIZE = Kind("a number from 100 to 3900", between(100, 3900))
CHUNKS = Kind("a number from 1 to 20", between(1, MAX_CHUNKS))


@dataclass(frozen=True, slots=True)
class CookieSettings(BuiltIn):
    """The cookie."""

    name: str | None = setting(
        COOKIE_NAME,
        None,
        "Without it: __Host-sessiontoken; __Secure-sessiontoken where only a"
        " path or domain forbids that; sessiontoken where not secure.",
    )
    secure: bool | None = setting(
        BOOL,
        None,
        "Over TLS only. Without it: true; with require_tls = false, over"
        " https alone, but always where the name, SameSite=None or partitioned"
        " needs it.",
    )
    httponly: bool = setting(BOOL, "true", "Scripts cannot read it.")
    samesite: str = setting(
        one_of("Lax", "Strict", "None"),
        "Lax",
        "With which requests of other sites browsers send it.",
    )
    path: str = setting(COOKIE_PATH, "/", "Below which paths it is sent.")
    domain: str | None = setting(
        COOKIE_DOMAIN,
        None,
        "To which hosts it is sent; without it, to the one that set it.",
    )
    partitioned: bool = setting(
        BOOL,
        "false",
        "For an application in a frame of other sites: the browser keeps a"
        " cookie for each of them (CHIPS). Needs secure.",
    )
    persistent: bool = setting(
        BOOL,
        "false",
        "The cookie outlives the browser, until the session's absolute end"
        " (at most 400 days).",
    )
    transform: Named | str = setting(
        TRANSFORM,
        "signed",
        "signed: it can be read, but not forged; encrypted: neither; or an"
        " ICookieTransform of your own for what the key ring has signed.",
        factory=True,
    )
    form: str = setting(
        FORM,
        "self-contained",
        "The cookie says everything itself, or is a reference to what the"
        " repository keeps.",
    )
    chunk_size: int = setting(
        CHUNK_SIZE, "3800", "Bytes of value in one cookie."
    )
    max_chunks: int = setting(
        CHUNKS,
        "2",
        "How many cookies at most; with the default size, two stay below the"
        " 8 KiB header line of common servers and proxies.",
    )

    def under(self, require_tls: bool) -> CookieSettings:
        """Give what is in force: ``secure`` is ``None`` only where each
        request decides it, by its scheme.
        """
        if self.secure is not None:
            return self
        needs_it = (
            self._has_prefix() or self.samesite == "None" or self.partitioned
        )
        return replace(self, secure=True) if require_tls or needs_it else self

    def advice(self) -> Iterator[str]:
        if self.partitioned and self.samesite != "None":
            yield (
                f"{self.row('partitioned')} without {self.row('samesite')} ="
                " None: browsers do not send the cookie to a frame in a page"
                " of another site"
            )
        most = self.chunk_size * self.max_chunks
        if not self.writes_references and most > USUAL_BYTES:
            yield (
                f"{self.row('max_chunks')} and {self.row('chunk_size')} allow"
                f" cookies of {most} bytes: common servers refuse header lines"
                " over 8 KiB, and stock nginx answers 502 over 4 KiB of"
                " response headers (proxy_buffer_size)"
            )

    def warnings(self) -> Iterator[str]:
        if self.secure is None:
            yield (
                "cookies are not Secure over http, because"
                f" {PREFIX}require_tls = false; behind a proxy that ends TLS"
                f" without passing the scheme on, set {self.row('secure')} ="
                " true"
            )

    @property
    def shown_secure(self) -> str:
        """How ``secure`` is shown to people."""
        if self.secure is None:
            return "over https alone"
        return str(self.secure).lower()

    @property
    def full_name(self) -> str:
        """The cookie's name, with the strictest prefix that is allowed."""
        if self.name is not None:
            return self.name
        if not self.secure:
            return NAME
        at_host = self.path == "/" and self.domain is None
        return ("__Host-" if at_host else "__Secure-") + NAME

    @property
    def writes_references(self) -> bool:
        return self.form == REFERENCE

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        if self.samesite == "None" and self.secure is False:
            yield f"{self.row('samesite')}: None needs {self.row('secure')}"
        if self.partitioned and self.secure is False:
            yield f"{self.row('partitioned')} needs {self.row('secure')}"
        yield from self._faults_of_prefix()
        size = len(self.full_name) + len(".19") + self.chunk_size
        if size > MOST_BYTES:
            yield (
                f"{self.row('chunk_size')}: with the name"
                f" {self.full_name!r}, browsers drop a cookie of more than"
                f" {MOST_BYTES} bytes"
            )

    def _faults_of_prefix(self) -> Iterator[str]:
        # RFC 6265bis, section 4.1.3: browsers compare prefixes without case.
        name = self.full_name.lower()
        told = f"{self.row('name')}: {self.full_name!r}"
        at_host = name.startswith("__host-")
        if self.secure is False and self._has_prefix():
            yield f"{told} needs {self.row('secure')}"
        if at_host and self.path != "/":
            yield f"{told} needs {self.row('path')} = /"
        if at_host and self.domain is not None:
            yield f"{told} allows no {self.row('domain')}"

    def _has_prefix(self) -> bool:
        name = (self.name or "").lower()
        return name.startswith(("__host-", "__secure-"))

    def make(self, setup: Setup, shared: Shared) -> CookieAuthenticator:
        cookie = shared.carriers.cookie
        sessions, jar = cookie.sessions, cookie.jar
        authenticator = CookieAuthenticator(sessions.redeem, jar)
        authenticator.strict = CookieAuthenticator(sessions.strict.redeem, jar)
        return authenticator


def make_jar(cookie: CookieSettings) -> Jar:
    return Jar(
        name=cookie.full_name,
        secure=cookie.secure,
        httponly=cookie.httponly,
        samesite=cookie.samesite,
        path=cookie.path,
        domain=cookie.domain,
        chunk_size=cookie.chunk_size,
        max_chunks=cookie.max_chunks,
        partitioned=cookie.partitioned,
    )


def make_transform(
    setup: Setup, cookie: CookieSettings, application: tuple[str, str]
) -> CurrentTransform:
    """Register the transform that the settings name; give what looks it up.

    :param application: issuer and audience; keys are derived for them.
    """
    purpose = ("cookie", cookie.full_name, *application)
    signed = SignedTransform(setup.ring, *purpose)
    if isinstance(cookie.transform, Named):
        setup.register_named(
            ICookieTransform, "cookie.transform", cookie.transform
        )
    elif cookie.transform == "encrypted":
        encrypted = EncryptedTransform(setup.ring, *purpose)
        setup.register(ICookieTransform, encrypted, "cookie.transform")
    else:
        setup.register(ICookieTransform, signed, "cookie.transform")
    return CurrentTransform(setup.registry, signed)
