"""The two forms of a token, self-contained and reference, in each carrier.

Settings choose the form that is written. Both forms are accepted.
"""

from __future__ import annotations

from typing import Protocol

from ..cookies.codec import CookieCodec
from ..errors import SessionTokenError
from ..identity.identity import Identity
from ..identity.ticket import Ticket, new_id
from ..tokens.jwt import SessionJWT, is_session_jwt
from .references import NO_SESSION, References, refuse_ended
from .revocation import Revocations
from .store import REFERENCE_PREFIX, Beginning, Change

_JWT_DOTS = 2  # RFC 7515, section 3.1: a JWT has three parts.


#: The user of a text, with the ticket, and the reference that the text is or
#: that the cookie holds; ``None`` for a self-contained token.
Decoded = tuple[Identity, str | None]


class Form(Protocol):
    """How a ticket becomes the text that travels in one carrier."""

    def begin(self) -> Beginning:
        """Name a new session."""

    def encode(self, ticket: Ticket, reference: str | None = None) -> str:
        """Write a ticket.

        :param reference: of :meth:`begin`; ``None`` for a further ticket of a
            session.
        :raises ClaimsError: for claims that do not fit.
        """

    def decode(self, text: str) -> Decoded:
        """Give the user and the ticket of a text, also if it has expired.

        :raises InvalidCredential: for a text that is not of this form, and
            for a session that was ended.
        """

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        """Write the successor of a ticket; give ``None`` if another request
        ended or renewed the session meanwhile.

        :param reference: as in ``Decoded``, of the token that is
            renewed.
        """

    def update(
        self, reference: str | None, ticket: Ticket, change: Change
    ) -> tuple[str, Ticket]:
        """Change a ticket; give the text and the ticket that it says then.

        :param reference: as in ``Decoded``, of the token that was shown.
        :param ticket: as it was shown.
        :param change: makes the new ticket of the one that counts now; called
            again if another request wrote meanwhile.
        :raises SessionTokenError: if the session was ended meanwhile.
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

    def begin(self) -> Beginning:
        if self._writes_references and self._references is not None:
            return self._references.begin()
        return Beginning(new_id())

    def encode(self, ticket: Ticket, reference: str | None = None) -> str:
        if self._writes_references and self._references is not None:
            return self._references.issue(ticket, reference)
        return self._jwt.encode(ticket)

    def decode(self, text: str) -> Decoded:
        references = self._references
        if references is not None and _is_reference(references, text):
            return references.redeem(text), text
        identity = self._jwt.decode(text)
        if self._revocations is not None:
            refuse_ended(self._revocations, identity)
        return identity, None

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        if reference is None or self._references is None:
            return self._jwt.encode(ticket)
        return reference if self._references.renew(reference, ticket) else None

    def update(
        self, reference: str | None, ticket: Ticket, change: Change
    ) -> tuple[str, Ticket]:
        if reference is None or self._references is None:
            changed = _change(self._revocations, ticket, change)
            return self._jwt.encode(changed), changed
        return reference, self._references.update(reference, change)

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

    def begin(self) -> Beginning:
        if self._writes_references:
            return self._references.begin()
        return Beginning(new_id())

    def encode(self, ticket: Ticket, reference: str | None = None) -> str:
        if not self._writes_references:
            return self._codec.encode(ticket)
        reference = self._references.issue(ticket, reference)
        if not reference.isascii():
            raise SessionTokenError(
                "ISessionStore.store gave a reference that a cookie cannot"
                " hold: a reference is ASCII"
            )
        return self._codec.protect(reference)

    def decode(self, text: str) -> Decoded:
        content = self._codec.open(text)
        if isinstance(content, str):
            return self._references.redeem(content), content
        if self._revocations is not None:
            refuse_ended(self._revocations, content)
        return content, None

    def renew(self, reference: str | None, ticket: Ticket) -> str | None:
        if reference is None:
            return self._codec.encode(ticket)
        if not self._references.renew(reference, ticket):
            return None
        return self._codec.protect(reference)

    def update(
        self, reference: str | None, ticket: Ticket, change: Change
    ) -> tuple[str, Ticket]:
        if reference is None:
            changed = _change(self._revocations, ticket, change)
            return self._codec.encode(changed), changed
        changed = self._references.update(reference, change)
        return self._codec.protect(reference), changed


def _change(
    revocations: Revocations | None, ticket: Ticket, change: Change
) -> Ticket:
    """Change the ticket of a self-contained token.

    :raises SessionTokenError: if its session was ended meanwhile.
    """
    if revocations is not None and revocations.is_ended_by_now(ticket):
        raise SessionTokenError(NO_SESSION)
    return change(ticket)


def _is_reference(references: References, text: str) -> bool:
    return text.startswith(REFERENCE_PREFIX) or references.may_be(text)
