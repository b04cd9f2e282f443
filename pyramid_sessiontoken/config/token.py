"""``token.*``: session tokens in a header, and their endpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..authenticators.session import SessionAuthenticator
from ..keys.strength import ALGORITHMS
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
        one_of(*ALGORITHMS), "HS256", "The algorithm that signs tokens."
    )
    exchange: tuple[str, ...] | None = setting(
        LIST,
        None,
        "Which authenticators' credentials may be swapped at the endpoint;"
        " without it, all but cookie: swapping an HttpOnly cookie for a token"
        " that scripts can read is a choice to be made.",
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
        return tuple(name for name in names if name != "cookie")

    def has_scheme_of_bearer(self, names: Collection[str]) -> bool:
        """Tell whether tokens of another issuer come under the same scheme."""
        return (
            {"session", "bearer"} <= set(names)
            and self.header.lower() == "authorization"
            and self.scheme.lower() == "bearer"
        )

    def faults(self, names: Collection[str]) -> Iterator[str]:
        for name in self.exchange or ():
            if name not in names:
                yield (
                    f"{self.row('exchange')}: {name!r} is not in"
                    f" {PREFIX}authenticators"
                )
        if "basic" in names and self.scheme.lower() == "basic":
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
        return SessionAuthenticator(
            shared.carriers.header.sessions.redeem,
            self.scheme,
            self.header,
            shared.realm,
            shared.is_ours,
        )
