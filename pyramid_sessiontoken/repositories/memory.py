"""A repository in the memory of this process."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from zope.interface import implementer

from ..clock import moment
from ..errors import RepositoryUnavailable
from ..interfaces import (
    IAddingRepository,
    IForgetfulRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    TokenItem,
)

#: The most items. None is removed before it has expired, to make room for
#: another: it may be the record that ends a session early.
MAX_ITEMS = 1_000_000


@implementer(
    IForgetfulRepository,
    IAddingRepository,
    IRenewingRepository,
    ISubjectRepository,
    IListingRepository,
    IPurgingRepository,
)
class MemoryRepository:
    """A repository for one process, which is empty after a restart.

    :param clock: an ``IClock``.
    """

    def __init__(self, clock: Any, max_items: int = MAX_ITEMS) -> None:
        self._clock = clock
        self._max_items = max_items
        self._lock = threading.Lock()
        self._items: dict[str, TokenItem] = {}
        self._keys_of: dict[str, set[str]] = {}
        self._began: int | None = None

    @property
    def began(self) -> int:
        """When it was first asked for this: before the first session that it
        could know began, and in each process of its own.
        """
        if self._began is None:
            self._began = self._clock.now()
        return self._began

    @began.setter
    def began(self, seconds: int) -> None:
        self._began = seconds

    def add_or_update(self, item: TokenItem) -> None:
        with self._lock:
            self._put(item)

    def add(self, item: TokenItem) -> bool:
        with self._lock:
            if self.get(item.key) is not None:
                return False
            self._put(item)
            return True

    def get(self, key: str) -> TokenItem | None:
        item = self._items.get(key)
        if item is None or item.expires <= self._now():
            return None
        return item

    def remove(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def remove_all_before(self, date: datetime) -> int:
        with self._lock:
            return self._purge(date)

    def purge(self, date: datetime) -> Iterator[int]:
        yield self.remove_all_before(date)

    def renew(self, item: TokenItem, was: datetime) -> bool:
        with self._lock:
            there = self.get(item.key)
            if there is None or there.expires != was:
                return False
            self._drop(item.key)
            self._keep(item)
            return True

    def items_of(self, subject: str) -> list[TokenItem]:
        with self._lock:
            keys = list(self._keys_of.get(subject, ()))
        found = map(self.get, keys)
        return [item for item in found if item is not None]

    def remove_all_of(self, subject: str, keep: Collection[str] = ()) -> int:
        with self._lock:
            keys = self._keys_of.get(subject, set()).difference(keep)
            for key in keys:
                self._drop(key)
            return len(keys)

    def items(self) -> Iterator[TokenItem]:
        with self._lock:
            items = list(self._items.values())
        now = self._now()
        return (item for item in items if item.expires > now)

    # The methods below are called with the lock held.

    def _put(self, item: TokenItem) -> None:
        if len(self._items) >= self._max_items:
            self._purge(self._now())
        if len(self._items) >= self._max_items:
            raise RepositoryUnavailable(
                f"sessiontoken.repository = memory: {self._max_items} items"
                " are in memory, and it takes no more"
            )
        self._drop(item.key)
        self._keep(item)

    def _keep(self, item: TokenItem) -> None:
        self._items[item.key] = item
        if item.subject is not None:
            self._keys_of.setdefault(item.subject, set()).add(item.key)

    def _drop(self, key: str) -> None:
        item = self._items.pop(key, None)
        if item is None or item.subject is None:
            return
        keys = self._keys_of[item.subject]
        keys.discard(key)
        if not keys:
            del self._keys_of[item.subject]

    def _purge(self, date: datetime) -> int:
        expired = [
            key for key, item in self._items.items() if item.expires <= date
        ]
        for key in expired:
            self._drop(key)
        return len(expired)

    def _now(self) -> datetime:
        return moment(self._clock.now())
