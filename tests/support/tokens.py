"""Keys, tickets and forged tokens; nothing here reads a clock."""

from __future__ import annotations

import base64
import hmac
import json
import string
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import strategies as st

from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.identity.ticket import (
    LATEST,
    MOST_AHEAD,
    Ticket,
)
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.sessions.records import RecordNames
from pyramid_sessiontoken.tokens.jwt import SessionJWT
from support.keys import Rings

ISSUER = "https://issuer.example"
AUDIENCE = "https://audience.example"
NAMES = RecordNames(ISSUER, AUDIENCE)
ALGORITHMS = ("HS256", "HS384", "HS512")

#: In the order of the values (RFC 4648, section 5).
BASE64URL = string.ascii_uppercase + string.ascii_lowercase
BASE64URL += string.digits + "-_"

#: As long as the longest hash.
FIRST = Key.of(bytes(range(64)))
SECOND = Key.of(bytes(range(64, 128)))
STRANGER = Key.of(bytes(range(128, 192)))

#: Long ago and far ahead, seconds, so that a library that reads the clock of
#: the machine finds what these tests find.
LONG_AGO = 10**9
FAR_AHEAD = 2**37

JTI = "j" * 22
SID = "s" * 22


def make_jwt(
    *keys: Key,
    algorithm: str = "HS256",
    issuer: str = ISSUER,
    audience: str = AUDIENCE,
) -> SessionJWT:
    return SessionJWT(Rings(*(keys or (FIRST,))), algorithm, issuer, audience)


def make_ticket(**changes: Any) -> Ticket:
    claims = freeze_claims(changes.pop("claims", {}))
    fields = {
        "userid": "alice",
        "sid": SID,
        "iat": LONG_AGO,
        "exp": FAR_AHEAD,
        "auth_time": LONG_AGO,
        "session_end": FAR_AHEAD,
        "amr": ("pwd",),
    }
    return Ticket(**{**fields, **changes}, claims=claims)


@st.composite
def times_of_tickets(draw: Any) -> dict[str, int]:
    """Give times that a ticket can have."""
    iat = draw(st.integers(0, LATEST - 1))
    ends = st.integers(iat + 1, LATEST)
    return {
        "iat": iat,
        "exp": draw(ends),
        "auth_time": draw(st.integers(0, min(iat + MOST_AHEAD, LATEST))),
        "session_end": draw(ends),
    }


def honest_header(**changes: Any) -> dict[str, Any]:
    return {"alg": "HS256", "kid": FIRST.kid, "typ": "session+jwt", **changes}


def honest_payload(**changes: Any) -> dict[str, Any]:
    """Give what a token of :func:`make_ticket` says."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": LONG_AGO,
        "exp": FAR_AHEAD,
        "jti": JTI,
        "sid": SID,
        "auth_time": LONG_AGO,
        "session_end": FAR_AHEAD,
        "amr": ["pwd"],
        **changes,
    }


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def header_text() -> str:
    """Give the one header that tokens of the first key bear."""
    return make_jwt().encode(make_ticket()).partition(".")[0]


def sign(text: str, secret: bytes = FIRST.secret, digest: str = "sha256"):
    mac = hmac.digest(secret, text.encode(), digest)
    return f"{text}.{encode_base64url(mac)}"


def forge(
    payload: bytes | dict[str, Any] | None = None,
    header: bytes | dict[str, Any] | None = None,
    secret: bytes = FIRST.secret,
    digest: str = "sha256",
) -> str:
    """Sign a forged header and payload with the right key."""
    if payload is None:
        payload = honest_payload()
    if header is None:
        first = header_text()
    else:
        raw = header if isinstance(header, bytes) else compact(header)
        first = encode_base64url(raw)
    raw = payload if isinstance(payload, bytes) else compact(payload)
    return sign(f"{first}.{encode_base64url(raw)}", secret, digest)


# Hostile tokens, by name. Most of them can be signed only with the key.


def with_raw(name, raw):
    """Give the honest payload with raw JSON for the value of a name."""
    marker = "\N{SNOWMAN}"
    text = compact(honest_payload(**{name: marker}))
    return text.replace(compact(marker), raw)


def without(name):
    payload = honest_payload()
    del payload[name]
    return payload


def twice(name, first):
    pair = compact({name: first})[1:-1]
    return b"{" + pair + b"," + compact(honest_payload())[1:]


HOSTILE_TIMES = {
    "text": b'"9999999999"',
    "float": b"9999999999.0",
    "fraction": b"9999999999.5",
    "exponent": b"1e10",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "beyond floats": b"1e999",
    "true": b"true",
    "negative": b"-1",
    "far": str(2**40).encode(),
    "in the year 10000": b"253402300800",
    "400 digits": b"9" * 400,
    "5000 digits": b"9" * 5000,
    "list": b"[9999999999]",
    "object": b"{}",
}

HOSTILE_IDS = {
    "empty": "",
    "short": JTI[1:],
    "long": JTI + "j",
    "number": 5,
    "list": list(JTI),
    "control character": JTI[1:] + "\n",
    "path": "../../../../etc/passwd"[:22],
}

#: What a member of an honest payload must not say.
HOSTILE_MEMBERS = {
    "iss": {
        "other": "https://attacker.example",
        "longer": ISSUER + ".net",
        "shorter": ISSUER[:-1],
        "list": [ISSUER],
        "empty": "",
        "upper case": ISSUER.upper(),
        "true": True,
    },
    "aud": {
        "other": "https://attacker.example",
        "longer": AUDIENCE + "/",
        "list": [AUDIENCE],
        "ours and another": [AUDIENCE, "https://attacker.example"],
        "empty list": [],
        "empty": "",
        "true": True,
        "object": {AUDIENCE: 1},
    },
    "sub": {
        "empty": "",
        "number": 42,
        "true": True,
        "list": ["alice"],
        "system.Everyone": "system.Everyone",
        "system.Authenticated": "system.Authenticated",
        "role": "role:admin",
        "control character": "alice\n",
        "nul": "\0",
        "half a character": "\ud800",
        "256 characters": "a" * 256,
    },
    "jti": HOSTILE_IDS,
    "sid": HOSTILE_IDS,
    "amr": {
        "text": "pwd",
        "numbers": [1],
        "nested": [["pwd"]],
        "object": {},
        "number": 1,
        "half a character": ["\ud800"],
        "control character": ["pwd\n"],
    },
    "act": {
        "text": "bob",
        "empty": {},
        "number": {"sub": 1},
        "role": {"sub": "role:admin"},
        "sub_type": {"sub": "bob", "sub_type": "int"},
        "chain": {"sub": "bob", "act": {"sub": "eve"}},
    },
    "persistent": {"false": False, "text": "yes", "number": 1},
    "stamp": {"number": 1, "list": ["x"], "not ASCII": "\xe9"},
    "began": {
        "empty": {},
        "list": [],
        "text": "now",
        "another name": {"sub": "alice"},
        "at text": {"at": "1"},
        "at true": {"at": True},
        "by number": {"by": 1},
        "actor null": {"actor": None},
        "token number": {"token": 1},
    },
    "iat": {"to come": FAR_AHEAD - 1, "after exp": FAR_AHEAD + 1},
    "exp": {"past": LONG_AGO + 1, "0": 0, "iat": LONG_AGO},
    "auth_time": {"long after iat": LONG_AGO + 601},
    "session_end": {"past": LONG_AGO + 1, "iat": LONG_AGO},
    "nbf": {"to come": FAR_AHEAD, "past": LONG_AGO, "text": "soon"},
    "cnf": {"thumbprint": {"x5t#S256": "a" * 43}},
    "claim": {"half a character": "\ud800"},
}


def hostile_members():
    for name, values in HOSTILE_MEMBERS.items():
        for label, value in values.items():
            yield f"{name} {label}", honest_payload(**{name: value})
    for name in ("iat", "exp", "auth_time", "session_end"):
        for label, raw in HOSTILE_TIMES.items():
            yield f"{name} {label}", with_raw(name, raw)
    for name in honest_payload():
        yield f"{name} missing", without(name)
        yield f"{name} null", honest_payload(**{name: None})
        yield f"{name} twice", twice(name, honest_payload()[name])
    yield "sub twice, other", twice("sub", "root")
    yield "name half a character", honest_payload(**{"\ud800": 1})
    for label, sub, kind in (
        ("unknown", "42", "bool"),
        ("null", "42", None),
        ("number", "42", 1),
        ("list", "42", ["int"]),
        ("empty", "42", ""),
        ("other spelling", "042", "int"),
        ("no number", "alice", "int"),
        ("no uuid", "alice", "uuid"),
        ("never written", "alice", "str"),
    ):
        payload = honest_payload(sub=sub, sub_type=kind)
        yield f"sub_type {label}", payload


def hostile_json():
    """Payloads that are no JSON, or JSON that two parsers may read as two
    different things.
    """
    text = compact(honest_payload()).decode()
    for label, raw in {
        "NaN": b"NaN",
        "Infinity": b"Infinity",
        "-Infinity": b"-Infinity",
        "beyond floats": b"1e999",
        "of 5000 digits": b"9" * 5000,
        "nested 17 deep": b"[" * 17 + b"0" + b"]" * 17,
        "nested 2000 deep": b"[" * 2000 + b"]" * 2000,
        "twice inside": b'{"b":1,"b":2}',
        "latin-1": b'"\xe9"',
        "overlong UTF-8": b'"\xc0\xaf"',
        "UTF-8 surrogate": b'"\xed\xa0\x80"',
        "control character": b'"\n"',
    }.items():
        yield f"claim {label}", with_raw("claim", raw)
    yield "claim twice", b'{"a":1,"a":1,' + text[1:].encode()
    yield "leading zero", with_raw("exp", b"0" + str(FAR_AHEAD).encode())
    yield "plus sign", with_raw("exp", b"+" + str(FAR_AHEAD).encode())
    for codec in (
        "utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be"
    ).split():
        yield codec, text.encode(codec)
    for label, other in {
        "trailing text": text + "x",
        "trailing nul": text + "\0",
        "two objects": text * 2,
        "trailing comma": text[:-1] + ",}",
        "single quotes": text.replace('"', "'"),
        "comment": "/**/" + text,
        "array": f"[{text}]",
        "nothing": "",
        "an empty object": "{}",
        "null payload": "null",
        "a number": "1",
        "a text": '"alice"',
        "another token": forge(),
        "2000 brackets": "[" * 2000,
        "64 KiB": text[:-1] + ',"a":"' + "x" * 2**16 + '"}',
    }.items():
        yield label, other.encode()


def hostile_headers():
    """Headers whose signature is right."""
    for label, changes in {
        "typ JWT": {"typ": "JWT"},
        "typ at+jwt": {"typ": "at+jwt"},
        "typ JOSE": {"typ": "JOSE"},
        "typ in other case": {"typ": "Session+JWT"},
        "typ with application/": {"typ": "application/session+jwt"},
        "typ null": {"typ": None},
        "typ list": {"typ": ["session+jwt"]},
        "alg none": {"alg": "none"},
        "alg nOnE": {"alg": "nOnE"},
        "alg empty": {"alg": ""},
        "alg null": {"alg": None},
        "alg list": {"alg": ["HS256"]},
        "alg in other case": {"alg": "hs256"},
        "alg with blank": {"alg": "HS256 "},
        "alg HS384": {"alg": "HS384"},
        "alg RS256": {"alg": "RS256"},
        "alg unknown": {"alg": "HS1"},
        "kid unknown": {"kid": "unknown"},
        "kid empty": {"kid": ""},
        "kid null": {"kid": None},
        "kid number": {"kid": 1},
        "kid path": {"kid": "../../../dev/null"},
        "kid SQL": {"kid": "x' UNION SELECT 'key"},
        "crit empty": {"crit": []},
        "crit exp": {"crit": ["exp"]},
        "crit b64": {"crit": ["b64"], "b64": False},
        "crit b64 true": {"crit": ["b64"], "b64": True},
        "crit unknown": {"crit": ["x"], "x": 1},
        "crit no list": {"crit": "exp"},
        "b64 false": {"b64": False},
        "b64 true": {"b64": True},
        "jku": {"jku": "https://attacker.example/keys"},
        "jwk": {
            "jwk": {"kty": "oct", "k": encode_base64url(FIRST.secret)},
        },
        "x5u": {"x5u": "https://attacker.example/chain"},
        "x5c": {"x5c": ["MIIB"]},
        "zip": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "more": {"more": 1},
    }.items():
        yield f"header {label}", compact(honest_header(**changes))
    for name in honest_header():
        header = honest_header()
        del header[name]
        yield f"header without {name}", compact(header)
    text = compact(honest_header())
    yield "header alg twice", b'{"alg":"none",' + text[1:]
    yield "header alg twice, none last", text[:-1] + b',"alg":"none"}'
    yield "header typ twice", b'{"typ":"JWT",' + text[1:]
    reordered = dict(reversed(honest_header().items()))
    yield "header in another order", compact(reordered)
    yield "header with blanks", json.dumps(honest_header()).encode()
    yield "header byte order mark", b"\xef\xbb\xbf" + text
    yield "header UTF-16", text.decode().encode("utf-16")
    yield "header array", b"[" + text + b"]"
    yield "header null", b"null"
    yield "header empty", b""
    yield "header empty object", b"{}"
    yield "header nested", b"[" * 2000


def asymmetric_confusion():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    for kid in (FIRST.kid, "rsa"):
        yield (
            f"RS256, kid {'ours' if kid == FIRST.kid else 'other'}",
            jwt.encode(
                honest_payload(),
                private,
                "RS256",
                {"typ": "session+jwt", "kid": kid},
            ),
        )
    yield "HS256 with a public key", forge(secret=pem)
    yield (
        "HS256 with a public key, alg RS256",
        forge(header=honest_header(alg="RS256"), secret=pem),
    )


def hostile_signatures():
    token = forge()
    signed, _, mac = token.rpartition(".")
    header, payload, _ = token.split(".")
    raw = base64.urlsafe_b64decode(mac + "=")
    for label, text in {
        "none": "",
        "half": encode_base64url(raw[:16]),
        "one byte less": encode_base64url(raw[:-1]),
        "one byte more": encode_base64url(raw + b"\0"),
        "zeros": encode_base64url(bytes(32)),
        "hexadecimal": raw.hex(),
        "padded": mac + "=",
        "over-padded": mac + "====",
        "with stray bits": mac[:-1] + BASE64URL[BASE64URL.index(mac[-1]) + 1],
        "of the payload alone": encode_base64url(
            hmac.digest(FIRST.secret, payload.encode(), "sha256")
        ),
        "of the header alone": encode_base64url(
            hmac.digest(FIRST.secret, header.encode(), "sha256")
        ),
        "without the dot": encode_base64url(
            hmac.digest(FIRST.secret, (header + payload).encode(), "sha256")
        ),
    }.items():
        yield f"signature {label}", f"{signed}.{text}"
    yield "signature HS512", sign(signed, digest="sha512")
    yield "signature HS384", sign(signed, digest="sha384")
    yield "signature of another key", sign(signed, SECOND.secret)
    # HMAC pads keys with zeros: no key is the same.
    yield "signature of the zero key", sign(signed, bytes(64))
    yield "none and no signature", unsigned("none")
    yield "None and no signature", unsigned("None")


def unsigned(alg):
    header = encode_base64url(compact(honest_header(alg=alg)))
    return f"{header}.{encode_base64url(compact(honest_payload()))}."


def hostile_structures():
    token = forge()
    header, payload, mac = token.split(".")
    other = forge(honest_payload(sub="bob")).split(".")
    in_standard_alphabet = base64.b64encode(compact(ODD_LETTERS)).decode()
    in_standard_alphabet = in_standard_alphabet.rstrip("=")
    for label, text in {
        "blank before": " " + token,
        "blank after": token + " ",
        "new line after": token + "\n",
        "tab after": token + "\t",
        "CRLF inside": f"{header}.\r\n{payload}.{mac}",
        "blank inside": f"{header}. {payload}.{mac}",
        "nul after": token + "\0",
        "byte order mark before": "\ufeff" + token,
        "segment before": "x." + token,
        "segment after": token + ".x",
        "dot after": token + ".",
        "dot before": "." + token,
        "dot twice": f"{header}..{payload}.{mac}",
        "five segments": f"{token}.{payload}.{mac}",
        "two segments": f"{header}.{payload}",
        "one segment": header,
        "two dots": "..",
        "header padded": f"{header}=.{payload}.{mac}",
        "payload of another": f"{header}.{other[1]}.{mac}",
        "signature of another": f"{header}.{payload}.{other[2]}",
        "two tokens": f"{token}, {token}",
        "in quotes": f'"{token}"',
        "with its scheme": f"Session {token}",
        "percent-encoded": token.replace(".", "%2E"),
        "JSON serialization": json.dumps(
            {"protected": header, "payload": payload, "signature": mac}
        ),
        "full width": token.replace("e", "\N{FULLWIDTH LATIN SMALL LETTER E}"),
        "payload padded": sign(f"{header}.{payload}="),
        "payload over-padded": sign(f"{header}.{payload}===="),
        "payload with a dot": sign(f"{header}.{payload}.x"),
        "payload with blank": sign(f"{header}.{payload} "),
        "payload with new line": sign(f"{header}.{payload}\n"),
        "payload with a foreign character": sign(f"{header}.{payload}!"),
        "standard alphabet": sign(
            f"{header}."
            + base64.b64encode(compact(ODD_LETTERS)).decode().rstrip("=")
        ),
    }.items():
        yield text and label, text
    yield (
        "a token of another kind inside",
        forge(forge().encode(), honest_header(cty="JWT")),
    )


#: As base64 it has characters that base64url writes otherwise.
ODD_LETTERS = honest_payload(a="~~~???~~~")


def hostile_tokens():
    for label, payload in (*hostile_members(), *hostile_json()):
        yield label, forge(payload)
    for label, header in hostile_headers():
        yield label, forge(header=header)
    yield from asymmetric_confusion()
    yield from hostile_signatures()
    yield from hostile_structures()
