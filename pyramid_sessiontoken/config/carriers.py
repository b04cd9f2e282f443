"""The two ways in which sessions travel, made of the settings."""

from __future__ import annotations

from ..cookies.codec import CookieCodec
from ..policy.carriers import Carriers, CookieCarrier, HeaderCarrier
from ..sessions.forms import CookieForm, HeaderForm
from ..sessions.lifecycle import Sessions
from ..sessions.references import References
from ..sessions.stored import StoredSessions
from ..tokens.jwt import SessionJWT
from .cookie import CookieSettings, make_jar, make_transform
from .setup import Setup
from .token import TokenSettings


def make_carriers(
    setup: Setup,
    token: TokenSettings,
    cookie: CookieSettings,
    stored: StoredSessions | None,
) -> Carriers:
    """Make the two ways in which sessions travel."""
    return Carriers(
        make_header_carrier(setup, token, stored),
        make_cookie_carrier(setup, cookie, token, stored),
    )


def make_header_carrier(
    setup: Setup, token: TokenSettings, stored: StoredSessions | None
) -> HeaderCarrier:
    revocations = None if stored is None else stored.revocations
    references = None
    if stored is not None:
        references = References(setup.registry, revocations, "header")
    form = HeaderForm(
        SessionJWT(setup.header_ring, token.algorithm, *token.application),
        references,
        revocations,
        writes_references=token.writes_references,
    )
    sessions = Sessions(setup.registry, form, token.scheme, revocations)
    return HeaderCarrier(sessions, form, token.renewal_header)


def make_cookie_carrier(
    setup: Setup,
    cookie: CookieSettings,
    token: TokenSettings,
    stored: StoredSessions | None,
) -> CookieCarrier:
    revocations = None if stored is None else stored.revocations
    form = CookieForm(
        CookieCodec(make_transform(setup, cookie, token.application)),
        References(setup.registry, revocations, "cookie"),
        revocations,
        writes_references=cookie.writes_references,
    )
    sessions = Sessions(setup.registry, form, token.scheme, revocations)
    return CookieCarrier(sessions, make_jar(cookie))
