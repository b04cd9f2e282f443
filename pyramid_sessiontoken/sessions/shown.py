"""A token as it was shown, once it is known to be genuine."""

from __future__ import annotations

from typing import NamedTuple

from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import Verdict


class ShownToken(NamedTuple):
    """A token that was shown, and that is genuine.

    :ivar reference: as in ``forms.Decoded``; ``None`` also where it expired.
    :ivar text: the token, or the value of the cookie.
    :ivar verdict: ``VALID``, ``RENEW`` or ``EXPIRED``.
    """

    identity: Identity
    ticket: Ticket
    reference: str | None
    text: str
    verdict: Verdict

    def __repr__(self) -> str:
        # Tools that record errors print the variables of each frame.
        return f"<ShownToken of session {self.ticket.sid}>"

    @property
    def authenticator(self) -> str:
        """The authenticator that accepted it."""
        return self.identity.authenticator
