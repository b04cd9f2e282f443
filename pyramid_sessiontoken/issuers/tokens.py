"""Verify a token of another issuer, a JWT (RFC 7519), strictly.

PyJWT does the cryptography. This file is stricter than PyJWT: a text that can
be read in two ways is refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import REASON_EXPIRED, InvalidCredential
from ..tokens.jwt import COMPACT, MAX_READ, bare_type, decode_segment
from ..tokens.payload import read_object
from .claims import ABSENT, find_claim
from .verifying_key import Keys

# RFC 7519, section 5.1, and RFC 9068, section 2.1. Any other type is a token
# for another purpose (RFC 8725, section 3.11).
_TYPES = ("jwt", "at+jwt")

#: Every time must be less, in seconds since the epoch: the year 36812.
TIME_LIMIT = 2**40


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

    def read(self, token: str, now: int) -> dict[str, Any]:
        """Verify a token and give its claims.

        The order is that of RFC 7515, section 5.2: the payload is not decoded
        before the signature is verified.

        :raises InvalidCredential: with the reason ``errors.REASON_EXPIRED``
            if the token has expired and is valid otherwise.
        :raises RepositoryUnavailable: if its key cannot be fetched.
        """
        if len(token) > MAX_READ:
            raise InvalidCredential(f"it is longer than {MAX_READ} bytes")
        if COMPACT.fullmatch(token) is None:
            raise InvalidCredential("it is not a JWT")
        signed, _, last = token.rpartition(".")
        first, _, content = signed.partition(".")
        header = read_object(decode_segment(first))
        signature = decode_segment(last)
        self._verify(header, signed.encode("ascii"), signature)
        claims = read_object(decode_segment(content))
        self._check(claims, now)
        return claims

    def _verify(
        self, header: dict[str, Any], signed: bytes, signature: bytes
    ) -> None:
        """Verify the signature. Only ``alg`` and ``kid`` of the header choose
        the key: ``jwk``, ``jku``, ``x5c`` and ``x5u`` are ignored, because
        an attacker can write them.
        """
        for name in ("crit", "b64"):
            # RFC 7515, section 4.1.11; RFC 7797, section 6: a reader must
            # refuse extensions that it does not support.
            if name in header:
                raise InvalidCredential(
                    f"its header has {name!r}, which is not supported"
                )
        self._check_type(header)
        algorithm = header.get("alg")
        if type(algorithm) is not str or algorithm not in self.algorithms:
            raise InvalidCredential(
                "its 'alg' is not one of the algorithms in the settings"
            )
        kid = header.get("kid")
        if "kid" in header and type(kid) is not str:
            raise InvalidCredential("its 'kid' is not a text")
        key = self.keys.find(kid, algorithm)
        if key is None:
            raise InvalidCredential(
                "it has no 'kid', and not exactly one key of its issuer fits"
                if kid is None
                else "its issuer has no key with its 'kid'"
            )
        if key.algorithm != algorithm:
            raise InvalidCredential(
                f"its key may be used with {key.algorithm} only"
            )
        if not key.verifies(signed, signature):
            raise InvalidCredential("its signature is wrong")

    def _check_type(self, header: dict[str, Any]) -> None:
        if self.type is not None:
            if bare_type(header.get("typ")) != bare_type(self.type):
                raise InvalidCredential(f"its 'typ' is not {self.type}")
        elif "typ" in header and bare_type(header["typ"]) not in _TYPES:
            raise InvalidCredential("its 'typ' is neither JWT nor at+jwt")

    def _check(self, claims: dict[str, Any], now: int) -> None:
        """Check the claims (RFC 7519, section 4.1)."""
        issuer = claims.get("iss")
        if type(issuer) is not str or issuer != self.issuer:
            raise InvalidCredential(
                "its 'iss' is not the issuer in the settings"
            )
        self._check_audience(claims)
        if "events" in claims:
            # RFC 8417, section 2.2; OpenID Connect Back-Channel Logout 1.0,
            # section 2.4: a logout token, for example.
            raise InvalidCredential("it has 'events', so it is no credential")
        if "cnf" in claims:
            # RFC 7800; RFC 9449, section 7.2: the sender must prove that it
            # has a key, and this proof is not supported here.
            raise InvalidCredential(
                "its 'cnf' binds it to a key, which is not supported"
            )
        subject = claims.get("sub")
        if type(subject) is not str or not subject:
            raise InvalidCredential("its 'sub' is not a text, or is empty")
        if type(claims.get("jti", "")) is not str:
            raise InvalidCredential("its 'jti' is not a text")
        if "exp" not in claims:
            raise InvalidCredential("it has no 'exp'")
        expires = _time(claims, "exp")
        for name in ("iat", "nbf"):
            if name in claims and now < _time(claims, name) - self.leeway:
                raise InvalidCredential(f"its {name!r} is in the future")
        # A fraction of a second (section 2) is cut off.
        if now >= math.floor(expires) + self.leeway:
            raise InvalidCredential(REASON_EXPIRED)

    def _check_audience(self, claims: dict[str, Any]) -> None:
        name = self.audience_claim
        audience = find_claim(claims, name)
        if audience is ABSENT:
            raise InvalidCredential(
                f"it has no {name!r}: set audience_claim to the claim that has"
                " its audience"
            )
        if not self._is_for_us(audience):
            raise InvalidCredential(
                f"its {name!r} is not an audience in the settings"
            )
        # RFC 7519, section 4.1.3: an "aud" is never ignored.
        if not self._is_for_us(claims.get("aud", audience)):
            raise InvalidCredential(
                "its 'aud' is not an audience in the settings"
            )

    def _is_for_us(self, audience: object) -> bool:
        named = audience if type(audience) is list else [audience]
        if not all(type(item) is str for item in named):
            return False
        return not set(self.audience).isdisjoint(named)


def _time(claims: dict[str, Any], name: str) -> int | float:
    """Give a NumericDate (section 2), which may have a fraction."""
    value: Any = claims[name]
    # Not isinstance, which accepts True. NaN fails the comparison.
    if type(value) not in (int, float) or not 0 <= value < TIME_LIMIT:
        raise InvalidCredential(f"its {name!r} is not a time")
    time: int | float = value
    return time
