"""A ticket to JSON members, and back: the same in every form of token."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ..errors import ClaimsError, InvalidCredential, SessionTokenError
from ..identity.claims import NO_CLAIMS, freeze_claims
from ..identity.ticket import Ticket
from ..identity.userid import Userid, from_subject, to_subject
from ..keys.base64url import decode_base64url

#: Says that the claims of the user stand among the members.
AMONG: Any = object()

_TIMES = ("iat", "exp", "auth_time", "session_end")

#: RFC 8705, section 3.1.
_THUMBPRINT = "x5t#S256"
_SHA256_BYTES = 32


def write_members(ticket: Ticket) -> dict[str, Any]:
    """Write the members of a ticket, except the claims of the user.

    :raises SessionTokenError: for what :func:`read_ticket` refuses, for
        example the times of an expiry policy of the application.
    """
    flaw = ticket.flaw()
    if flaw is not None:
        raise SessionTokenError(f"no token can say this: {flaw}")
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
    claims: object = AMONG,
    *,
    persistent: object = False,
    device: object = NO_CLAIMS,
    carrier: object = "",
) -> Ticket:
    """Read what :func:`write_members` wrote.

    :param members: loses the token's own names.
    :param claims: the claims of the user; by default, what is left of
        ``members``. With claims, nothing may be left.
    :raises InvalidCredential: for members that it cannot have written.
    """
    take = members.pop
    try:
        times = [take(name) for name in _TIMES]
        sid, amr, subject = take("sid"), take("amr"), take("sub")
    except KeyError as missing:
        raise InvalidCredential(f"it has no {missing.args[0]!r}") from None
    if type(amr) is not list:
        raise InvalidCredential("its 'amr' is not a list of texts")
    if type(persistent) is not bool or type(carrier) is not str:
        raise InvalidCredential("a member is of a type that is never written")
    userid = _read_userid(subject, members)
    thumbprint = None
    if "cnf" in members:
        thumbprint = _read_confirmation(take("cnf"))
    if claims is AMONG:
        claims = members
    elif members:
        raise InvalidCredential(f"its {min(members)!r:.80} is unknown")
    iat, exp, auth_time, session_end = times
    try:
        ticket = Ticket(
            userid=userid,
            sid=sid,
            iat=iat,
            exp=exp,
            auth_time=auth_time,
            session_end=session_end,
            amr=tuple(amr),
            claims=freeze_claims(claims),
            persistent=persistent,
            device=freeze_claims(device),
            carrier=carrier,
            thumbprint=thumbprint,
        )
    except ClaimsError as error:
        raise InvalidCredential(str(error)) from None
    flaw = ticket.flaw()
    if flaw is not None:
        raise InvalidCredential(flaw)
    return ticket


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
