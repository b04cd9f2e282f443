"""The two forms of a token, self-contained and reference, in each carrier.

Settings choose the form that is written. Both forms are accepted.
"""

from __future__ import annotations

from typing import Protocol

from ..cookies.codec import JSON, CookieCodec
from ..errors import SessionTokenError
from ..identity.ticket import Ticket
from ..tokens.jwt import SessionJWT, is_session_jwt
from .references import References, refuse_ended
from .revocation import Revocations
from .store import REFERENCE_PREFIX

_JWT_DOTS = 2  # RFC 7515, section 3.1: a JWT has three parts.


#: The ticket that a text says, and the reference that the text is or that the
#: cookie holds; ``None`` for a self-contained token.
Decoded = tuple[Ticket, str | None]


class Form(Protocol):
    """How a ticket becomes the text that travels in one carrier."""

    def encode(self, ticket: Ticket) -> str:
        """Write a ticket.

        :raises ClaimsError: for claims that do not fit.
        """

    def decode(self, text: str) -> Decoded:
        """Give the ticket that a text says, also if it has expired.

        :raises InvalidCredential: for a text that is not of this form, and
            for a session that was ended.
        """

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        """Write the successor of a ticket; give ``None`` if another request
        ended or renewed the session meanwhile.

        :param reference: as in ``Decoded``, of the token that is
            renewed.
        """


class HeaderForm:
    """Tokens in a header: a signed JWT, or a bare reference.

    :param references: ``None`` where the server keeps no sessions.
    :param revocations: ``None`` where revocation is off.
    """

    def __init__(
        self,
        jwt: SessionJWT,
        references: References | None,
        revocations: Revocations | None,
        *,
        writes_references: bool = False,
    ) -> None:
        self._jwt = jwt
        self._references = references
        self._revocations = revocations
        self._writes_references = writes_references

    def encode(self, ticket: Ticket) -> str:
        if self._writes_references and self._references is not None:
            return self._references.issue(ticket)
        return self._jwt.encode(ticket)

    def decode(self, text: str) -> Decoded:
        references = self._references
        if references is not None and _is_reference(references, text):
            return references.redeem(text), text
        ticket = self._jwt.decode(text)
        refuse_ended(self._revocations, ticket)
        return ticket, None

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        if reference is None or self._references is None:
            return self._jwt.encode(ticket)
        return reference if self._references.renew(reference, ticket) else None

    def kid_of(self, text: str) -> str | None:
        """Give the ``kid`` that a JWT names; ``None`` for a reference, and for
        a key that is not in the ring.
        """
        return self._jwt.kid_of(text)

    def is_ours(self, text: str) -> bool:
        """Tell whether a text is a session token, where another issuer's
        tokens come under the same scheme.
        """
        if text.startswith(REFERENCE_PREFIX) or is_session_jwt(text):
            return True
        if text.count(".") == _JWT_DOTS or self._references is None:
            return False
        return self._references.may_be(text)


class CookieForm:
    """The session in the cookie: the ticket or a reference, protected."""

    def __init__(
        self,
        codec: CookieCodec,
        references: References,
        revocations: Revocations | None,
        *,
        writes_references: bool = False,
    ) -> None:
        self._codec = codec
        self._references = references
        self._revocations = revocations
        self._writes_references = writes_references

    def encode(self, ticket: Ticket) -> str:
        if not self._writes_references:
            return self._codec.encode(ticket)
        reference = self._references.issue(ticket)
        if reference.startswith(JSON) or not reference.isascii():
            raise SessionTokenError(
                "ISessionStore.store gave a reference that a cookie cannot"
                " hold: a reference is ASCII and does not begin with {"
            )
        return self._codec.protect(reference)

    def decode(self, text: str) -> Decoded:
        content = self._codec.open(text)
        if isinstance(content, str):
            return self._references.redeem(content), content
        refuse_ended(self._revocations, content)
        return content, None

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        if reference is None:
            return self._codec.encode(ticket)
        if not self._references.renew(reference, ticket):
            return None
        return self._codec.protect(reference)


def _is_reference(references: References, text: str) -> bool:
    return text.startswith(REFERENCE_PREFIX) or references.may_be(text)
