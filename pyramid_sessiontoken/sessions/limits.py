"""How many sessions a user has at the same time (``sessions.limit``).

Each sign-in takes a number from a record of its user, and the session keeps
the number. The number is the time at which the record expires: a repository
with ``IRenewingRepository`` and ``IAddingRepository`` replaces the record only
if its time is still the one that was read, and each time is later than the one
before. So no two sign-ins have one number, also within a second and on several
nodes, and a sign-in that begins after another one was answered has the greater
number.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from .. import clock
from ..clock import moment
from ..errors import RepositoryUnavailable, SessionLimitReached
from ..expiry import LONGEST
from ..identity.claims import FrozenDict
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import TokenItem
from ..repositories.item import seconds_of
from .records import LINGER, RecordNames, find_repository, replace_item

log = logging.getLogger("pyramid_sessiontoken")

#: What happens to one session too many: the one that began first ends, the
#: one that was renewed least lately ends, or the sign-in is refused.
END_OLDEST, END_IDLEST, REFUSE = "end_oldest", "end_idlest", "refuse"

#: The name under which a session keeps its number, in ``Ticket.began``.
ORDER = "order"

#: How often to take a number while other sign-ins of the user take theirs.
#: An attempt fails only if another one did not.
ATTEMPTS = 100

#: A sign-in may be under way for so many seconds, and the difference of two
#: clocks. It is undone if it takes half of them. If it is under way for
#: longer, its process died, or the repository failed, and no client got its
#: session.
PATIENCE = 60

_FASTER = f"{ATTEMPTS} other sign-ins of one user were faster"

# The first byte of a record that says which sign-ins are under way.
_VERSION = b"\x01"

#: The sign-ins that were admitted and are under way, by the names of their
#: sessions: since when, in seconds since the epoch.
Waiting = dict[str, int]


class Stored(Protocol):
    """The stored sessions of users, as :mod:`.stored` has them."""

    def require_listing(self, key: str) -> None: ...

    def tickets_of(self, userid: Userid) -> list[Ticket]: ...

    def is_ended(self, ticket: Ticket) -> bool: ...

    def end(
        self, sid: str, reference: str | None, ticket: Ticket | None
    ) -> object: ...

    def remove(self, sid: str, reference: str | None) -> None: ...


class SessionLimit:
    """Keeps the number of a user's sessions within a limit.

    A sign-in stores its session, then looks at all of the user, and ends what
    is before the last ``limit``. The sign-in that looks last sees all of
    them, and none ends what another one has to keep.

    A sign-in that may be refused writes into the record that it is under way,
    before it stores anything. So two at once see each other there.

    :param registry: where repository and clock are looked up.
    :param over: ``END_OLDEST``, ``END_IDLEST`` or ``REFUSE``.
    :param skew: by how many seconds the clock of a node may be ahead.
    """

    def __init__(  # noqa: PLR0913
        self,
        registry: Any,
        names: RecordNames,
        stored: Stored,
        limit: int,
        over: str,
        *,
        skew: int = 0,
    ) -> None:
        self._patience = PATIENCE + skew
        self._registry = registry
        self._names = names
        self._stored = stored
        self._limit = limit
        self._over = over

    @contextmanager
    def place(
        self, ticket: Ticket, replaced: Collection[str] = ()
    ) -> Iterator[Ticket]:
        """Give the ticket of a sign-in its number. If what happens within the
        context fails, remove what was stored of the session.

        :param replaced: the ``sid`` of each session that ends with this
            sign-in.
        :raises SessionLimitReached: where one session too many is refused.
        :raises SessionTokenError: where the sessions of a user cannot be
            found.
        """
        self._stored.require_listing("sessiontoken.sessions.limit")
        refuses = self._over == REFUSE
        began = self._now()
        item = self._take(ticket, replaced if refuses else None)
        order = FrozenDict({**ticket.began, ORDER: seconds_of(item.expires)})
        try:
            yield ticket._replace(began=order)
            if refuses:
                self._require_in_time(began)
                self._arrive(ticket, item)
        except Exception:
            self._undo(ticket, item if refuses else None)
            raise

    def end_excess(
        self, ticket: Ticket, replaced: Collection[str] = ()
    ) -> Iterator[Ticket]:
        """End the sessions of a user that are too many after a sign-in; give
        a ticket of each when it has ended.

        :param ticket: of the session that began.
        """
        if self._over == REFUSE:
            return
        sessions = self._sessions(ticket.userid, replaced)
        last = sorted(sessions, key=self._rank(order_of(ticket)))
        for each in last[: -self._limit]:
            self._stored.end(each.sid, None, each)
            yield each

    def _rank(self, own: int) -> Any:
        """Give what orders sessions: the last ones stay.

        :param own: the number of the sign-in. A session with a greater number
            is later for every way to order them. So none ends the last one.
        """
        if self._over == END_OLDEST:
            return _age

        def rank(ticket: Ticket) -> tuple[Any, ...]:
            is_later = order_of(ticket) >= own
            return is_later, 0 if is_later else ticket.iat, *_age(ticket)

        return rank

    def _sessions(
        self, userid: Userid, replaced: Collection[str]
    ) -> list[Ticket]:
        """Give a ticket of each session of a user that counts."""
        return [
            ticket
            for ticket in self._stored.tickets_of(userid)
            # A session that acts for the user is not the user's own.
            if ticket.actor is None
            and ticket.sid not in replaced
            and not self._stored.is_ended(ticket)
        ]

    def _take(
        self, ticket: Ticket, replaced: Collection[str] | None
    ) -> TokenItem:
        """Take the next number of a user; give the record that was written.

        :param replaced: ``None`` for a sign-in that is not refused.
        """
        key = self._names.order(ticket.userid)
        for _ in range(ATTEMPTS):
            repository = find_repository(self._registry)
            current: TokenItem | None = repository.get(key)
            waiting: Waiting = {}
            if replaced is not None:
                waiting = self._admit(ticket, replaced, current)
            item = self._successor(key, current, waiting)
            if replace_item(repository, current, item):
                return item
        raise RepositoryUnavailable(_FASTER)

    def _admit(
        self,
        ticket: Ticket,
        replaced: Collection[str],
        current: TokenItem | None,
    ) -> Waiting:
        """Give the sign-ins that are under way, with this one.

        :param current: the record. It was read before the sessions, so a
            sign-in is in one of the two.
        """
        stored = {
            self._names.session_mark(each.sid): each.sid
            for each in self._sessions(ticket.userid, replaced)
        }
        waiting: Waiting = {}
        for name, since in read_waiting(current).items():
            sid = stored.pop(name, None)
            if abs(self._now() - since) < self._patience:
                waiting[name] = since
            elif sid is not None:
                self._stored.remove(sid, None)
        if len(stored) + len(waiting) >= self._limit:
            raise SessionLimitReached(
                f"the user has {self._limit} sessions, and"
                " sessiontoken.sessions.limit allows no more"
            )
        waiting[self._names.session_mark(ticket.sid)] = self._now()
        return waiting

    def _require_in_time(self, began: int) -> None:
        if self._now() - began >= PATIENCE // 2:
            raise RepositoryUnavailable(
                f"a sign-in took {PATIENCE // 2} s, so another one may soon"
                " take its place"
            )

    def _arrive(self, ticket: Ticket, item: TokenItem) -> None:
        """Note that a sign-in is under way no more.

        :param item: the record as it was when the sign-in took its number.
        """
        name = self._names.session_mark(ticket.sid)
        current: TokenItem | None = item
        for _ in range(ATTEMPTS):
            waiting = read_waiting(current)
            if waiting.pop(name, None) is None:
                return
            repository = find_repository(self._registry)
            successor = self._successor(item.key, current, waiting)
            if replace_item(repository, current, successor):
                return
            current = repository.get(item.key)
        raise RepositoryUnavailable(_FASTER)

    def _successor(
        self, key: str, current: TokenItem | None, waiting: Waiting
    ) -> TokenItem:
        """Make the record that follows another one.

        It outlives every session that has a number. A user who signs in more
        than once a second makes it run ahead.
        """
        order = self._now() + LONGEST + LINGER
        if current is not None:
            order = max(order, seconds_of(current.expires) + 1)
        return TokenItem(key, moment(order), write_waiting(waiting), None)

    def _undo(self, ticket: Ticket, item: TokenItem | None) -> None:
        """Remove a session that no client will know.

        :param item: the record that says that it is under way.
        """
        try:
            self._stored.remove(ticket.sid, None)
            if item is not None:
                self._arrive(ticket, item)
        except RepositoryUnavailable as error:
            log.error("a sign-in that failed could not be undone: %s", error)

    def _now(self) -> int:
        return clock.now(self._registry)


def order_of(ticket: Ticket) -> int:
    """Give the number of a session; 0 if it began before the setting."""
    order = ticket.began.get(ORDER)
    return order if type(order) is int else 0


def _age(ticket: Ticket) -> tuple[int, int, str]:
    """Order sessions, the oldest first."""
    return order_of(ticket), ticket.auth_time, ticket.sid


def write_waiting(waiting: Waiting) -> bytes:
    """Write the content of a record; nothing if no sign-in is under way."""
    return _VERSION + json.dumps(waiting).encode() if waiting else b""


def read_waiting(item: TokenItem | None) -> Waiting:
    """Turn :func:`write_waiting` round. A record that it did not write says
    that no sign-in is under way.
    """
    if item is None or item.token[:1] != _VERSION:
        return {}
    try:
        waiting = json.loads(item.token[1:])
    except (ValueError, RecursionError):
        return {}
    if type(waiting) is not dict:
        return {}
    return {n: since for n, since in waiting.items() if type(since) is int}
