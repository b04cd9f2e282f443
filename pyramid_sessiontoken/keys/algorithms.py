"""The algorithms of JSON Web Signatures, and the form of key of each."""

from __future__ import annotations

from collections.abc import Iterable

from .strength import ALGORITHMS as HMAC

OCT = "oct"

#: The forms of key that each algorithm uses (RFC 7518, section 3.1; RFC 8037;
#: RFC 8812). ``none`` is not one of them, and no setting can add it.
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


def is_hmac(algorithms: Iterable[str]) -> bool:
    """Tell whether all algorithms use a secret key."""
    return all(algorithm in HMAC for algorithm in algorithms)
