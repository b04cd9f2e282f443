"""Keys are written as a JWK Set, and read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import new_key, read_jwk_set, write_jwk_set
from pyramid_sessiontoken.keys.ring import Key, thumbprint
from pyramid_sessiontoken.keys.strength import weakness

ONE, TWO = (bytes(range(n, n + 64)) for n in (0, 64))
A = encode_base64url(ONE)


def jwk(secret=ONE, **changes):
    member = {"kty": "oct", "kid": "a", "k": encode_base64url(secret)}
    return {**member, **changes}


def jwk_set(*members):
    return json.dumps({"keys": members})


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
def test_a_text_that_is_not_a_jwk_set_is_refused(text):
    with pytest.raises(ValueError, match="JWK Set") as caught:
        read_jwk_set(text)

    assert A not in str(caught.value)


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
def test_a_jwk_for_another_use_is_refused(changes, why):
    with pytest.raises(ValueError, match=why) as caught:
        read_jwk_set(jwk_set(jwk(**changes)))

    assert A[:20] not in str(caught.value)


@pytest.mark.parametrize("name", ["kty", "kid", "k"])
def test_a_jwk_without_a_member_is_refused(name):
    member = jwk()
    del member[name]

    with pytest.raises(ValueError, match=f"'{name}'"):
        read_jwk_set(jwk_set(member))


def test_a_jwk_may_say_its_use():
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


# Writing.


def test_a_written_set_can_be_read():
    keys = [Key("a", ONE), new_key(), Key("b", TWO, "HS512")]

    assert read_jwk_set(write_jwk_set(keys)) == keys


def test_a_written_set_says_type_and_use_of_its_keys():
    (member,) = json.loads(write_jwk_set([Key("a", ONE)]))["keys"]

    assert member == {"kty": "oct", "kid": "a", "use": "sig", "k": A}


def test_a_new_key_serves_every_algorithm():
    key, other = new_key(), new_key()

    assert len(key.secret) == 64
    assert key.secret != other.secret
    assert key.kid == thumbprint(key.secret)
    for algorithm in ("HS256", "HS384", "HS512"):
        assert weakness(key, algorithm) is None
