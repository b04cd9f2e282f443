"""The token of another issuer is a JWT beyond doubt, or it is refused."""

import base64
import json
import math
import string

import jwt as pyjwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_issuer import (
    AUDIENCE,
    ISSUER,
    PUBLIC_NAMES,
    SECRET,
    b64,
    compact,
    header,
    jwk,
    jwks,
    mac,
    payload,
    pem,
    private_key,
    rsa_key,
    sign,
    token,
)
from support_tokens import FAR_AHEAD, LONG_AGO

from pyramid_sessiontoken.errors import EXPIRED, InvalidCredential
from pyramid_sessiontoken.foreign import ForeignTokens, is_session_jwt
from pyramid_sessiontoken.jwks import (
    OneKey,
    read_key_set,
    read_pem,
    secret_key,
)

NOW = 1_800_000_000
LEEWAY = 30
ALPHABET = string.ascii_uppercase + string.ascii_lowercase
ALPHABET += string.digits + "-_"


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
def test_a_token_says_what_its_issuer_signed(algorithm):
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


def test_a_token_of_pyjwt_itself_is_read():
    text = pyjwt.encode(
        payload(), private_key("ES256"), "ES256", {"kid": "ES256-0"}
    )

    assert read(text)["sub"] == "alice"


@pytest.mark.parametrize(
    "typ",
    ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", None],
)
def test_types_of_tokens_that_are_for_this(typ):
    assert read(token(said=header(typ=typ)))


def test_a_token_without_a_kid_means_the_only_key():
    text = token(said=header(kid=None))

    assert read(text)
    two = tokens(jwk(), jwk(number=1))
    assert "no key" in refusal(text, reader=two)


@pytest.mark.parametrize(
    "aud",
    [AUDIENCE, [AUDIENCE], ["x", AUDIENCE], ["other-api"], "other-api"],
)
def test_one_of_our_audiences_is_enough(aud):
    assert read(token(payload(aud=aud)))


def test_what_a_stranger_says_of_himself_is_not_looked_at():
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


def test_times_are_whole_or_broken_numbers():
    for value in (LONG_AGO, LONG_AGO + 0.5, 0, 1.0):
        assert read(token(payload(iat=value, nbf=value)))
    assert read(token(payload(exp=FAR_AHEAD + 0.5)))
    assert read(token(payload(iat=None)))


@pytest.mark.parametrize("broken", [0, 0.001, 0.5, 0.999])
def test_a_token_expires_to_the_second(broken):
    text = token(payload(exp=NOW + broken))

    assert read(text, NOW + LEEWAY - 1)
    assert refusal(text, NOW + LEEWAY) == EXPIRED
    assert refusal(text, 2**39) == EXPIRED


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_token_begins_to_the_second(name):
    text = token(payload(**{name: NOW}))

    assert read(text, NOW - LEEWAY)
    assert "future" in refusal(text, NOW - LEEWAY - 1)
    assert "future" in refusal(
        token(payload(**{name: NOW + 0.5})), NOW - LEEWAY
    )


def test_only_time_is_to_blame_or_it_is_not_called_expired():
    expired = payload(exp=NOW - 3600)

    assert refusal(token(expired)) == EXPIRED
    for changes in ({"aud": "x"}, {"iss": "x"}, {"cnf": {}}, {"sub": ""}):
        assert refusal(token({**expired, **changes})) != EXPIRED
    assert refusal(token(expired, number=1, said=header())) != EXPIRED


# Hostile tokens.

TIMES = {
    "text": b'"9999999999"',
    "empty text": b'""',
    "true": b"true",
    "false": b"false",
    "null": b"null",
    "negative": b"-1",
    "minus one tenth": b"-0.1",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "beyond floats": b"1e999",
    "too far": str(2**40).encode(),
    "400 digits": b"9" * 400,
    "5000 digits": b"9" * 5000,
    "huge float": b"1e300",
    "list": b"[9999999999]",
    "object": b"{}",
}
NO_TEXTS = {
    "number": 5,
    "true": True,
    "list": [ISSUER],
    "object": {"x": ISSUER},
    "empty": "",
}


def with_raw(name, raw):
    """Give honest claims with raw JSON for one."""
    text = compact(payload(**{name: "@"}))
    return text.replace(b'"@"', raw)


def hostile_claims():
    for name in ("exp", "iat", "nbf"):
        for label, raw in TIMES.items():
            yield f"{name} {label}", with_raw(name, raw)
    for name in ("iss", "sub", "aud"):
        for label, value in NO_TEXTS.items():
            # A list with one text is an audience.
            yield f"{name} {label}", payload(**{name: value})
        yield f"{name} null", with_raw(name, b"null")
    for name in ("iss", "sub", "aud", "exp"):
        yield f"without {name}", payload(**{name: None})
    for label, changes in {
        "iss prefix": {"iss": ISSUER[:-1]},
        "iss suffix": {"iss": ISSUER + "/"},
        "iss in other case": {"iss": ISSUER.upper()},
        "iss with blank": {"iss": ISSUER + " "},
        "aud prefix": {"aud": AUDIENCE[:-1]},
        "aud suffix": {"aud": AUDIENCE + "x"},
        "aud in other case": {"aud": AUDIENCE.upper()},
        "aud empty list": {"aud": []},
        "aud nested": {"aud": [[AUDIENCE]]},
        "aud with a number": {"aud": [AUDIENCE, 5]},
        "aud as a key": {"aud": {AUDIENCE: True}},
        "aud in one text": {"aud": f"{AUDIENCE} other"},
        "cnf": {"cnf": {"jkt": "x"}},
        "cnf empty": {"cnf": {}},
        "cnf false": {"cnf": False},
        "expired": {"exp": LONG_AGO},
        "not yet": {"nbf": FAR_AHEAD},
        "from the future": {"iat": FAR_AHEAD},
    }.items():
        yield label, payload(**changes)
    yield "cnf null", with_raw("cnf", b"null")
    yield "jti null", with_raw("jti", b"null")
    yield "jti number", payload(jti=5)


def hostile_json():
    text = compact(payload())
    for name in ("sub", "exp", "iss", "email"):
        pair = compact({name: "x"})[1:-1]
        yield f"{name} twice", b"{" + pair + b"," + text[1:-1] + b',"email":1}'
    yield "sub twice, ours last", b'{"sub":"bob",' + text[1:]
    yield "deep twice", text[:-1] + b',"a":{"b":1,"b":2}}'
    yield "NaN elsewhere", text[:-1] + b',"a":NaN}'
    yield "Infinity elsewhere", text[:-1] + b',"a":[-Infinity]}'
    yield "byte order mark", b"\xef\xbb\xbf" + text
    for name in ("utf-16", "utf-16-le", "utf-32", "utf-32-be"):
        yield name, text.decode().encode(name)
    yield "latin-1", text.replace(b"alice", b"al\xefce")
    yield "surrogate in UTF-8", text.replace(b"alice", b"\xed\xa0\x80")
    yield "over-long UTF-8", text.replace(b"alice", b"\xc0\xaf")
    yield "array", b"[" + text + b"]"
    yield "text", compact(text.decode())
    yield "null", b"null"
    yield "nothing after", text[:-1]
    yield "more after", text + b"{}"
    yield "comment", text + b"//"
    yield "single quotes", text.replace(b'"', b"'")
    yield "nested", text[:-1] + b',"a":' + b"[" * 1500 + b"]" * 1500 + b"}x"
    yield "a token inside", token().encode()
    yield "control character", text.replace(b"alice", b"al\nice")


def hostile_headers():
    for label, changes in {
        "typ ours": {"typ": "session+jwt"},
        "typ ours in other words": {"typ": "application/Session+JWT"},
        "typ JOSE": {"typ": "JOSE"},
        "typ logout": {"typ": "logout+jwt"},
        "typ dpop": {"typ": "dpop+jwt"},
        "typ secevent": {"typ": "secevent+jwt"},
        "typ empty": {"typ": ""},
        "typ list": {"typ": ["JWT"]},
        "typ number": {"typ": 5},
        "typ twice application": {"typ": "application/application/jwt"},
        "alg none": {"alg": "none"},
        "alg nOnE": {"alg": "nOnE"},
        "alg empty": {"alg": ""},
        "alg list": {"alg": ["ES256"]},
        "alg number": {"alg": 256},
        "alg in other case": {"alg": "es256"},
        "alg with blank": {"alg": "ES256 "},
        "alg of the same curve": {"alg": "ES256K"},
        "alg HS256": {"alg": "HS256"},
        "alg RS256": {"alg": "RS256"},
        "alg missing": {"alg": None},
        "kid unknown": {"kid": "x"},
        "kid empty": {"kid": ""},
        "kid number": {"kid": 5},
        "kid list": {"kid": ["ES256-0"]},
        "kid object": {"kid": {"ES256-0": 1}},
        "kid path": {"kid": "../../../dev/null"},
        "kid SQL": {"kid": "x' UNION SELECT 'key"},
        "kid URL": {"kid": "https://attacker.example/key"},
        "kid long": {"kid": "x" * 5000},
        "kid surrogate": {"kid": "\ud800"},
        "crit empty": {"crit": []},
        "crit exp": {"crit": ["exp"]},
        "crit unknown": {"crit": ["x"], "x": 1},
        "crit b64": {"crit": ["b64"], "b64": True},
        "crit text": {"crit": "exp"},
        "b64 false": {"b64": False},
        "b64 true": {"b64": True},
        "b64 and crit": {"crit": ["b64"], "b64": False},
    }.items():
        yield f"header {label}", header(**changes)
    for name in ("typ", "alg", "kid", "crit", "b64"):
        yield f"header {name} null", {**header(), name: None}
    text = compact(header())
    yield "header alg twice", b'{"alg":"none",' + text[1:]
    yield "header alg twice, none last", text[:-1] + b',"alg":"none"}'
    yield "header kid twice", text[:-1] + b',"kid":"ES256-0"}'
    yield "header byte order mark", b"\xef\xbb\xbf" + text
    yield "header UTF-16", text.decode().encode("utf-16")
    yield "header array", b"[" + text + b"]"
    yield "header null", b"null"
    yield "header empty object", b"{}"
    yield "header nested", b"[" * 3000
    yield "header NaN", text[:-1] + b',"a":NaN}'
    yield "header 5000 digits", text[:-1] + b',"a":' + b"9" * 5000 + b"}"


def hostile_signatures():
    text = token()
    signed, _, last = text.rpartition(".")
    raw = base64.urlsafe_b64decode(last + "==")
    r, s = raw[:32], raw[32:]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for label, signature in {
        "zeros": bytes(64),  # CVE-2022-21449
        "r zero": bytes(32) + s,
        "s zero": r + bytes(32),
        "r order": order.to_bytes(32, "big") + s,
        "all ones": b"\xff" * 64,
        "swapped": s + r,
        "half": raw[:32],
        "one byte less": raw[:-1],
        "one byte more": raw + b"\0",
        "twice": raw + raw,
        "with zeros before": bytes(2) + raw,
        "DER": private_key("ES256").sign(
            signed.encode(), pyjwt.algorithms.ECDSA(hash_of("ES256"))
        ),
    }.items():
        yield f"signature {label}", f"{signed}.{b64(signature)}"
    other = ALPHABET[ALPHABET.index(last[-1]) + 1]
    yield "signature with stray bits", f"{signed}.{last[:-1]}{other}"
    yield "signature padded", text + "=="
    yield "signature hexadecimal", f"{signed}.{raw.hex()}"
    yield "signature empty", f"{signed}."
    for part in signed.split("."):
        yield "signature of a part", f"{signed}.{sign(part)}"
    yield "signature of a stranger", f"{signed}.{sign(signed, number=1)}"
    for alg in ("none", "None", "NONE", "nonE", ""):
        bare = f"{b64(compact(header(alg=alg)))}.{b64(compact(payload()))}"
        yield f"{alg} without signature", f"{bare}."
        yield f"{alg} with one", f"{bare}.{last}"
        yield f"{alg} with a blank one", f"{bare}. "


def hash_of(algorithm):
    return pyjwt.get_algorithm_by_name(algorithm).hash_alg()


def confused():
    """CVE-2015-9235 and its children: what is public, as HMAC key."""
    member = jwk()
    public = pem(private_key("ES256"))
    for said in (header(alg="HS256"), header(alg="HS256", kid=None)):
        signed = f"{b64(compact(said))}.{b64(compact(payload()))}"
        for label, secret in {
            "PEM": public.encode(),
            "PEM without an end": public.strip().encode(),
            "DER": base64.b64decode("".join(public.split("\n")[1:-2])),
            "JWK": compact(member),
            "JWK Set": jwks(member),
            "x": base64.urlsafe_b64decode(member["x"] + "="),
            "nothing": b"",
            "zeros": bytes(32),
        }.items():
            name = f"HS256 with {label}, {len(said)}"
            yield name, f"{signed}.{mac(signed, secret)}"
    yield "RS256", token(said=header(alg="RS256"), algorithm="RS256")
    yield (
        "its own jwk",
        token(said=header(kid=None, jwk=jwk(number=1)), number=1),
    )
    yield (
        "its own jwk by name",
        token(said=header(jwk=jwk(number=1, kid="ES256-0")), number=1),
    )


def hostile_structures():
    text = token()
    first, content, last = text.split(".")
    other = token(payload(sub="bob")).split(".")
    odd = compact(payload(a="~~~???~~~"))
    standard = base64.b64encode(odd).decode().rstrip("=")
    for label, shown in {
        "empty": "",
        "dots": "..",
        "one segment": first,
        "two segments": f"{first}.{content}",
        "four segments": text + ".x",
        "five segments": f"{text}.{content}.{last}",
        "dot after": text + ".",
        "dot before": "." + text,
        "two dots": f"{first}..{content}.{last}",
        "no content": f"{first}..{last}",
        "blank before": " " + text,
        "blank after": text + " ",
        "new line after": text + "\n",
        "new line inside": f"{first}.\r\n{content}.{last}",
        "nul after": text + "\0",
        "byte order mark": "\ufeff" + text,
        "in quotes": f'"{text}"',
        "two tokens": f"{text}, {text}",
        "its scheme": f"Bearer {text}",
        "percent": text.replace(".", "%2E"),
        "full width": text.replace("e", "\uff45"),
        "surrogate": text + "\ud800",
        "not ASCII": text + "\xe9",
        "other content": f"{first}.{other[1]}.{last}",
        "other signature": f"{first}.{content}.{other[2]}",
        "JSON": json.dumps(
            {"protected": first, "payload": content, "signature": last}
        ),
        # CVE-2022-39227.
        "polyglot": '{" ' + first + f'.{other[1]}.":"","protected":"'
        f'{first}","payload":"{content}","signature":"{last}"}}',
        "long": text + "A" * 8192,
        "very long": "A" * 1_000_000,
        "long header": f"{'A' * 9000}.{content}.{last}",
        "dots only": "." * 8000,
    }.items():
        yield label, shown
    for label, changed in {
        "padded": content + "=",
        "over-padded": content + "====",
        "with a blank": content + " ",
        "with a new line": content + "\n",
        "with a foreign character": content + "!",
        "with a dot": content + ".x",
        "standard alphabet": standard,
        "stray": content + "A",
    }.items():
        signed = f"{first}.{changed}"
        yield f"content {label}", f"{signed}.{sign(signed)}"
    signed = f"{first}=.{content}"
    yield "header padded", f"{signed}.{sign(signed)}"


def hostile_tokens():
    for label, claims in (*hostile_claims(), *hostile_json()):
        yield label, token(claims)
    for label, said in hostile_headers():
        yield label, token(said=said)
    yield from hostile_signatures()
    yield from confused()
    yield from hostile_structures()


HOSTILE = list(hostile_tokens())


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
    """Keys that nobody may look for."""

    def find(self, kid, algorithm):
        raise AssertionError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (token(payload(x="x" * 8192)), "longer than 8192"),
        (token() + "\n", "no JWT"),
        (token(said=header(alg="RS256")), "not allowed"),
        (token(said=header(alg=None)), "not allowed"),
        (token(said=header(typ="JOSE")), "another type"),
        (token(said=header(kid=5)), "no text"),
        (token(said=header(crit=[])), "'crit'"),
    ],
    ids=["long", "line", "alg", "no alg", "typ", "kid", "crit"],
)
def test_what_cannot_be_right_costs_no_look_for_a_key(text, why):
    """Its issuer would be asked for one that it does not have."""
    assert why in refusal(text, reader=tokens(keys=Unasked()))


def test_a_key_of_one_algorithm_serves_no_other():
    """CVE-2026-48523."""
    both = ("RS256", "PS256", "RS512")
    reader = tokens(jwk("RS256", alg="RS256"), algorithms=both)

    assert read(token(algorithm="RS256"), reader=reader)
    for algorithm in ("PS256", "RS512"):
        said = header(algorithm, kid="RS256-0")
        text = token(said=said, algorithm=algorithm)
        assert refusal(text, reader=reader) == "its key serves RS256 alone"


def test_neither_a_weak_nor_an_encryption_key_is_believed():
    """Wycheproof: RSA of 1024 bits, use:enc, key_ops:[encrypt]."""
    weak = rsa_key(1024)
    text = token(algorithm="RS256", key=weak, said=header("RS256"))
    reader = tokens(jwk("RS256", key=weak), algorithms=("RS256",))
    assert "no key" in refusal(text, reader=reader)
    for changes in ({"use": "enc"}, {"key_ops": ["encrypt"]}):
        assert "no key" in refusal(token(), reader=tokens(jwk(**changes)))


# PyJWT behind it.


#: What PyJWT 2.14 lets escape.
ESCAPING = (OverflowError, RecursionError, TypeError, ValueError)


def believed_by_pyjwt(text, now=NOW):
    """Tell whether PyJWT would believe a token; its clock is the machine's,
    and the times of these tokens suit every one.
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


def test_much_of_it_pyjwt_would_believe():
    """The checks before and after it have a reason."""
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
    st.sampled_from(ALPHABET + ".=+/ \n\0{\ud800"),
)
@example(token(), 10_000, "delete", "A")
def test_whatever_becomes_of_a_token_pyjwt_is_never_stricter(
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
def test_whatever_an_issuer_signs_pyjwt_is_never_stricter(claims, said):
    text = token(payload() | claims, header() | said)

    assert not believed(text) or believed_by_pyjwt(text)


@given(
    st.text()
    | st.binary().map(lambda raw: raw.decode("latin-1"))
    | st.lists(st.binary().map(b64), min_size=3, max_size=3).map(".".join)
)
def test_whatever_is_shown_it_is_judged(text):
    assert not believed(text)
    assert not is_session_jwt(text)


# Ours, by its own word.


def test_one_of_ours_is_told_by_its_type():
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
def test_others_are_not_ours(text):
    assert not is_session_jwt(text)


def test_one_of_ours_by_its_pem():
    key = OneKey(read_pem(pem(private_key("ES256")), ("ES256",)))

    assert read(token(said=header(kid="any")), reader=tokens(keys=key))
