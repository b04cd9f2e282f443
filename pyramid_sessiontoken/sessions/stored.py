"""What a server that keeps sessions can do with them: list and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import clock
from ..errors import SessionTokenError
from ..identity.claims import FrozenDict
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import (
    EXPIRED,
    IExpiryPolicy,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from .lifecycle import AMR
from .records import moment
from .remaining import session_end
from .revocation import Revocations
from .store import RepositorySessionStore

_AUTHENTICATORS = {method: name for name, method in AMR.items()}


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A stored session, as people read it. No credential is in it.

    :ivar sid: by which ``request.sessiontoken.revoke`` ends it.
    :ivar began: aware UTC, as are ``renewed`` and ``ends``.
    :ivar authenticator: by whom the user was vouched for.
    :ivar device: ``user_agent`` and ``address`` at sign-in, where they are
        kept.
    :ivar current: whether the request that asks belongs to it.
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

    :param store: the default store, ``None`` where the application has its
        own.
    :param revocations: what ends self-contained ones, ``None`` where that
        is switched off.
    """

    def __init__(
        self,
        registry: Any,
        store: RepositorySessionStore | None,
        revocations: Revocations | None,
    ) -> None:
        self._registry = registry
        self._default = store
        self.revocations = revocations

    def of(self, userid: Userid, current: str | None) -> list[SessionInfo]:
        """List the stored sessions of a user, the latest first.

        :raises SessionTokenError: where the repository cannot tell.
        """
        tickets: dict[str, Ticket] = {}
        for ticket in self._live(self._own_store.tickets_of(userid)):
            latest = tickets.get(ticket.sid, ticket)
            if ticket.iat >= latest.iat:
                tickets[ticket.sid] = ticket
        infos = [self._info(ticket, current) for ticket in tickets.values()]
        return sorted(infos, key=lambda info: info.began, reverse=True)

    def of_everybody(self) -> Iterator[tuple[Userid, SessionInfo]]:
        """Give each stored session with its user, in any order.

        :raises SessionTokenError: where the repository cannot tell.
        """
        given = set()
        for ticket in self._live(self._own_store.tickets()):
            if ticket.sid not in given:
                given.add(ticket.sid)
                yield ticket.userid, self._info(ticket, None)

    @property
    def _store(self) -> RepositorySessionStore | None:
        """Give the default store, unless another took its place."""
        there = self._registry.queryUtility(ISessionStore)
        return self._default if there in (self._default, None) else None

    @property
    def _own_store(self) -> RepositorySessionStore:
        if self._store is None:
            raise SessionTokenError(
                "sessions are listed only by the library's own ISessionStore"
            )
        return self._store

    def _live(self, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
        policy, now = self._policy, clock.now(self._registry)
        return (t for t in tickets if policy.judge(t, now) is not EXPIRED)

    def can_end(self, reference: str | None) -> bool:
        """Tell whether a token can be ended before its time."""
        return reference is not None or self.revocations is not None

    @property
    def ends_by_name(self) -> bool:
        """Tell whether a session can be ended without a token of it."""
        return self.revocations is not None or self.finds_by_name

    @property
    def finds_by_name(self) -> bool:
        """Tell whether the references of a session can be found."""
        return self._store is not None and self._knows_subjects

    def tickets_of_session(self, sid: str) -> list[Ticket]:
        """Give the stored tickets of a session, as far as they are found."""
        if self._store is None:
            return []
        return list(self._store.tickets_of_session(sid))

    def end(
        self,
        sid: str,
        reference: str | None = None,
        ticket: Ticket | None = None,
    ) -> datetime | None:
        """End a session, wherever its tokens are; give until when its
        self-contained tokens are refused, ``None`` where they are not.

        :param reference: one of it that is at hand.
        :param ticket: one of it that is at hand.
        """
        if self.revocations is None and reference is None:
            self._need_subjects("a session is ended by its name")
        until = None
        # The mark comes first: see references.References.
        if self.revocations is not None:
            until = self.revocations.end(sid, self._end_of(sid, ticket))
        if reference is not None:
            self._registry.getUtility(ISessionStore).remove(reference)
        if self._store is not None:
            self._store.remove_session(sid)
        return until

    def _end_of(self, sid: str, ticket: Ticket | None) -> int | None:
        """Tell when a session ends for good; ``None`` where no ticket of it
        is found.
        """
        tickets = self.tickets_of_session(sid) if ticket is None else [ticket]
        now, policy = clock.now(self._registry), self._policy
        # A policy of the application's own may have given others of the
        # session a later end.
        ends = [
            max(each.session_end, policy.renew(each, now).session_end)
            for each in tickets
        ]
        return max(ends, default=None)

    def end_all(
        self, userid: Userid, keep: str | None = None
    ) -> datetime | None:
        """End every session that a user began up to now, but for one; give
        until when their self-contained tokens are refused, ``None`` where
        they are not.

        :raises SessionTokenError: where something that is needed is lacking.
        """
        until = None
        if self.revocations is None:
            self._need_subjects("all sessions of a user are ended")
        else:
            # As in end.
            until = self.revocations.end_all(userid, keep)
        if self._store is not None and self._knows_subjects:
            self._store.remove_all_of(userid, keep)
        return until

    @property
    def _knows_subjects(self) -> bool:
        repository = self._registry.queryUtility(ITokenRepository)
        return bool(ISubjectRepository.providedBy(repository))

    def _need_subjects(self, what: str) -> None:
        if not self.finds_by_name:
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
