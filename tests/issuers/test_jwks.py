"""The keys of a JWK Set are checked before they are used."""

import base64
import contextlib
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from support.issuer import (
    PUBLIC_NAMES,
    PYJWT,
    SECRET,
    b64,
    jwk,
    jwks,
    pem,
    private_key,
    rsa_key,
)
from support.keys import ROCA_2048

from pyramid_sessiontoken.issuers.jwks import (
    MAX_BYTES,
    read_key_set,
)

ES = ("ES256",)
HS_NAMES = ("HS256", "HS384", "HS512")
PUBLIC = serialization.PublicFormat
PEM = serialization.Encoding.PEM


def read(*members, algorithms=ES):
    return read_key_set(jwks(*members), algorithms)


def refusal(member, algorithms=ES):
    """Give why the only key of a set is not used."""
    keys = read(member, algorithms=algorithms)
    assert len(keys) == 0
    [sentence] = keys.refused
    return sentence


@pytest.mark.parametrize("algorithm", [*PUBLIC_NAMES, *HS_NAMES])
def test_a_key_of_every_algorithm_verifies_what_it_signed(algorithm):
    named = jwk(algorithm, alg=algorithm)
    for member in (named, jwk(algorithm)):
        key = read(member, algorithms=(algorithm,)).find(
            f"{algorithm}-0", algorithm
        )
        assert key.algorithm == algorithm
        signature = PYJWT[algorithm].sign(b"text", private_key(algorithm))
        assert key.verifies(b"text", signature)
        assert not key.verifies(b"test", signature)
        for bad in (b"", b"x", signature[:-1], bytes(len(signature))):
            assert not key.verifies(b"text", bad)


def test_ed448_is_eddsa_too():
    key = read(jwk("Ed448"), algorithms=("EdDSA",)).find("Ed448-0", "EdDSA")

    signature = private_key("Ed448").sign(b"text")

    assert key.verifies(b"text", signature)


def test_a_key_has_the_algorithm_that_it_names_or_the_first_that_fits():
    """RFC 8725, section 3.1: a key has one algorithm."""
    both = ("PS256", "RS256")
    named = read(jwk("RS256", alg="RS256"), algorithms=both)
    unnamed = read(jwk("RS256"), algorithms=both)

    assert named.find("RS256-0", "RS256").algorithm == "RS256"
    assert unnamed.find("RS256-0", "RS256").algorithm == "PS256"


# Finding the key of a token.


def test_a_key_is_found_by_its_kid_alone():
    keys = read(jwk(), jwk(number=1))

    assert keys.find("ES256-1", "ES256").kid == "ES256-1"
    for kid in ("ES256-2", "", "es256-1"):
        assert keys.find(kid, "ES256") is None


def test_without_a_kid_only_one_key_may_fit_the_algorithm():
    mixed = ("ES256", "EdDSA")
    keys = read(jwk(), jwk("EdDSA"), jwk(number=1), algorithms=mixed)

    assert keys.find(None, "EdDSA").kid == "EdDSA-0"
    assert keys.find(None, "ES256") is None
    assert keys.find(None, "RS256") is None


def test_a_key_without_a_name_is_for_tokens_without_a_kid():
    keys = read(jwk(kid=None))

    assert keys.find(None, "ES256")
    assert keys.find("x", "ES256") is None


# Keys that are ignored.


def on_another_curve():
    return jwk(
        key=ec.generate_private_key(ec.SECP384R1()),
        algorithm="ES384",
        kid="k",
    )


REFUSED = {
    "use enc": (jwk(use="enc"), "'use'"),
    "use list": (jwk(use=["sig"]), "'use'"),
    "key_ops sign": (jwk(key_ops=["sign"]), "'key_ops'"),
    "key_ops encrypt": (jwk(key_ops=["encrypt"]), "'key_ops'"),
    "key_ops empty": (jwk(key_ops=[]), "'key_ops'"),
    "key_ops text": (jwk(key_ops="verify"), "'key_ops'"),
    "alg of another curve": (jwk(alg="ES512"), "cannot be used"),
    "alg not configured": (jwk(alg="ES384"), "cannot be used"),
    "alg unknown": (jwk(alg="ES224"), "cannot be used"),
    "alg none": (jwk(alg="none"), "cannot be used"),
    "alg list": (jwk(alg=["ES256"]), "cannot be used"),
    "alg for encryption": (jwk(alg="ECDH-ES"), "cannot be used"),
    "alg HMAC": (jwk(alg="HS256"), "cannot be used"),
    "kty unknown": (jwk(kty="AKP"), "'kty'"),
    "kty missing": ({"x": "AA"}, "'kty'"),
    "kty list": (jwk(kty=["EC"]), "'kty'"),
    "kty of another": (jwk(kty="RSA"), "base64url"),
    "kty OKP": (jwk(kty="OKP"), "not a valid OKP"),
    "secret": (jwk("HS256"), "a secret key cannot be used with ES256"),
    "private": (jwk(d="AA"), "private"),
    "kid number": (jwk(kid=1), "'kid'"),
    "kid empty": (jwk(kid=""), "'kid'"),
    "curve of the algorithm but not of the key": (
        jwk(crv="P-384"),
        "not a valid EC",
    ),
    "curve missing": (jwk(crv=None), "not a valid EC"),
    "curve list": (jwk(crv=["P-256"]), "not a valid EC"),
    "curve unknown": (jwk(crv="P-192"), "not a valid EC"),
    "another curve": (on_another_curve(), "cannot be used"),
    "not on the curve": (jwk(y=jwk(number=1)["y"]), "not a valid EC"),
    "point at infinity": (
        jwk(x=b64(bytes(32)), y=b64(bytes(32))),
        "not a valid EC",
    ),
    "x short": (jwk(x="AA"), "not a valid EC"),
    "x padded too much": (jwk(x=jwk()["x"] + "=="), "base64url"),
    "x padded inside": (jwk(x="=" + jwk()["x"]), "base64url"),
    "x number": (jwk(x=1), "base64url"),
    "x list": (jwk(x=["AA"]), "base64url"),
    "x null": ({**jwk(), "x": None}, "base64url"),
    "x not ASCII": (jwk(x="\xe9"), "base64url"),
    "x missing": (jwk(x=None), "base64url"),
    "x in the standard alphabet": (jwk(x="+" * 43), "base64url"),
    "no object": (5, "not a JSON object"),
    "text": ("EC", "not a JSON object"),
    "array": ([], "not a JSON object"),
    "null": (None, "not a JSON object"),
    "object": ({}, "'kty'"),
}


@pytest.mark.parametrize(("member", "why"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_key_is_ignored(member, why):
    assert why in refusal(member)

    keys = read(jwk(number=1), member)

    assert len(keys) == 1
    assert keys.find("ES256-1", "ES256")


def test_certificates_of_a_key_are_ignored():
    keys = read(jwk(x5u="https://attacker.example", x5c=["x"], x5t=5))

    assert len(keys) == 1
    assert keys.refused == ()


def test_a_short_rsa_key_is_refused():
    member = jwk("RS256", key=rsa_key(1024))

    assert "1024 bits" in refusal(member, ("RS256",))


def test_an_rsa_key_that_is_too_long_is_refused():
    member = jwk("RS256", n=b64(b"\xff" * 1025))

    assert "8200 bits" in refusal(member, ("RS256",))


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65535, 65536])
def test_an_rsa_key_with_a_small_or_even_exponent_is_refused(exponent):
    e = b64(exponent.to_bytes(3, "big").lstrip(b"\0"))

    why = refusal(jwk("RS256", e=e), ("RS256",))

    assert "not a valid RSA" in why or "exponent" in why


def test_an_even_exponent_is_refused_for_every_key():
    e = b64((65538).to_bytes(3, "big"))

    why = refusal(jwk("RS256", e=e), ("RS256",))

    assert "not a valid RSA" in why or "exponent" in why


@pytest.mark.parametrize("missing", ["n", "e"])
def test_an_rsa_key_without_its_numbers_is_refused(missing):
    member = jwk("RS256", **{missing: None})

    assert f"{missing!r} is not base64url" in refusal(member, ("RS256",))


def test_keys_that_share_a_name_are_all_ignored():
    """It is not known which one is meant."""
    twin = jwk(number=1, kid="ES256-0")

    keys = read(jwk(), twin, jwk(number=2))

    assert keys.find("ES256-0", "ES256") is None
    assert keys.find(None, "ES256").kid == "ES256-2"
    assert keys.refused == ("'ES256-0': its 'kid' comes twice",)


@pytest.mark.parametrize(
    "other",
    [
        jwk(use="enc", number=1, kid="ES256-0"),
        jwk(key_ops=["deriveBits"], number=1, kid="ES256-0"),
        jwk(alg="ECDH-ES", number=1, kid="ES256-0"),
        jwk("ES384", kid="ES256-0"),
        {"kty": "AKP", "kid": "ES256-0", "pub": "AA"},
    ],
)
def test_a_key_for_another_use_may_share_a_name(other):
    for members in ([jwk(), other], [other, jwk()]):
        assert read(*members).find("ES256-0", "ES256")


@pytest.mark.parametrize(
    "other",
    [
        jwk(kid="ES256-0", number=1, y="AA"),
        jwk(kid="ES256-0", x="!"),
        jwk(kid="ES256-0", d="AA"),
        jwk("RS256", kid="ES256-0", n="AQAB"),
        {"kid": "ES256-0"},
        {"kid": "ES256-0", "kty": 5},
    ],
    ids=["not on its curve", "no base64url", "private", "short", "{}", "kty"],
)
def test_a_kid_shared_with_an_unusable_key_is_skipped(other):
    """Which of the two signs, the issuer knows."""
    for members in ([jwk(), other], [other, jwk()]):
        keys = read(*members, jwk(number=2), algorithms=("ES256", "RS256"))

        assert keys.find("ES256-0", "ES256") is None
        assert keys.find("ES256-2", "ES256")
        assert keys.refused[-1] == (
            "'ES256-0': its 'kid' is also that of a key that cannot be used"
        )


def test_a_key_may_be_listed_twice():
    for twin in (jwk(), jwk(alg="ES256"), jwk(use=None, x5t="x")):
        keys = read(jwk(), twin)

        assert len(keys) == 1
        assert keys.refused == ()
        for kid in ("ES256-0", None):
            assert keys.find(kid, "ES256")


def test_a_key_may_be_listed_once_for_each_algorithm():
    names = ("RS256", "RS512", "PS256")
    keys = read(
        *(jwk("RS256", kid="one", alg=name) for name in names),
        jwk("RS256", kid="one", alg="RS384"),
        algorithms=names,
    )

    assert len(keys) == 3
    for name in names:
        assert keys.find("one", name).algorithm == name
        assert keys.find(None, name).algorithm == name
    assert keys.find("one", "RS384").algorithm != "RS384"


def test_without_a_name_one_key_under_two_names_is_one():
    keys = read(jwk(), jwk(kid="again"), jwk(kid=None))

    assert (
        keys.find(None, "ES256").octets == keys.find("again", "ES256").octets
    )
    assert read(jwk(), jwk(number=1)).find(None, "ES256") is None


def test_keys_of_two_types_may_share_a_name():
    """RFC 7517, section 4.5."""
    names = ("RS256", "ES256", "EdDSA")
    keys = read(*(jwk(name, kid="shared") for name in names), algorithms=names)

    for name in names:
        assert keys.find("shared", name).algorithm == name
    twin = jwk("EdDSA", 1, kid="shared")
    unclear = read(
        *(jwk(name, kid="shared") for name in names), twin, algorithms=names
    )
    assert len(unclear) == 0


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA", "HS256"])
def test_members_may_be_padded(algorithm):
    """Some providers do not take the padding away."""
    plain = jwk(algorithm)
    padded = {
        name: value + "=" * (-len(value) % 4)
        if name in ("n", "e", "x", "y", "k")
        else value
        for name, value in plain.items()
    }
    assert padded != plain or algorithm == "RS256"

    [one] = read(plain, algorithms=(algorithm,))
    [other] = read(padded, algorithms=(algorithm,))

    assert one.octets == other.octets


def test_a_modulus_may_begin_with_a_zero():
    """As ASN.1 writes it, where its first bit is set."""
    n = jwk("RS256")["n"]
    longer = b64(b"\0" + base64.urlsafe_b64decode(n + "=="))

    [key] = read(jwk("RS256", n=longer), algorithms=("RS256",))

    assert (
        key.octets
        == read(jwk("RS256"), algorithms=("RS256",)).find(None, "RS256").octets
    )


def test_a_key_whose_private_part_can_be_computed_is_refused():
    """CVE-2017-15361."""
    raw = ROCA_2048.to_bytes(256, "big")

    why = refusal(jwk("RS256", n=b64(raw)), ("RS256",))
    assert "CVE-2017-15361" in why


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (bytes([0x10, 0x41, 0x04]) * 11, "it repeats 3 bytes"),
        (b"this is my Secret key, do not tell anybody", "placeholder"),
    ],
)
def test_a_secret_key_is_judged_as_our_own_are(secret, why):
    assert why in refusal(jwk("HS256", key=secret), ("HS256",))


def test_names_of_keys_are_quoted_and_cut_in_the_log():
    why = refusal(jwk(kid="\r\n" * 500, use="enc"))

    assert r"'\r\n" in why
    assert len(why) < 200


# Secret keys.


@pytest.mark.parametrize(
    ("algorithm", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)]
)
def test_a_secret_key_is_at_least_as_long_as_the_hash(algorithm, least):
    names = (algorithm,)
    good = jwk(algorithm, key=SECRET[:least])
    bad = jwk(algorithm, key=SECRET[: least - 1])

    assert len(read(good, algorithms=names)) == 1
    assert f"needs {least}" in refusal(bad, names)
    assert "needs" in refusal(jwk(algorithm, k=""), names)
    assert "base64url" in refusal(jwk(algorithm, k=None), names)


def der(format_):
    encoding = serialization.Encoding.DER
    public = private_key("RS256").public_key()
    return public.public_bytes(encoding, format_)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (bytes(64), "repeated byte"),
        (pem(private_key("RS256")).encode(), "asymmetric"),
        (der(PUBLIC.SubjectPublicKeyInfo), "asymmetric"),
        (json.dumps(jwk()).encode(), "asymmetric"),
        (jwks(jwk("RS256")), "asymmetric"),
        (
            private_key("EdDSA")
            .public_key()
            .public_bytes(serialization.Encoding.OpenSSH, PUBLIC.OpenSSH),
            "asymmetric",
        ),
    ],
    ids=["zeros", "PEM", "DER", "JWK", "JWK Set", "SSH"],
)
def test_a_secret_that_others_may_know_is_refused(secret, why):
    assert why in refusal(jwk("HS256", key=secret), ("HS256",))


def test_a_set_of_secret_keys_has_no_public_ones():
    for other in (jwk(), 5, {}):
        with pytest.raises(ValueError, match="public keys beside secret"):
            read(jwk("HS256"), other, algorithms=("HS256",))


def test_a_secret_key_among_public_ones_is_never_used():
    keys = read(jwk("HS256"), jwk())

    assert keys.find("HS256-0", "HS256") is None
    assert keys.find(None, "HS256") is None
    assert keys.find("ES256-0", "ES256")


# Malformed sets.


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"keys": {}}',
        b'{"keys": null}',
        b'{"keys": "x"}',
        b'{"Keys": []}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [NaN]}',
        b"\xef\xbb\xbf" + jwks(jwk()),
        jwks(jwk()).decode().encode("utf-16"),
        jwks(jwk()) + b"x",
        b"\xff",
        b"<html>",
        b'{"keys": ' + b"[" * 100_000,
        b'{"keys": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_text_that_is_not_a_jwk_set_is_refused(raw):
    with pytest.raises(ValueError, match="not a JWK Set"):
        read_key_set(raw, ES)


def test_an_empty_set_has_no_keys():
    assert len(read()) == 0


def test_a_jwk_set_has_limits():
    assert len(read(*[jwk(kid=str(n)) for n in range(50)])) == 50
    with pytest.raises(ValueError, match="more than 50"):
        read(*[jwk(kid=str(n)) for n in range(51)])
    with pytest.raises(ValueError, match="larger than"):
        read_key_set(jwks(jwk()) + b" " * MAX_BYTES, ES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.text(), some, max_size=3)
    ),
    max_leaves=5,
)
NAMES = sorted({"kty", "crv", "x", "y", "n", "e", "k", "alg", "use", "kid"})


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "key_ops", "d"]),
        st.sampled_from(["RSA", "EC", "OKP", "oct", "sig", "AQAB", "P-256"])
        | JSON,
    ),
    st.sampled_from([jwk(), jwk("RS256"), jwk("EdDSA"), {}]),
    st.sampled_from([(*PUBLIC_NAMES,), ES]),
)
def test_any_key_is_used_or_refused(changes, member, algorithms):
    keys = read(member | changes, algorithms=algorithms)

    assert len(keys) + len(keys.refused) == 1


@given(st.binary() | st.text().map(str.encode) | st.just(jwks(jwk())))
def test_any_text_is_a_key_set_or_a_value_error(raw):
    with contextlib.suppress(ValueError):
        read_key_set(raw, ES)
