"""Session tokens: a text, or a header or a payload under the right key.

What is accepted is what was issued. PyJWT accepts it, too, and reads the same.
"""

from __future__ import annotations

import json

import jwt
from support.tokens import (
    AUDIENCE,
    FIRST,
    ISSUER,
    SECOND,
    compact,
    forge,
    header_text,
    honest_header,
    honest_payload,
    hostile_json,
    hostile_members,
    hostile_structures,
    make_jwt,
    make_ticket,
    sign,
)

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.tokens.payload import write_members

TEXT, PAYLOAD, HEADER = range(3)

CODEC = make_jwt(FIRST, SECOND)
HEADER_TEXT = header_text()
HEADER_BYTES = compact(honest_header())
PAYLOAD_TEXT = encode_base64url(compact(honest_payload()))

#: Everything that was issued.
ISSUED = {forge(), forge(honest_payload(sub="bob", a=1))}

#: The first key signs in the name of the second one.
ANOTHER = make_jwt(SECOND).encode(make_ticket()).rpartition(".")[0]

#: Times are judged elsewhere, and PyJWT reads the clock of the machine.
UNTIMED = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}


def seeds():
    for _, text in (("", forge()), *hostile_structures()):
        yield bytes([TEXT]) + text.encode("utf-8")
    yield bytes([TEXT]) + sign(ANOTHER).encode()
    for _, payload in (*hostile_members(), *hostile_json()):
        raw = payload if isinstance(payload, bytes) else compact(payload)
        if len(raw) < 2048:
            yield bytes([PAYLOAD]) + raw
    yield bytes([PAYLOAD]) + compact(
        honest_payload(
            sub="42",
            sub_type="int",
            persistent=True,
            stamp="abc",
            act={"sub": "bob"},
            began={"at": 1, "by": "google"},
        )
    )
    yield bytes([HEADER]) + HEADER_BYTES
    yield bytes([HEADER]) + compact(honest_header(crit=["exp"], alg="none"))


def target(data: bytes) -> None:
    kind, rest = (data[0] % 3 if data else TEXT), data[1:]
    if kind == TEXT:
        # As a server gives a header: a character for each byte (PEP 3333).
        text = rest.decode("latin-1")
    elif kind == PAYLOAD:
        text = sign(f"{HEADER_TEXT}.{encode_base64url(rest)}")
    else:
        text = sign(f"{encode_base64url(rest)}.{PAYLOAD_TEXT}")
    try:
        ticket = CODEC.decode(text).ticket
    except InvalidCredential as refusal:
        assert refusal.code != "refused"
        return
    if kind == TEXT:
        assert text in ISSUED
    elif kind == HEADER:
        assert rest == HEADER_BYTES
    _check_as_pyjwt(text, ticket)


def _check_as_pyjwt(text, ticket):
    payload = jwt.decode(
        text,
        FIRST.secret,
        ["HS256"],
        UNTIMED,
        issuer=ISSUER,
        audience=AUDIENCE,
    )
    for name in ("iss", "aud", "jti"):
        del payload[name]
    # "began" and the claims are read-only mappings.
    members = {**write_members(ticket), **ticket.claims}
    assert json.loads(json.dumps(members)) == payload
