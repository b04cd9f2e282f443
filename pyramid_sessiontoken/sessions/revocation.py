"""Sessions that are over before their time, though their tokens are not."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from .. import clock
from ..expiry import LONGEST
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import IRenewingRepository, TokenItem
from .cache import UNKNOWN, FirstLevelCache
from .records import LINGER, RecordNames, find_repository, moment

log = logging.getLogger("pyramid_sessiontoken")

#: How often to try where others mark the same user at the same time.
ATTEMPTS = 5

_NOBODY = ""

# A mark of a user: the version 1, before, spared_since; then spared.
_HEAD = struct.Struct(">Bqq")
_VERSION = 1


class Mark(NamedTuple):
    """What a user ended: all that began up to an instant, but for one.

    :ivar before: the instant, seconds since the epoch.
    :ivar spared: the name of the mark of the session that lives on, if one
        does.
    :ivar spared_since: only if it began after this; else it had ended
        already when it was spared.
    """

    before: int
    spared: str = _NOBODY
    spared_since: int = -1

    def ends(self, began: int, name: str) -> bool:
        """Tell whether a session is over.

        :param name: of its own mark.
        """
        return began <= self.before and (
            began <= self.spared_since or name != self.spared
        )

    def write(self) -> bytes:
        """Write times and digests, sealed by no key: a mark outlives the
        keys of the ring.
        """
        head = _HEAD.pack(_VERSION, self.before, self.spared_since)
        return head + self.spared.encode()


def read_mark(token: bytes) -> Mark | None:
    """Turn :meth:`Mark.write` round; ``None`` for what it did not write."""
    try:
        version, before, since = _HEAD.unpack_from(token)
        spared = token[_HEAD.size :].decode("ascii")
    except (struct.error, UnicodeDecodeError):
        return None
    return Mark(before, spared, since) if version == _VERSION else None


class Revocations:
    """Two kinds of marks in the repository: one for a session that ended,
    and one for each user who ended all, "nothing that began up to this
    instant". Neither grows into a list.

    The first says nothing: it is enough that it is there. It lives as long
    as its session would have, or as the longest session there is. The second
    always does the latter. What it says of "now" allows for nodes whose
    clocks are ahead: a session that one of them began before the call may
    have an ``auth_time`` after it.

    :param registry: where repository and clock are found.
    :param names: of the records.
    :param skew: by how many seconds the clock of a node may be ahead.
    """

    def __init__(
        self,
        registry: Any,
        names: RecordNames,
        cache: FirstLevelCache,
        skew: int = 0,
    ) -> None:
        self._registry = registry
        self._names = names
        self._cache = cache
        self._skew = skew

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, as of ``cache_ttl`` ago."""
        return self._is_ended(ticket, self._recall)

    def is_ended_by_now(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended; ask the repository itself."""
        return self._is_ended(ticket, self._fetch)

    def end(self, sid: str, until: int | None = None) -> datetime:
        """End a session; give until when that is remembered.

        :param until: when the session ends for good; ``None`` where that is
            not known.
        """
        key, now = self._names.ended(sid), self._now()
        last = _last(now) if until is None else moment(until + LINGER)
        item = TokenItem(key, last, b"", None)
        self._repository.add_or_update(item)
        self._cache.end(key, Mark(now), now)
        return last

    def end_all(self, userid: Userid, keep: str | None = None) -> datetime:
        """End what a user began up to now, but for one session; give until
        when that is remembered.
        """
        spared = _NOBODY if keep is None else self._names.ended(keep)
        return _last(self._end_all(self._names.before(userid), spared).before)

    def first_auth_time(self, userid: Userid, now: int) -> int:
        """Give the ``auth_time`` for a session that begins now: past the
        user's mark, so that it lives though it begins in the same second.
        """
        key = self._names.before(userid)
        item = self._repository.get(key)
        if item is None:
            return now
        mark = read_mark(item.token)
        if mark is None:
            log.warning(
                "a mark is not readable: all that its user began up to now"
                " has ended"
            )
            mark = self._end_all(key, _NOBODY)
        return max(now, mark.before + 1)

    def _is_ended(
        self, ticket: Ticket, ask: Callable[[str], Mark | None]
    ) -> bool:
        name = self._names.ended(ticket.sid)
        if ask(name) is not None:
            return True
        mark = ask(self._names.before(ticket.userid))
        return mark is not None and mark.ends(ticket.auth_time, name)

    def _end_all(self, key: str, spared: str) -> Mark:
        for _ in range(ATTEMPTS):
            there = self._repository.get(key)
            mark = self._successor(there, spared)
            if self._replace(there, _item(key, mark)):
                break
        else:
            # Time and again somebody else was faster. Nobody lives by that.
            mark = self._successor(self._repository.get(key), _NOBODY)
            self._repository.add_or_update(_item(key, mark))
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
        mark = read_mark(item.token)
        if mark is None:
            # Whatever it said, somebody ended something here.
            before = self._now() + self._skew
            mark = Mark(before, spared_since=before)
        return mark

    def _successor(self, there: TokenItem | None, spared: str) -> Mark:
        before = self._now() + self._skew
        mark = self._mark_of(there)
        if mark is None:
            return Mark(before, spared)
        return Mark(
            # Whole seconds are too coarse to tell before from after, so
            # marks of one second count on; see first_auth_time.
            max(before, mark.before + 1),
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

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _item(key: str, mark: Mark) -> TokenItem:
    return TokenItem(key, _last(mark.before), mark.write(), None)


def _last(began: int) -> datetime:
    """Tell when the last session that began by then has ended, whatever the
    settings of the application that it belongs to.
    """
    return moment(began + LONGEST + LINGER)
