"""A token of another issuer is verified strictly."""

import math

import jwt as pyjwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.hostile import HOSTILE
from support.issuer import (
    AUDIENCE,
    ISSUER,
    PUBLIC_NAMES,
    SECRET,
    b64,
    header,
    jwk,
    jwks,
    payload,
    pem,
    private_key,
    rsa_key,
    token,
)
from support.tokens import BASE64URL, FAR_AHEAD, LONG_AGO

from pyramid_sessiontoken.errors import REASON_EXPIRED, InvalidCredential
from pyramid_sessiontoken.issuers.jwks import read_key_set
from pyramid_sessiontoken.issuers.tokens import ForeignTokens
from pyramid_sessiontoken.issuers.verifying_key import (
    OneKey,
    read_public_key,
    secret_key,
)
from pyramid_sessiontoken.tokens.jwt import is_session_jwt

NOW = 1_800_000_000
LEEWAY = 30


def tokens(*members, algorithms=("ES256",), **changes):
    keys = read_key_set(jwks(*(members or [jwk()])), algorithms)
    fields = {
        "keys": keys,
        "issuer": ISSUER,
        "audience": (AUDIENCE, "other-api"),
        "algorithms": algorithms,
        "leeway": LEEWAY,
    }
    return ForeignTokens(**{**fields, **changes})


TOKENS = tokens()


def read(text, now=NOW, reader=TOKENS):
    return reader.read(text, now)


def refusal(text, now=NOW, reader=TOKENS):
    with pytest.raises(InvalidCredential) as caught:
        reader.read(text, now)
    return caught.value.reason


@pytest.mark.parametrize("algorithm", PUBLIC_NAMES)
def test_the_claims_of_a_signed_token_are_given(algorithm):
    claims = payload(email="a@b.example")
    reader = tokens(jwk(algorithm), algorithms=(algorithm,))

    assert read(token(claims, algorithm=algorithm), reader=reader) == claims


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_issuers_may_share_a_secret(algorithm):
    key = OneKey(secret_key(None, SECRET, None, (algorithm,)))
    reader = tokens(jwk(algorithm), algorithms=(algorithm,), keys=key)

    for said in (None, {"alg": algorithm}, header(algorithm, kid="x")):
        text = token(said=said, algorithm=algorithm)
        assert read(text, reader=reader)["sub"] == "alice"


def test_a_token_that_pyjwt_made_is_read():
    text = pyjwt.encode(
        payload(), private_key("ES256"), "ES256", {"kid": "ES256-0"}
    )

    assert read(text)["sub"] == "alice"


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", None],
)
def test_these_types_of_tokens_are_accepted(typ):
    assert read(token(said=header(typ=typ)))


def test_a_token_without_a_kid_needs_the_only_key():
    text = token(said=header(kid=None))

    assert read(text)
    two = tokens(jwk(), jwk(number=1))
    assert refusal(text, reader=two) == (
        "it has no 'kid', and not exactly one key of its issuer fits"
    )


@pytest.mark.parametrize(
    "aud",
    [AUDIENCE, [AUDIENCE], ["x", AUDIENCE], ["other-api"], "other-api"],
)
def test_one_of_our_audiences_is_enough(aud):
    assert read(token(payload(aud=aud)))


# Where the audience stands, and which type it is.


@pytest.mark.parametrize(
    ("claim", "said", "why"),
    [
        ("client_id", {"client_id": AUDIENCE, "aud": None}, None),
        ("client_id", {"client_id": [AUDIENCE, "x"], "aud": None}, None),
        ("client_id", {"client_id": AUDIENCE, "aud": "other-api"}, None),
        ("app.id", {"app": {"id": AUDIENCE}, "aud": None}, None),
        (
            "client_id",
            {"client_id": AUDIENCE, "aud": "x"},
            "not an audience",
        ),
        (
            "client_id",
            {"client_id": AUDIENCE, "aud": []},
            "not an audience",
        ),
        (
            "client_id",
            {"client_id": "x", "aud": AUDIENCE},
            "not an audience",
        ),
        ("client_id", {"client_id": "x", "aud": None}, "not an audience"),
        ("client_id", {"client_id": {}, "aud": None}, "not an audience"),
        ("client_id", {"aud": AUDIENCE}, "it has no 'client_id'"),
        ("client_id", {"aud": None}, "it has no 'client_id'"),
        ("aud", {"aud": None, "client_id": AUDIENCE}, "it has no 'aud'"),
    ],
)
def test_another_claim_may_name_the_audience(claim, said, why):
    """RFC 7519, section 4.1.3: an "aud" names us, whatever else does."""
    reader = tokens(audience_claim=claim)
    text = token(payload(**said))

    if why is None:
        assert read(text, reader=reader)
    else:
        assert why in refusal(text, reader=reader)


@pytest.mark.parametrize(
    ("typ", "good"),
    [
        ("at+jwt", True),
        ("AT+JWT", True),
        ("application/at+jwt", True),
        ("JWT", False),
        (None, False),
        ("", False),
        ("logout+jwt", False),
        (["at+jwt"], False),
        ("at", False),
    ],
)
def test_the_type_may_be_required(typ, good):
    for wanted in ("at+jwt", "application/AT+jwt"):
        reader = tokens(type=wanted)
        text = token(said=header(typ=typ))
        if good:
            assert read(text, reader=reader)
        else:
            assert refusal(text, reader=reader).startswith("its 'typ' is not")


@pytest.mark.parametrize(
    "events", [{}, {"http://schemas.openid.net/event/x": {}}, [], "x", 0, ""]
)
def test_a_token_of_events_is_refused(events):
    """RFC 8417; OpenID Connect Back-Channel Logout 1.0, section 2.4."""
    for typ in ("JWT", "at+jwt", None):
        text = token(payload(events=events), header(typ=typ))
        assert "events" in refusal(text)


def test_keys_in_the_header_of_a_token_are_ignored():
    """CVE-2018-0114: he is free to say it, and it changes nothing."""
    said = header(
        jku="https://attacker.example/keys",
        jwk=jwk(number=1),
        x5u="https://attacker.example/chain",
        x5c=["MIIB"],
        x5t="x",
    )

    assert read(token(said=said))
    stranger = token(said=said, number=1)
    assert refusal(stranger) == "its signature is wrong"


# Times.


def test_times_may_have_a_fraction():
    for value in (LONG_AGO, LONG_AGO + 0.5, 0, 1.0):
        assert read(token(payload(iat=value, nbf=value)))
    assert read(token(payload(exp=FAR_AHEAD + 0.5)))
    assert read(token(payload(iat=None)))


@pytest.mark.parametrize("broken", [0, 0.001, 0.5, 0.999])
def test_a_token_expires_to_the_second(broken):
    text = token(payload(exp=NOW + broken))

    assert read(text, NOW + LEEWAY - 1)
    assert refusal(text, NOW + LEEWAY) == REASON_EXPIRED
    assert refusal(text, 2**39) == REASON_EXPIRED


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_begins_to_the_second(name):
    text = token(payload(**{name: NOW}))

    assert read(text, NOW - LEEWAY)
    assert "future" in refusal(text, NOW - LEEWAY - 1)
    assert "future" in refusal(
        token(payload(**{name: NOW + 0.5})), NOW - LEEWAY
    )


def test_only_a_token_that_is_valid_otherwise_is_called_expired():
    expired = payload(exp=NOW - 3600)

    assert refusal(token(expired)) == REASON_EXPIRED
    for changes in ({"aud": "x"}, {"iss": "x"}, {"cnf": {}}, {"sub": ""}):
        assert refusal(token({**expired, **changes})) != REASON_EXPIRED
    assert refusal(token(expired, number=1, said=header())) != REASON_EXPIRED


# Hostile tokens.


@pytest.mark.parametrize(
    "text", [t for _, t in HOSTILE], ids=[name for name, _ in HOSTILE]
)
def test_a_hostile_token_is_refused(text):
    reason = refusal(text)

    assert reason
    assert len(reason) < 100
    for part in text.split("."):
        assert len(part) < 9 or part not in reason


class Unasked:
    """Keys that must not be looked for."""

    def find(self, kid, algorithm):
        raise AssertionError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (token(payload(x="x" * 8192)), "longer than 8192"),
        (token() + "\n", "not a JWT"),
        (token(said=header(alg="RS256")), "its 'alg' is not one of"),
        (token(said=header(alg=None)), "its 'alg' is not one of"),
        (token(said=header(typ="JOSE")), "neither JWT nor at+jwt"),
        (token(said=header(kid=5)), "not a text"),
        (token(said=header(crit=[])), "'crit'"),
    ],
    ids=["long", "line", "alg", "no alg", "typ", "kid", "crit"],
)
def test_for_an_invalid_token_no_key_is_looked_up(text, why):
    """A look-up could make the library fetch keys from the issuer."""
    assert why in refusal(text, reader=tokens(keys=Unasked()))


def test_a_key_of_one_algorithm_is_not_used_with_another():
    """CVE-2026-48523."""
    both = ("RS256", "PS256", "RS512")
    reader = tokens(jwk("RS256", alg="RS256"), algorithms=both)

    assert read(token(algorithm="RS256"), reader=reader)
    for algorithm in ("PS256", "RS512"):
        said = header(algorithm, kid="RS256-0")
        text = token(said=said, algorithm=algorithm)
        reason = refusal(text, reader=reader)
        assert reason == "its key may be used with RS256 only"


def test_a_weak_key_and_an_encryption_key_are_not_used():
    """Wycheproof: RSA of 1024 bits, use:enc, key_ops:[encrypt]."""
    weak = rsa_key(1024)
    text = token(algorithm="RS256", key=weak, said=header("RS256"))
    reader = tokens(jwk("RS256", key=weak), algorithms=("RS256",))
    unknown = "its issuer has no key with its 'kid'"
    assert refusal(text, reader=reader) == unknown
    for changes in ({"use": "enc"}, {"key_ops": ["encrypt"]}):
        assert refusal(token(), reader=tokens(jwk(**changes))) == unknown


# Compared with PyJWT.


#: Errors that PyJWT 2.14 does not convert.
ESCAPING = (OverflowError, RecursionError, TypeError, ValueError)


def believed_by_pyjwt(text, now=NOW):
    """Tell whether PyJWT would accept a token. It reads the clock of the
    machine, and the times of these tokens are valid at any time.
    """
    try:
        pyjwt.decode(
            text,
            private_key("ES256").public_key(),
            ["ES256"],
            {"require": ["exp", "sub"]},
            audience=[AUDIENCE, "other-api"],
            issuer=ISSUER,
            leeway=LEEWAY,
        )
    except (pyjwt.PyJWTError, *ESCAPING):
        return False
    return True


def believed(text, now=NOW):
    try:
        claims = TOKENS.read(text, now)
    except InvalidCredential:
        return False
    assert claims["sub"] == "alice"
    return True


def test_pyjwt_would_accept_many_hostile_tokens():
    """So the checks before and after PyJWT are needed."""
    taken = {name for name, text in HOSTILE if believed_by_pyjwt(text)}

    assert {
        "exp text",
        "sub empty",
        "sub twice",
        "byte order mark",
        "utf-16",
        "header typ ours",
        "header alg twice",
        "header b64 true",
        "cnf",
    } <= taken


@given(
    st.sampled_from([token(), token(payload(sub="alice", aud=["x", "api"]))]),
    st.integers(0, 600),
    st.sampled_from(["replace", "insert", "delete", "cut"]),
    st.sampled_from(BASE64URL + ".=+/ \n\0{\ud800"),
)
@example(token(), 10_000, "delete", "A")
def test_pyjwt_accepts_every_changed_token_that_is_accepted(
    text, place, how, character
):
    place %= len(text)
    changed = {
        "replace": text[:place] + character + text[place + 1 :],
        "insert": text[:place] + character + text[place:],
        "delete": text[:place] + text[place + 1 :],
        "cut": text[:place],
    }[how]

    ours = believed(changed)

    assert ours == (changed == text)
    assert not ours or believed_by_pyjwt(changed)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([LONG_AGO, FAR_AHEAD, AUDIENCE, ISSUER, "alice"])
    | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.text(max_size=3), some, max_size=3)
    ),
    max_leaves=4,
)
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "cnf", "jti"])
HEADERS = st.sampled_from(["alg", "typ", "crit", "b64", "jwk", "cty", "x"])


@given(
    st.dictionaries(CLAIMS, JSON, max_size=2),
    st.dictionaries(HEADERS, JSON, max_size=2),
)
@example({"aud": [AUDIENCE, math.nan]}, {})
@example({"exp": FAR_AHEAD + 0.5, "nbf": LONG_AGO + 0.5}, {"typ": "JWT"})
@example({"iat": math.inf}, {"b64": True})
def test_pyjwt_accepts_every_signed_token_that_is_accepted(claims, said):
    text = token(payload() | claims, header() | said)

    assert not believed(text) or believed_by_pyjwt(text)


@given(
    st.text()
    | st.binary().map(lambda raw: raw.decode("latin-1"))
    | st.lists(st.binary().map(b64), min_size=3, max_size=3).map(".".join)
)
def test_any_text_is_read_or_refused(text):
    assert not believed(text)
    assert not is_session_jwt(text)


# Session tokens.


def test_a_session_token_is_recognized_by_its_type():
    for typ in ("session+jwt", "Session+JWT", "application/session+jwt"):
        for alg in ("HS256", "none", "ES256"):
            assert is_session_jwt(token(said=header(typ=typ, alg=alg)))


@pytest.mark.parametrize(
    "text",
    [
        token(),
        token(said=header(typ="JWT")),
        token(said=header(typ=["session+jwt"])),
        token(said=b'{"typ":"session+jwt","typ":"JWT"}'),
        token(said=b"[]"),
        token(said=header(typ="session+jwt")) + "=",
        token(said=header(typ="session+jwt"))[1:],
        token(said=header(typ="session+jwt", x="x" * 9000)),
        "",
    ],
)
def test_other_tokens_are_not_session_tokens(text):
    assert not is_session_jwt(text)


def test_the_one_key_of_a_pem_verifies_tokens_of_any_kid():
    key = OneKey(read_public_key(pem(private_key("ES256")), ("ES256",)))

    assert read(token(said=header(kid="any")), reader=tokens(keys=key))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://other.example"}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"events": {}}, "wrong_type"),
        ({"cnf": {}}, "wrong_type"),
        ({"sub": ""}, "malformed"),
        ({"iat": NOW + 3600}, "not_yet_valid"),
        ({"exp": NOW - 3600}, "expired"),
    ],
)
def test_a_token_is_refused_with_a_code(changes, code):
    with pytest.raises(InvalidCredential) as caught:
        read(token(payload(**changes)))

    assert caught.value.code == code
