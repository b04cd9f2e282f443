"""Ask the repository itself, and let the first-level cache learn from it."""

from __future__ import annotations

from typing import Any

from .cache import UNKNOWN, FirstLevelCache


class PastCache:
    """Stands in for the first-level cache where no remembered answer counts.
    What the repository answers is remembered for other requests.
    """

    def __init__(self, cache: FirstLevelCache | PastCache) -> None:
        self._cache = cache

    @property
    def version(self) -> int:
        return self._cache.version

    def get(self, key: str, now: int) -> Any:
        return UNKNOWN

    def put(
        self, key: str, answer: Any, now: int, version: int, length: int = 0
    ) -> None:
        self._cache.put(key, answer, now, version, length)

    def replace(self, key: str, answer: Any, now: int) -> None:
        self._cache.replace(key, answer, now)

    def clear(self) -> None:
        self._cache.clear()
