"""Tokens that only point: the session store keeps the ticket."""

from __future__ import annotations

from typing import Any

from ..errors import REASON_ENDED, Ended, SessionTokenError
from ..identity.identity import Identity, identity_of
from ..identity.ticket import Ticket, new_id
from ..interfaces import ISessionStore
from ..tokens.jwt import is_session_jwt
from .revocation import Revocations
from .store import ATTEMPTS, Beginning, Change, RepositorySessionStore

#: Where a session is to be changed.
NO_SESSION = "the session was ended meanwhile, so nothing was changed"


class References:
    """Tickets in the session store, by the references that travel.

    A sign-out writes the mark and then deletes the tickets. A sign-in or a
    renewal writes the ticket, then reads the mark, and deletes the ticket
    again if the session was ended. So one of the two always sees the other.
    A sign-in does not ask for the mark of its own session. Its name is new:
    another request can know it only from the stored ticket. So that request
    deletes the ticket after the sign-in wrote it.
    Reading asks for the mark only where a deleted ticket might come back, or
    where the store cannot find all tickets of a session.

    :param registry: where ``ISessionStore`` is looked up.
    :param revocations: ``None`` where revocation is off.
    :param carrier: the authenticator that accepts the reference. That of the
        other carrier does not: a cookie that is only signed can be read, and
        its content must not work in a header.
    """

    def __init__(
        self, registry: Any, revocations: Revocations | None, carrier: str
    ) -> None:
        self._registry = registry
        self._revocations = revocations
        self._carrier = carrier

    def begin(self) -> Beginning:
        """Name a new session."""
        store = self._store
        if isinstance(store, RepositorySessionStore):
            return store.begin()
        return Beginning(new_id())

    def issue(self, ticket: Ticket, reference: str | None = None) -> str:
        """Store a ticket; give the reference to it.

        :param reference: of :meth:`begin`; ``None`` for a further ticket of a
            session.
        """
        store, revocations = self._store, self._revocations
        kept = ticket._replace(carrier=self._carrier)
        if reference is None or not isinstance(store, RepositorySessionStore):
            reference = store.store(kept)
            self._remove_if_ended(store, reference, ticket)
            return reference
        store.store(kept, reference)
        if revocations is not None and revocations.is_ended_at_sign_in(ticket):
            store.remove(reference)
        return reference

    def redeem(self, reference: str) -> Identity:
        """Give the user of the ticket to which a reference points.

        :raises InvalidCredential: where the store has none, or the session
            was ended.
        """
        store = self._registry.utilities.lookup((), ISessionStore)
        ticket = None if store is None else self._retrieve(store, reference)
        if ticket is None or ticket.carrier != self._carrier:
            raise Ended(REASON_ENDED)
        identity = identity_of(ticket, self._carrier)
        # A session that ends with another one is not removed with it.
        if self._revocations is not None and (
            ticket.has_more_marks or not removes_for_good(store)
        ):
            refuse_ended(self._revocations, identity)
        return identity

    def _retrieve(self, store: Any, reference: str) -> Ticket | None:
        ticket: Ticket | None = store.retrieve(reference)
        return ticket

    def renew(self, reference: str, ticket: Ticket) -> bool:
        """Replace the ticket; ``False`` if another request ended or renewed
        the session meanwhile.
        """
        store = self._store
        if not store.renew(reference, ticket):
            return False
        return not self._remove_if_ended(store, reference, ticket)

    def update(self, reference: str, change: Change) -> Ticket:
        """Change the stored ticket; give the new one.

        :param change: makes the new ticket of the one that is stored; called
            again if another request wrote meanwhile.
        :raises SessionTokenError: if the session was ended meanwhile, or if
            other requests wrote each time.
        """
        store = self._store
        if isinstance(store, RepositorySessionStore):
            ticket = store.update(reference, change)
        else:
            ticket = _update(store, reference, change)
        if ticket is None or self._remove_if_ended(store, reference, ticket):
            raise SessionTokenError(NO_SESSION)
        return ticket

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


def refuse_ended(revocations: Revocations, identity: Identity) -> None:
    """Refuse a user whose session was ended.

    :raises InvalidCredential: where it was.
    """
    ticket: Any = identity.ticket
    if revocations.is_ended(ticket):
        raise Ended(REASON_ENDED, about=identity)


def _update(store: Any, reference: str, change: Change) -> Ticket | None:
    """Do what ``RepositorySessionStore.update`` does in a store of the
    application's own, which may not notice that another request wrote.
    """
    for _ in range(ATTEMPTS):
        current: Ticket | None = store.retrieve(reference)
        if current is None:
            return None
        ticket = change(current)
        if store.renew(reference, ticket):
            return ticket
    raise SessionTokenError(
        "ISessionStore.renew replaced no ticket, so nothing was changed: try"
        " again"
    )


def removes_for_good(store: Any) -> bool:
    return isinstance(store, RepositorySessionStore) and store.removes_for_good
