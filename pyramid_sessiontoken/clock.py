"""The one place where time is read."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

from zope.interface import implementer

from .interfaces import IClock


@implementer(IClock)
class SystemClock:
    """The time of the machine."""

    def now(self) -> int:
        return int(time.time())


@implementer(IClock)
class CurrentClock:
    """The clock that the registry has: it may be swapped at any time."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    def now(self) -> int:
        return now(self._registry)


def now(registry: Any) -> int:
    """Read the clock of a registry, whole seconds since the epoch.

    This is ``registry.getUtility`` without a step between: requests ask it.
    """
    seconds: int = registry.utilities.lookup((), IClock).now()
    return seconds


def moment(seconds: int) -> datetime:
    """Write seconds since the epoch as an aware ``datetime`` in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)
