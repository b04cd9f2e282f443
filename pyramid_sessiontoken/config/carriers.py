"""From settings to how sessions travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cookies.codec import CookieCodec
from ..cookies.jar import Jar
from ..cookies.transforms import (
    EncryptedTransform,
    OverSigned,
    RingTransform,
    SignedTransform,
)
from ..interfaces import ICookieTransform
from ..policy.carriers import Carriers, CookieCarrier, HeaderCarrier
from ..sessions.forms import CookieForm, Form, HeaderForm
from ..sessions.lifecycle import Sessions
from ..sessions.references import References
from ..sessions.stored import StoredSessions
from ..tokens.jwt import SessionJWT
from .kinds import Named
from .parts import Parts
from .settings import REFERENCE


def make_carriers(parts: Parts, stored: StoredSessions | None) -> Carriers:
    """Make the two ways in which sessions travel."""
    settings = parts.settings
    revocations = None if stored is None else stored.revocations

    jwt = SessionJWT(
        parts.header_ring,
        settings.token_algorithm,
        settings.token_issuer,
        settings.token_audience,
    )
    header = HeaderForm(
        jwt,
        None
        if stored is None
        else References(parts.registry, revocations, "header"),
        revocations,
        writes_references=settings.token_form == REFERENCE,
    )
    cookie = CookieForm(
        CookieCodec(_transform(parts)),
        References(parts.registry, revocations, "cookie"),
        revocations,
        writes_references=settings.cookie_form == REFERENCE,
    )

    def sessions(form: Form) -> Sessions:
        scheme = settings.token_scheme
        return Sessions(parts.registry, form, scheme, revocations)

    return Carriers(
        HeaderCarrier(sessions(header), header, settings.token_renewal_header),
        CookieCarrier(sessions(cookie), _jar(parts)),
    )


def _transform(parts: Parts) -> Callable[[], Any]:
    """Register the transform that the settings name, and give what looks it
    up.
    """
    settings = parts.settings
    purpose = (
        "cookie",
        settings.cookie_full_name,
        settings.token_issuer,
        settings.token_audience,
    )
    signed = SignedTransform(parts.ring, *purpose)
    if isinstance(settings.cookie_transform, Named):
        parts.register_named(ICookieTransform, "cookie.transform")
    else:
        built_in = (
            EncryptedTransform(parts.ring, *purpose)
            if settings.cookie_transform == "encrypted"
            else signed
        )
        parts.register(ICookieTransform, built_in, "cookie.transform")

    def transform() -> Any:
        found = parts.registry.getUtility(ICookieTransform)
        if isinstance(found, RingTransform):
            return found
        return OverSigned(signed, found)

    return transform


def _jar(parts: Parts) -> Jar:
    settings = parts.settings
    return Jar(
        name=settings.cookie_full_name,
        secure=settings.cookie_secure,
        httponly=settings.cookie_httponly,
        samesite=settings.cookie_samesite,
        path=settings.cookie_path,
        domain=settings.cookie_domain,
        chunk_size=settings.cookie_chunk_size,
        max_chunks=settings.cookie_max_chunks,
    )
