"""The logout tokens of another issuer (OpenID Connect Back-Channel Logout 1.0,
section 2.4).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import InvalidCredential, Malformed, WrongAudience, WrongType
from ..tokens.jwt import bare_type
from .claims import Template
from .signed import (
    SignedTokens,
    check_issuer,
    check_times,
    names_one,
    read_time,
)
from .verifying_key import Keys

EVENT = "http://schemas.openid.net/event/backchannel-logout"

# Explicit typing is recommended, and existing issuers use none (section 2.4).
_TYPES = ("jwt", "logout+jwt")

#: The longest life of a logout token, seconds. The standard recommends two
#: minutes at most.
LONGEST_LIFE = 600


class SignOut(NamedTuple):
    """An issuer signed a user out.

    :ivar session: ``sid``; ``None`` for all sessions of the user.
    :ivar subject: ``sub``; ``None`` if only the session is named.
    :ivar time: what was issued up to this time ends, in seconds since the
        epoch.
    """

    issuer: str
    subject: str | None
    session: str | None
    time: int


@dataclass(frozen=True, slots=True)
class LogoutTokens:
    """Read the logout tokens of an issuer.

    :ivar audience: must contain a name in ``aud``.
    :ivar userid: the template of userids.
    :ivar leeway: for the times of a token, in seconds.
    """

    keys: Keys
    issuer: str
    audience: Collection[str]
    algorithms: Collection[str]
    leeway: int
    userid: Template

    def read(self, token: str, now: int) -> SignOut:
        """Verify a logout token (section 2.6).

        :raises InvalidCredential: for any other token.
        :raises RepositoryUnavailable: if its key cannot be fetched.
        """
        signed = SignedTokens(self.keys, self.algorithms)
        claims = signed.open(token, _check_type)
        check_issuer(claims, self.issuer)
        if not names_one(claims.get("aud"), self.audience):
            raise WrongAudience("its 'aud' is not logout_audience")
        issued = self._check_times(claims, now)
        _check_event(claims)
        subject, session = _text(claims, "sub"), _text(claims, "sid")
        if subject is None and session is None:
            raise Malformed("it has neither 'sub' nor 'sid'")
        return SignOut(self.issuer, subject, session, issued)

    def userid_of(self, sign_out: SignOut) -> str | None:
        """Give the userid; ``None`` if the issuer does not tell enough."""
        claims = {"iss": sign_out.issuer, "sub": sign_out.subject}
        try:
            return self.userid.fill(claims)
        except InvalidCredential:
            return None

    def _check_times(self, claims: dict[str, Any], now: int) -> int:
        """Check the times; give ``iat``."""
        for name in ("iat", "exp", "jti"):
            if name not in claims:
                raise Malformed(f"it has no {name!r}")
        if type(claims["jti"]) is not str or not claims["jti"]:
            raise Malformed("its 'jti' is not a text, or is empty")
        issued, expires = read_time(claims, "iat"), read_time(claims, "exp")
        check_times(claims, expires, now, self.leeway)
        if expires - issued > LONGEST_LIFE:
            raise Malformed(f"it lives longer than {LONGEST_LIFE} s")
        return math.floor(issued)


def _check_type(header: dict[str, Any]) -> None:
    if "typ" in header and bare_type(header["typ"]) not in _TYPES:
        raise WrongType("its 'typ' is neither JWT nor logout+jwt")


def _check_event(claims: dict[str, Any]) -> None:
    events = claims.get("events")
    if type(events) is not dict or type(events.get(EVENT)) is not dict:
        raise WrongType(f"its 'events' have no object {EVENT!r}")
    if "nonce" in claims:
        # So no ID token is taken for a logout token.
        raise WrongType("it has a 'nonce', so it is no logout token")


def _text(claims: dict[str, Any], name: str) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not str or not value:
        raise Malformed(f"its {name!r} is not a text, or is empty")
    return value
