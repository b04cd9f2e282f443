"""A token as it is issued, with what its client needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..identity.ticket import Ticket


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and what its client needs to know (RFC 6749, section 5.1).

    :ivar expires_in: seconds until the token expires unless it is renewed.
    :ivar session_expires_in: seconds until the session ends for good.
    :ivar ticket: the user and the times that the token stands for.
    """

    access_token: str
    token_type: str
    expires_in: int
    session_expires_in: int
    ticket: Ticket

    def __repr__(self) -> str:
        return f"<IssuedToken {self.token_type} for session {self.ticket.sid}>"

    def as_dict(self) -> dict[str, Any]:
        """Give the members of the JSON that the token endpoint answers."""
        return {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "session_expires_in": self.session_expires_in,
        }
