"""Sessions that are over before their time, though their tokens are not."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime
from typing import Any, NamedTuple

from .. import clock
from ..clock import moment
from ..errors import InvalidCredential
from ..identity.ticket import Ticket
from ..identity.userid import Userid, subject_of
from ..interfaces import IExpiryPolicy, IRenewingRepository, TokenItem
from .cache import UNKNOWN, FirstLevelCache
from .records import LINGER, find_repository
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")

#: How often to try where others mark the same user at the same time.
ATTEMPTS = 5

_NOBODY = ""


class Mark(NamedTuple):
    """What a user ended: all that began up to an instant, but for one.

    :ivar before: the instant, seconds since the epoch.
    :ivar spared: the digest of the session that lives on, if one does.
    :ivar spared_since: only if it began after this; else it had ended
        already when it was spared.
    """

    before: int
    spared: str = _NOBODY
    spared_since: int = -1

    def ends(self, ticket: Ticket) -> bool:
        began = ticket.auth_time
        return began <= self.before and (
            began <= self.spared_since or _digest(ticket.sid) != self.spared
        )


class Revocations:
    """Two kinds of marks in the repository: one for a session that ended,
    until its end; and one for each user who ended all, "nothing that began
    up to this instant". Neither grows into a list.

    The first says nothing: it is enough that it is there. The second is
    sealed. One that nobody can read, say because its key left the ring, ends
    all up to now, until it is written anew.

    :param registry: where repository, clock and expiry policy are found.
    """

    def __init__(
        self, registry: Any, seal: Seal, cache: FirstLevelCache
    ) -> None:
        self._registry = registry
        self._seal = seal
        self._cache = cache

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, as of ``cache_ttl`` ago."""
        if self._recall(_ended(ticket.sid)) is not None:
            return True
        mark = self._recall(_before(ticket.userid))
        return mark is not None and mark.ends(ticket)

    def is_ended_by_now(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended; ask the repository itself."""
        if self._fetch(_ended(ticket.sid)) is not None:
            return True
        mark = self._fetch(_before(ticket.userid))
        return mark is not None and mark.ends(ticket)

    def end(self, sid: str, until: int = 0) -> None:
        """End a session, until every session of now has ended, and itself.

        :param until: when it ends for good, where that is known.
        """
        key, now = _ended(sid), self._now()
        last = max(self._last_end(now), moment(until + LINGER))
        item = TokenItem(key, last, b"", None)
        self._repository.add_or_update(item)
        self._cache.end(key, Mark(now), now)

    def end_all(self, userid: Userid, keep: str | None = None) -> None:
        """End what a user began up to now, but for one session."""
        spared = _NOBODY if keep is None else _digest(keep)
        self._end_all(_before(userid), spared)

    def first_auth_time(self, userid: Userid, now: int) -> int:
        """Give the ``auth_time`` for a session that begins now: past the
        user's mark, so that it lives though it begins in the same second.
        """
        key = _before(userid)
        item = self._repository.get(key)
        if item is None:
            return now
        mark = self._read(item)
        if mark is None:
            log.warning(
                "a mark is not readable: all that its user began up to now"
                " has ended"
            )
            mark = self._end_all(key, _NOBODY)
        return max(now, mark.before + 1)

    def _end_all(self, key: str, spared: str) -> Mark:
        for _ in range(ATTEMPTS):
            there = self._repository.get(key)
            mark = self._successor(there, spared)
            if self._replace(there, self._item(key, mark)):
                break
        else:
            # Time and again somebody else was faster. Nobody lives by that.
            mark = self._successor(self._repository.get(key), _NOBODY)
            self._repository.add_or_update(self._item(key, mark))
        self._cache.end(key, mark, self._now())
        return mark

    def _recall(self, key: str) -> Mark | None:
        now = self._now()
        known: Mark | None = self._cache.get(key, now)
        if known is UNKNOWN:
            ended = self._cache.ended
            known = self._fetch(key)
            self._cache.put(key, known, now, ended)
        return known

    def _fetch(self, key: str) -> Mark | None:
        return self._mark_of(self._repository.get(key))

    def _mark_of(self, item: TokenItem | None) -> Mark | None:
        if item is None:
            return None
        mark = self._read(item)
        if mark is None:
            # Whatever it said, somebody ended something here.
            now = self._now()
            mark = Mark(now, spared_since=now)
        return mark

    def _read(self, item: TokenItem) -> Mark | None:
        """Read what a user ended; ``None`` for what nobody can read."""
        try:
            return Mark(**self._seal.open(item.token, item.key))
        except (InvalidCredential, TypeError):
            return None

    def _successor(self, there: TokenItem | None, spared: str) -> Mark:
        now = self._now()
        mark = self._mark_of(there)
        if mark is None:
            return Mark(now, spared)
        return Mark(
            # Whole seconds are too coarse to tell before from after, so
            # marks of one second count on; see first_auth_time.
            max(now, mark.before + 1),
            spared,
            mark.spared_since if spared == mark.spared else mark.before,
        )

    def _replace(self, there: TokenItem | None, item: TokenItem) -> bool:
        """Write a mark, if it can be told and none was written meanwhile;
        tell whether it was written.
        """
        repository = self._repository
        if there is None or not IRenewingRepository.providedBy(repository):
            repository.add_or_update(item)
            return True
        replaced: bool = repository.renew(item, there.expires)
        return replaced

    def _item(self, key: str, mark: Mark) -> TokenItem:
        sealed = self._seal.seal(mark._asdict(), key)
        return TokenItem(key, self._last_end(mark.before), sealed, None)

    def _last_end(self, began: int) -> datetime:
        """Tell when the last session that began by then has ended."""
        policy = self._registry.getUtility(IExpiryPolicy)
        return moment(policy.begin(began).session_end + LINGER)

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _ended(sid: str) -> str:
    return f"ended:{_digest(sid)}"


def _before(userid: Userid) -> str:
    return f"before:{_digest(subject_of(userid))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
