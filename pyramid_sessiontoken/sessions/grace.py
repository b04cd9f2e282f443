"""Sessions that are still believed for a while when the repository cannot be
asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from ..errors import REASON_ENDED, Ended, RepositoryUnavailable
from ..identity.ticket import Ticket
from ..interfaces import TokenItem
from .cache import UNKNOWN, FirstLevelCache
from .mark import Mark
from .past_cache import PastCache
from .records import OUTAGES, RecordNames
from .revocation import Revocations

log = logging.getLogger("pyramid_sessiontoken")

#: That sessions are believed is said once in so many seconds.
SECONDS_BETWEEN_WARNINGS = 60

#: A session that was believed so many seconds of the clock ago is not
#: renewed: the request may be the same.
JUST_NOW = 1

#: Of so many sessions that is remembered.
BELIEVED = 1_000


_TOO_OLD = (
    "the repository failed, and it gave no answer about this session that"
    " counts within sessiontoken.repository.grace"
)


class DoubtedMark(Mark):
    """A mark of a user that another process has replaced. What it ended has
    ended; of other sessions nothing is known.
    """

    __slots__ = ()

    def ends(self, began: int, key: str) -> bool:
        if super().ends(began, key):
            return True
        raise RepositoryUnavailable(_TOO_OLD)


class LastAnswers(FirstLevelCache):
    """What the repository itself answered last, for the time of grace. The
    first-level cache may be off, or be emptied.

    :ivar believed: when sessions, by ``sid``, were believed for want of an
        answer. When they are many, they are forgotten; then one may be
        renewed.
    """

    def __init__(self, size: int, ttl: int) -> None:
        super().__init__(size, ttl)
        self.believed: dict[str, int] = {}

    def doubt(self, keys: Collection[str]) -> None:
        """Believe no session by these answers any more: the records changed
        elsewhere. What they ended stays ended.
        """
        with self._lock:
            self._advance()
            for key in keys:
                entry = self._young.pop(key, None) or self._old.get(key)
                self._old.pop(key, None)
                if entry is not None and isinstance(entry[0], Mark):
                    self._young[key] = (DoubtedMark(*entry[0]), entry[1])


class NotingRevocations(Revocations):
    """The marks, for a repository whose last answers are noted."""

    def __init__(
        self,
        registry: Any,
        names: RecordNames,
        cache: FirstLevelCache | PastCache,
        skew: int,
        last: LastAnswers,
    ) -> None:
        super().__init__(registry, names, cache, skew)
        self._last = last

    def past_cache(self) -> Revocations:
        return self._like(NotingRevocations, PastCache(self._cache))

    def in_grace(self) -> Revocations:
        return self._like(GracefulRevocations, self._cache)

    def _like(
        self,
        kind: type[NotingRevocations],
        cache: FirstLevelCache | PastCache,
    ) -> NotingRevocations:
        registry, names = self._registry, self._names
        return kind(registry, names, cache, self._skew, self._last)

    def believes(self, ticket: Ticket) -> bool:
        believed = self._last.believed.get(ticket.sid)
        return believed is not None and (
            0 <= self._now() - believed <= JUST_NOW
        )

    def confirm(self, ticket: Ticket) -> None:
        if self.is_ended(ticket):
            raise Ended(REASON_ENDED)

    def end_marked(self, key: str, until: int | None = None) -> datetime:
        end = super().end_marked(key, until)
        now = self._now()
        self._last.replace(key, Mark(now), now)
        return end

    def end_up_to(self, key: str, before: int) -> Mark:
        mark = super().end_up_to(key, before)
        self._last.replace(key, mark, self._now())
        return mark

    def note_removed(self, key: str) -> None:
        super().note_removed(key)
        self._last.replace(key, None, self._now())

    def _write_mark(self, key: str, spared: str) -> Mark:
        mark = super()._write_mark(key, spared)
        self._last.replace(key, mark, self._now())
        return mark

    def _session_mark(self, key: str) -> Mark | None:
        mark: Mark | None = self._noted(key, super()._session_mark)
        return mark

    def _user_mark(self, key: str) -> Mark | None:
        mark: Mark | None = self._noted(key, super()._user_mark)
        return mark

    def _access_token(self, key: str) -> TokenItem | None:
        item: TokenItem | None = self._noted(key, super()._access_token)
        return item

    def _noted(self, key: str, ask: Callable[[str], Any]) -> Any:
        now, version = self._now(), self._last.version
        answer = ask(key)
        self._last.put(key, answer, now, version)
        return answer


class GracefulRevocations(NotingRevocations):
    """The marks, with a time of grace: while the repository cannot be asked,
    its last answers about a session and its user count, if it gave them
    within that time. It does not matter when the session was used.
    """

    _warned: int | None = None

    def is_ended(self, ticket: Ticket) -> bool:
        try:
            return super().is_ended(ticket)
        except RepositoryUnavailable as error:
            if self._is_ended(ticket, self._answered):
                return True
            self._believe(ticket, error)
            count = self._registry.get(OUTAGES)
            if count is not None:
                count(error.code, None)
            return False

    def _answered(self, key: str, _: Any) -> Any:
        answer = self._last.get(key, self._now())
        if answer is UNKNOWN:
            raise RepositoryUnavailable(_TOO_OLD)
        return answer

    def _believe(self, ticket: Ticket, error: Exception) -> None:
        now, last = self._now(), self._warned
        believed = self._last.believed
        if len(believed) >= BELIEVED:
            believed.clear()
        believed[ticket.sid] = now
        # A clock that was put back does not silence it.
        is_due = last is None or not 0 <= now - last < SECONDS_BETWEEN_WARNINGS
        if is_due:
            self._warned = now
        log.log(
            logging.ERROR if is_due else logging.INFO,
            "sessions are believed by sessiontoken.repository.grace, because"
            " a backend failed: %s",
            error,
        )
