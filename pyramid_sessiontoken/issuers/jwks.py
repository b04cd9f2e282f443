"""The JWK Set of another issuer (RFC 7517)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from ..errors import InvalidCredential
from ..keys.base64url import decode_base64url
from ..tokens.payload import read_object
from .verifying_key import (
    INVALID,
    OCT,
    VerifyingKey,
    is_hmac,
    public_key,
    secret_key,
)

#: The largest JWK Set that is read, bytes.
MAX_BYTES = 256 * 1024

#: The most keys in a JWK Set.
MAX_KEYS = 50

# For each type of key: the function that makes a key, and the public members
# that it gets. All other members, such as "x5c" and "x5u", are ignored.
_PUBLIC: dict[str, tuple[Any, tuple[str, ...]]] = {
    "RSA": (RSAAlgorithm.from_jwk, ("n", "e")),
    "EC": (ECAlgorithm.from_jwk, ("crv", "x", "y")),
    "OKP": (OKPAlgorithm.from_jwk, ("crv", "x")),
}


class KeySet:
    """The usable keys of a JWK Set.

    :ivar refused: why each of the other keys is not used, as sentences.
    """

    def __init__(
        self, keys: Iterable[VerifyingKey], refused: Iterable[str] = ()
    ) -> None:
        self._keys = tuple(keys)
        self._named = {key.kid: key for key in self._keys if key.kid}
        self.refused = tuple(refused)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Look a key up by its name. A token without a name needs the only
        key for its algorithm: keys are never tried one after the other.
        """
        if kid is not None:
            return self._named.get(kid)
        fitting = [key for key in self._keys if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(raw: bytes, algorithms: Sequence[str]) -> KeySet:
    """Read the keys of a JWK Set that can be used with some algorithms. Other
    keys are ignored (RFC 7517, section 5).

    :raises ValueError: for another text, and for a set that must not be used.
    """
    members = _members(raw)
    if is_hmac(algorithms) and not all(map(_is_secret, members)):
        # A set with public keys is published, so its secrets are not secret.
        raise ValueError("it has public keys beside secret keys")
    keys = []
    refused = []
    for number, member in enumerate(members, 1):
        try:
            keys.append(_read_member(member, algorithms))
        except ValueError as error:
            kid = member.get("kid") if isinstance(member, dict) else None
            refused.append(f"key {number}, {kid!r:.80}: {error}")
    counted = Counter(key.kid for key in keys if key.kid)
    twice = sorted(kid for kid, count in counted.items() if count > 1)
    refused.extend(f"{kid!r:.80}: its 'kid' comes twice" for kid in twice)
    return KeySet((key for key in keys if key.kid not in twice), refused)


def _members(raw: bytes) -> list[Any]:
    if len(raw) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    try:
        members = read_object(raw)["keys"]
    except (InvalidCredential, KeyError):
        members = None
    if type(members) is not list:
        raise ValueError("not a JWK Set of the form {'keys': [...]}")
    if len(members) > MAX_KEYS:
        raise ValueError(f"it has more than {MAX_KEYS} keys")
    return members


def _is_secret(member: object) -> bool:
    return isinstance(member, dict) and member.get("kty") == OCT


def _read_member(member: object, algorithms: Sequence[str]) -> VerifyingKey:
    if not isinstance(member, dict):
        raise ValueError("it is not a JSON object")
    if member.get("use", "sig") != "sig":
        raise ValueError("its 'use' is not 'sig'")
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("its 'key_ops' lack 'verify'")
    kid = member.get("kid")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise ValueError("its 'kid' is not a text")
    named = member.get("alg")
    if _is_secret(member):
        return secret_key(kid, _octets(member, "k"), named, algorithms)
    if "d" in member:
        raise ValueError("it contains its private part ('d')")
    return public_key(kid, _make(member), named, algorithms)


def _make(member: dict[str, Any]) -> Any:
    """Make a key of its public members."""
    kty = member.get("kty")
    if not isinstance(kty, str) or kty not in _PUBLIC:
        raise ValueError("its 'kty' is unknown")
    make, names = _PUBLIC[kty]
    for name in names:
        if name != "crv":
            _octets(member, name)
    try:
        return make({"kty": kty, **{name: member[name] for name in names}})
    except INVALID:
        # For example, its point is not on the curve.
        raise ValueError(f"it is not a valid {kty} key") from None


def _octets(member: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64url(member[name])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"its {name!r} is not base64url") from None
