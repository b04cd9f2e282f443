"""Tokens that others verify: signed with ES256 or EdDSA, read as strictly as
those with a MAC.
"""

import base64
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st
from support.keys import Rings
from support.tokens import (
    AUDIENCE,
    BASE64URL,
    FIRST,
    ISSUER,
    compact,
    honest_header,
    honest_payload,
    hostile_headers,
    hostile_json,
    hostile_members,
    make_jwt,
    make_ticket,
    times_of_tickets,
)

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    Malformed,
    UnknownKey,
    WrongSignature,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import RENEW, VALID
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.keys.curves import private_key
from pyramid_sessiontoken.keys.jwk import new_key, public_jwk
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.tokens import jwt as jwt_of_ours
from pyramid_sessiontoken.tokens.jwt import SessionJWT

ALGORITHMS = ("ES256", "EdDSA")
CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}
KEYS = {
    algorithm: Key("ours", bytes(range(1, 33)), algorithm, CURVES[algorithm])
    for algorithm in ALGORITHMS
}
OTHERS = {
    algorithm: Key("other", bytes(range(33, 65)), algorithm, CURVES[algorithm])
    for algorithm in ALGORITHMS
}

#: The order of P-256 (SEC 2, section 2.4.2), and of Ed25519 (RFC 8032,
#: section 5.1).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORDER_OF_ED25519 = 2**252 + 27742317777372353535851937790883648493

NOW = 2**32
POLICY = ExpiryPolicy(absolute=2**38)


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


def make(algorithm, *keys, **changes):
    keys = keys or (KEYS[algorithm],)
    return make_jwt(*keys, algorithm=algorithm, **changes)


def header_of(algorithm, **changes):
    key = KEYS[algorithm]
    header = {"alg": algorithm, "kid": key.kid, "typ": "session+jwt"}
    return {**header, **changes}


def sign(text, key):
    """Sign as RFC 7518, section 3.4, and RFC 8037, section 3.1, say."""
    private = private_key(key)
    if key.curve == "Ed25519":
        return private.sign(text.encode())
    der = private.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def forge(algorithm, payload=None, header=None, key=None):
    """Sign a forged header and payload with the right key."""
    payload = honest_payload() if payload is None else payload
    raw = payload if isinstance(payload, bytes) else compact(payload)
    if header is None:
        first = make(algorithm).encode(make_ticket()).partition(".")[0]
    else:
        first = encode_base64url(
            header if isinstance(header, bytes) else compact(header)
        )
    text = f"{first}.{encode_base64url(raw)}"
    signature = sign(text, key or KEYS[algorithm])
    return f"{text}.{encode_base64url(signature)}"


def refusal(token, reader):
    with pytest.raises(InvalidCredential) as caught:
        reader.decode(token)
    assert type(caught.value) in (Malformed, UnknownKey, WrongSignature)
    return caught.value.reason


def public_of(algorithm, key=None):
    jwk = public_jwk(key or KEYS[algorithm], algorithm)
    return jwt.PyJWK(jwk).key


def does_pyjwt_accept(token, algorithm):
    try:
        jwt.decode(
            token,
            public_of(algorithm),
            algorithms=[algorithm],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "sub", "jti"]},
        )
    except Exception:  # noqa: BLE001
        return False
    return True


def do_we_accept(token, algorithm):
    try:
        ticket = make(algorithm).decode(token).ticket
    except InvalidCredential:
        return False
    return POLICY.judge(ticket, NOW) in (VALID, RENEW)


# Written and read


@given(times_of_tickets(), st.sampled_from(ALGORITHMS))
def test_a_ticket_is_decoded_unchanged_in_another_process(times, algorithm):
    ticket = make_ticket(**times, claims={"roles": ["admin"]})
    token = make(algorithm).encode(ticket)

    assert make(algorithm).decode(token).ticket == ticket


def test_the_header_names_algorithm_key_and_type(algorithm):
    token = make(algorithm).encode(make_ticket())

    assert jwt.get_unverified_header(token) == header_of(algorithm)


@given(times_of_tickets(), st.sampled_from(ALGORITHMS))
def test_any_library_verifies_our_tokens(times, algorithm):
    token = make(algorithm).encode(make_ticket(**times))

    payload = jwt.decode(
        token,
        public_of(algorithm),
        algorithms=[algorithm],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )

    assert payload["exp"] == times["exp"]


def test_a_valid_token_made_in_the_same_way_is_accepted(algorithm):
    """So a hostile token is refused for its difference only."""
    for header in (None, header_of(algorithm)):
        token = forge(algorithm, header=header)
        assert do_we_accept(token, algorithm)
        assert does_pyjwt_accept(token, algorithm)


def test_all_keys_verify_and_the_first_signs(algorithm):
    ours, other = KEYS[algorithm], OTHERS[algorithm]
    before, between = make(algorithm, ours), make(algorithm, other, ours)
    old, new = before.encode(make_ticket()), between.encode(make_ticket())

    assert between.decode(old).ticket == make_ticket()
    assert between.decode(new).ticket == make_ticket()
    assert between.kid_of(new) == other.kid
    refusal(old, make(algorithm, other))
    refusal(new, before)


def test_a_signature_is_checked_with_the_named_key_only(algorithm):
    ours, other = KEYS[algorithm], OTHERS[algorithm]
    reader = make(algorithm, ours, other)

    refusal(forge(algorithm, key=other), reader)
    header = header_of(algorithm, kid=other.kid)
    refusal(forge(algorithm, header=header), reader)
    reader.decode(forge(algorithm, header=header, key=other))


def test_a_key_is_prepared_once(algorithm, monkeypatch):
    """A new key in the ring costs a request little."""
    prepared = []

    def note(key):
        prepared.append(key.kid)
        return private_key(key)

    monkeypatch.setattr(jwt_of_ours, "private_key", note)
    ours, other = KEYS[algorithm], OTHERS[algorithm]
    rings = Rings(ours)
    reader = SessionJWT(rings, algorithm, ISSUER, AUDIENCE)
    token = reader.encode(make_ticket())
    rings.replace(other, ours)
    reader.decode(token)
    reader.encode(make_ticket())
    rings.replace(ours)
    reader.decode(token)

    assert prepared == [ours.kid, other.kid]


def test_a_token_is_remembered_until_its_keys_change(algorithm, monkeypatch):
    rings = Rings(KEYS[algorithm])
    reader = SessionJWT(rings, algorithm, ISSUER, AUDIENCE)
    token = reader.encode(make_ticket())
    first = reader.decode(token)
    assert reader.decode(token) is first
    rings.replace(OTHERS[algorithm])
    refusal(token, reader)
    rings.replace(KEYS[algorithm])
    assert reader.decode(token).ticket == first.ticket


# Hostile tokens


def hostile_of(algorithm):
    for label, payload in (*hostile_members(), *hostile_json()):
        yield label, forge(algorithm, payload)
    old = honest_header()
    for label, header in hostile_headers():
        ours = header.replace(b'"HS256"', compact(algorithm))
        ours = ours.replace(compact(old["kid"]), b'"ours"')
        yield label, forge(algorithm, header=ours)
    yield from hostile_signatures(algorithm)
    yield from confusions(algorithm)


def hostile_signatures(algorithm):
    token = forge(algorithm)
    signed, _, text = token.rpartition(".")
    raw = decode_base64url(text)
    r, s = (int.from_bytes(part, "big") for part in (raw[:32], raw[32:]))

    def numbers(r, s, order="big"):
        return r.to_bytes(32, order) + s.to_bytes(32, order)

    others = {
        "none": b"",
        "half": raw[:32],
        "one byte less": raw[:-1],
        "one byte more": raw + b"\0",
        "one zero before": b"\0" + raw,
        "zeros": bytes(64),
        "ones": b"\xff" * 64,
        "first number 0": numbers(0, s),
        "second number 0": numbers(r, 0),
        "both 1": numbers(1, 1),
        "swapped": raw[32:] + raw[:32],
        "twice": raw * 2,
        "DER": utils.encode_dss_signature(r, s),
        "of a padded number": b"\0" + raw[:32] + b"\0" + raw[32:],
        "of the payload alone": sign(signed.split(".")[1], KEYS[algorithm]),
        "of the header alone": sign(signed.split(".")[0], KEYS[algorithm]),
        "without the dot": sign(signed.replace(".", ""), KEYS[algorithm]),
        "of another key": sign(signed, OTHERS[algorithm]),
        "of another text": sign(signed + "A", KEYS[algorithm]),
    }
    if algorithm == "ES256":
        others["the order"] = numbers(ORDER, s)
        others["both the order"] = numbers(ORDER, ORDER)
        if r + ORDER < 2**256:
            others["more than the order"] = numbers(r + ORDER, s)
    else:
        # RFC 8032, section 8.4: S must be below the order.
        little = int.from_bytes(raw[32:], "little") + ORDER_OF_ED25519
        others["more than the order"] = raw[:32] + little.to_bytes(
            32, "little"
        )
        # A point of small order: the neutral one.
        others["small order"] = b"\1" + bytes(63)
    for label, other in others.items():
        yield f"signature {label}", f"{signed}.{encode_base64url(other)}"
    place = BASE64URL.index(text[-1])
    for label, other in {
        "padded": text + "==",
        "over-padded": text + "====",
        "with stray bits": text[:-1] + BASE64URL[place + 1],
        "hexadecimal": raw.hex(),
        "in the standard alphabet": base64.b64encode(raw).decode() + "+/",
        "with a blank": text + " ",
        "with a dot": text + ".",
    }.items():
        yield f"signature {label}", f"{signed}.{other}"


def confusions(algorithm):
    """The public key is known to all: it must be no secret (RFC 8725, section
    2.1).
    """
    public = private_key(KEYS[algorithm]).public_key()
    secrets = {
        "PEM": public.public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        ),
        "DER": public.public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        ),
        "JWK": compact(public_jwk(KEYS[algorithm], algorithm)),
        "x": decode_base64url(public_jwk(KEYS[algorithm], algorithm)["x"]),
        "nothing": b"",
    }
    payload = encode_base64url(compact(honest_payload()))
    for alg in ("HS256", "HS512", algorithm):
        header = encode_base64url(compact(header_of(algorithm, alg=alg)))
        digest = "sha512" if alg == "HS512" else "sha256"
        for label, secret in secrets.items():
            text = f"{header}.{payload}"
            mac = hmac.digest(secret, text.encode(), digest)
            yield (
                f"{alg} with the public key as {label}",
                f"{text}.{encode_base64url(mac)}",
            )
    for alg in ("none", "None", "NONE", ""):
        header = encode_base64url(compact(header_of(algorithm, alg=alg)))
        yield f"alg {alg!r}, no signature", f"{header}.{payload}."
    other = {"ES256": "EdDSA", "EdDSA": "ES256"}[algorithm]
    key = Key("ours", KEYS[other].secret, other, CURVES[other])
    for alg in (algorithm, other):
        yield (
            f"signed with {other}, alg {alg}",
            forge(other, header=header_of(algorithm, alg=alg), key=key),
        )
    jwk = public_jwk(OTHERS[algorithm], algorithm)
    for name, value in {
        "jwk": jwk,
        "jku": "https://attacker.example/jwks",
        "x5c": ["MIIB"],
    }.items():
        header = header_of(algorithm, **{name: value})
        yield (
            f"{name} of another key",
            forge(algorithm, header=header, key=OTHERS[algorithm]),
        )


NAMED = [
    (f"{algorithm}: {label}", algorithm, token)
    for algorithm in ALGORITHMS
    for label, token in hostile_of(algorithm)
]


def test_every_hostile_token_has_a_name_of_its_own():
    assert len({label for label, _, _ in NAMED}) == len(NAMED)
    assert len(NAMED) > 500


@pytest.mark.parametrize(
    ("algorithm", "token"),
    [pytest.param(a, token, id=label) for label, a, token in NAMED],
)
def test_a_hostile_token_is_refused(algorithm, token):
    assert not do_we_accept(token, algorithm)


def test_no_token_of_another_kind_is_accepted(algorithm):
    """Neither a MAC where keys are private, nor a signature where they are
    secrets, whatever the keys are called.
    """
    mac = make_jwt(Key("ours", FIRST.secret)).encode(make_ticket())
    signed = make(algorithm).encode(make_ticket())

    refusal(mac, make(algorithm))
    refusal(signed, make_jwt(Key("ours", FIRST.secret)))
    refusal(signed, make_jwt(Key("ours", KEYS[algorithm].secret)))
    for other in ALGORITHMS:
        if other != algorithm:
            refusal(signed, make(other))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.text(max_size=3), values, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150)
@given(
    st.sampled_from(ALGORITHMS),
    st.sampled_from([*honest_payload(), "sub_type", "nbf", "a"]),
    JSON,
)
def test_a_token_that_pyjwt_refuses_is_refused(algorithm, name, value):
    token = forge(algorithm, honest_payload(**{name: value}))

    if do_we_accept(token, algorithm):
        assert does_pyjwt_accept(token, algorithm)


@settings(max_examples=300)
@given(
    st.sampled_from(ALGORITHMS),
    st.binary(max_size=80) | st.binary(min_size=64, max_size=64),
)
def test_no_other_signature_is_accepted(algorithm, raw):
    signed = forge(algorithm).rpartition(".")[0]
    token = f"{signed}.{encode_base64url(raw)}"

    assert not do_we_accept(token, algorithm)
    assert not does_pyjwt_accept(token, algorithm)


@settings(max_examples=300)
@given(st.data())
def test_a_token_that_was_changed_anywhere_is_refused(data):
    algorithm = data.draw(st.sampled_from(ALGORITHMS))
    reader = make(algorithm)
    token = reader.encode(make_ticket())
    reader.decode(token)
    place = data.draw(st.integers(0, len(token) - 1))
    length = data.draw(st.integers(0, 3))
    text = data.draw(st.text(BASE64URL + ".=+/ \0\xe9", max_size=3))
    changed = token[:place] + text + token[place + length :]

    if changed != token:
        refusal(changed, reader)


@pytest.mark.parametrize("bit", range(8))
def test_each_byte_of_a_signature_counts(algorithm, bit):
    reader = make(algorithm)
    signed, _, text = reader.encode(make_ticket()).rpartition(".")
    raw = decode_base64url(text)
    for place in range(64):
        other = bytearray(raw)
        other[place] ^= 1 << bit
        refusal(f"{signed}.{encode_base64url(bytes(other))}", reader)


def test_the_second_signature_of_ecdsa_signs_the_same_text():
    """Anybody can compute it (s and n - s). It says nothing else, so nothing
    is gained by it: an ended session stays ended by its sid.
    """
    reader = make("ES256")
    token = reader.encode(make_ticket())
    signed, _, text = token.rpartition(".")
    raw = decode_base64url(text)
    s = ORDER - int.from_bytes(raw[32:], "big")
    other = encode_base64url(raw[:32] + s.to_bytes(32, "big"))

    assert reader.decode(f"{signed}.{other}") == reader.decode(token)


def test_nothing_is_read_before_the_signature_is_verified(algorithm):
    signed = forge(algorithm).rpartition(".")[0]
    reader = make(algorithm)
    texts = ("", "x", "A" * 86, "A" * 85, "=" * 86)
    reasons = {refusal(f"{signed}.{text}", reader) for text in texts}
    for payload in (b"", b"null", b"[" * 2000, b"\xff", honest_payload(iss=1)):
        token = forge(algorithm, payload, key=OTHERS[algorithm])
        reasons.add(refusal(token, reader))

    assert reasons == {"its signature is wrong"}


def reason_of(token, reader):
    """Give an empty text if only the times are wrong."""
    try:
        reader.decode(token)
    except InvalidCredential as refused:
        return refused.reason
    return ""


def test_no_reason_contains_a_token(algorithm):
    reader = make(algorithm)
    for _, kind, token in NAMED:
        if kind == algorithm:
            reason = reason_of(token, reader)
            parts = [part for part in token.split(".") if len(part) >= 12]
            assert not [part for part in parts if part in reason]


def test_printed_objects_contain_no_private_key(algorithm):
    key = new_key(algorithm)
    reader = make(algorithm, key)
    reader.encode(make_ticket())
    for printed in (f"{key!r}", f"{reader!r}", f"{Rings(key).ring!r}"):
        assert encode_base64url(key.secret) not in printed
        assert repr(key.secret) not in printed
    assert json.dumps(public_jwk(key, algorithm))
