"""A ticket to an encrypted record, and back."""

from __future__ import annotations

import logging
import struct
from datetime import datetime, timedelta
from hashlib import sha256

from ..clock import moment
from ..cookies.layout import (
    VERSION,
    read_claims,
    read_ticket,
    write_json,
    write_ticket,
)
from ..errors import ClaimsError, InvalidCredential, Malformed
from ..identity.ticket import Ticket
from ..interfaces import TokenItem
from ..tokens.verified import REMEMBERED, VerifiedUnderKeys
from .records import LINGER, RecordNames
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")

# The lengths of the carrier and of the device. Both follow, and then the
# ticket, as it is in a cookie.
_HEAD = struct.Struct(">BH")


class SealedTickets:
    """Seal tickets for a repository; open them, and remember what they say."""

    def __init__(self, seal: Seal, names: RecordNames) -> None:
        self._seal = seal
        self._names = names
        self._opened = VerifiedUnderKeys[Ticket](REMEMBERED)

    def seal(
        self, key: str, ticket: Ticket, was: datetime | None = None
    ) -> TokenItem:
        """Make the record of a ticket, to be kept under a key.

        :param was: when the record that it replaces expires. The new one
            expires later, so that a repository tells the two apart.
        """
        expires = moment(ticket.exp + LINGER)
        if was is not None:
            expires = max(expires, was + timedelta(seconds=1))
        return TokenItem(
            key,
            expires,
            self._seal.seal(_write(ticket), key),
            self._names.subject_of_user(ticket.userid),
        )

    def open(self, item: TokenItem, key: str) -> Ticket | None:
        """Give the ticket of a record; ``None`` if it cannot be read, or was
        sealed for another key.
        """
        opened = self._opened.under(self._seal.keys)
        # A key contains no NUL, so no other key and record make this text.
        digest = sha256(b"%b\0%b" % (key.encode(), item.token)).digest()
        ticket = opened.get(digest, len(item.token))
        if ticket is None:
            ticket = self._unseal(item.token, key)
            if ticket is not None:
                opened.add(digest, ticket, len(item.token))
        return ticket

    def _unseal(self, sealed: bytes, key: str) -> Ticket | None:
        try:
            return _read(self._seal.open(sealed, key))
        except InvalidCredential as refusal:
            log.warning(
                "a stored session cannot be read, and counts as ended: %s",
                refusal.reason,
            )
            return None


def _write(ticket: Ticket) -> bytes:
    """Write what :func:`_read` reads.

    :raises ClaimsError: for a part that is too long.
    """
    carrier = ticket.carrier.encode()
    device = write_json(ticket.device) if ticket.device else b""
    try:
        head = _HEAD.pack(len(carrier), len(device))
    except struct.error:
        raise ClaimsError("a device is too long to be stored") from None
    return head + carrier + device + write_ticket(ticket)


def _read(content: bytes) -> Ticket:
    """Read a ticket, with what only a repository keeps of it.

    :raises InvalidCredential: for what :func:`_write` did not write.
    """
    try:
        carrier_length, device_length = _HEAD.unpack_from(content)
        start = _HEAD.size + carrier_length
        end = start + device_length
        if not content.startswith(VERSION, end):
            raise ValueError("no ticket")
        carrier = content[_HEAD.size : start].decode()
        device = read_claims(content[start:end])
    except ClaimsError as error:
        raise Malformed(str(error)) from None
    except (ValueError, struct.error, RecursionError):
        raise Malformed("its content is damaged") from None
    return read_ticket(content[end:])._replace(carrier=carrier, device=device)
