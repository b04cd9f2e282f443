"""A first-level cache that is told what changes elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from .cache import UNKNOWN, FirstLevelCache

#: While nothing is told, an older answer does not count, in seconds.
OLDEST = 5

#: So many changes are remembered, for answers that are being asked for.
CHANGES = 1_000


class PushedCache(FirstLevelCache):
    """Remember answers of a repository that tells what changed.

    An answer that is older than a few seconds counts only while the
    repository is known to tell everything.

    :param listen: gives the line over which the repository tells it to this
        cache: ``until``, the time by ``time.monotonic`` up to which it is
        known to tell everything, and ``start``.
    :param is_meant: tells whether answers still come from this repository.
    """

    def __init__(
        self,
        size: int,
        ttl: int,
        listen: Callable[[PushedCache], Any],
        is_meant: Callable[[], bool],
    ) -> None:
        super().__init__(size, ttl)
        self.is_meant = is_meant
        #: The ``grace.LastAnswers``, where there is a time of grace.
        self.last: Any = None
        # The version at the last change of each key; at the last change that
        # may concern any key.
        self._changed: dict[str, int] = {}
        self._floor = 0
        self._line = listen(self)

    def get(self, key: str, now: int) -> Any:
        entry = self._young.get(key) or self._old.get(key)
        if entry is not None:
            age = now - entry[1]
            if 0 <= age < self._ttl and (
                age < OLDEST or time.monotonic() < self._line.until
            ):
                return entry[0]
        # The repository is asked in any case.
        if self._ttl and time.monotonic() >= self._line.until:
            self._line.start()
        return UNKNOWN

    def forget(self, keys: Collection[str]) -> None:
        """Forget what changed elsewhere, also answers about it that are being
        asked for now.
        """
        with self._lock:
            self.version += 1
            if len(self._changed) >= CHANGES:
                self._advance()
            for key in keys:
                self._changed[key] = self.version
                self._young.pop(key, None)
                self._old.pop(key, None)
        if self.last is not None:
            self.last.doubt(keys)

    def begin_anew(self) -> None:
        """Forget everything after a fork, where another thread may hold the
        lock for ever.
        """
        for cache in (self, self.last):
            if cache is not None:
                cache._lock = threading.Lock()  # noqa: SLF001
                cache.clear()

    # The methods below are called with the lock held.

    def _is_current(self, key: str, version: int) -> bool:
        return self._floor <= version >= self._changed.get(key, 0)

    def _advance(self) -> None:
        super()._advance()
        self._floor = self.version
        self._changed.clear()
