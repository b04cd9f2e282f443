"""Tokens that say they are another issuer's, and are to be refused."""

import base64
import json

import jwt as pyjwt

from support.issuer import (
    AUDIENCE,
    ISSUER,
    b64,
    compact,
    header,
    jwk,
    jwks,
    mac,
    payload,
    pem,
    private_key,
    sign,
    token,
)
from support.tokens import BASE64URL, FAR_AHEAD, LONG_AGO

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
    other = BASE64URL[BASE64URL.index(last[-1]) + 1]
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
