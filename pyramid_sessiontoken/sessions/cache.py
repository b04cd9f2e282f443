"""The first-level cache: answers of the repository, for a few seconds."""

from __future__ import annotations

import threading
from typing import Any

from ..tokens.verified import PLACE

#: Stands for an answer that the cache does not have.
UNKNOWN: Any = object()


class FirstLevelCache:
    """Remember answers of the repository, also that it had nothing.

    It has two generations, like :class:`.verified.VerifiedTokens`. Reading
    needs no lock. Writing has one: an answer that was asked for before a
    change must not be kept after it.

    :param size: how many answers at most; fewer if some are long, see
        :data:`.verified.PLACE`; 0 switches the cache off.
    :param ttl: seconds that an answer counts; 0 switches the cache off.
    """

    def __init__(self, size: int, ttl: int) -> None:
        self._half = size // 2
        self._ttl = ttl if size > 1 else 0
        self._lock = threading.Lock()
        self._young: dict[str, tuple[Any, int]] = {}
        self._old: dict[str, tuple[Any, int]] = {}
        # The places that long answers take besides their own.
        self._more = 0
        #: How often this process changed something. An answer that was asked
        #: for under another number may be older than the change.
        self.version = 0

    def get(self, key: str, now: int) -> Any:
        """Give the answer of a key; ``UNKNOWN`` if none counts now."""
        entry = self._young.get(key) or self._old.get(key)
        # The clock may be set back: an answer from the future is stale, too.
        if entry is None or not 0 <= now - entry[1] < self._ttl:
            return UNKNOWN
        return entry[0]

    def put(
        self, key: str, answer: Any, now: int, version: int, length: int = 0
    ) -> None:
        """Keep an answer of the repository, unless something was changed
        since it was asked.

        :param version: the :attr:`version` when it was asked.
        :param length: of the record, in bytes.
        """
        with self._lock:
            if self._ttl and self._is_current(key, version):
                self._keep(key, answer, now)
                self._more += length // PLACE

    def replace(self, key: str, answer: Any, now: int) -> None:
        """Keep what this process itself changed: it holds at once.

        :param answer: ``UNKNOWN`` to forget the key.
        """
        with self._lock:
            self._advance()
            self._old.pop(key, None)
            self._young.pop(key, None)
            if self._ttl and answer is not UNKNOWN:
                self._keep(key, answer, now)

    def clear(self) -> None:
        """Forget everything, also answers that are being asked for now."""
        with self._lock:
            self._advance()
            self._young, self._old = {}, {}
            self._more = 0

    # The methods below are called with the lock held.

    def _is_current(self, key: str, version: int) -> bool:
        return version == self.version

    def _advance(self) -> None:
        self.version += 1

    def _keep(self, key: str, answer: Any, now: int) -> None:
        if len(self._young) + self._more >= self._half:
            self._old, self._young = self._young, {}
            self._more = 0
        self._young[key] = (answer, now)
