"""A ticket to the text of a cookie, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ..errors import InvalidCredential, Undecodable
from ..identity.ticket import Ticket
from ..keys.base64url import decode_base64url, encode_base64url
from ..tokens.payload import read_object, read_ticket, write_members
from ..tokens.verified import REMEMBERED, VerifiedUnderKeys
from .transforms import RingTransform

#: The content of a cookie begins with it if it is a ticket. A reference never
#: begins with it.
JSON = "{"


class CookieCodec:
    """Write the text of a cookie, protected by a transform, and read it.

    :param transform: gives the transform of this moment.
    """

    def __init__(self, transform: Callable[[], Any]) -> None:
        self._transform = transform
        self._verified = VerifiedUnderKeys[Ticket | str](REMEMBERED)

    def encode(self, ticket: Ticket) -> str:
        """Write a ticket, which :meth:`open` reads."""
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
        """Give the ticket or the reference in a cookie. The times of a ticket
        are not checked.

        :raises Undecodable: for a text that this did not write.
        """
        transform = self._transform()
        if not isinstance(transform, RingTransform):
            # The result of an application's own transform may depend on
            # anything, so it is not remembered.
            return _open(transform, text)
        verified = self._verified.under(transform.keys)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        opened = verified.get(digest)
        if opened is None:
            opened = _open(transform, text)
            verified.add(digest, opened, len(text))
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
        # An application's own transform may raise it, too.
        raise Undecodable(refusal.reason) from None
