"""Marks in the repository: sessions that were ended before their time."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from .. import clock
from ..clock import moment
from ..expiry import LONGEST
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import (
    IAddingRepository,
    IForgetfulRepository,
    IRenewingRepository,
    TokenItem,
)
from .cache import UNKNOWN, FirstLevelCache
from .records import LINGER, RecordNames, find_repository

log = logging.getLogger("pyramid_sessiontoken")

#: How often to write a mark conditionally, while other requests write the
#: mark of the same user.
ATTEMPTS = 5

_NO_SESSION = ""

# The content of the mark of a user: the version 1, before, spared_since; then
# spared.
_HEAD = struct.Struct(">Bqq")
_VERSION = 1


class Mark(NamedTuple):
    """The sessions of a user that were ended together.

    :ivar before: every session that began up to this time has ended, in
        seconds since the epoch.
    :ivar spared: the key of the mark of a session that goes on.
    :ivar spared_since: it goes on only if it began after this time. If it
        did not, an earlier mark had ended it.
    """

    before: int
    spared: str = _NO_SESSION
    spared_since: int = -1

    def ends(self, began: int, key: str) -> bool:
        """Tell whether this ends a session.

        :param key: of the mark of the session itself.
        """
        return began <= self.before and (
            began <= self.spared_since or key != self.spared
        )

    def successor(self, now: int, spared: str) -> Mark:
        """Give the mark that also ends the sessions that began since."""
        return Mark(
            # Two marks of one second must differ, so the times of marks and
            # sessions run ahead of the clock; see first_auth_time.
            max(now, self.before + 1),
            spared,
            self.spared_since if spared == self.spared else self.before,
        )

    def write(self) -> bytes:
        """Write the content of a record. It is sealed by no key, so a mark
        outlives every key of the ring.
        """
        head = _HEAD.pack(_VERSION, self.before, self.spared_since)
        return head + self.spared.encode()


def read_mark(content: bytes) -> Mark | None:
    """Turn :meth:`Mark.write` round; ``None`` for what it did not write."""
    try:
        version, before, since = _HEAD.unpack_from(content)
        spared = content[_HEAD.size :].decode("ascii")
    except (struct.error, UnicodeDecodeError):
        return None
    return Mark(before, spared, since) if version == _VERSION else None


class Revocations:
    """Two kinds of marks in the repository. Neither becomes a list.

    The mark of a session says that it was ended. It has no content. It stays
    until the end of that session; where that is unknown, as long as the
    longest session. The mark of a user says that every session that began up
    to a time was ended. It always stays as long as the longest session. If it
    cannot be read, all sessions of the user that began up to now count as
    ended, until the mark is written anew.

    Where the repository forgets with its process what was ended, every session
    that began before counts as ended.

    "Now" is a little later than the clock says. The clock of another node may
    be ahead, and a session that began there before the call must end, too.

    :ivar refuses_forgotten: whether sessions that began before a repository
        that forgets count as ended.
    :param registry: where repository and clock are looked up.
    :param names: of the records.
    :param skew: by how many seconds the clock of a node may be ahead.
    """

    refuses_forgotten = True

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
        """Tell whether a session was ended. The answer may be as old as
        ``repository.cache_ttl``.
        """
        key = self._names.session_mark(ticket.sid)
        if self._cached(key, self._session_mark) is not None:
            return True
        user_key = self._names.user_mark(ticket.userid)
        mark = self._cached(user_key, self._user_mark)
        return mark is not None and mark.ends(ticket.auth_time, key)

    def is_ended_by_now(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, from the repository and not from
        the cache.
        """
        key = self._names.session_mark(ticket.sid)
        if self._session_mark(key) is not None:
            return True
        mark = self._user_mark(self._names.user_mark(ticket.userid))
        return mark is not None and mark.ends(ticket.auth_time, key)

    def end(self, sid: str, until: int | None = None) -> datetime:
        """End a session; give the time until which that is remembered.

        :param until: the end of the session; ``None`` if it is unknown.
        """
        key, now = self._names.session_mark(sid), self._now()
        last = _last_end(now) if until is None else moment(until + LINGER)
        self._repository.add_or_update(TokenItem(key, last, b"", None))
        self._cache.replace(key, Mark(now), now)
        return last

    def end_all(self, userid: Userid, keep: str | None = None) -> datetime:
        """End all sessions that a user began up to now; give the time until
        which that is remembered.

        :param keep: the ``sid`` of a session that goes on.
        """
        spared = (
            _NO_SESSION if keep is None else self._names.session_mark(keep)
        )
        mark = self._write_mark(self._names.user_mark(userid), spared)
        return _last_end(mark.before)

    def first_auth_time(self, userid: Userid, now: int) -> int:
        """Give the ``auth_time`` of a session that begins now. It is later
        than the mark of the user, also within the same second.
        """
        key, repository = self._names.user_mark(userid), self._repository
        item = repository.get(key)
        if item is None:
            mark = self._mark_of_beginning(repository)
            return now if mark is None else max(now, mark.before + 1)
        mark = read_mark(item.token)
        if mark is None:
            log.warning(
                "the mark that ended all sessions of a user cannot be read:"
                " all sessions that this user began up to now have ended"
            )
            mark = self._write_mark(key, _NO_SESSION)
        return max(now, mark.before + 1)

    def _write_mark(self, key: str, spared: str) -> Mark:
        """Write the mark of a user that ends all sessions up to now."""
        for _ in range(ATTEMPTS):
            current = self._repository.get(key)
            mark = self._successor(current, spared)
            if self._replace(current, _item(key, mark)):
                break
        else:
            # Other requests were faster each time. Write without comparing,
            # and end the session that was to be spared, too.
            mark = self._successor(self._repository.get(key), _NO_SESSION)
            self._repository.add_or_update(_item(key, mark))
        self._cache.replace(key, mark, self._now())
        return mark

    def _cached(
        self, key: str, ask: Callable[[str], Mark | None]
    ) -> Mark | None:
        now = self._now()
        known: Mark | None = self._cache.get(key, now)
        if known is UNKNOWN:
            version = self._cache.version
            known = ask(key)
            self._cache.put(key, known, now, version)
        return known

    def _session_mark(self, key: str) -> Mark | None:
        return self._mark_of(self._repository.get(key))

    def _user_mark(self, key: str) -> Mark | None:
        repository = self._repository
        mark = self._mark_of(repository.get(key))
        return self._mark_of_beginning(repository) if mark is None else mark

    def _mark_of(self, item: TokenItem | None) -> Mark | None:
        """Give the mark of a record, also of one that cannot be read."""
        if item is None:
            return None
        mark = read_mark(item.token)
        if mark is None:
            now = self._latest()
            # It ended something: count all that began up to now as ended.
            mark = Mark(now, spared_since=now)
        return mark

    def _successor(self, current: TokenItem | None, spared: str) -> Mark:
        now = self._latest()
        mark = self._mark_of(current)
        return (
            Mark(now, spared) if mark is None else mark.successor(now, spared)
        )

    def _replace(self, current: TokenItem | None, item: TokenItem) -> bool:
        """Write a mark; tell whether it was written. It is not if another
        request wrote one meanwhile, and the repository notices that.
        """
        repository = self._repository
        written = True
        if current is None and IAddingRepository.providedBy(repository):
            written = repository.add(item)
        elif current is not None and IRenewingRepository.providedBy(
            repository
        ):
            written = repository.renew(item, current.expires)
        else:
            repository.add_or_update(item)
        return written

    def _mark_of_beginning(self, repository: Any) -> Mark | None:
        """Give the mark of what a repository does not know any more; ``None``
        for one that keeps its items.
        """
        if self.refuses_forgotten and IForgetfulRepository.providedBy(
            repository
        ):
            return Mark(repository.began - 1)
        return None

    def _latest(self) -> int:
        """Give the time on the clock that is most ahead."""
        return self._now() + self._skew

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _item(key: str, mark: Mark) -> TokenItem:
    return TokenItem(key, _last_end(mark.before), mark.write(), None)


def _last_end(began: int) -> datetime:
    """Give the time at which all sessions that began up to ``began`` have
    ended, under the settings of any application.
    """
    return moment(began + LONGEST + LINGER)
