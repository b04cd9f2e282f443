"""A key of another issuer, checked before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from jwt.algorithms import get_default_algorithms
from jwt.exceptions import PyJWTError

from ..keys.algorithms import FORMS, OCT
from ..keys.roca import is_roca
from ..keys.strength import weakness_of_secret

#: Errors of PyJWT and cryptography for a text that is not a valid key.
INVALID = (KeyError, TypeError, ValueError, PyJWTError, UnsupportedAlgorithm)

# Bits (NIST SP 800-131A). Longer keys only take more time.
_RSA_SIZES = range(2048, 8193)
_LEAST_EXPONENT = 65537

_CURVES = {
    "secp256r1": "P-256",
    "secp384r1": "P-384",
    "secp521r1": "P-521",
    "secp256k1": "secp256k1",
}

# The type of key (RFC 7518, section 6.1) by the first letters of an algorithm.
_TYPES = {"HS": OCT, "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

_ALGORITHMS = get_default_algorithms()


class ForAnotherUse(ValueError):
    """The key may be right, but it is not for these signatures."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key of another issuer, and the only algorithm that it is used with
    (RFC 8725, section 3.1).

    :ivar kid: its name in tokens; ``None`` for a key without a name.
    :ivar octets: the key alone; equal keys have equal octets.
    """

    kid: str | None
    algorithm: str
    octets: bytes = field(repr=False)
    _material: Any = field(repr=False)

    @property
    def kty(self) -> str:
        """The type of key: ``RSA``, ``EC``, ``OKP`` or ``oct``."""
        return _TYPES[self.algorithm[:2]]

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        verify = _ALGORITHMS[self.algorithm].verify
        return verify(signed, self._material, signature)


class Keys(Protocol):
    """The keys of another issuer."""

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """Give the key that a token names, or ``None``. Raise
        ``RepositoryUnavailable`` if the keys cannot be fetched.
        """

    def __iter__(self) -> Iterator[VerifyingKey]:
        """Give the keys that are known now."""


class OneKey:
    """The only key of an issuer. The name in a token does not matter."""

    def __init__(self, key: VerifyingKey) -> None:
        self._key = key

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        return self._key

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter((self._key,))


def read_public_key(text: str, algorithms: Sequence[str]) -> VerifyingKey:
    """Read a public key in PEM, or the key of a certificate in PEM. The dates
    of the certificate are ignored.

    :raises ValueError: for another text, and for a key that must not be used.
    """
    if "PRIVATE KEY-----" in text:
        raise ValueError("it is a private key: use the public key")
    if text.count("-----BEGIN ") != 1:
        raise ValueError("it has several parts: use one key")
    raw = text.encode()
    try:
        key: Any
        if "-----BEGIN CERTIFICATE-----" in text:
            key = x509.load_pem_x509_certificate(raw).public_key()
        else:
            key = load_pem_public_key(raw)
    except INVALID:
        raise ValueError("it is not a public key in PEM") from None
    return public_key(None, key, None, algorithms)


def public_key(
    kid: str | None, key: Any, named: object, algorithms: Sequence[str]
) -> VerifyingKey:
    """Make a verifying key of a public key.

    :param named: the algorithm that the key is for, ``None`` for any.
    :raises ValueError: for a key that must not be used.
    """
    algorithm = _algorithm(_form_of(key), named, algorithms)
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return VerifyingKey(kid, algorithm, octets, key)


def secret_key(
    kid: str | None, secret: bytes, named: object, algorithms: Sequence[str]
) -> VerifyingKey:
    """Make a verifying key for HMAC.

    :param named: the algorithm that the key is for, ``None`` for any.
    :raises ValueError: for a key that must not be used.
    """
    algorithm = _algorithm(OCT, named, algorithms)
    weakness = weakness_of_secret(secret, algorithm)
    if weakness is not None:
        raise ValueError(weakness)
    return VerifyingKey(kid, algorithm, secret, secret)


def _form_of(key: Any) -> str:
    """Give the form of a public key that is strong enough."""
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
        return "RSA"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    raise ValueError("no algorithm uses a key of this type")


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    if key.key_size not in _RSA_SIZES:
        raise ValueError(
            f"it has {key.key_size} bits, and {_RSA_SIZES.start} to"
            f" {_RSA_SIZES.stop - 1} are allowed"
        )
    exponent = key.public_numbers().e
    if exponent < _LEAST_EXPONENT or exponent % 2 == 0:
        raise ValueError(
            f"its exponent is {exponent}, and an odd number from"
            f" {_LEAST_EXPONENT} on is needed"
        )
    if is_roca(key):
        raise ValueError(
            "its private part can be computed (ROCA, CVE-2017-15361)"
        )


def _algorithm(form: str, named: object, algorithms: Sequence[str]) -> str:
    """Choose the only algorithm of a key: the one that it names, or the first
    one that uses its form.
    """
    fitting = [name for name in algorithms if form in FORMS[name]]
    if named is None and fitting:
        return fitting[0]
    if isinstance(named, str) and named in fitting:
        return named
    key = "a secret key" if form == OCT else f"a key of the form {form}"
    its_alg = "" if named is None else f" with 'alg' {named!r:.40}"
    raise ForAnotherUse(
        f"{key}{its_alg} cannot be used with {' '.join(algorithms)}"
    )
