"""From settings to another issuer whose tokens are believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..authenticators.bearer import BearerAuthenticator
from ..expiry import ExpiryPolicy
from ..issuers.claims import Mapped, Template, read_names
from ..issuers.jwks import (
    Keys,
    OneKey,
    VerifyingKey,
    is_hmac,
    read_pem,
    secret_key,
)
from ..issuers.key_sources import KeyFile, KeysAtURL
from ..issuers.tokens import ForeignTokens
from ..keys.base64url import decode_base64url
from ..keys.ring import Key
from ..keys.strength import weakness
from .kinds_of_issuers import PEM, is_url
from .parts import Parts


def make_bearer(
    parts: Parts, is_ours: Callable[[str], bool] | None
) -> BearerAuthenticator | None:
    """Make the authenticator; ``None`` at a fault, which is told.

    :param is_ours: see :class:`.BearerAuthenticator`.
    """
    settings = parts.settings
    keys = _keys(parts)
    if (
        keys is None
        or settings.bearer_issuer is None
        or settings.bearer_audience is None
        or settings.bearer_algorithms is None
    ):
        return None
    expiry = ExpiryPolicy(
        absolute=settings.expiry_absolute,
        sliding=settings.expiry_sliding,
        clock_skew=settings.expiry_clock_skew,
    )
    tokens = ForeignTokens(
        keys,
        settings.bearer_issuer,
        settings.bearer_audience,
        settings.bearer_algorithms,
        expiry.leeway,
    )
    mapped = Mapped(
        Template(settings.bearer_userid),
        read_names(settings.bearer_claims or ()),
    )
    return BearerAuthenticator(
        tokens, mapped, parts.clock.now, settings.realm, is_ours
    )


def _keys(parts: Parts) -> Keys | None:
    settings = parts.settings
    algorithms = settings.bearer_algorithms
    if algorithms is None:
        return None
    if settings.bearer_key is not None:
        try:
            return OneKey(_one_key(settings.bearer_key, algorithms))
        except ValueError as error:
            parts.fault("bearer.key", str(error))
            return None
    place = settings.bearer_jwks
    if place is None:
        return None
    if is_url(place):
        return KeysAtURL(place, algorithms, parts.clock.now)
    try:
        return KeyFile(place, algorithms)
    except (OSError, ValueError) as error:
        parts.fault("bearer.jwks", f"{place!r} cannot be read: {error}")
        return None


def _one_key(text: str, algorithms: Sequence[str]) -> VerifyingKey:
    """Read a PEM, or base64url for HMAC."""
    if PEM in text:
        return read_pem(text, algorithms)
    if not is_hmac(algorithms):
        raise ValueError("it is no PEM, which these algorithms need")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError("it is neither a PEM nor base64url") from None
    key = secret_key(None, secret, None, algorithms)
    why = weakness(Key("", secret), key.algorithm)
    if why is not None:
        raise ValueError(why)
    return key
