"""The JWK Set of another issuer (RFC 7517)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from ..errors import InvalidCredential
from ..keys.algorithms import OCT, is_hmac
from ..keys.base64url import decode_base64url, encode_base64url
from ..tokens.payload import read_object
from .verifying_key import (
    INVALID,
    ForAnotherUse,
    VerifyingKey,
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
        # Some issuers publish a key twice, or once for each algorithm.
        distinct = {(k.kid, k.algorithm, k.octets): k for k in keys}
        self._keys = tuple(distinct.values())
        named = [key for key in self._keys if key.kid]
        self._by_kid = {key.kid: key for key in named}
        self._exact = {(key.kid, key.algorithm): key for key in named}
        self.refused = tuple(refused)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter(self._keys)

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Look a key up by its name and algorithm; if the name has no key for
        the algorithm, give one for another algorithm. A token without a name
        needs the only key for its algorithm: keys are never tried one after
        the other.
        """
        if kid is not None:
            return self._exact.get((kid, algorithm)) or self._by_kid.get(kid)
        fitting = {
            key.octets: key for key in self._keys if key.algorithm == algorithm
        }
        return next(iter(fitting.values())) if len(fitting) == 1 else None


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
    unusable = set()
    for number, member in enumerate(members, 1):
        try:
            keys.append(_read_member(member, algorithms))
        except ValueError as error:
            kid = member.get("kid") if isinstance(member, dict) else None
            refused.append(f"key {number}, {kid!r:.80}: {error}")
            if isinstance(kid, str) and not isinstance(error, ForAnotherUse):
                unusable.add(kid)
    unclear = {
        **dict.fromkeys(_ambiguous(keys), "its 'kid' comes twice"),
        **{
            key.kid: "its 'kid' is also that of a key that cannot be used"
            for key in keys
            if key.kid in unusable
        },
    }
    refused.extend(f"{kid!r:.80}: {unclear[kid]}" for kid in sorted(unclear))
    return KeySet((key for key in keys if key.kid not in unclear), refused)


def _ambiguous(keys: Iterable[VerifyingKey]) -> Iterator[str]:
    """Give the names that two keys of one type have. Keys of different types
    may share a name (RFC 7517, section 4.5): the algorithm tells them apart.
    """
    named: dict[tuple[str, str], bytes] = {}
    for key in keys:
        if key.kid is not None:
            octets = named.setdefault((key.kid, key.kty), key.octets)
            if octets != key.octets:
                yield key.kid


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
        raise ForAnotherUse("its 'use' is not 'sig'")
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ForAnotherUse("its 'key_ops' lack 'verify'")
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
    if not isinstance(kty, str):
        raise ValueError("its 'kty' is unknown")
    if kty not in _PUBLIC:
        raise ForAnotherUse("its 'kty' is unknown")
    make, names = _PUBLIC[kty]
    public = {
        name: encode_base64url(_octets(member, name))
        for name in names
        if name != "crv"
    }
    try:
        if "crv" in names:
            public["crv"] = member["crv"]
        return make({"kty": kty, **public})
    except INVALID:
        # For example, its point is not on the curve.
        raise ValueError(f"it is not a valid {kty} key") from None


def _octets(member: dict[str, Any], name: str) -> bytes:
    """Read a member, also with padding, which some issuers write."""
    try:
        text = member[name]
        bare = text.rstrip("=")
        if text not in (bare, bare + "=" * (-len(bare) % 4)):
            raise ValueError("wrong padding")
        return decode_base64url(bare)
    except (AttributeError, KeyError, ValueError):
        raise ValueError(f"its {name!r} is not base64url") from None
