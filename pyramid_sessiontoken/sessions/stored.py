"""List and end the sessions that the server keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import clock
from ..clock import moment
from ..errors import SessionTokenError
from ..identity.claims import FrozenDict
from ..identity.ticket import Ticket
from ..identity.userid import Userid, readings
from ..interfaces import (
    EXPIRED,
    IExpiryPolicy,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from .lifecycle import AMR
from .remaining import session_end
from .revocation import Revocations
from .store import RepositorySessionStore

_AUTHENTICATORS = {method: name for name, method in AMR.items()}


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A stored session, for people to read. It contains no credential.

    :ivar sid: the argument of ``request.sessiontoken.revoke``, which ends it.
    :ivar began: aware UTC, as are ``renewed`` and ``ends``.
    :ivar authenticator: the authenticator that vouched for the user.
    :ivar device: ``user_agent`` and ``address`` at sign-in, where they are
        kept.
    :ivar current: whether it is the session of the request that asks.
    """

    sid: str
    began: datetime
    renewed: datetime
    ends: datetime
    authenticator: str
    device: FrozenDict
    current: bool


class StoredSessions:
    """Sessions that the server can list and end.

    :param store: the default store; ``None`` if the application registered
        one of its own.
    :param revocations: ``None`` where revocation is off.
    """

    def __init__(
        self,
        registry: Any,
        store: RepositorySessionStore | None,
        revocations: Revocations | None,
    ) -> None:
        self._registry = registry
        self._default_store = store
        self.revocations = revocations

    def of(self, userid: Userid, current: str | None) -> list[SessionInfo]:
        """List the stored sessions of a user, the latest first.

        :param current: the ``sid`` of the request that asks.
        :raises SessionTokenError: where the repository cannot list them.
        """
        tickets: dict[str, Ticket] = {}
        for ticket in self._live(self._listing_store.tickets_of(userid)):
            latest = tickets.get(ticket.sid, ticket)
            if ticket.iat >= latest.iat:
                tickets[ticket.sid] = ticket
        infos = [self._info(ticket, current) for ticket in tickets.values()]
        return sorted(infos, key=lambda info: info.began, reverse=True)

    def of_everybody(self) -> Iterator[tuple[Userid, SessionInfo]]:
        """Give each stored session with its user, in any order.

        :raises SessionTokenError: where the repository cannot list them.
        """
        given = set()
        for ticket in self._live(self._listing_store.tickets()):
            if ticket.sid not in given:
                given.add(ticket.sid)
                yield ticket.userid, self._info(ticket, None)

    def meant_by(self, text: str) -> list[Userid]:
        """Give the users whom a text can mean, of any type: ``"42"`` is the
        text, and also the number. If one has stored sessions, only those that
        have.
        """
        users = readings(text)
        if len(users) == 1 or not self.finds_by_sid:
            return users
        return [user for user in users if self.of(user, None)] or users

    def count(self, sid: str) -> int:
        """Give 1 if a session is stored and can be found, else 0."""
        store = self._store
        return int(store is not None and any(store.tickets_of_session(sid)))

    def can_end(self, reference: str | None) -> bool:
        """Tell whether a token can be ended before its time.

        :param reference: as in ``forms.Decoded``.
        """
        return reference is not None or self.revocations is not None

    @property
    def ends_by_sid(self) -> bool:
        """Tell whether a session can be ended without one of its tokens."""
        return self.revocations is not None or self.finds_by_sid

    @property
    def finds_by_sid(self) -> bool:
        """Tell whether the stored tickets of a session can be found."""
        return self._store is not None and self._knows_subjects

    def end(
        self,
        sid: str,
        reference: str | None = None,
        ticket: Ticket | None = None,
    ) -> datetime | None:
        """End a session in all its tokens. Give the time until which its
        self-contained tokens are refused; ``None`` if they are not.

        :param reference: one of its references, where it is known.
        :param ticket: one of its tickets, where it is known.
        """
        if self.revocations is None and reference is None:
            self._require_subjects("a session is ended by its sid")
        until = None
        # The mark comes first: see references.References.
        if self.revocations is not None:
            until = self.revocations.end(sid, self._end_of(sid, ticket))
        self.remove(sid, reference)
        return until

    def remove(self, sid: str, reference: str | None) -> None:
        """Delete the stored tickets of a session, without a mark."""
        if reference is not None:
            self._registry.getUtility(ISessionStore).remove(reference)
        if self._store is not None:
            self._store.remove_session(sid)

    def end_all(
        self, userid: Userid, keep: str | None = None
    ) -> datetime | None:
        """End every session that a user began up to now. Give the time until
        which their self-contained tokens are refused; ``None`` if they are
        not.

        :param keep: the ``sid`` of a session that goes on.
        :raises SessionTokenError: where the sessions cannot be found.
        """
        until = None
        if self.revocations is None:
            self._require_subjects("all sessions of a user are ended")
        else:
            # The mark comes first: see references.References.
            until = self.revocations.end_all(userid, keep)
        if self._store is not None and self._knows_subjects:
            self._store.remove_all_of(userid, keep)
        return until

    def _end_of(self, sid: str, ticket: Ticket | None) -> int | None:
        """Give the end of a session; ``None`` if no ticket of it is found."""
        found: Iterable[Ticket] = () if ticket is None else (ticket,)
        if ticket is None and self._store is not None:
            found = self._store.tickets_of_session(sid)
        now, policy = clock.now(self._registry), self._policy
        # Another ticket of the session may have a later end, by an expiry
        # policy of the application's own.
        ends = [
            max(each.session_end, policy.renew(each, now).session_end)
            for each in found
        ]
        return max(ends, default=None)

    def _live(self, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
        policy, now = self._policy, clock.now(self._registry)
        return (t for t in tickets if policy.judge(t, now) is not EXPIRED)

    @property
    def _store(self) -> RepositorySessionStore | None:
        """Give the default store; ``None`` once another one is registered."""
        registered = self._registry.queryUtility(ISessionStore)
        is_default = registered in (self._default_store, None)
        return self._default_store if is_default else None

    @property
    def _listing_store(self) -> RepositorySessionStore:
        if self._store is None:
            raise SessionTokenError(
                "sessions are listed only by the library's own ISessionStore:"
                " remove sessiontoken.session_store"
            )
        return self._store

    @property
    def _knows_subjects(self) -> bool:
        repository = self._registry.queryUtility(ITokenRepository)
        return bool(ISubjectRepository.providedBy(repository))

    def _require_subjects(self, what: str) -> None:
        if not self.finds_by_sid:
            raise SessionTokenError(
                f"{what} only where the repository provides"
                " ISubjectRepository, or with sessiontoken.revocation = on"
            )

    def _info(self, ticket: Ticket, current: str | None) -> SessionInfo:
        method = ticket.amr[0] if ticket.amr else ""
        now = clock.now(self._registry)
        return SessionInfo(
            sid=ticket.sid,
            began=moment(ticket.auth_time),
            renewed=moment(ticket.iat),
            ends=moment(session_end(self._policy, ticket, now)),
            authenticator=_AUTHENTICATORS.get(method, method),
            device=ticket.device,
            current=ticket.sid == current,
        )

    @property
    def _policy(self) -> Any:
        return self._registry.getUtility(IExpiryPolicy)
