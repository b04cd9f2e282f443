"""A ticket to the JSON members of a header token, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from ..errors import ClaimsError, Malformed, SessionTokenError
from ..identity.claims import NO_CLAIMS, Claims, freeze_claims
from ..identity.ticket import Ticket
from ..identity.userid import Userid, from_subject, to_subject
from ..keys.base64url import decode_base64url

_TIMES = ("iat", "exp", "auth_time", "session_end")

# RFC 8259, section 2.
_BLANKS = " \t\n\r"

#: RFC 8705, section 3.1.
_THUMBPRINT = "x5t#S256"
SHA256_BYTES = 32


def write_members(ticket: Ticket) -> dict[str, Any]:
    """Write the members of a ticket, except the claims of the user.

    :raises SessionTokenError: for what :func:`read_ticket` refuses, for
        example the times of an expiry policy of the application.
    """
    check_writable(ticket)
    members: dict[str, Any] = _write_userid(ticket.userid)
    members.update((name, getattr(ticket, name)) for name in _TIMES)
    members["sid"] = ticket.sid
    members["amr"] = list(ticket.amr)
    if ticket.persistent:
        members["persistent"] = True
    if ticket.stamp is not None:
        members["stamp"] = ticket.stamp
    if ticket.began:
        members["began"] = ticket.began
    members.update(actor(ticket))
    members.update(confirmation(ticket))
    return members


def check_writable(ticket: Ticket) -> None:
    """Check what every form of token refuses to read.

    :raises SessionTokenError: for a ticket that has a flaw.
    """
    flaw = ticket.flaw()
    if flaw is not None:
        raise SessionTokenError(f"no token can say this: {flaw}")


def actor(ticket: Ticket) -> dict[str, Any]:
    """Write who acts for the user (RFC 8693, section 4.1); nothing where the
    user acts.
    """
    if ticket.actor is None:
        return {}
    return {"act": _write_userid(ticket.actor)}


def confirmation(ticket: Ticket) -> dict[str, Any]:
    """Write the certificate that a ticket is bound to (RFC 7800, section 3);
    nothing if it is bound to none.
    """
    if ticket.thumbprint is None:
        return {}
    return {"cnf": {_THUMBPRINT: ticket.thumbprint}}


def read_ticket(members: dict[str, Any]) -> Ticket:
    """Read what :func:`write_members` wrote.

    :param members: loses the token's own names. What is left are the claims
        of the user.
    :raises InvalidCredential: for members that it cannot have written.
    """
    take = members.pop
    try:
        iat, exp = take("iat"), take("exp")
        auth_time, session_end = take("auth_time"), take("session_end")
        sid, amr, subject = take("sid"), take("amr"), take("sub")
    except KeyError as missing:
        raise Malformed(f"it has no {missing.args[0]!r}") from None
    userid = _read_userid(subject, members)
    try:
        persistent, thumbprint, stamp, acting, began = _read_rare(members)
        claims = freeze_claims(members)
    except ClaimsError as error:
        raise Malformed(str(error)) from None
    ticket = Ticket(
        userid,
        sid,
        iat,
        exp,
        # Tickets are remembered, so equal times are one object.
        iat if auth_time == iat and type(auth_time) is int else auth_time,
        session_end,
        _read_amr(amr),
        claims,
        persistent,
        NO_CLAIMS,
        "",
        thumbprint,
        stamp,
        acting,
        began,
    )
    flaw = ticket.flaw()
    if flaw is not None:
        raise Malformed(flaw)
    return ticket


def read_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8, without a byte order mark. A name must not
    come twice, and a number must be finite.

    :raises InvalidCredential: for every other text.
    """
    try:
        text = raw.decode("utf-8").strip(_BLANKS)
        members, end = _STRICT_JSON.raw_decode(text)
    except (ValueError, RecursionError):
        raise Malformed("its content is not JSON") from None
    if end != len(text):
        raise Malformed("its content is not JSON")
    if type(members) is not dict:
        raise Malformed("its content is not a JSON object")
    return members


def _write_userid(userid: Userid) -> dict[str, Any]:
    subject, kind = to_subject(userid)
    if kind == "str":
        return {"sub": subject}
    return {"sub": subject, "sub_type": kind}


def _read_actor(act: object) -> Userid:
    if type(act) is not dict:
        raise Malformed("its 'act' is not an object")
    subject = act.pop("sub", None)
    userid = _read_userid(subject, act)
    if act:
        raise Malformed(f"the {min(act)!r:.80} of its 'act' is unknown")
    return userid


def _read_persistent(persistent: object) -> bool:
    if persistent is not True:
        raise Malformed("its 'persistent' is not true")
    return True


def _read_stamp(stamp: object) -> str:
    if type(stamp) is not str or not stamp.isascii():
        raise Malformed("its 'stamp' is not a digest")
    return stamp


def read_began(began: object) -> Claims:
    """Read the JSON that says how a session began.

    :raises InvalidCredential: if it says something else.
    """
    if type(began) is not dict or not began:
        raise Malformed("its 'began' is not an object with members")
    for name, value in began.items():
        if type(value) not in _BEGAN.get(name, ()):
            raise Malformed(f"{name!r:.80} of its 'began' is unknown")
    return freeze_claims(began)


def _read_userid(subject: object, members: dict[str, Any]) -> Userid:
    kind = "str"
    if "sub_type" in members:
        kind = members.pop("sub_type")
        if kind not in ("int", "uuid"):
            raise Malformed("its 'sub_type' is unknown")
    if type(subject) is not str:
        raise Malformed("its 'sub' is not a text")
    try:
        return from_subject(subject, kind)
    except ValueError as error:
        raise Malformed(f"its 'sub' is wrong: {error}") from None


def _read_amr(amr: object) -> tuple[str, ...]:
    if type(amr) is not list:
        raise Malformed("its 'amr' is not a list of texts")
    try:
        return _one_of_equal(tuple(amr))
    except TypeError:
        raise Malformed("its 'amr' is not a list of texts") from None


@lru_cache(maxsize=100)
def _one_of_equal(amr: tuple[str, ...]) -> tuple[str, ...]:
    """Give one object for equal tuples, since tickets are remembered."""
    return amr


def _read_confirmation(cnf: object) -> str:
    # RFC 7800, section 3.1: only a known confirmation method can be checked.
    if type(cnf) is not dict or list(cnf) != [_THUMBPRINT]:
        raise Malformed("its 'cnf' has an unknown confirmation method")
    thumbprint = cnf[_THUMBPRINT]
    try:
        if len(decode_base64url(thumbprint)) == SHA256_BYTES:
            return str(thumbprint)
    except (TypeError, ValueError):
        pass
    raise Malformed(f"the {_THUMBPRINT!r} of its 'cnf' is not SHA-256")


#: What ``Ticket.began`` may hold.
_BEGAN = {
    "after": (int,),
    "at": (int, type(None)),
    "by": (str,),
    "actor": (str,),
    "order": (int,),
    "actor_at": (int,),
    "token": (str,),
    "iss_sid": (str,),
    "iss_sub": (str,),
    "iss_at": (int,),
}

#: Members that most tokens lack, in the order of the fields of a ticket: what
#: reads the member, and what the field is without it.
_RARE: tuple[tuple[str, Callable[[Any], Any], Any], ...] = (
    ("persistent", _read_persistent, False),
    ("cnf", _read_confirmation, None),
    ("stamp", _read_stamp, None),
    ("act", _read_actor, None),
    ("began", read_began, NO_CLAIMS),
)
_RARE_NAMES = frozenset(name for name, _, _ in _RARE)
_NOTHING_RARE = tuple(absent for _, _, absent in _RARE)


def _read_rare(members: dict[str, Any]) -> tuple[Any, ...]:
    if _RARE_NAMES.isdisjoint(members):
        return _NOTHING_RARE
    return tuple(
        read(members.pop(name)) if name in members else absent
        for name, read, absent in _RARE
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    # RFC 7519, section 4: a reader may refuse duplicate names.
    if len(members) != len(pairs):
        raise ValueError("a name comes twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT_JSON = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant
)
