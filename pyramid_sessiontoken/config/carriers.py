"""From settings to how sessions travel."""

from __future__ import annotations

from ..cookies.codec import SelfContainedCookie
from ..policy.carriers import Carriers, CookieCarrier, HeaderCarrier
from ..sessions.forms import (
    Either,
    EitherCookie,
    Form,
    Reference,
    SelfContained,
)
from ..sessions.lifecycle import Sessions
from ..sessions.stored import KeptSessions
from ..tokens.jwt import SessionJWT
from .cookie import make_jar, make_transform
from .parts import Parts


def make_carriers(parts: Parts, kept: KeptSessions | None) -> Carriers:
    """Make the two ways in which sessions travel."""
    settings = parts.settings
    revocations = None if kept is None else kept.revocations

    def sessions(form: Form) -> Sessions:
        scheme = settings.token.scheme
        return Sessions(parts.registry, form, scheme, revocations)

    jwt = SessionJWT(
        parts.header_ring,
        settings.token.algorithm,
        *settings.token.application,
    )
    token: Form = SelfContained(jwt, revocations)
    if kept is not None:
        token = Either(
            token,
            Reference(parts.registry, revocations, "header"),
            writes_references=settings.token.writes_references,
        )
    cookie = EitherCookie(
        SelfContainedCookie(
            make_transform(
                parts,
                settings.cookie,
                settings.token.application,
            )
        ),
        Reference(parts.registry, revocations, "cookie"),
        revocations,
        writes_references=settings.cookie.writes_references,
    )
    return Carriers(
        HeaderCarrier(sessions(token), settings.token.renewal_header),
        CookieCarrier(sessions(cookie), make_jar(settings.cookie)),
    )
