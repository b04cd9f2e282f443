"""List and end the sessions that the server keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import clock
from ..clock import moment
from ..errors import SessionTokenError
from ..identity.claims import Claims, FrozenDict
from ..identity.ticket import Ticket
from ..identity.userid import Userid, readings
from ..interfaces import (
    EXPIRED,
    IExpiryPolicy,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from .amr import authenticators_of
from .limits import SessionLimit
from .remaining import session_end
from .revocation import Revocations
from .store import RepositorySessionStore

if TYPE_CHECKING:
    from .access_tokens import AccessTokens


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A stored session, for people to read. It contains no credential.

    :ivar sid: the argument of ``request.sessiontoken.revoke``, which ends it.
    :ivar began: aware UTC, as are ``renewed`` and ``ends``.
    :ivar authenticator: the authenticator that vouched for the user.
    :ivar device: ``user_agent`` and ``address`` at sign-in, where they are
        kept.
    :ivar current: whether it is the session of the request that asks.
    :ivar actor: who acts for the user; ``None`` where the user acts.
    """

    sid: str
    began: datetime
    renewed: datetime
    ends: datetime
    authenticator: str
    device: FrozenDict
    current: bool
    actor: Userid | None = None


class StoredSessions:
    """Sessions that the server can list and end.

    :param store: the default store; ``None`` if the application registered
        one of its own.
    :param revocations: ``None`` where revocation is off.
    :ivar trim: removes a few old records; ``None`` where a sign-in does not.
    """

    def __init__(
        self,
        registry: Any,
        store: RepositorySessionStore | None,
        revocations: Revocations | None,
        trim: Callable[[], None] | None = None,
    ) -> None:
        self.trim = trim
        self._registry = registry
        self._default_store = store
        self.revocations = revocations
        #: The access tokens of users; ``None`` where there are none.
        self.access_tokens: AccessTokens | None = None
        #: How many sessions a user has; ``None`` for any number.
        self.limit: SessionLimit | None = None

    def of(self, userid: Userid, current: str | None) -> list[SessionInfo]:
        """List the stored sessions of a user, the latest first.

        :param current: the ``sid`` of the request that asks.
        :raises SessionTokenError: where the repository cannot list them.
        """
        infos = [self._info(each, current) for each in self.tickets_of(userid)]
        return sorted(infos, key=lambda info: info.began, reverse=True)

    def tickets_of(self, userid: Userid) -> list[Ticket]:
        """Give a ticket of each stored session of a user: of several, the one
        that was renewed last.

        :raises SessionTokenError: where the repository cannot list them.
        """
        tickets: dict[str, Ticket] = {}
        for ticket in self._live(self._listing_store.tickets_of(userid)):
            if ticket.has_more_marks and self.is_ended(ticket):
                continue
            latest = tickets.get(ticket.sid, ticket)
            if ticket.iat >= latest.iat:
                tickets[ticket.sid] = ticket
        return list(tickets.values())

    def require_listing(self, key: str) -> None:
        """Refuse to go on where the sessions of a user cannot be listed.

        :param key: the setting that needs it.
        :raises SessionTokenError: where it is so.
        """
        if not self.finds_by_sid:
            raise SessionTokenError(
                f"{key} needs the library's own ISessionStore, and a"
                " repository that provides ISubjectRepository"
            )

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, although its ticket is stored: a
        renewal that was under way brought it back, or it ended with another
        one.
        """
        store, revocations = self._store, self.revocations
        if revocations is None or store is None:
            return False
        if store.removes_for_good and not ticket.has_more_marks:
            return False
        return revocations.is_ended_by_now(ticket)

    def of_everybody(self) -> Iterator[tuple[Userid, SessionInfo]]:
        """Give each stored session with its user, in any order.

        :raises SessionTokenError: where the repository cannot list them.
        """
        given = set()
        for ticket in self._live(self._listing_store.tickets()):
            if ticket.sid not in given and not (
                ticket.has_more_marks and self.is_ended(ticket)
            ):
                given.add(ticket.sid)
                yield ticket.userid, self._info(ticket, None)

    def meant_by(
        self, text: str, *, access_tokens: bool = False
    ) -> list[Userid]:
        """Give the users whom a text can mean, of any type: ``"42"`` is the
        text, and also the number. If one has stored sessions, only those that
        have.

        :param access_tokens: whether access tokens count as stored sessions.
        """
        users = readings(text)
        if len(users) == 1 or not self.finds_by_sid:
            return users
        tokens = self.access_tokens if access_tokens else None
        return [
            user
            for user in users
            if self.of(user, None) or (tokens is not None and tokens.of(user))
        ] or users

    def find(self, sid: str) -> Ticket | None:
        """Give the ticket of a session that ends last; ``None`` if none is
        stored, or none can be found.
        """
        store = self._store
        found = () if store is None else store.tickets_of_session(sid)
        return max(found, key=lambda ticket: ticket.session_end, default=None)

    def find_marked(self, key: str, userid: Userid) -> Ticket | None:
        """Give the ticket of a user's session; ``None`` if it is not stored,
        or cannot be found.

        :param key: of the mark of the session.
        """
        if self._store is None or not self._knows_subjects:
            return None
        for ticket in self._store.tickets_of(userid):
            if self._store.names.session_mark(ticket.sid) == key:
                return ticket
        return None

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

    def is_live(self, ticket: Ticket) -> bool:
        """Tell whether the repository itself, and not the cache, has no mark
        that ended a session.
        """
        marks = self.revocations
        return marks is None or not marks.is_ended_by_now(ticket)

    def remove(self, sid: str, reference: str | None) -> None:
        """Delete the stored tickets of a session, without a mark."""
        store = self._store
        if store is not None:
            store.remove_session(sid, reference)
        elif reference is not None:
            self._registry.getUtility(ISessionStore).remove(reference)

    def update_others(
        self,
        ticket: Ticket,
        reference: str | None,
        change: Callable[[Claims], Claims],
    ) -> None:
        """Change the claims of the other stored tickets of a session, which
        travel in another carrier.

        :param ticket: one of the session.
        :param reference: the one whose ticket is changed already.
        """
        if self._store is not None:
            self._store.update_others(
                ticket,
                reference,
                lambda each: each._replace(claims=change(each.claims)),
            )

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
        method = ticket.amr[:1]
        now = clock.now(self._registry)
        return SessionInfo(
            sid=ticket.sid,
            began=moment(ticket.auth_time),
            renewed=moment(ticket.iat),
            ends=moment(session_end(self._policy, ticket, now)),
            authenticator=ticket.began.get("by") or authenticators_of(method),
            device=ticket.device,
            current=ticket.sid == current,
            actor=ticket.actor,
        )

    @property
    def _policy(self) -> Any:
        return self._registry.getUtility(IExpiryPolicy)
