"""A user, the claims, and the authenticator that accepted the credential."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .claims import NO_CLAIMS, Claims, freeze_claims
from .ticket import Ticket
from .userid import Userid, check_userid


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a request.

    :param userid: an ``int``, a :class:`uuid.UUID` or a text of 1 to 255
        characters; ``None`` if the credential has claims but no user.
    :param claims: JSON values by name, copied and made read-only. The
        token's own names (``sub``, ``exp``, ...) are refused.
    :param authenticator: the name of the authenticator that accepted the
        credential; empty if the application made the identity.
    :param ticket: the ticket of a session token or of a cookie; ``None`` for
        every other credential.
    :raises ClaimsError: for a userid or claims that a token cannot carry.
    """

    userid: Userid | None
    # Python 3.10 refuses every dict as a default.
    claims: Mapping[str, Any] = field(default_factory=lambda: NO_CLAIMS)
    authenticator: str = ""
    ticket: Ticket | None = None

    def __post_init__(self) -> None:
        if self.userid is not None:
            check_userid(self.userid)
        if type(self.claims) is not Claims:
            object.__setattr__(self, "claims", freeze_claims(self.claims))


def identity_of(ticket: Ticket, authenticator: str) -> Identity:
    """Give the user of a ticket.

    :param authenticator: accepted the token of the ticket.
    """
    return Identity(ticket.userid, ticket.claims, authenticator, ticket)


def ticket_of(about: Identity | Ticket | None) -> Ticket | None:
    """Give the ticket of what is known of a session."""
    return about.ticket if isinstance(about, Identity) else about
