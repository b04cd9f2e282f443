"""Marks in the repository: sessions that were ended before their time."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, NamedTuple

from .. import clock
from ..clock import moment
from ..errors import InvalidCredential
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import IExpiryPolicy, IRenewingRepository, TokenItem
from .cache import UNKNOWN, FirstLevelCache
from .records import (
    LINGER,
    digest_of,
    find_repository,
    session_mark_key,
    user_mark_key,
)
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")

#: How often to write a mark conditionally, while other requests write the
#: mark of the same user.
ATTEMPTS = 5

_NO_SESSION = ""


class Mark(NamedTuple):
    """The sessions of a user that were ended together.

    :ivar before: every session that began up to this time has ended, in
        seconds since the epoch.
    :ivar spared: the digest of the ``sid`` of a session that goes on.
    :ivar spared_since: it goes on only if it began after this time. If it
        did not, an earlier mark had ended it.
    """

    before: int
    spared: str = _NO_SESSION
    spared_since: int = -1

    def ends(self, ticket: Ticket) -> bool:
        began = ticket.auth_time
        return began <= self.before and (
            began <= self.spared_since or digest_of(ticket.sid) != self.spared
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


class Revocations:
    """Two kinds of marks in the repository. Neither becomes a list.

    The mark of a session says that it was ended, until its end. It has no
    content. The mark of a user says that every session that began up to a
    time was ended. It is sealed. If it cannot be read, for example because
    its key left the ring, all sessions of the user that began up to now
    count as ended, until the mark is written anew.

    :param registry: where repository, clock and expiry policy are looked up.
    """

    def __init__(
        self, registry: Any, seal: Seal, cache: FirstLevelCache
    ) -> None:
        self._registry = registry
        self._seal = seal
        self._cache = cache

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended. The answer may be as old as
        ``repository.cache_ttl``.
        """
        if self._cached_mark(session_mark_key(ticket.sid)) is not None:
            return True
        mark = self._cached_mark(user_mark_key(ticket.userid))
        return mark is not None and mark.ends(ticket)

    def is_ended_by_now(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, from the repository and not from
        the cache.
        """
        if self._stored_mark(session_mark_key(ticket.sid)) is not None:
            return True
        mark = self._stored_mark(user_mark_key(ticket.userid))
        return mark is not None and mark.ends(ticket)

    def end(self, sid: str, until: int = 0) -> None:
        """End a session.

        The mark stays until all sessions that exist now have ended.

        :param until: the end of this session, where it is known: the mark
            stays at least so long.
        """
        key, now = session_mark_key(sid), self._now()
        last = max(self._last_end(now), moment(until + LINGER))
        item = TokenItem(key, last, b"", None)
        self._repository.add_or_update(item)
        self._cache.replace(key, Mark(now), now)

    def end_all(self, userid: Userid, keep: str | None = None) -> None:
        """End all sessions that a user began up to now.

        :param keep: the ``sid`` of a session that goes on.
        """
        spared = _NO_SESSION if keep is None else digest_of(keep)
        self._write_mark(user_mark_key(userid), spared)

    def first_auth_time(self, userid: Userid, now: int) -> int:
        """Give the ``auth_time`` of a session that begins now. It is later
        than the mark of the user, also within the same second.
        """
        key = user_mark_key(userid)
        item = self._repository.get(key)
        if item is None:
            return now
        mark = self._read(item)
        if mark is None:
            log.warning(
                "the mark that ended all sessions of a user cannot be read,"
                " maybe because its key left the key ring: all sessions that"
                " this user began up to now have ended"
            )
            mark = self._write_mark(key, _NO_SESSION)
        return max(now, mark.before + 1)

    def _write_mark(self, key: str, spared: str) -> Mark:
        """Write the mark of a user that ends all sessions up to now."""
        for _ in range(ATTEMPTS):
            current = self._repository.get(key)
            mark = self._successor(current, spared)
            if self._replace(current, self._item(key, mark)):
                break
        else:
            # Other requests were faster each time. Write without comparing,
            # and end the session that was to be spared, too.
            mark = self._successor(self._repository.get(key), _NO_SESSION)
            self._repository.add_or_update(self._item(key, mark))
        self._cache.replace(key, mark, self._now())
        return mark

    def _cached_mark(self, key: str) -> Mark | None:
        now = self._now()
        known: Mark | None = self._cache.get(key, now)
        if known is UNKNOWN:
            version = self._cache.version
            known = self._stored_mark(key)
            self._cache.put(key, known, now, version)
        return known

    def _stored_mark(self, key: str) -> Mark | None:
        return self._mark_of(self._repository.get(key))

    def _mark_of(self, item: TokenItem | None) -> Mark | None:
        """Give the mark of a record, also of one that cannot be read."""
        if item is None:
            return None
        mark = self._read(item)
        if mark is None:
            now = self._now()
            # It ended something: count all that began up to now as ended.
            mark = Mark(now, spared_since=now)
        return mark

    def _read(self, item: TokenItem) -> Mark | None:
        """Read the mark of a user; ``None`` if it cannot be opened."""
        try:
            return Mark(**self._seal.open(item.token, item.key))
        except (InvalidCredential, TypeError):
            return None

    def _successor(self, current: TokenItem | None, spared: str) -> Mark:
        now = self._now()
        mark = self._mark_of(current)
        return (
            Mark(now, spared) if mark is None else mark.successor(now, spared)
        )

    def _replace(self, current: TokenItem | None, item: TokenItem) -> bool:
        """Write a mark; tell whether it was written. It is not if another
        request wrote one meanwhile, and the repository notices that.
        """
        repository = self._repository
        if current is None or not IRenewingRepository.providedBy(repository):
            repository.add_or_update(item)
            return True
        replaced: bool = repository.renew(item, current.expires)
        return replaced

    def _item(self, key: str, mark: Mark) -> TokenItem:
        sealed = self._seal.seal(mark._asdict(), key)
        return TokenItem(key, self._last_end(mark.before), sealed, None)

    def _last_end(self, began: int) -> datetime:
        """Give the time at which all sessions that began up to ``began``
        have ended.
        """
        policy = self._registry.getUtility(IExpiryPolicy)
        return moment(policy.begin(began).session_end + LINGER)

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)
