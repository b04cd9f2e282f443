"""Sessions that are over before their time, though their tokens are not."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .cache import UNKNOWN, FirstLevelCache
from .errors import InvalidCredential
from .interfaces import IClock, IExpiryPolicy, TokenItem
from .store import LINGER, find_repository, moment, subject_of
from .ticket import Ticket
from .userid import Userid
from .wire import read_object


class Revocations:
    """Two kinds of marks in the repository: one for a session that ended,
    until its end; and one for each user who ended all, "nothing that began
    up to this instant". Neither grows into a list.

    :param registry: where repository, clock and expiry policy are found.
    """

    def __init__(self, registry: Any, cache: FirstLevelCache) -> None:
        self._registry = registry
        self._cache = cache

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, as of ``cache_ttl`` ago."""
        if self._read(_ended(ticket.sid)) is not None:
            return True
        mark = self._read(_before(ticket.userid))
        return (
            mark is not None
            and ticket.auth_time <= mark["before"]
            and _digest(ticket.sid) != mark["keep"]
        )

    def end(self, sid: str) -> None:
        """End a session, until every session of now has ended."""
        now = self._now()
        self._write(_ended(sid), {"before": now, "keep": ""})

    def end_all(self, userid: Userid, keep: str | None = None) -> None:
        """End what a user began up to now, but for one session."""
        key = _before(userid)
        now = self._now()
        there = self._fetch(key)
        # Whole seconds are too coarse to tell before from after, so marks of
        # one second count on; see first_auth_time.
        before = now if there is None else max(now, there["before"] + 1)
        kept = "" if keep is None else _digest(keep)
        self._write(key, {"before": before, "keep": kept})

    def first_auth_time(self, userid: Userid, now: int) -> int:
        """Give the ``auth_time`` for a session that begins now: past the
        user's mark, so that it lives though it begins in the same second.
        """
        mark = self._fetch(_before(userid))
        return now if mark is None else max(now, mark["before"] + 1)

    def _read(self, key: str) -> dict[str, Any] | None:
        now = self._now()
        known = self._cache.get(key, now)
        if known is UNKNOWN:
            ended = self._cache.ended
            known = self._fetch(key)
            self._cache.put(key, known, now, ended)
        return known  # type: ignore[no-any-return]

    def _fetch(self, key: str) -> dict[str, Any] | None:
        item = find_repository(self._registry).get(key)
        if item is None:
            return None
        try:
            mark = read_object(item.token)
        except InvalidCredential:
            mark = {}
        before, keep = mark.get("before"), mark.get("keep")
        if type(before) is not int or type(keep) is not str:
            # Whatever it said, somebody ended something here.
            return {"before": self._now(), "keep": ""}
        return {"before": before, "keep": keep}

    def _write(self, key: str, mark: dict[str, Any]) -> None:
        # Nothing that began by then lives longer.
        policy = self._registry.getUtility(IExpiryPolicy)
        end = policy.begin(mark["before"]).session_end
        item = TokenItem(
            key, moment(end + LINGER), json.dumps(mark).encode(), None
        )
        find_repository(self._registry).add_or_update(item)
        self._cache.end(key, mark, self._now())

    def _now(self) -> int:
        now: int = self._registry.getUtility(IClock).now()
        return now


def _ended(sid: str) -> str:
    return f"ended:{_digest(sid)}"


def _before(userid: Userid) -> str:
    return f"before:{_digest(subject_of(userid))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
