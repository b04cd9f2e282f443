"""The keys of another issuer: read from a JWK Set (RFC 7517) or a PEM, and
judged before they are used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import (
    ECAlgorithm,
    OKPAlgorithm,
    RSAAlgorithm,
    get_default_algorithms,
)
from jwt.exceptions import PyJWTError

from ..errors import InvalidCredential
from ..keys.base64url import decode_base64url
from ..keys.strength import ALGORITHMS as HMAC
from ..keys.strength import weakness_of_secret
from ..tokens.payload import read_object

OCT = "oct"

#: Which form of key each algorithm takes (RFC 7518, section 3.1; RFC 8037;
#: RFC 8812). ``none`` is not among them, and no setting adds it.
FORMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(HMAC, (OCT,)),
    **dict.fromkeys(
        ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA",)
    ),
    "ES256": ("P-256",),
    "ES384": ("P-384",),
    "ES512": ("P-521",),
    "ES256K": ("secp256k1",),
    "EdDSA": ("Ed25519", "Ed448"),
}

#: A larger JWK Set is not read, bytes.
MAX_BYTES = 256 * 1024

#: A JWK Set with more keys is not used.
MAX_KEYS = 50

# Bits (NIST SP 800-131A); longer ones only cost time.
_RSA_SIZES = range(2048, 8193)
_LEAST_EXPONENT = 65537

_CURVES = {
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "secp256k1": "secp256k1",
}

# The public members of each type of key, and who makes a key of them. All
# else that a key says of itself, "x5c" and "x5u" too, is not looked at.
_PUBLIC: dict[str, tuple[Any, tuple[str, ...]]] = {
    "RSA": (RSAAlgorithm.from_jwk, ("n", "e")),
    "EC": (ECAlgorithm.from_jwk, ("crv", "x", "y")),
    "OKP": (OKPAlgorithm.from_jwk, ("crv", "x")),
}

_ALGORITHMS = get_default_algorithms()

# Whatever PyJWT and cryptography raise for what is no key.
_NO_KEY = (KeyError, TypeError, ValueError, PyJWTError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key of another issuer, and the one algorithm that it serves
    (RFC 8725, section 3.1).

    :ivar kid: what tokens call it, ``None`` for a key without a name.
    """

    kid: str | None
    algorithm: str
    _material: Any = field(repr=False)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        verify = _ALGORITHMS[self.algorithm].verify
        return verify(signed, self._material, signature)


class Keys(Protocol):
    """Where the keys of another issuer are found."""

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Give the key that a token names, ``None`` where there is none;
        raise ``RepositoryUnavailable`` where the issuer cannot be asked.
        """


class OneKey:
    """The only key, whatever tokens call it."""

    def __init__(self, key: VerifyingKey) -> None:
        self._key = key

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        return self._key


class KeySet:
    """The usable keys of a JWK Set.

    :ivar refused: why the others are not used, a sentence each.
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
        """Look a key up by its name. Without a name it must be the only one
        for the algorithm: no key is ever tried.
        """
        if kid is not None:
            return self._named.get(kid)
        fitting = [key for key in self._keys if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(raw: bytes, algorithms: Sequence[str]) -> KeySet:
    """Read the keys of a JWK Set that serve some algorithms. Others are
    passed over (RFC 7517, section 5).

    :raises ValueError: for what is no JWK Set, or one that cannot be right.
    """
    if len(raw) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    try:
        members = read_object(raw)["keys"]
    except (InvalidCredential, KeyError):
        members = None
    if type(members) is not list:
        raise ValueError("not a JWK Set: {'keys': [...]}")
    if len(members) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} keys")
    if is_hmac(algorithms) and not all(map(_is_secret, members)):
        # Whoever published the set has published the secrets.
        raise ValueError("public keys beside secret ones")
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


def is_hmac(algorithms: Iterable[str]) -> bool:
    """Tell whether the algorithms are those of secret keys."""
    return all(algorithm in HMAC for algorithm in algorithms)


def read_pem(text: str, algorithms: Sequence[str]) -> VerifyingKey:
    """Read the public key of a PEM, or of the certificate in it, whose dates
    do not matter.

    :raises ValueError: for anything else, or a key that must not be used.
    """
    if "PRIVATE KEY-----" in text:
        raise ValueError("it is a private key: give the public one")
    if text.count("-----BEGIN ") != 1:
        raise ValueError("it has several parts: give one key")
    raw = text.encode()
    try:
        key: Any
        if "-----BEGIN CERTIFICATE-----" in text:
            key = x509.load_pem_x509_certificate(raw).public_key()
        else:
            key = load_pem_public_key(raw)
    except _NO_KEY:
        raise ValueError("it is no PEM of a public key") from None
    return _public(None, key, None, algorithms)


def secret_key(
    kid: str | None, secret: bytes, named: object, algorithms: Sequence[str]
) -> VerifyingKey:
    """Make a key for HMAC.

    :param named: the algorithm that the key is for, ``None`` for any.
    :raises ValueError: for a key that must not be used.
    """
    algorithm = _algorithm(OCT, named, algorithms)
    weakness = weakness_of_secret(secret, algorithm)
    if weakness is not None:
        raise ValueError(weakness)
    return VerifyingKey(kid, algorithm, secret)


def _is_secret(member: object) -> bool:
    return isinstance(member, dict) and member.get("kty") == OCT


def _read_member(member: object, algorithms: Sequence[str]) -> VerifyingKey:
    if not isinstance(member, dict):
        raise ValueError("it is no JSON object")
    if member.get("use", "sig") != "sig":
        raise ValueError("its 'use' is not 'sig'")
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("its 'key_ops' lack 'verify'")
    kid = member.get("kid")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise ValueError("its 'kid' is no text")
    named = member.get("alg")
    if _is_secret(member):
        return secret_key(kid, _octets(member, "k"), named, algorithms)
    if "d" in member:
        raise ValueError("its private part is there for all to read")
    return _public(kid, _make(member), named, algorithms)


def _make(member: dict[str, Any]) -> Any:
    """Make the key of its public members."""
    kty = member.get("kty")
    if not isinstance(kty, str) or kty not in _PUBLIC:
        raise ValueError("its 'kty' is not known")
    make, names = _PUBLIC[kty]
    for name in names:
        if name != "crv":
            _octets(member, name)
    try:
        return make({"kty": kty, **{name: member[name] for name in names}})
    except _NO_KEY:
        # Also a point that is not on the curve.
        raise ValueError(f"it is no {kty} key") from None


def _octets(member: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64url(member[name])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"its {name!r} is no base64url") from None


def _public(
    kid: str | None, key: Any, named: object, algorithms: Sequence[str]
) -> VerifyingKey:
    """Judge a public key."""
    if isinstance(key, rsa.RSAPublicKey):
        form = "RSA"
        if key.key_size not in _RSA_SIZES:
            raise ValueError(
                f"it has {key.key_size} bits, not {_RSA_SIZES.start} to"
                f" {_RSA_SIZES.stop - 1}"
            )
        exponent = key.public_numbers().e
        if exponent < _LEAST_EXPONENT or exponent % 2 == 0:
            raise ValueError(f"its exponent is {exponent}")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        form = _CURVES.get(key.curve.name, key.curve.name)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        form = "Ed25519"
    elif isinstance(key, ed448.Ed448PublicKey):
        form = "Ed448"
    else:
        raise ValueError("no algorithm takes such a key")
    return VerifyingKey(kid, _algorithm(form, named, algorithms), key)


def _algorithm(form: str, named: object, algorithms: Sequence[str]) -> str:
    """Choose the one algorithm that a key serves: its own, or the first that
    it fits.
    """
    fitting = [name for name in algorithms if form in FORMS[name]]
    if named is None and fitting:
        return fitting[0]
    if isinstance(named, str) and named in fitting:
        return named
    what = "a secret key" if form == OCT else f"a key of the form {form}"
    said = "" if named is None else f" with 'alg' {named!r:.40}"
    raise ValueError(f"{what}{said} serves none of {' '.join(algorithms)}")
