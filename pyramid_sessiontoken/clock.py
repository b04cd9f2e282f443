"""The one place where the library reads the time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

from zope.interface import implementer

from .interfaces import IClock

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@implementer(IClock)
class SystemClock:
    """The time of the machine."""

    def now(self) -> int:
        return int(time.time())


@implementer(IClock)
class CurrentClock:
    """The clock that is registered now; it may be replaced at any time."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    def now(self) -> int:
        return now(self._registry)


def now(registry: Any) -> int:
    """Read the clock of a registry, in whole seconds since the epoch.

    Every request calls this, so it does what ``registry.getUtility`` does with
    one call less.
    """
    seconds: int = registry.utilities.lookup((), IClock).now()
    return seconds


def moment(seconds: int) -> datetime:
    """Turn seconds since the epoch into an aware ``datetime`` in UTC."""
    # Not fromtimestamp: Windows has no year after 3000.
    return _EPOCH + timedelta(seconds=seconds)
