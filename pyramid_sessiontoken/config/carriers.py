"""The two ways in which sessions travel, made of the settings."""

from __future__ import annotations

from ..authenticators.names import COOKIE, SESSION
from ..cookies.codec import CookieCodec
from ..policy.carriers import Carriers, CookieCarrier, HeaderCarrier
from ..sessions.forms import CookieForm, HeaderForm
from ..sessions.lifecycle import Sessions
from ..sessions.references import References
from ..sessions.revocation import Revocations
from ..sessions.stored import StoredSessions
from ..sessions.strict import StrictReferences
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
        references = References(setup.registry, revocations, SESSION)
    jwt = SessionJWT(
        setup.header_ring, token.algorithm, *token.application, SESSION
    )
    form = HeaderForm(
        jwt,
        references,
        _in_grace(revocations),
        writes_references=token.writes_references,
    )
    trim = None if stored is None else stored.trim
    sessions = Sessions(setup.registry, form, token.scheme, revocations, trim)
    if stored is not None:
        if token.writes_references:
            sessions.limit = stored.limit
        strict = HeaderForm(jwt, *_past_cache(setup, stored, SESSION))
        sessions.strict = Sessions(setup.registry, strict, token.scheme)
    return HeaderCarrier(sessions, form, token.header, token.renewal_header)


def make_cookie_carrier(
    setup: Setup,
    cookie: CookieSettings,
    token: TokenSettings,
    stored: StoredSessions | None,
) -> CookieCarrier:
    revocations = None if stored is None else stored.revocations
    transform = make_transform(setup, cookie, token.application)
    codec = CookieCodec(transform, COOKIE)
    form = CookieForm(
        codec,
        References(setup.registry, revocations, COOKIE),
        _in_grace(revocations),
        writes_references=cookie.writes_references,
    )
    trim = None if stored is None else stored.trim
    sessions = Sessions(setup.registry, form, token.scheme, revocations, trim)
    if stored is not None:
        if cookie.writes_references:
            sessions.limit = stored.limit
        strict = CookieForm(codec, *_past_cache(setup, stored, COOKIE))
        sessions.strict = Sessions(setup.registry, strict, token.scheme)
    return CookieCarrier(sessions, make_jar(cookie))


def _in_grace(revocations: Revocations | None) -> Revocations | None:
    """Give what is asked about self-contained tokens, but for strict requests:
    it may believe them while the repository cannot be asked.
    """
    return None if revocations is None else revocations.in_grace()


def _past_cache(
    setup: Setup, stored: StoredSessions, carrier: str
) -> tuple[References, Revocations | None]:
    """Make what asks the repository itself whether a session was ended."""
    revocations = stored.revocations
    if revocations is not None:
        revocations = revocations.past_cache()
    return StrictReferences(setup.registry, revocations, carrier), revocations
