"""RSA keys whose private part can be computed are told apart."""

from math import prod

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.keys import ROCA_1024, ROCA_2048

from pyramid_sessiontoken.keys.roca import is_roca


@pytest.mark.parametrize("modulus", [ROCA_1024, ROCA_2048])
@pytest.mark.parametrize("exponent", [3, 65537])
def test_a_key_of_the_broken_generator_is_found(modulus, exponent):
    assert is_roca(rsa.RSAPublicNumbers(exponent, modulus).public_key())


@pytest.mark.parametrize("bits", [1024, 2048, 3072])
def test_an_honest_key_is_not_reported(bits):
    private = rsa.generate_private_key(65537, bits)

    assert not is_roca(private.public_key())


def test_a_key_near_a_weak_one_is_not_reported():
    """One of the primes tells it."""
    for number in (2, 4, 6, 1024):
        modulus = ROCA_2048 + number
        assert not is_roca(rsa.RSAPublicNumbers(65537, modulus).public_key())


def test_keys_of_other_types_are_not_reported():
    assert not is_roca(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert not is_roca(None)


@pytest.mark.parametrize(("bits", "weak"), [(1983, True), (1984, False)])
def test_a_long_key_is_judged_by_more_primes(bits, weak):
    """Up to 167 this modulus is a power of 65537, and beyond it is none."""
    few = prod(
        number
        for number in range(3, 168, 2)
        if all(number % divisor for divisor in range(3, number, 2))
    )
    modulus = 2 ** (bits - 1)
    modulus += (65537 - modulus) % few
    modulus += few * (modulus % 2 == 0)

    key = rsa.RSAPublicNumbers(65537, modulus).public_key()

    assert key.key_size == bits
    assert is_roca(key) is weak
