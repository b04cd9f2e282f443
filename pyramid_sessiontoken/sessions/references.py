"""Tokens that only point: the session store keeps the ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import REASON_ENDED, InvalidCredential
from ..identity.ticket import Ticket
from ..interfaces import ISessionStore
from ..tokens.jwt import is_session_jwt
from .revocation import Revocations
from .store import RepositorySessionStore


class References:
    """Tickets in the session store, by the references that travel.

    A sign-out writes the mark and then deletes the tickets. A sign-in or a
    renewal writes the ticket, then reads the mark, and deletes the ticket
    again if the session was ended. So one of the two always sees the other.
    Reading asks for the mark only where a deleted ticket might come back, or
    where the store cannot find all tickets of a session.

    :param registry: where ``ISessionStore`` is looked up.
    :param revocations: ``None`` where revocation is off.
    :param carrier: how the reference travels. The other carrier does not
        accept it: a cookie that is only signed can be read, and its content
        must not work in a header.
    """

    def __init__(
        self, registry: Any, revocations: Revocations | None, carrier: str
    ) -> None:
        self._registry = registry
        self._revocations = revocations
        self._carrier = carrier

    def issue(self, ticket: Ticket) -> str:
        """Store a ticket; give the reference to it."""
        store = self._store
        reference: str = store.store(replace(ticket, carrier=self._carrier))
        self._remove_if_ended(store, reference, ticket)
        return reference

    def redeem(self, reference: str) -> Ticket:
        """Give the ticket to which a reference points.

        :raises InvalidCredential: where the store has none, or the session
            was ended.
        """
        store = self._registry.queryUtility(ISessionStore)
        ticket: Ticket | None = None
        if store is not None:
            ticket = store.retrieve(reference)
        if ticket is None or ticket.carrier != self._carrier:
            raise InvalidCredential(REASON_ENDED)
        if not _removes_for_good(store):
            refuse_ended(self._revocations, ticket)
        return ticket

    def renew(self, reference: str, ticket: Ticket) -> bool:
        """Replace the ticket; ``False`` if another request ended or renewed
        the session meanwhile.
        """
        store = self._store
        if not store.renew(reference, ticket):
            return False
        return not self._remove_if_ended(store, reference, ticket)

    def may_be(self, text: str) -> bool:
        """Tell whether a text that does not begin with our prefix may be a
        reference: the application has a store of its own, and the text is no
        session JWT.
        """
        store = self._registry.queryUtility(ISessionStore)
        ours = store is None or isinstance(store, RepositorySessionStore)
        return not ours and not is_session_jwt(text)

    def _remove_if_ended(
        self, store: Any, reference: str, ticket: Ticket
    ) -> bool:
        """Remove a ticket that was written while its session was ended; tell
        whether it was removed.
        """
        revocations = self._revocations
        if revocations is None or not revocations.is_ended_by_now(ticket):
            return False
        store.remove(reference)
        return True

    @property
    def _store(self) -> Any:
        return self._registry.getUtility(ISessionStore)


def refuse_ended(revocations: Revocations | None, ticket: Ticket) -> None:
    """Refuse a ticket whose session was ended.

    :raises InvalidCredential: where it was.
    """
    if revocations is not None and revocations.is_ended(ticket):
        raise InvalidCredential(REASON_ENDED)


def _removes_for_good(store: Any) -> bool:
    return isinstance(store, RepositorySessionStore) and store.removes_for_good
