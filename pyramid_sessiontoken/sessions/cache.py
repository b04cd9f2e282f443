"""The first-level cache: what the repository said, for a few seconds."""

from __future__ import annotations

import threading
from typing import Any

#: Given for what is not known, or no longer.
UNKNOWN: Any = object()


class FirstLevelCache:
    """Remember answers of the repository, also that there was nothing.

    It has two generations, like :class:`.verified.VerifiedTokens`. Reading
    needs no lock; writing has one, so that no answer slips in while
    something ends.

    :param size: how many answers at most; 0 switches it off.
    :param ttl: seconds that an answer counts; 0 switches it off.
    """

    def __init__(self, size: int, ttl: int) -> None:
        self._half = size // 2
        self._ttl = ttl if size > 1 else 0
        self._lock = threading.Lock()
        self._young: dict[str, tuple[Any, int]] = {}
        self._old: dict[str, tuple[Any, int]] = {}
        #: How often something ended here. An answer that was under way
        #: meanwhile may be older than that, and is not kept.
        self.ended = 0

    def get(self, key: str, now: int) -> Any:
        """Give an answer, ``UNKNOWN`` where there is none that counts."""
        entry = self._young.get(key) or self._old.get(key)
        # One from the future is stale, too: somebody set the clock back.
        if entry is None or not 0 <= now - entry[1] < self._ttl:
            return UNKNOWN
        return entry[0]

    def put(self, key: str, answer: Any, now: int, ended: int) -> None:
        """Keep an answer.

        :param ended: what :attr:`ended` was when the question was asked.
        """
        with self._lock:
            if self._ttl and ended == self.ended:
                self._keep(key, answer, now)

    def end(self, key: str, answer: Any, now: int) -> None:
        """Keep what this process itself wrote: it holds at once."""
        with self._lock:
            self.ended += 1
            self._old.pop(key, None)
            self._young.pop(key, None)
            if self._ttl and answer is not UNKNOWN:
                self._keep(key, answer, now)

    def clear(self) -> None:
        """Forget all, and keep nothing that is being asked just now."""
        with self._lock:
            self.ended += 1
            self._young, self._old = {}, {}

    def _keep(self, key: str, answer: Any, now: int) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = (answer, now)
