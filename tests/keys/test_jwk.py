"""Keys are written as a JWK Set, and read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.curves import (
    ED25519,
    P256,
    public_members,
)
from pyramid_sessiontoken.keys.jwk import (
    new_key,
    public_jwk,
    public_jwk_set,
    read_jwk_set,
    write_jwk_set,
)
from pyramid_sessiontoken.keys.ring import Key, thumbprint, thumbprint_of
from pyramid_sessiontoken.keys.strength import weakness

ONE, TWO = (bytes(range(n, n + 64)) for n in (0, 64))
A = encode_base64url(ONE)


def jwk(secret=ONE, **changes):
    member = {"kty": "oct", "kid": "a", "k": encode_base64url(secret)}
    return {**member, **changes}


def jwk_set(*members):
    return json.dumps({"keys": members})


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_nothing_but_padding_is_taken_off_a_key(padding):
    """Whatever letter stands at its end."""
    for last in range(64):
        secret = bytes(range(32)) + bytes([last])
        member = jwk(secret)
        member["k"] += padding
        (key,) = read_jwk_set(jwk_set(member))
        assert key.secret == secret


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


# Private keys.

PRIVATE = {
    "ES256": {
        "kty": "EC",
        "crv": "P-256",
        "kid": "a",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    },
    "EdDSA": {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "a",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    },
}
CURVE = {"ES256": P256, "EdDSA": ED25519}
PAIRS = [("ES256", "EdDSA"), ("EdDSA", "ES256")]


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_private_key_is_read(algorithm):
    member = {**PRIVATE[algorithm], "use": "sig", "key_ops": ["sign"]}

    (key,) = read_jwk_set(jwk_set(member))

    assert (key.kid, key.alg, key.curve) == ("a", None, CURVE[algorithm])
    assert encode_base64url(key.secret) == member["d"]
    assert member["d"] not in repr(key)
    assert weakness(key, algorithm) is None


@pytest.mark.parametrize(
    ("algorithm", "alg", "read"),
    [
        ("ES256", "ES256", "ES256"),
        ("EdDSA", "EdDSA", "EdDSA"),
        # RFC 9864, section 2.2.
        ("EdDSA", "Ed25519", "EdDSA"),
        ("EdDSA", "ES256", "ES256"),
        ("ES256", ["ES256"], ["ES256"]),
    ],
)
def test_the_algorithm_of_a_private_key_is_read(algorithm, alg, read):
    (key,) = read_jwk_set(jwk_set({**PRIVATE[algorithm], "alg": alg}))

    assert key.alg == read
    assert (weakness(key, algorithm) is None) == (read == algorithm)


D = {name: member["d"] for name, member in PRIVATE.items()}


@pytest.mark.parametrize("algorithm", PRIVATE)
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kty": "RSA"}, "'kty'"),
        ({"kty": "oct"}, "'k' of the key 'a'"),
        ({"crv": "P-384"}, "'crv' of the key 'a' is none of P-256, Ed25519"),
        ({"crv": "Ed448"}, "'crv'"),
        ({"crv": "X25519"}, "'crv'"),
        ({"crv": "secp256k1"}, "'crv'"),
        ({"crv": None}, "'crv'"),
        ({"crv": ["P-256"]}, "'crv'"),
        ({"d": None}, "'d'"),
        ({"d": "AA"}, "'d' of the key 'a' has 1 bytes, not 32"),
        ({"d": "A" * 44}, "'d' of the key 'a' has 33 bytes"),
        ({"d": "A" * 42 + "B"}, "'d' of the key 'a' is not base64url"),
        ({"x": "A" * 43}, "'x' or the 'y' of the key 'a'"),
        ({"x": None}, "'x' or the 'y'"),
        ({"use": "enc"}, "'use'"),
        ({"key_ops": ["verify"]}, "lack 'sign'"),
        ({"key_ops": []}, "lack 'sign'"),
    ],
)
def test_another_private_key_is_refused(algorithm, changes, why):
    member = {**PRIVATE[algorithm], **changes}

    with pytest.raises(ValueError, match=why) as caught:
        read_jwk_set(jwk_set(member))

    assert D[algorithm][:12] not in str(caught.value)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_type_and_curve_belong_together(one, other):
    for name in ("kty", "crv"):
        member = {**PRIVATE[one], name: PRIVATE[other][name]}
        with pytest.raises(ValueError, match="'crv'"):
            read_jwk_set(jwk_set(member))


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_public_key_is_refused(algorithm):
    member = {**PRIVATE[algorithm]}
    del member["d"]

    with pytest.raises(ValueError, match="the key 'a' is public"):
        read_jwk_set(jwk_set(member))


@pytest.mark.parametrize("number", [0, 2**256 - 1])
def test_a_number_beyond_the_curve_is_refused(number):
    d = encode_base64url(number.to_bytes(32, "big"))

    with pytest.raises(ValueError, match="'d' of the key 'a' is no key"):
        read_jwk_set(jwk_set({**PRIVATE["ES256"], "d": d}))


def test_every_wrong_key_is_named():
    wrong = [
        {**PRIVATE["ES256"], "kid": "one", "crv": "P-521"},
        {**jwk(), "kid": "right"},
        {"kty": "RSA", "kid": "two", "n": "AQ", "e": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "three", "x": "AA"},
    ]

    with pytest.raises(ValueError, match="one") as caught:
        read_jwk_set(jwk_set(*wrong))

    told = str(caught.value).split("; ")
    assert len(told) == 3
    for kid, text in zip(("one", "two", "three"), told, strict=True):
        assert repr(kid) in text


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_a_new_private_key_is_written_and_read(algorithm):
    key, other = new_key(algorithm), new_key(algorithm)

    assert read_jwk_set(write_jwk_set([key, other])) == [key, other]
    assert key.kid != other.kid
    assert (key.alg, key.curve) == (algorithm, CURVE[algorithm])
    assert weakness(key, algorithm) is None


def test_the_kid_of_a_private_key_is_the_thumbprint_of_the_public_one(
    monkeypatch,
):
    """RFC 8037, appendix A.3."""
    (rfc,) = read_jwk_set(jwk_set(PRIVATE["EdDSA"]))
    monkeypatch.setattr(
        "pyramid_sessiontoken.keys.jwk.new_secret", lambda curve: rfc.secret
    )

    kid = new_key("EdDSA").kid

    assert kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_what_is_published_has_no_private_part(algorithm):
    keys = [new_key(algorithm), new_key(algorithm)]

    published = public_jwk_set(lambda: keys, algorithm)

    names = {"kty", "crv", "x", "kid", "use", "alg"}
    if algorithm == "ES256":
        names.add("y")
    for key, member in zip(keys, published["keys"], strict=True):
        assert set(member) == names
        assert member == public_jwk(key, algorithm)
        assert (member["use"], member["alg"]) == ("sig", algorithm)
        assert encode_base64url(key.secret) not in json.dumps(member)


@given(
    JSON,
    st.sampled_from("kty kid d x y crv use key_ops alg".split()),
    st.sampled_from(sorted(PRIVATE)),
)
def test_any_private_key_is_read_or_refused_with_a_value_error(
    value, name, algorithm
):
    try:
        keys = read_jwk_set(jwk_set({**PRIVATE[algorithm], name: value}))
    except ValueError:
        return
    for key in keys:
        assert isinstance(key.kid, str)
        assert encode_base64url(key.secret) == D[algorithm]
        if weakness(key, algorithm) is None:
            assert key.alg in (None, algorithm)


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_the_kid_of_a_new_private_key_is_its_thumbprint(algorithm):
    key = new_key(algorithm)

    assert key.kid == thumbprint_of(public_members(key))


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", None])
def test_a_new_secret_names_its_algorithm(algorithm):
    key = new_key(algorithm)

    assert (key.alg, key.curve, len(key.secret)) == (algorithm, None, 64)
    assert key.kid == Key.of(key.secret).kid


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (
            {"kty": "oct"},
            "a key in the JWK Set has no 'kid', which is its name",
        ),
        ({"kid": "a", "use": "enc"}, "the 'use' of the key 'a' is not 'sig'"),
        (
            {"kid": "a", "kty": "RSA"},
            (
                "the 'kty' of the key 'a' is not 'oct', and no private 'EC'"
                " or 'OKP' key"
            ),
        ),
        (
            {"kid": "a", "kty": "oct", "key_ops": ["sign"]},
            "the 'key_ops' of the key 'a' lack 'sign' or 'verify'",
        ),
        (
            {"kid": "a", "kty": "oct", "k": "A B"},
            "the 'k' of the key 'a' is not base64url",
        ),
        (
            {"kid": "a", "kty": "oct", "k": "AAAA "},
            "the 'k' of the key 'a' is not base64url",
        ),
        (
            {"kid": "a", "kty": "EC", "crv": "P-521"},
            "the 'crv' of the key 'a' is none of P-256, Ed25519",
        ),
        (
            {"kid": "a", "kty": "EC", "crv": "P-256"},
            "the key 'a' is public: it has no 'd'",
        ),
        (
            {"kid": "a", "kty": "EC", "crv": "P-256", "d": "A", "key_ops": []},
            "the 'key_ops' of the key 'a' lack 'sign'",
        ),
        (
            {"kid": "a", "kty": "EC", "crv": "P-256", "d": "AA"},
            "the 'd' of the key 'a' has 1 bytes, not 32",
        ),
        (
            {"kid": "a", "kty": "EC", "crv": "P-256", "d": "A" * 43},
            "the 'd' of the key 'a' is no key",
        ),
        (
            {**PRIVATE["ES256"], "x": "A"},
            "the 'x' or the 'y' of the key 'a' is not that of its 'd'",
        ),
    ],
)
def test_a_sentence_tells_what_is_wrong_with_a_key(member, why):
    with pytest.raises(ValueError) as caught:
        read_jwk_set(jwk_set(member))
    assert str(caught.value) == why
    with pytest.raises(ValueError) as caught:
        read_jwk_set(jwk_set(member, jwk(), member))
    assert str(caught.value) == f"{why}; {why}"


def test_a_sentence_tells_what_is_no_set_of_keys():
    for text, why in (
        ("{}", "not a JWK Set of the form {'keys': [...]}"),
        ("[" * 5000, "not a JWK Set of the form {'keys': [...]}"),
        (jwk_set(), "the JWK Set has no keys"),
    ):
        with pytest.raises(ValueError) as caught:
            read_jwk_set(text)
        assert str(caught.value) == why


def test_a_set_is_written_for_people_to_read():
    text = write_jwk_set([Key("a", ONE)])

    assert text.splitlines()[:2] == ["{", '  "keys": [']


def test_a_secret_may_be_padded():
    (key,) = read_jwk_set(jwk_set({"kty": "oct", "kid": "a", "k": "AQI="}))

    assert key.secret == b"\1\2"
