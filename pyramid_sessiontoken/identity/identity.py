"""Who the request is: vouched for by what, with which claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .claims import NO_CLAIMS, Claims, freeze_claims
from .ticket import Ticket
from .userid import Userid, check_userid


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the request is.

    :param userid: an ``int``, a :class:`uuid.UUID` or a text of 1 to 255
        characters; ``None`` for one who vouches without naming a user.
    :param claims: JSON values by name, copied and made read-only. The
        token's own names (``sub``, ``exp``, ...) are refused.
    :param authenticator: the name of who vouched; empty where nobody did.
    :param ticket: the session that a session token or a cookie spoke of,
        ``None`` for every other credential.
    :raises ClaimsError: for a userid or claims that no token can carry.
    """

    userid: Userid | None
    # Python 3.10 takes any dict for mutable.
    claims: Mapping[str, Any] = field(default_factory=lambda: NO_CLAIMS)
    authenticator: str = ""
    ticket: Ticket | None = None

    def __post_init__(self) -> None:
        userid, ticket = self.userid, self.ticket
        # The ticket's own userid was checked when the ticket was made.
        if userid is not None and (
            ticket is None or ticket.userid is not userid
        ):
            check_userid(userid)
        if type(self.claims) is not Claims:
            object.__setattr__(self, "claims", freeze_claims(self.claims))
