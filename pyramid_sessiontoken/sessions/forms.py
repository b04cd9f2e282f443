"""The forms of a token: it says everything itself, or only points."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from ..cookies.codec import JSON, SelfContainedCookie
from ..errors import ENDED, InvalidCredential, SessionTokenError
from ..identity.ticket import Ticket
from ..interfaces import ISessionStore
from ..tokens.jwt import SessionJWT, is_session_jwt
from .revocation import Revocations
from .store import PREFIX, RepositorySessionStore


class Form(Protocol):
    """How a ticket becomes the text that travels, and what becomes of it."""

    def encode(self, ticket: Ticket) -> str:
        """Raise ``ClaimsError`` for claims that it cannot carry."""

    def decode(self, text: str) -> Ticket:
        """Raise ``InvalidCredential`` for a text that it did not write, or
        whose session was ended.
        """

    def renew(self, text: str, ticket: Ticket) -> str | None:
        """Give the text for a successor; ``None`` where the session was
        ended, or renewed by another request, meanwhile.
        """

    def key_of(self, text: str) -> str | None:
        """Give the ``kid`` of the key that a text names, if it is ours."""

    def reference_of(self, text: str) -> str | None:
        """Give the reference that a text is; ``None`` where it is none."""


class SelfContained:
    """The token says everything itself: a signed JWT.

    :param revocations: what ends it early; ``None``: nothing does.
    """

    def __init__(
        self, jwt: SessionJWT, revocations: Revocations | None = None
    ) -> None:
        self._jwt = jwt
        self._revocations = revocations

    def encode(self, ticket: Ticket) -> str:
        return self._jwt.encode(ticket)

    def decode(self, text: str) -> Ticket:
        ticket = self._jwt.decode(text)
        refuse_ended(self._revocations, ticket)
        return ticket

    def renew(self, text: str, ticket: Ticket) -> str | None:
        return self._jwt.encode(ticket)

    def key_of(self, text: str) -> str | None:
        return self._jwt.kid_of(text)

    def reference_of(self, text: str) -> str | None:
        return None


class Reference:
    """The token only points; the session store keeps the ticket.

    Who ends a session leaves a mark first, and removes its tickets then. Who
    writes a ticket asks for marks afterwards, and takes back what has ended:
    so one of the two sees the other. What stays can be read without asking
    for marks, where the store finds all tickets of a session and none comes
    back; elsewhere they are asked for in reading, too.

    :param registry: where ``ISessionStore`` is looked up.
    :param revocations: what leaves marks; ``None``: nothing does.
    :param carrier: how the reference travels; who finds it in a cookie that
        is only signed cannot show it in a header.
    """

    def __init__(
        self,
        registry: Any,
        revocations: Revocations | None = None,
        carrier: str = "",
    ) -> None:
        self._registry = registry
        self._carrier = carrier
        self._revocations = revocations

    def encode(self, ticket: Ticket) -> str:
        store = self._store
        reference: str = store.store(replace(ticket, carrier=self._carrier))
        # What begins while it is ended is over, like any other.
        self._take_back(store, reference, ticket)
        return reference

    def decode(self, text: str) -> Ticket:
        store = self._registry.queryUtility(ISessionStore)
        ticket: Ticket | None = None if store is None else store.retrieve(text)
        if ticket is None or ticket.carrier != self._carrier:
            raise InvalidCredential(ENDED)
        if not _removes_for_good(store):
            refuse_ended(self._revocations, ticket)
        return ticket

    def reference_of(self, text: str) -> str | None:
        return text

    def may_be(self, text: str) -> bool:
        """Tell whether a text without our prefix may be a reference of the
        application's own store: it is no session token.
        """
        store = self._registry.queryUtility(ISessionStore)
        ours = store is None or isinstance(store, RepositorySessionStore)
        return not ours and not is_session_jwt(text)

    def renew(self, text: str, ticket: Ticket) -> str | None:
        store = self._store
        if not store.renew(text, ticket):
            return None
        return None if self._take_back(store, text, ticket) else text

    def _take_back(self, store: Any, reference: str, ticket: Ticket) -> bool:
        """Remove what was written while its session ended; tell whether it
        was.
        """
        revocations = self._revocations
        if revocations is None or not revocations.is_ended_by_now(ticket):
            return False
        store.remove(reference)
        return True

    def key_of(self, text: str) -> str | None:
        return None

    @property
    def _store(self) -> Any:
        return self._registry.getUtility(ISessionStore)


class Either:
    """Read both forms, whichever is written: what is accepted does not
    depend on which one is configured.
    """

    def __init__(
        self, own: Form, reference: Reference, *, writes_references: bool
    ) -> None:
        self._own = own
        self._reference = reference
        self.encode = (reference if writes_references else own).encode

    def decode(self, text: str) -> Ticket:
        return self._form_of(text).decode(text)

    def renew(self, text: str, ticket: Ticket) -> str | None:
        return self._form_of(text).renew(text, ticket)

    def key_of(self, text: str) -> str | None:
        return self._form_of(text).key_of(text)

    def reference_of(self, text: str) -> str | None:
        return self._form_of(text).reference_of(text)

    def _form_of(self, text: str) -> Form:
        if text.startswith(PREFIX) or self._reference.may_be(text):
            return self._reference
        return self._own


class EitherCookie:
    """Read cookies that say everything and cookies that only point; both are
    protected by the transform.
    """

    def __init__(
        self,
        own: SelfContainedCookie,
        reference: Form,
        revocations: Revocations | None,
        *,
        writes_references: bool,
    ) -> None:
        self._own = own
        self._reference = reference
        self._revocations = revocations
        self._writes_references = writes_references

    def encode(self, ticket: Ticket) -> str:
        if self._writes_references:
            reference = self._reference.encode(ticket)
            if reference.startswith(JSON) or not reference.isascii():
                raise SessionTokenError(
                    "the session store gives a reference that a cookie cannot"
                    " tell from a ticket: ASCII, and no { at its beginning"
                )
            return self._own.protect(reference)
        return self._own.encode(ticket)

    def decode(self, text: str) -> Ticket:
        opened = self._own.open(text)
        if isinstance(opened, str):
            return self._reference.decode(opened)
        refuse_ended(self._revocations, opened)
        return opened

    def renew(self, text: str, ticket: Ticket) -> str | None:
        opened = self._own.open(text)
        if isinstance(opened, str):
            renewed = self._reference.renew(opened, ticket)
            return None if renewed is None else self._own.protect(renewed)
        return self._own.encode(ticket)

    def key_of(self, text: str) -> str | None:
        return None

    def reference_of(self, text: str) -> str | None:
        opened = self._own.open(text)
        return opened if isinstance(opened, str) else None


def _removes_for_good(store: Any) -> bool:
    return isinstance(store, RepositorySessionStore) and store.removes_for_good


def refuse_ended(revocations: Revocations | None, ticket: Ticket) -> None:
    """:raises InvalidCredential: where the session was ended."""
    if revocations is not None and revocations.is_ended(ticket):
        raise InvalidCredential(ENDED)
