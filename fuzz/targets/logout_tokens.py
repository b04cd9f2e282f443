"""Logout tokens of another issuer, under the right key.

What is accepted has all that OpenID Connect Back-Channel Logout 1.0, section
2.6, asks for, and PyJWT reads the same.
"""

from __future__ import annotations

import jwt
from support import START
from support.issuer import ISSUER, SECRET, b64, compact, header, mac
from support.logout import logout_claims

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.issuers.claims import Template
from pyramid_sessiontoken.issuers.logout_token import EVENT, LogoutTokens
from pyramid_sessiontoken.issuers.verifying_key import OneKey, secret_key

CLAIMS, HEADER = range(2)

READER = LogoutTokens(
    OneKey(secret_key(None, SECRET, None, ("HS256",))),
    ISSUER,
    ("api",),
    ("HS256",),
    30,
    Template("{sub}"),
)
SAID = b64(compact(header("HS256", typ="logout+jwt")))
CONTENT = b64(compact(logout_claims()))


def seeds():
    for changes in (
        {},
        {"sid": "s"},
        {"sub": None, "sid": "s"},
        {"sub": None},
        {"nonce": "n"},
        {"events": {}},
        {"events": {EVENT: []}},
        {"events": [EVENT]},
        {"jti": None},
        {"jti": ""},
        {"exp": START + 9999},
        {"exp": START - 9999},
        {"iat": START + 9999},
        {"iat": START - 0.5},
        {"aud": ["x", "api"]},
        {"aud": "other"},
        {"iss": "other"},
        {"sub": "role:admin"},
    ):
        yield bytes([CLAIMS]) + compact(logout_claims(**changes))
    for said in ({}, {"typ": "JWT"}, {"typ": "at+jwt"}, {"crit": ["x"]}):
        yield bytes([HEADER]) + compact(header("HS256", **said))


def target(data: bytes) -> None:
    kind, rest = (data[0] % 2 if data else CLAIMS), data[1:]
    said, content = (b64(rest), CONTENT) if kind else (SAID, b64(rest))
    signed = f"{said}.{content}"
    text = f"{signed}.{mac(signed, SECRET)}"
    try:
        sign_out = READER.read(text, START)
    except InvalidCredential as refusal:
        assert refusal.code != "refused"
        return
    claims = jwt.decode(
        text,
        SECRET,
        ["HS256"],
        {f"verify_{name}": False for name in ("exp", "iat", "nbf")},
        audience="api",
        issuer=ISSUER,
    )
    assert EVENT in claims["events"]
    assert "nonce" not in claims
    assert sign_out.subject or sign_out.session
    assert sign_out.subject == claims.get("sub")
    assert sign_out.session == claims.get("sid")
    assert sign_out.time <= START + 30
    assert claims["exp"] > START - 31
    userid = READER.userid_of(sign_out)
    assert userid is None or userid == sign_out.subject
