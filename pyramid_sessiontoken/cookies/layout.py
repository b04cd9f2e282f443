"""A ticket to bytes, and back, in a cookie and in a stored record: one
ticket, one text.

A head of fixed length is followed by the userid, ``amr``, the parts that most
tickets lack, and the claims as JSON, up to the end. Numbers are big-endian,
texts are UTF-8.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..errors import ClaimsError, Malformed
from ..identity.claims import NO_CLAIMS, Claims, freeze_claims
from ..identity.ticket import Ticket
from ..identity.userid import Userid, check_userid, from_subject, to_subject
from ..keys.base64url import decode_base64url, encode_base64url
from ..tokens.payload import SHA256_BYTES, check_writable, read_began

#: The first byte. No text in ASCII or UTF-8 begins with it, so no reference
#: does.
VERSION = b"\x81"

# Flags; iat, exp, auth_time and session_end, 5 bytes each; sid; the lengths of
# the userid and of amr.
_HEAD = struct.Struct(">B BI BI BI BI 17s HH")
_START = len(VERSION) + _HEAD.size
_LENGTH = struct.Struct(">H")

# The flags: which parts the ticket has, whether it is persistent, and in the
# two highest bits the type of the userid. One bit is never set.
_PERSISTENT, _THUMBPRINT, _STAMP, _ACTOR, _BEGAN, _NEVER = (
    1 << bit for bit in range(6)
)
_TYPE = 6
_TEXT, _INT, _UUID = range(3)

_WRITER = json.JSONEncoder(
    ensure_ascii=False,
    check_circular=False,
    separators=(",", ":"),
)
_READER = json.JSONDecoder()


def write_ticket(ticket: Ticket) -> bytes:
    """Write what :func:`read_ticket` reads.

    :raises SessionTokenError: for a ticket that it would refuse.
    :raises ClaimsError: for a part that is too long for any session.
    """
    check_writable(ticket)
    kind, userid = _write_userid(ticket.userid)
    amr = "".join(f"{method}\0" for method in ticket.amr).encode()
    parts = _write_parts(ticket)
    times = ticket.iat, ticket.exp, ticket.auth_time, ticket.session_end
    try:
        head = _HEAD.pack(
            kind << _TYPE | bool(ticket.persistent) | sum(parts),
            *(half for time in times for half in divmod(time, 1 << 32)),
            _write_sid(ticket.sid),
            len(userid),
            len(amr),
        )
        lengths = [_LENGTH.pack(len(part)) for part in parts.values()]
    except struct.error:
        raise ClaimsError("a part is too long for a session") from None
    content = [VERSION, head, userid, amr]
    for length, part in zip(lengths, parts.values(), strict=True):
        content += length, part
    if ticket.claims:
        content.append(write_json(ticket.claims))
    return b"".join(content)


def read_ticket(content: bytes) -> Ticket:
    """Read what :func:`write_ticket` wrote.

    :param content: begins with :data:`VERSION`.
    :raises InvalidCredential: for every other content.
    """
    try:
        ticket = _read(content)
    except ClaimsError as error:
        raise Malformed(str(error)) from None
    except (ValueError, struct.error, RecursionError):
        raise Malformed("its content is damaged") from None
    flaw = ticket.flaw()
    if flaw is not None:
        raise Malformed(flaw)
    return ticket


def _read(content: bytes) -> Ticket:
    (
        flags,
        high_iat,
        iat,
        high_exp,
        exp,
        high_auth_time,
        auth_time,
        high_session_end,
        session_end,
        sid,
        userid_length,
        amr_length,
    ) = _HEAD.unpack_from(content, 1)
    end = _START + userid_length
    userid = _read_userid(flags >> _TYPE, content[_START:end])
    start, end = end, end + amr_length
    amr = _read_amr(content[start:end])
    if end > len(content) or flags & _NEVER:
        raise ValueError("cut off, or written by a later version")
    rare = _NO_PARTS
    if flags & _ANY_PART:
        rare, end = _read_parts(flags, content, end)
    thumbprint, stamp, actor, began = rare
    iat |= high_iat << 32
    auth_time |= high_auth_time << 32
    return Ticket(
        userid,
        _read_sid(sid),
        iat,
        exp | high_exp << 32,
        # Tickets are remembered, so equal times are one object.
        iat if auth_time == iat else auth_time,
        session_end | high_session_end << 32,
        amr,
        read_claims(content[end:]),
        flags & _PERSISTENT != 0,
        NO_CLAIMS,
        "",
        thumbprint,
        stamp,
        actor,
        began,
    )


def _write_userid(userid: Userid) -> tuple[int, bytes]:
    if isinstance(userid, uuid.UUID):
        return _UUID, userid.bytes
    text, kind = to_subject(userid)
    return _INT if kind == "int" else _TEXT, text.encode()


def _read_userid(kind: int, raw: bytes) -> Userid:
    if kind == _TEXT:
        return check_userid(raw.decode())
    if kind == _INT:
        return from_subject(raw.decode(), "int")
    if kind == _UUID:
        return uuid.UUID(bytes=raw)
    raise ValueError("an unknown type of userid")


def _write_sid(sid: str) -> bytes:
    # One digit more, so that the 22 of any id make whole bytes.
    return decode_base64url(sid + "A")


def _read_sid(raw: bytes) -> str:
    text = encode_base64url(raw)
    if not text.endswith("A"):
        raise ValueError("not the bytes of 22 digits")
    return text[:-1]


@lru_cache(maxsize=100)
def _read_amr(raw: bytes) -> tuple[str, ...]:
    *methods, rest = raw.decode().split("\0")
    if rest:
        raise ValueError("a method without its end")
    return tuple(methods)


def _write_parts(ticket: Ticket) -> dict[int, bytes]:
    """Give the parts of the ticket, by their flags and in their order."""
    parts = {}
    if ticket.thumbprint is not None:
        parts[_THUMBPRINT] = decode_base64url(ticket.thumbprint)
    if ticket.stamp is not None:
        parts[_STAMP] = ticket.stamp.encode("ascii")
    if ticket.actor is not None:
        kind, actor = _write_userid(ticket.actor)
        parts[_ACTOR] = bytes((kind,)) + actor
    if ticket.began:
        parts[_BEGAN] = write_json(ticket.began)
    return parts


def _read_parts(
    flags: int, content: bytes, start: int
) -> tuple[list[Any], int]:
    """Give the parts, in the order of the fields, and where they end."""
    found = []
    for flag, read, absent in _PARTS:
        part = absent
        if flags & flag:
            (length,) = _LENGTH.unpack_from(content, start)
            start += _LENGTH.size
            part = read(content[start : start + length])
            start += length
        found.append(part)
    if start > len(content):
        raise ValueError("cut off")
    return found, start


def _read_thumbprint(raw: bytes) -> str:
    if len(raw) != SHA256_BYTES:
        raise ValueError("not a thumbprint")
    return encode_base64url(raw)


def _read_stamp(raw: bytes) -> str:
    return raw.decode("ascii")


def _read_actor(raw: bytes) -> Userid:
    return _read_userid(raw[0] if raw else -1, raw[1:])


def _read_began(raw: bytes) -> Claims:
    return read_began(_read_json(raw))


def read_claims(raw: bytes) -> Claims:
    """Read what :func:`write_json` wrote of claims, or nothing for none.

    :raises ClaimsError: for names or values that no claims have.
    :raises ValueError: for every other text.
    """
    if not raw:
        return NO_CLAIMS
    claims = freeze_claims(_read_json(raw))
    if not claims:
        raise ValueError("no claims are written as nothing")
    return claims


def write_json(members: Any) -> bytes:
    """Write JSON, in the only way that is read."""
    return _WRITER.encode(members).encode()


def _read_json(raw: bytes) -> Any:
    text = raw.decode()
    members, _ = _READER.raw_decode(text)
    # So no name comes twice, and no blank or escape is left to choose.
    if _WRITER.encode(members) != text:
        raise ValueError("written in another way")
    return members


_PARTS: tuple[tuple[int, Callable[[bytes], Any], Any], ...] = (
    (_THUMBPRINT, _read_thumbprint, None),
    (_STAMP, _read_stamp, None),
    (_ACTOR, _read_actor, None),
    (_BEGAN, _read_began, NO_CLAIMS),
)
_ANY_PART = _THUMBPRINT | _STAMP | _ACTOR | _BEGAN
_NO_PARTS = [absent for _, _, absent in _PARTS]
