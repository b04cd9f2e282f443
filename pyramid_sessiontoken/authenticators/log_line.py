"""What the log tells of a credential that is refused."""

from __future__ import annotations

from typing import Any

from ..identity.identity import Identity, ticket_of
from ..identity.ticket import Ticket

#: So many characters of a session id tell sessions apart.
SHORTENED = 8


def log_line(
    refusal: object,
    code: str,
    about: Identity | Ticket | None = None,
    address: object = None,
) -> str:
    """Write a refusal, its code, and what is known of whose it is.

    :param about: the user or the session, if the credential was genuine.
    :param address: of the client; ``None`` if it is not known.
    """
    known = {
        "": code,
        "user ": None if about is None else _quoted(about.userid),
        "session ": _session(about),
        "address ": address,
    }
    told = (f"{k}{v}" for k, v in known.items() if v is not None)
    return f"{refusal} [{', '.join(told)}]"


def _quoted(userid: Any) -> str | None:
    return None if userid is None else repr(userid)


def _session(about: Identity | Ticket | None) -> str | None:
    ticket = ticket_of(about)
    return None if ticket is None else ticket.sid[:SHORTENED]
