"""A ticket to the text of a cookie, and back."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ..errors import InvalidCredential, Undecodable
from ..identity.identity import Identity, identity_of
from ..identity.ticket import Ticket
from ..keys.base64url import decode_base64url, encode_base64url
from ..tokens.verified import REMEMBERED, VerifiedUnderKeys
from .layout import VERSION, read_ticket, write_ticket
from .transforms import RingTransform


class CookieCodec:
    """Write the text of a cookie, protected by a transform, and read it.

    :param transform: gives the transform of this moment.
    :param authenticator: the name in the identities that it gives.
    """

    def __init__(
        self, transform: Callable[[], Any], authenticator: str = "cookie"
    ) -> None:
        self._transform = transform
        self._authenticator = authenticator
        self._verified = VerifiedUnderKeys[Identity | str](REMEMBERED)

    def encode(self, ticket: Ticket) -> str:
        """Write a ticket, which :meth:`open` reads."""
        return self._protect(write_ticket(ticket))

    def protect(self, reference: str) -> str:
        """Write a reference, which is ASCII."""
        return self._protect(reference.encode())

    def open(self, text: str) -> Identity | str:
        """Give the user of the ticket in a cookie, with the ticket, or the
        reference in it. The times of a ticket are not checked.

        :raises Undecodable: for a text that this did not write.
        """
        transform = self._transform()
        if not isinstance(transform, RingTransform):
            # The result of an application's own transform may depend on
            # anything, so it is not remembered.
            return self._open(transform, text)
        verified = self._verified.under(transform.envelope.keys)
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        opened = verified.get(digest, len(text))
        if opened is None:
            opened = self._open(transform, text)
            verified.add(digest, opened, len(text))
        return opened

    def _protect(self, content: bytes) -> str:
        return encode_base64url(self._transform().encode(content))

    def _open(self, transform: Any, text: str) -> Identity | str:
        content = _read(transform, text)
        if isinstance(content, str):
            return content
        return identity_of(content, self._authenticator)


def _read(transform: Any, text: str) -> Ticket | str:
    try:
        protected = decode_base64url(text)
    except ValueError:
        raise Undecodable("it is not base64url") from None
    try:
        content = transform.decode(protected)
        if content.startswith(VERSION):
            return read_ticket(content)
        return str(content, "ascii", "replace")
    except InvalidCredential as refusal:
        # An application's own transform may raise it, too.
        raise Undecodable(refusal.reason) from None
