"""``token.*``: session tokens in a header, and their endpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..authenticators.session import SessionAuthenticator
from ..keys.curves import CURVE_OF
from ..keys.jwk import public_jwk_set
from ..keys.lookup import CurrentRing
from ..keys.strength import SIGNING
from .built_in import BuiltIn, Shared
from .kinds import (
    FORM,
    HEADER,
    HEADER_OR_OFF,
    LIST,
    PATH,
    REFERENCE,
    TEXT,
    Kind,
    one_of,
    read_header_name,
)
from .row import PREFIX, setting
from .setup import Setup

#: Issuer and audience of an application that names none.
NAME = "pyramid_sessiontoken"

#: What is swapped only where token.exchange names it.
_UNEXCHANGED = ("cookie", "access_token")

SCHEME = Kind("a scheme (RFC 9110, 11.1)", read_header_name)


@dataclass(frozen=True, slots=True)
class TokenSettings(BuiltIn):
    """Session tokens in a header, and their endpoint."""

    path: str = setting(
        PATH, "/token", "The token endpoint, under the include's route_prefix."
    )
    scheme: str = setting(
        SCHEME,
        "Session",
        "The scheme in Authorization, compared without case, and token_type.",
    )
    header: str = setting(
        HEADER, "Authorization", "Another header carries the token bare."
    )
    issuer: str = setting(TEXT, NAME, "The iss of tokens: name your own.")
    audience: str = setting(TEXT, NAME, "The aud of tokens: name your own.")
    algorithm: str = setting(
        one_of(*SIGNING),
        "HS256",
        "The algorithm that signs header tokens. ES256 and EdDSA: with private"
        " keys, of sessiontoken.token.keys, and other services verify tokens"
        " with what GET /token/jwks publishes.",
    )
    exchange: tuple[str, ...] | None = setting(
        LIST,
        None,
        "Which authenticators' credentials may be swapped at the endpoint;"
        " without it, all but cookie and access_token: swapping an HttpOnly"
        " cookie for a token that scripts can read is a choice to be made.",
    )
    form: str = setting(
        FORM,
        "self-contained",
        "A header token says everything itself, or is a reference to what the"
        " repository keeps.",
    )
    introspectors: tuple[str, ...] | None = setting(
        LIST, None, "Principals that may introspect the tokens of others."
    )
    renewal_header: str | None = setting(
        HEADER_OR_OFF,
        "Session-Token",
        "The response header with a renewed token (expose it under CORS);"
        " off for none.",
    )

    @property
    def application(self) -> tuple[str, str]:
        """Issuer and audience: keys are derived for them, so that two
        applications with one key ring cannot read what the other writes.
        """
        return self.issuer, self.audience

    @property
    def writes_references(self) -> bool:
        return self.form == REFERENCE

    def exchanged(self, names: Collection[str]) -> tuple[str, ...]:
        """Name the authenticators whose credentials may be swapped.

        :param names: of the authenticators that are listed.
        """
        if self.exchange is not None:
            return self.exchange
        return tuple(name for name in names if name not in _UNEXCHANGED)

    def publisher(self, ring: CurrentRing) -> Callable[[], Any] | None:
        """Make what publishes the keys that verify header tokens; ``None``
        where they are secrets.
        """
        if self.algorithm not in CURVE_OF:
            return None
        return partial(public_jwk_set, ring, self.algorithm)

    def has_scheme_of_bearer(self, names: Mapping[str, str]) -> bool:
        """Tell whether tokens of another issuer, or access tokens, come under
        the same scheme.

        :param names: as for :meth:`faults`.
        """
        return (
            "session" in names
            and not {"bearer", "access_token"}.isdisjoint(names.values())
            and self.header.lower() == "authorization"
            and self.scheme.lower() == "bearer"
        )

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        for name in self.exchange or ():
            if name not in names:
                yield (
                    f"{self.row('exchange')}: {name!r} is not in"
                    f" {PREFIX}authenticators"
                )
        if "basic" in names.values() and self.scheme.lower() == "basic":
            yield f"{self.row('scheme')}: Basic is the scheme of 'basic'"
        if self.header.lower() == "cookie":
            yield (
                f"{self.row('header')}: Cookie holds many values; name the"
                " authenticator 'cookie' instead"
            )

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        for name, value in (
            ("issuer", self.issuer),
            ("audience", self.audience),
        ):
            if value == NAME:
                yield (
                    f"{self.row(name)} is the default: name your own, or a"
                    " token of another application with the same keys counts"
                    " as one of yours"
                )

    def make(self, setup: Setup, shared: Shared) -> SessionAuthenticator:
        sessions = shared.carriers.header.sessions
        among = shared.bearers if shared.has_scheme_of_bearer else None
        others = (self.scheme, self.header, shared.realm, among)
        authenticator = SessionAuthenticator(sessions.redeem, *others)
        strict = SessionAuthenticator(sessions.strict.redeem, *others)
        authenticator.strict = strict
        return authenticator
