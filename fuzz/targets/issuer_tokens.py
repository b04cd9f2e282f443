"""Access tokens of another issuer, under the right key.

PyJWT accepts what is accepted, and reads the same claims.
"""

from __future__ import annotations

import jwt
from support.hostile import (
    hostile_claims,
    hostile_headers,
    hostile_json,
)
from support.issuer import (
    AUDIENCE,
    ISSUER,
    SECRET,
    b64,
    compact,
    header,
    mac,
    payload,
)
from support.tokens import FAR_AHEAD, LONG_AGO

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.issuers.tokens import ForeignTokens, sign_in_time
from pyramid_sessiontoken.issuers.verifying_key import OneKey, secret_key

TEXT, CLAIMS, HEADER = range(3)
NOW = 1_800_000_000

READER = ForeignTokens(
    OneKey(secret_key(None, SECRET, None, ("HS256",))),
    ISSUER,
    (AUDIENCE, "other-api"),
    ("HS256",),
    30,
)
SAID = b64(compact(header("HS256")))
CONTENT = b64(compact(payload()))


def write(said, content):
    return f"{said}.{content}.{mac(f'{said}.{content}', SECRET)}"


ISSUED = write(SAID, CONTENT)


def seeds():
    yield bytes([TEXT]) + ISSUED.encode()
    for _, claims in (*hostile_claims(), *hostile_json()):
        raw = claims if isinstance(claims, bytes) else compact(claims)
        if len(raw) < 2048:
            yield bytes([CLAIMS]) + raw
    for more in ({"aud": ["x", "api"]}, {"nbf": 1.5, "auth_time": LONG_AGO}):
        yield bytes([CLAIMS]) + compact(payload(**more))
    for _, said in hostile_headers():
        raw = said if isinstance(said, bytes) else compact(said)
        raw = raw.replace(b"ES256", b"HS256")
        if len(raw) < 2048:
            yield bytes([HEADER]) + raw


def target(data: bytes) -> None:
    kind, rest = (data[0] % 3 if data else TEXT), data[1:]
    if kind == TEXT:
        text = rest.decode("latin-1")
    elif kind == CLAIMS:
        text = write(SAID, b64(rest))
    else:
        text = write(b64(rest), CONTENT)
    try:
        claims = READER.read(text, NOW)
    except InvalidCredential as refusal:
        assert refusal.code != "refused"
        return
    if kind == TEXT:
        assert text == ISSUED
    signed_in = sign_in_time(claims, NOW)
    assert signed_in is None or 0 <= signed_in <= NOW
    assert 0 <= claims["exp"] <= FAR_AHEAD * 8
    assert claims == jwt.decode(
        text,
        SECRET,
        ["HS256"],
        # PyJWT reads the clock of the machine, and takes whole numbers only.
        {f"verify_{name}": False for name in ("exp", "iat", "nbf")},
        audience=[AUDIENCE, "other-api"],
        issuer=ISSUER,
    )
