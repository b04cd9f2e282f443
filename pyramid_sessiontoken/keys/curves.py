"""Private keys on elliptic curves, and their public parts."""

from __future__ import annotations

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from .base64url import encode_base64url
from .ring import Key

P256 = "P-256"
ED25519 = "Ed25519"

#: Of a private key, and of each coordinate of a public one, bytes: the size
#: of the field of either curve.
KEY_BYTES = 32


class Curve(NamedTuple):
    """How JWKs name a curve, and the one algorithm of its keys.

    :ivar kty: RFC 7518, section 6.1; RFC 8037, section 2.
    :ivar algorithms: names of the algorithm; the first one is written.
    """

    kty: str
    algorithms: tuple[str, ...]


#: By ``crv``. RFC 9864, section 2.2, gave EdDSA on Ed25519 a name of its own.
CURVES = {
    P256: Curve("EC", ("ES256",)),
    ED25519: Curve("OKP", ("EdDSA", "Ed25519")),
}

#: The curve of each algorithm.
CURVE_OF = {curve.algorithms[0]: name for name, curve in CURVES.items()}


def private_key(key: Key) -> Any:
    """Give the private key that ``cryptography`` works with.

    :raises ValueError: where the secret is no key on the curve.
    """
    if key.curve == P256:
        number = int.from_bytes(key.secret, "big")
        return ec.derive_private_key(number, ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.from_private_bytes(key.secret)


def public_members(key: Key) -> dict[str, str]:
    """Write the public part as members of a JWK.

    :raises ValueError: as :func:`private_key`.
    """
    public = private_key(key).public_key()
    if key.curve == P256:
        numbers = public.public_numbers()
        return {
            "kty": "EC",
            "crv": P256,
            # RFC 7518, section 6.2.1.2: with leading zeros.
            "x": encode_base64url(numbers.x.to_bytes(KEY_BYTES, "big")),
            "y": encode_base64url(numbers.y.to_bytes(KEY_BYTES, "big")),
        }
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": ED25519, "x": encode_base64url(raw)}


def public_octets(key: Key) -> bytes:
    """Write the public part as DER (RFC 5280, section 4.1.2.7)."""
    public = private_key(key).public_key()
    octets: bytes = public.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return octets


def new_secret(curve: str) -> bytes:
    """Make the secret of a new key on a curve."""
    if curve == P256:
        made = ec.generate_private_key(ec.SECP256R1())
        return made.private_numbers().private_value.to_bytes(KEY_BYTES, "big")
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.Raw, PrivateFormat.Raw, NoEncryption()
    )
