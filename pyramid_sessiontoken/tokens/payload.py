"""A ticket to JSON members, and back: the same in every form of token."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ..errors import ClaimsError, InvalidCredential
from ..identity.claims import NO_CLAIMS, FrozenDict, freeze_claims
from ..identity.ticket import Ticket, is_id
from ..identity.userid import Userid, from_subject, to_subject
from ..keys.base64url import decode_base64url

#: Every time must be less, in seconds since the epoch: the year 36812.
TIME_LIMIT = 2**40

_TIMES = ("iat", "exp", "auth_time", "session_end")

#: RFC 8705, section 3.1.
_THUMBPRINT = "x5t#S256"
_SHA256_BYTES = 32


def write_members(ticket: Ticket) -> dict[str, Any]:
    """Write the members of a ticket, except the claims of the user."""
    subject, kind = to_subject(ticket.userid)
    members: dict[str, Any] = {"sub": subject}
    if kind != "str":
        members["sub_type"] = kind
    members.update((name, getattr(ticket, name)) for name in _TIMES)
    members["sid"] = ticket.sid
    members["amr"] = list(ticket.amr)
    members.update(confirmation(ticket))
    return members


def confirmation(ticket: Ticket) -> dict[str, Any]:
    """Write the certificate that a ticket is bound to (RFC 7800, section 3);
    nothing if it is bound to none.
    """
    if ticket.thumbprint is None:
        return {}
    return {"cnf": {_THUMBPRINT: ticket.thumbprint}}


def read_ticket(
    members: dict[str, Any],
    claims: object = None,
    *,
    persistent: bool = False,
    device: FrozenDict = NO_CLAIMS,
    carrier: str = "",
) -> Ticket:
    """Read what :func:`write_members` wrote.

    :param members: loses the token's own names.
    :param claims: the claims of the user; by default, what is left of
        ``members``.
    :raises InvalidCredential: for members that it cannot have written.
    """
    take = members.pop
    try:
        times = [take(name) for name in _TIMES]
        sid, amr, subject = take("sid"), take("amr"), take("sub")
    except KeyError as missing:
        raise InvalidCredential(f"it has no {missing.args[0]!r}") from None
    for name, time in zip(_TIMES, times, strict=True):
        # Not isinstance, which accepts True. RFC 7519, section 2, allows a
        # fraction, but a ticket never has one.
        if type(time) is not int or not 0 <= time < TIME_LIMIT:
            raise InvalidCredential(f"its {name!r} is not a time")
    if not is_id(sid):
        raise InvalidCredential("its 'sid' does not have the form of an id")
    if type(amr) is not list or not all(type(item) is str for item in amr):
        raise InvalidCredential("its 'amr' is not a list of texts")
    userid = _read_userid(subject, members)
    thumbprint = None
    if "cnf" in members:
        thumbprint = _read_confirmation(take("cnf"))
    try:
        frozen = freeze_claims(members if claims is None else claims)
    except ClaimsError as error:
        raise InvalidCredential(str(error)) from None
    iat, exp, auth_time, session_end = times
    return Ticket(
        userid=userid,
        sid=sid,
        iat=iat,
        exp=exp,
        auth_time=auth_time,
        session_end=session_end,
        amr=tuple(amr),
        claims=frozen,
        persistent=persistent,
        device=device,
        carrier=carrier,
        thumbprint=thumbprint,
    )


def read_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8, without a byte order mark. A name must not
    come twice, and a number must be finite.

    :raises InvalidCredential: for every other text.
    """
    try:
        members = _STRICT_JSON.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidCredential("its content is not JSON") from None
    if type(members) is not dict:
        raise InvalidCredential("its content is not a JSON object")
    return members


def _read_userid(subject: object, members: dict[str, Any]) -> Userid:
    kind = "str"
    if "sub_type" in members:
        kind = members.pop("sub_type")
        if kind not in ("int", "uuid"):
            raise InvalidCredential("its 'sub_type' is unknown")
    if type(subject) is not str:
        raise InvalidCredential("its 'sub' is not a text")
    try:
        return from_subject(subject, kind)
    except ValueError as error:
        raise InvalidCredential(f"its 'sub' is wrong: {error}") from None


def _read_confirmation(cnf: object) -> str:
    # RFC 7800, section 3.1: only a known confirmation method can be checked.
    if type(cnf) is not dict or list(cnf) != [_THUMBPRINT]:
        raise InvalidCredential("its 'cnf' has an unknown confirmation method")
    thumbprint = cnf[_THUMBPRINT]
    try:
        if len(decode_base64url(thumbprint)) == _SHA256_BYTES:
            return str(thumbprint)
    except (TypeError, ValueError):
        pass
    raise InvalidCredential(f"the {_THUMBPRINT!r} of its 'cnf' is not SHA-256")


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
