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
from ..tokens.verified import VerifiedTokens
from .transforms import RingTransform

#: What a cookie begins with that says everything; one that only points does
#: not.
JSON = "{"

#: How many verified cookies a process remembers.
REMEMBERED = 10_000


class SelfContainedCookie:
    """The cookie says everything itself.

    :param transform: gives the transform, when it is needed.
    """

    def __init__(self, transform: Callable[[], Any]) -> None:
        self._transform = transform
        self._verified: tuple[object, VerifiedTokens[Ticket | str]] | None = (
            None
        )

    def encode(self, ticket: Ticket) -> str:
        members = write_members(ticket)
        if ticket.claims:
            members["claims"] = ticket.claims
        if ticket.persistent:
            members["persistent"] = True
        content = json.dumps(members, separators=(",", ":"))
        return self.protect(content)

    def protect(self, content: str) -> str:
        """Give the text of a cookie that says something."""
        return encode_base64url(self._transform().encode(content.encode()))

    def decode(self, text: str) -> Ticket:
        """Read a cookie. Its times are not judged.

        :raises Undecodable: for any text that it did not write.
        """
        opened = self.open(text)
        if isinstance(opened, str):
            raise Undecodable("it only points, and nothing is kept here")
        return opened

    def open(self, text: str) -> Ticket | str:
        """Give the ticket that a cookie says, or the reference that it is.

        :raises Undecodable: for any text that is neither.
        """
        transform = self._transform()
        if not isinstance(transform, RingTransform):
            # Who knows what an application's own transform decides by.
            return _open(transform, text)
        verified = self._remembered(transform)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        opened = verified.get(digest)
        if opened is None:
            opened = _open(transform, text)
            verified.add(digest, opened)
        return opened

    def _remembered(
        self, transform: RingTransform
    ) -> VerifiedTokens[Ticket | str]:
        keys = transform.keys
        remembered = self._verified
        if remembered is None or remembered[0] is not keys:
            # What verified under another ring is forgotten with it.
            remembered = self._verified = (keys, VerifiedTokens(REMEMBERED))
        return remembered[1]

    def key_of(self, text: str) -> str | None:
        return None


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
            persistent=members.pop("persistent", False) is True,
        )
    except InvalidCredential as refusal:
        # Also from a transform of the application's own.
        raise Undecodable(refusal.reason) from None
