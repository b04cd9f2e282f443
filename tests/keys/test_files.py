"""Where keys come from, and which are no good."""

import json
import secrets

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from pyramid_sessiontoken.config.kinds_of_keys import KEYS, read_keys
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import new_key, read_jwk_set, write_jwk_set
from pyramid_sessiontoken.keys.ring import Key, thumbprint
from pyramid_sessiontoken.keys.strength import shared, weakness

ONE, TWO, THREE = (bytes(range(n, n + 64)) for n in (0, 64, 128))
A, B, C = map(encode_base64url, (ONE, TWO, THREE))


def jwk(secret=ONE, **changes):
    member = {"kty": "oct", "kid": "a", "k": encode_base64url(secret)}
    return {**member, **changes}


def jwk_set(*members):
    return json.dumps({"keys": members})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys"


# Where they come from.


@pytest.mark.parametrize(
    "value",
    [f"{A} {B}", f"{A},{B}", f"\n{A}\n{B}\n", [A, B], (A, B), f"{A}== {B}=="],
)
def test_plain_keys_in_their_order(value):
    assert read_keys(value) == (Key.of(ONE), Key.of(TWO))


def test_the_name_of_a_plain_key_is_derived_from_it():
    (key,) = read_keys(A)

    assert key == Key(thumbprint(ONE), ONE)


def test_keys_of_the_environment_and_of_a_file(path, monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", B)
    path.write_text(f"{C}\n")

    assert read_keys(f"{A} env:SESSIONTOKEN_TEST file:{path}") == (
        Key.of(ONE),
        Key.of(TWO),
        Key.of(THREE),
    )


def test_several_plain_keys_in_one_place(path):
    path.write_text(f"{A}\n{B}\n")

    assert read_keys(f"file:{path}") == (Key.of(ONE), Key.of(TWO))


def test_a_jwk_set_in_a_file(path):
    path.write_text(jwk_set(jwk(), jwk(TWO, kid="b", use="sig", alg="HS512")))

    assert read_keys(f"file:{path}") == (
        Key("a", ONE),
        Key("b", TWO, "HS512"),
    )


def test_a_jwk_set_in_the_environment(monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", f" {jwk_set(jwk())}")

    assert read_keys(f"env:SESSIONTOKEN_TEST {B}") == (
        Key("a", ONE),
        Key.of(TWO),
    )


def test_an_empty_place_holds_no_key(monkeypatch):
    monkeypatch.setenv("SESSIONTOKEN_TEST", "")

    assert read_keys("env:SESSIONTOKEN_TEST") == ()


def test_an_ephemeral_key_is_new_in_every_process():
    (one,), (other,) = read_keys("ephemeral"), read_keys("ephemeral")

    assert len(one.secret) == 64
    assert one.secret != other.secret
    assert one.kid != other.kid
    assert one.kid.startswith("ephemeral")


# What is no key.


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        5,
        A[:-1] + "!",
        "A",
        A[:-1] + "B",  # stray bits
        f"ephemeral {A}",
        [A, 5],
        [A.encode()],
        "env:SESSIONTOKEN_THAT_IS_NOT_SET",
        "file:/there/is/no/such/file",
        "\ud800" * 50,
        '{"keys":[]}',
    ],
)
def test_what_is_no_key_is_refused(value):
    with pytest.raises(ValueError) as caught:
        read_keys(value)

    assert A[:20] not in str(caught.value)


def test_a_bad_key_is_told_by_its_place():
    with pytest.raises(ValueError, match="key 2 is not base64url"):
        read_keys(f"{A} {B}!")


@pytest.mark.parametrize(
    "text",
    [
        "changeme",
        "change-me",
        "ChangeMeChangeMeChangeMeChangeMeChangeMeChangeMe",
        "my-secret-key-my-secret-key-my-secret-key-my-secret",
        "passwordpasswordpasswordpasswordpasswordpassword",
        "your_key_here",
        "x" * 43,
    ],
)
def test_a_placeholder_is_refused_and_another_way_shown(text):
    with pytest.raises(ValueError, match="placeholder") as caught:
        read_keys(text)

    assert "psessiontoken keygen" in str(caught.value)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        f"{A} {A}==",
        [A, encode_base64url(ONE + b"\0")],
        [encode_base64url(ONE + bytes(9)), encode_base64url(ONE + bytes(3))],
    ],
)
def test_a_key_that_comes_twice(value):
    """HMAC pads keys with zero bytes: they make no difference."""
    with pytest.raises(ValueError, match="key comes twice"):
        read_keys(value)


def test_a_name_that_comes_twice(path):
    path.write_text(jwk_set(jwk(), jwk(TWO)))

    with pytest.raises(ValueError, match="'kid' comes twice"):
        read_keys(f"file:{path}")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[]",
        "null",
        "{'keys': []}",
        '{"keys": 5}',
        '{"keys": [5]}',
        '{"keys": [null]}',
        '{"keys": {"a": 1}}',
        '{"keys": []}',
        '{"keys": {}}',
        json.dumps(jwk()),
        jwk_set([]),
        jwk_set(jwk(key_ops=5)),
        jwk_set(jwk(key_ops=None)),
        jwk_set(jwk(key_ops=[["sign"]])),
    ],
)
def test_what_is_no_jwk_set(text):
    with pytest.raises(ValueError, match="JWK Set") as caught:
        read_jwk_set(text)

    assert A not in str(caught.value)


def test_a_jwk_set_nested_beyond_reading_is_none():
    with pytest.raises(ValueError):
        read_keys('{"a":' * 100_000)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kid": ""}, "no 'kid'"),
        ({"kid": None}, "no 'kid'"),
        ({"kid": 5}, "no 'kid'"),
        ({"kty": "RSA"}, "'kty'"),
        ({"kty": None}, "'kty'"),
        ({"use": "enc"}, "'use'"),
        ({"use": None}, "'use'"),
        ({"key_ops": ["verify"]}, "lack 'sign' or 'verify'"),
        ({"key_ops": ["encrypt", "decrypt"]}, "lack 'sign' or 'verify'"),
        ({"key_ops": []}, "lack 'sign' or 'verify'"),
        ({"key_ops": "signverify"}, "lack 'sign' or 'verify'"),
        ({"k": None}, "'k'"),
        ({"k": 5}, "'k'"),
        ({"k": A[:-1] + "B"}, "'k'"),
        ({"k": A + "!"}, "'k'"),
    ],
)
def test_a_jwk_that_is_not_for_us(changes, why):
    with pytest.raises(ValueError, match=why) as caught:
        read_jwk_set(jwk_set(jwk(**changes)))

    assert A[:20] not in str(caught.value)


@pytest.mark.parametrize("name", ["kty", "kid", "k"])
def test_a_jwk_that_lacks_a_member(name):
    member = jwk()
    del member[name]

    with pytest.raises(ValueError, match=f"'{name}'"):
        read_jwk_set(jwk_set(member))


def test_a_jwk_may_say_what_it_is_for():
    keys = read_jwk_set(
        jwk_set(jwk(use="sig", key_ops=["verify", "sign"], more="more"))
    )

    assert keys == [Key("a", ONE)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from("keys kty kid k use key_ops alg".split()),
            values,
        )
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from("kty kid k use key_ops alg".split()))
def test_any_jwk_set_is_read_or_refused_with_a_value_error(value, name):
    for text in (
        json.dumps(value),
        json.dumps({"keys": value}),
        jwk_set(value),
        jwk_set(jwk(**{name: value})),
    ):
        try:
            keys = read_jwk_set(text)
        except ValueError:
            continue
        for key in keys:
            assert isinstance(key.kid, str)
            assert isinstance(key.secret, bytes)
            if weakness(key, "HS256") is None:
                assert key.alg in (None, "HS256")
                assert len(key.secret) >= 32


@given(st.text() | st.text('{}[]":,keysokidt0 \n'))
def test_any_text_is_read_or_refused_with_a_value_error(text):
    for value in (text, [text], "{" + text):
        try:
            read_keys(value)
        except ValueError as error:
            assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ([ONE], [ONE], True),
        ([ONE, TWO], [THREE, TWO], True),
        ([ONE], [ONE + bytes(3)], True),
        ([ONE, TWO], [THREE], False),
        ([ONE], [], False),
    ],
)
def test_two_rings_may_have_a_key_in_common(one, other, common):
    assert shared(map(Key.of, one), map(Key.of, other)) is common


# What is written.


def test_what_is_written_is_read():
    keys = [Key("a", ONE), new_key(), Key("b", TWO, "HS512")]

    assert read_jwk_set(write_jwk_set(keys)) == keys


def test_a_written_set_tells_others_what_it_is():
    (member,) = json.loads(write_jwk_set([Key("a", ONE)]))["keys"]

    assert member == {"kty": "oct", "kid": "a", "use": "sig", "k": A}


def test_a_new_key_serves_every_algorithm():
    key, other = new_key(), new_key()

    assert len(key.secret) == 64
    assert key.secret != other.secret
    assert key.kid == thumbprint(key.secret)
    for algorithm in ("HS256", "HS384", "HS512"):
        assert weakness(key, algorithm) is None


# What is no good.

LENGTHS = [("HS256", 32), ("HS384", 48), ("HS512", 64)]


@pytest.mark.parametrize(("algorithm", "least"), LENGTHS)
def test_a_key_is_at_least_as_long_as_the_hash(algorithm, least):
    """RFC 7518, section 3.2."""
    assert weakness(Key.of(ONE[:least]), algorithm) is None
    for length in (0, 1, 16, least - 1):
        why = weakness(Key.of(ONE[:length]), algorithm)
        assert str(length) in why
        assert str(least) in why


@pytest.mark.parametrize("byte", [0, 1, 120, 255])
def test_one_repeated_byte_is_no_key(byte):
    assert weakness(Key.of(bytes([byte]) * 64), "HS256") is not None


@pytest.mark.parametrize(
    "secret",
    [
        b"secretsecretsecretsecretsecretsecret",
        b"this is my Secret key, do not tell anybody",
        b"CHANGE_ME-CHANGE_ME-CHANGE_ME-CHANGE_ME",
        b"correct horse battery staple password",
        b"put your key here put your key here put",
        bytes(range(20)) + b"placeholder" + bytes(range(20)),
    ],
)
def test_a_placeholder_is_no_key_however_it_is_written(secret):
    assert "placeholder" in weakness(Key.of(secret), "HS256")


def test_a_key_for_another_algorithm():
    """RFC 8725, section 3.1: each key serves one algorithm."""
    assert weakness(Key("a", ONE, "HS256"), "HS256") is None
    for alg in ("HS384", "RS256", "none", "", []):
        assert "HS256" in weakness(Key("a", ONE, alg), "HS256")


def asymmetric_keys():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key()
    edwards = ed25519.Ed25519PrivateKey.generate()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pkcs8 = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    encoding = serialization.Encoding
    yield "PEM", public.public_bytes(encoding.PEM, spki)
    yield "DER", public.public_bytes(encoding.DER, spki)
    yield (
        "SSH",
        public.public_bytes(
            encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        ),
    )
    yield "private PEM", private.private_bytes(encoding.PEM, pkcs8, plain)
    yield "JWK", RSAAlgorithm.to_jwk(public).encode()
    yield (
        "Ed25519 PEM",
        edwards.public_key().public_bytes(encoding.PEM, spki),
    )


def test_an_asymmetric_key_is_no_secret():
    """Others may know it (RFC 8725, section 3.1)."""
    accepted = [
        label
        for label, raw in asymmetric_keys()
        if weakness(Key.of(raw), "HS256") is None
    ]

    assert accepted == []


def test_random_keys_are_good():
    weak = [
        raw
        for raw in (secrets.token_bytes(32) for _ in range(2000))
        if weakness(Key.of(raw), "HS256")
    ]

    assert weak == []


def test_the_kind_of_setting_never_shows_what_was_found():
    assert KEYS.secret is True
    assert KEYS.read(A) == (Key.of(ONE),)
