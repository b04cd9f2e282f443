"""Ticket to cookie text and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ..errors import InvalidCredential, Undecodable
from ..identity.ticket import Ticket
from ..keys.base64url import decode_base64url, encode_base64url
from ..tokens.payload import read_object, read_ticket, write_members
from ..tokens.verified import VerifiedUnderKeys
from .transforms import RingTransform

#: How a ticket begins, and a reference does not.
JSON = "{"

#: How many verified cookies a process remembers.
REMEMBERED = 10_000


class CookieCodec:
    """Write what a cookie says, protected by the transform, and read it.

    :param transform: gives the transform, when it is needed.
    """

    def __init__(self, transform: Callable[[], Any]) -> None:
        self._transform = transform
        self._verified = VerifiedUnderKeys[Ticket | str](REMEMBERED)

    def encode(self, ticket: Ticket) -> str:
        """Write a ticket; :meth:`open` gives it back."""
        members = write_members(ticket)
        if ticket.claims:
            members["claims"] = ticket.claims
        if ticket.persistent:
            members["persistent"] = True
        content = json.dumps(members, separators=(",", ":"))
        return self.protect(content)

    def protect(self, content: str) -> str:
        """Write a text: a reference, or a ticket as JSON."""
        return encode_base64url(self._transform().encode(content.encode()))

    def open(self, text: str) -> Ticket | str:
        """Give the ticket, or the reference, that a cookie holds. The times
        of a ticket are not judged.

        :raises Undecodable: for any text that this did not write.
        """
        transform = self._transform()
        if not isinstance(transform, RingTransform):
            # An application's own transform may decide by anything, so its
            # answers are not remembered.
            return _open(transform, text)
        verified = self._verified.under(transform.keys)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        opened = verified.get(digest)
        if opened is None:
            opened = _open(transform, text)
            verified.add(digest, opened)
        return opened


def _open(transform: Any, text: str) -> Ticket | str:
    try:
        protected = decode_base64url(text)
    except ValueError:
        raise Undecodable("it is not base64url") from None
    try:
        content = transform.decode(protected)
        if not content.startswith(JSON.encode()):
            return str(content, "ascii", "replace")
        members = read_object(content)
        return read_ticket(
            members,
            members.pop("claims", {}),
            persistent=members.pop("persistent", False),
        )
    except InvalidCredential as refusal:
        # Also from a transform of the application's own.
        raise Undecodable(refusal.reason) from None
