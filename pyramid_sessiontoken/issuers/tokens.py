"""What the token of another issuer must be: a JWT (RFC 7519) beyond doubt.

Stricter than PyJWT, which does the cryptography: one text has one reading,
or it is refused.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..errors import REASON_EXPIRED, InvalidCredential
from ..tokens.jwt import COMPACT, MAX_READ, bare_type, decode_segment
from ..tokens.payload import TIME_LIMIT, read_object
from .jwks import Keys

# RFC 7519, section 5.1, and RFC 9068, section 2.1. Any other type is a token
# for another purpose (RFC 8725, section 3.11).
_TYPES = ("jwt", "at+jwt")


@dataclass(frozen=True, slots=True)
class ForeignTokens:
    """Read the tokens of another issuer.

    :ivar issuer: exactly their ``iss``.
    :ivar audience: their ``aud`` names one of these.
    :ivar algorithms: no other signs them.
    :ivar leeway: when a time is read, seconds.
    """

    keys: Keys
    issuer: str
    audience: Collection[str]
    algorithms: Collection[str]
    leeway: int

    def read(self, token: str, now: int) -> dict[str, Any]:
        """Verify a token and give its claims.

        The order is that of RFC 7515, section 5.2: of the content nothing is
        decoded before the signature holds.

        :raises InvalidCredential: with the reason ``errors.REASON_EXPIRED``
            where only the time is wrong.
        :raises RepositoryUnavailable: where its key cannot be had just now.
        """
        if len(token) > MAX_READ:
            raise InvalidCredential(f"it is longer than {MAX_READ} bytes")
        if COMPACT.fullmatch(token) is None:
            raise InvalidCredential("it is no JWT")
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
        """Hold the signature against what was signed. No member of the
        header but ``alg`` and ``kid`` chooses anything: ``jwk``, ``jku``,
        ``x5c`` and ``x5u`` are what a stranger says of himself.
        """
        for name in ("crit", "b64"):
            # RFC 7515, section 4.1.11; RFC 7797, section 6: none is known.
            if name in header:
                raise InvalidCredential(f"its header has {name!r}")
        if "typ" in header and bare_type(header["typ"]) not in _TYPES:
            raise InvalidCredential("it is of another type")
        algorithm = header.get("alg")
        if type(algorithm) is not str or algorithm not in self.algorithms:
            raise InvalidCredential("its algorithm is not allowed")
        kid = header.get("kid")
        if "kid" in header and type(kid) is not str:
            raise InvalidCredential("its 'kid' is no text")
        key = self.keys.find(kid, algorithm)
        if key is None:
            raise InvalidCredential("no key of its issuer is meant by it")
        if key.algorithm != algorithm:
            raise InvalidCredential(f"its key serves {key.algorithm} alone")
        if not key.verifies(signed, signature):
            raise InvalidCredential("its signature is wrong")

    def _check(self, claims: dict[str, Any], now: int) -> None:
        """Judge what the issuer says (RFC 7519, section 4.1)."""
        issuer = claims.get("iss")
        if type(issuer) is not str or issuer != self.issuer:
            raise InvalidCredential("it is of another issuer")
        if not self._is_for_us(claims.get("aud")):
            raise InvalidCredential("it is for another audience")
        if "cnf" in claims:
            # RFC 7800, RFC 9449, section 7.2: it is bound to a key, and who
            # shows it proves nothing.
            raise InvalidCredential("it is bound to a proof")
        subject = claims.get("sub")
        if type(subject) is not str or not subject:
            raise InvalidCredential("it names no subject")
        if type(claims.get("jti", "")) is not str:
            raise InvalidCredential("its 'jti' is no text")
        if "exp" not in claims:
            raise InvalidCredential("it never expires")
        expires = _time(claims, "exp")
        for name in ("iat", "nbf"):
            if name in claims and now < _time(claims, name) - self.leeway:
                raise InvalidCredential("it is from the future")
        # A fraction of a second (section 2) is not waited for.
        if now >= math.floor(expires) + self.leeway:
            raise InvalidCredential(REASON_EXPIRED)

    def _is_for_us(self, audience: object) -> bool:
        named = audience if type(audience) is list else [audience]
        if not all(type(item) is str for item in named):
            return False
        return not set(self.audience).isdisjoint(named)


def _time(claims: dict[str, Any], name: str) -> int | float:
    """Give a NumericDate (section 2), which may have a fraction."""
    value: Any = claims[name]
    # Not isinstance: True is no time. NaN is in no range.
    if type(value) not in (int, float) or not 0 <= value < TIME_LIMIT:
        raise InvalidCredential(f"its {name!r} is no time")
    time: int | float = value
    return time
