"""What every signed token of another issuer has: a header, claims, times."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from ..errors import (
    REASON_EXPIRED,
    Expired,
    Malformed,
    NotYetValid,
    UnknownKey,
    WrongIssuer,
    WrongSignature,
    WrongType,
)
from ..tokens.jwt import COMPACT, MAX_READ, decode_segment
from ..tokens.payload import read_object
from .verifying_key import Keys

#: Every time must be less, in seconds since the epoch: the year 36812.
TIME_LIMIT = 2**40

#: Raises ``InvalidCredential`` for the header of a token of a wrong type.
CheckType = Callable[[dict[str, Any]], None]


class SignedTokens(NamedTuple):
    """Verify the signatures of an issuer.

    :ivar algorithms: must contain ``alg``.
    """

    keys: Keys
    algorithms: Collection[str]

    def open(self, token: str, check_type: CheckType) -> dict[str, Any]:
        """Verify the signature of a token and give its claims.

        The order is that of RFC 7515, section 5.2: the payload is not decoded
        before the signature is verified.

        :raises InvalidCredential: for a token of another signer.
        :raises RepositoryUnavailable: if its key cannot be fetched.
        """
        if len(token) > MAX_READ:
            raise Malformed(f"it is longer than {MAX_READ} bytes")
        if COMPACT.fullmatch(token) is None:
            raise Malformed("it is not a JWT")
        signed, _, last = token.rpartition(".")
        first, _, content = signed.partition(".")
        header = read_object(decode_segment(first))
        signature = decode_segment(last)
        self._verify(header, signed.encode("ascii"), signature, check_type)
        return read_object(decode_segment(content))

    def _verify(
        self,
        header: dict[str, Any],
        signed: bytes,
        signature: bytes,
        check_type: CheckType,
    ) -> None:
        """Verify the signature. Only ``alg`` and ``kid`` of the header choose
        the key: ``jwk``, ``jku``, ``x5c`` and ``x5u`` are ignored, because
        an attacker can write them.
        """
        for name in ("crit", "b64"):
            # RFC 7515, section 4.1.11; RFC 7797, section 6: a reader must
            # refuse extensions that it does not support.
            if name in header:
                raise WrongType(
                    f"its header has {name!r}, which is not supported"
                )
        check_type(header)
        algorithm = header.get("alg")
        if type(algorithm) is not str or algorithm not in self.algorithms:
            raise WrongType(
                "its 'alg' is not one of the algorithms in the settings"
            )
        kid = header.get("kid")
        if "kid" in header and type(kid) is not str:
            raise Malformed("its 'kid' is not a text")
        key = self.keys.find(kid, algorithm)
        if key is None:
            raise UnknownKey(
                "it has no 'kid', and not exactly one key of its issuer fits"
                if kid is None
                else "its issuer has no key with its 'kid'"
            )
        if key.algorithm != algorithm:
            raise UnknownKey(f"its key may be used with {key.algorithm} only")
        if not key.verifies(signed, signature):
            raise WrongSignature("its signature is wrong")


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """Check ``iss``.

    :raises InvalidCredential: for another issuer.
    """
    told = claims.get("iss")
    if type(told) is not str or told != issuer:
        raise WrongIssuer("its 'iss' is not the issuer in the settings")


def check_times(
    claims: Mapping[str, Any], expires: float, now: int, leeway: int
) -> None:
    """Check the times of a token.

    :param expires: its ``exp``.
    :raises InvalidCredential: with the reason ``errors.REASON_EXPIRED`` if it
        has expired.
    """
    for name in ("iat", "nbf"):
        if name in claims and now < read_time(claims, name) - leeway:
            raise NotYetValid(f"its {name!r} is in the future")
    # A fraction of a second (RFC 7519, section 2) is cut off.
    if now >= math.floor(expires) + leeway:
        raise Expired(REASON_EXPIRED)


def names_one(audience: object, names: Collection[str]) -> bool:
    """Tell whether an ``aud``, a text or a list of texts, has one of some
    names.
    """
    named = audience if type(audience) is list else [audience]
    if not all(type(item) is str for item in named):
        return False
    return not set(names).isdisjoint(named)


def read_time(claims: Mapping[str, Any], name: str) -> int | float:
    """Give a NumericDate (section 2), which may have a fraction."""
    value: Any = claims[name]
    # Not isinstance, which accepts True. NaN fails the comparison.
    if type(value) not in (int, float) or not 0 <= value < TIME_LIMIT:
        raise Malformed(f"its {name!r} is not a time")
    time: int | float = value
    return time
