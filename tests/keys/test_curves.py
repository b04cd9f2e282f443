"""Private keys on curves, and their public parts."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
)

from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.curves import (
    CURVE_OF,
    CURVES,
    ED25519,
    P256,
    new_secret,
    private_key,
    public_members,
    public_octets,
)
from pyramid_sessiontoken.keys.ring import Key

# RFC 7515, appendix A.3.1.
RFC_7515 = {
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7515_D = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
# RFC 8037, appendix A.1.
RFC_8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC_8037_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"


def test_each_algorithm_has_one_curve():
    assert CURVE_OF == {"ES256": P256, "EdDSA": ED25519}
    assert CURVES[P256].kty == "EC"
    assert CURVES[ED25519].kty == "OKP"


def test_the_public_part_is_that_of_the_rfcs():
    key = Key("a", decode_base64url(RFC_7515_D), curve=P256)
    assert public_members(key) == {"kty": "EC", "crv": P256, **RFC_7515}
    key = Key("a", decode_base64url(RFC_8037_D), curve=ED25519)
    expected = {"kty": "OKP", "crv": ED25519, "x": RFC_8037_X}
    assert public_members(key) == expected


def test_a_coordinate_keeps_its_leading_zeros():
    """RFC 7518, section 6.2.1.2."""
    seen = set()
    for number in range(1, 600):
        key = Key("a", number.to_bytes(32, "big"), curve=P256)
        members = public_members(key)
        for name in "xy":
            raw = decode_base64url(members[name])
            assert len(raw) == 32
            seen.add(raw[0])
    assert 0 in seen


@pytest.mark.parametrize(
    ("curve", "kind"),
    [
        (P256, ec.EllipticCurvePrivateKey),
        (ED25519, ed25519.Ed25519PrivateKey),
    ],
)
def test_a_new_secret_is_a_key(curve, kind):
    one, other = new_secret(curve), new_secret(curve)

    assert one != other
    assert len(one) == len(other) == 32
    assert isinstance(private_key(Key("a", one, curve=curve)), kind)


@pytest.mark.parametrize("number", [0, 2**256 - 1])
def test_a_number_beyond_the_curve_is_no_key(number):
    with pytest.raises(ValueError):
        private_key(Key("a", number.to_bytes(32, "big"), curve=P256))


@pytest.mark.parametrize("curve", [P256, ED25519])
def test_the_public_part_as_der_is_that_of_the_key(curve):
    key = Key("a", new_secret(curve), curve=curve)

    public = load_der_public_key(public_octets(key))

    assert public == private_key(key).public_key()


def test_a_new_secret_is_a_number_on_the_curve():
    for _ in range(5):
        key = Key("a", new_secret(P256), curve=P256)
        number = private_key(key).private_numbers().private_value
        assert number.to_bytes(32, "big") == key.secret
