"""A ticket to an encrypted record, and back."""

from __future__ import annotations

import logging
from hashlib import sha256

from ..clock import moment
from ..errors import InvalidCredential
from ..identity.claims import NO_CLAIMS
from ..identity.ticket import Ticket
from ..interfaces import TokenItem
from ..tokens.payload import read_ticket, write_members
from ..tokens.verified import REMEMBERED, VerifiedUnderKeys
from .records import LINGER, RecordNames
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")


class SealedTickets:
    """Seal tickets for a repository; open them, and remember what they say."""

    def __init__(self, seal: Seal, names: RecordNames) -> None:
        self._seal = seal
        self._names = names
        self._opened = VerifiedUnderKeys[Ticket](REMEMBERED)

    def seal(self, key: str, ticket: Ticket) -> TokenItem:
        """Make the record of a ticket, to be kept under a key."""
        members = write_members(ticket)
        members["claims"] = ticket.claims
        members["persistent"] = ticket.persistent
        members["device"] = ticket.device
        members["carrier"] = ticket.carrier
        return TokenItem(
            key,
            moment(ticket.exp + LINGER),
            self._seal.seal(members, key),
            self._names.subject_of_user(ticket.userid),
        )

    def open(self, item: TokenItem, key: str) -> Ticket | None:
        """Give the ticket of a record; ``None`` if it cannot be read, or was
        sealed for another key.
        """
        opened = self._opened.under(self._seal.keys)
        # A key contains no NUL, so no other key and record make this text.
        digest = sha256(b"%b\0%b" % (key.encode(), item.token)).digest()
        ticket = opened.get(digest)
        if ticket is None:
            ticket = self._unseal(item.token, key)
            if ticket is not None:
                opened.add(digest, ticket, len(item.token))
        return ticket

    def _unseal(self, sealed: bytes, key: str) -> Ticket | None:
        try:
            members = self._seal.open(sealed, key)
            return read_ticket(
                members,
                members.pop("claims", {}),
                persistent=members.pop("persistent", False),
                device=members.pop("device", NO_CLAIMS),
                carrier=members.pop("carrier", ""),
            )
        except InvalidCredential as refusal:
            log.warning(
                "a stored session cannot be read, and counts as ended: %s",
                refusal.reason,
            )
            return None
