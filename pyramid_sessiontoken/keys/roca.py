"""RSA keys whose private part can be computed from the public one, as a
widespread chip made them (ROCA, CVE-2017-15361).
"""

from __future__ import annotations

from functools import cache
from math import prod

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# The primes of such a key are k * M + (65537 ** a mod M), where M is the
# product of all primes up to a bound that grows with the key (Nemec, Sys,
# Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, ACM CCS 2017,
# section 2.1 and table 1; the published test is crocs-muni/roca, detect.py).
# So the modulus is a power of 65537 modulo each of these primes. Of other
# keys up to 167 one in 2**27 is, and up to 701 one in 2**167.
_GENERATOR = 65537
_BOUND = 167
_LONG = 1984  # bits
_BOUND_OF_LONG = 701


def is_roca(key: object) -> bool:
    """Tell whether a public key is an RSA key of that kind."""
    if not isinstance(key, RSAPublicKey):
        return False
    modulus = key.public_numbers().n
    bound = _BOUND if key.key_size < _LONG else _BOUND_OF_LONG
    product, powers = _powers(bound)
    rest = modulus % product
    return all(rest % prime in residues for prime, residues in powers)


@cache
def _powers(bound: int) -> tuple[int, tuple[tuple[int, frozenset[int]], ...]]:
    """Give the product of the odd primes up to a bound, and for each one the
    powers of 65537 modulo it.
    """
    primes = [
        number
        for number in range(3, bound + 1, 2)
        if all(number % divisor for divisor in range(3, number, 2))
    ]
    powers = tuple(
        (
            prime,
            frozenset(pow(_GENERATOR, a, prime) for a in range(prime)),
        )
        for prime in primes
    )
    return prod(primes), powers
