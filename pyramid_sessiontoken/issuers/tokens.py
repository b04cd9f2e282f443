"""Verify a token of another issuer, a JWT (RFC 7519), strictly.

PyJWT does the cryptography. This file is stricter than PyJWT: a text that can
be read in two ways is refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Malformed, WrongAudience, WrongType
from ..tokens.jwt import bare_type
from .claims import ABSENT, find_claim
from .signed import (
    SignedTokens,
    check_issuer,
    check_times,
    names_one,
    read_time,
)
from .verifying_key import Keys

# RFC 7519, section 5.1, and RFC 9068, section 2.1. Any other type is a token
# for another purpose (RFC 8725, section 3.11).
_TYPES = ("jwt", "at+jwt")


@dataclass(frozen=True, slots=True)
class ForeignTokens:
    """Read the tokens of another issuer.

    :ivar issuer: must be equal to ``iss``.
    :ivar audience: must contain a name in ``aud``, or in ``audience_claim``.
    :ivar algorithms: must contain ``alg``.
    :ivar leeway: for the times of a token, in seconds.
    :ivar audience_claim: the claim with the audience. If it is another one
        than ``aud``, an ``aud`` beside it must be right, too.
    :ivar type: must be equal to ``typ``; ``None`` for the types of access
        tokens and ID tokens, and for none.
    """

    keys: Keys
    issuer: str
    audience: Collection[str]
    algorithms: Collection[str]
    leeway: int
    audience_claim: str = "aud"
    type: str | None = None

    @property
    def _signed(self) -> SignedTokens:
        return SignedTokens(self.keys, self.algorithms)

    def read(self, token: str, now: int) -> dict[str, Any]:
        """Verify a token and give its claims.

        :raises InvalidCredential: with the reason ``errors.REASON_EXPIRED``
            if the token has expired and is valid otherwise.
        :raises RepositoryUnavailable: if its key cannot be fetched.
        """
        claims = self._signed.open(token, self._check_type)
        self._check(claims, now)
        return claims

    def takes(
        self, claims: Mapping[str, Any], *, by_audience: bool = False
    ) -> bool:
        """Tell whether a token may be one of this issuer's, from claims that
        are not verified.

        :param by_audience: whether another reader has the same issuer, so
            that the audience counts, too.
        """
        if claims.get("iss") != self.issuer:
            return False
        audience = find_claim(claims, self.audience_claim)
        return not by_audience or self._is_for_us(audience)

    def _check_type(self, header: dict[str, Any]) -> None:
        if self.type is not None:
            if bare_type(header.get("typ")) != bare_type(self.type):
                raise WrongType(f"its 'typ' is not {self.type}")
        elif "typ" in header and bare_type(header["typ"]) not in _TYPES:
            raise WrongType("its 'typ' is neither JWT nor at+jwt")

    def _check(self, claims: dict[str, Any], now: int) -> None:
        """Check the claims (RFC 7519, section 4.1)."""
        check_issuer(claims, self.issuer)
        self._check_audience(claims)
        if "events" in claims:
            # RFC 8417, section 2.2; OpenID Connect Back-Channel Logout 1.0,
            # section 2.4: a logout token, for example.
            raise WrongType("it has 'events', so it is no credential")
        if "cnf" in claims:
            # RFC 7800; RFC 9449, section 7.2: the sender must prove that it
            # has a key, and this proof is not supported here.
            raise WrongType(
                "its 'cnf' binds it to a key, which is not supported"
            )
        subject = claims.get("sub")
        if type(subject) is not str or not subject:
            raise Malformed("its 'sub' is not a text, or is empty")
        if type(claims.get("jti", "")) is not str:
            raise Malformed("its 'jti' is not a text")
        if "exp" not in claims:
            raise Malformed("it has no 'exp'")
        expires = read_time(claims, "exp")
        check_times(claims, expires, now, self.leeway)

    def _check_audience(self, claims: dict[str, Any]) -> None:
        name = self.audience_claim
        audience = find_claim(claims, name)
        if audience is ABSENT:
            raise WrongAudience(
                f"it has no {name!r}: set audience_claim to the claim that has"
                " its audience"
            )
        if not self._is_for_us(audience):
            raise WrongAudience(
                f"its {name!r} is not an audience in the settings"
            )
        # RFC 7519, section 4.1.3: an "aud" is never ignored.
        if not self._is_for_us(claims.get("aud", audience)):
            raise WrongAudience("its 'aud' is not an audience in the settings")

    def _is_for_us(self, audience: object) -> bool:
        return names_one(audience, self.audience)


def sign_in_time(claims: Mapping[str, Any], now: int) -> int | None:
    """Tell when the user of a token signed in: its ``auth_time`` (OpenID
    Connect Core 1.0, section 2), else its ``iat``. Never later than now.

    ``None`` where the token has neither, and where its ``auth_time`` is not a
    time: the token is good, but tells no sign-in.
    """
    name = "auth_time" if "auth_time" in claims else "iat"
    try:
        return min(now, math.floor(read_time(claims, name)))
    except (KeyError, Malformed):
        return None
