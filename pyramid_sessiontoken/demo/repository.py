"""The repository of the demo, which can be unplugged for some seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..clock import CurrentClock
from ..errors import RepositoryUnavailable
from ..interfaces import TokenItem
from ..repositories.memory import MemoryRepository

#: Seconds.
OUTAGE = 8


class UnpluggedRepository(MemoryRepository):
    """A repository in memory that can be out of reach for a while."""

    def __init__(self, options: Any, registry: Any) -> None:
        super().__init__(CurrentClock(registry))
        self._back = 0

    def unplug(self) -> None:
        """Answer nothing for some seconds."""
        self._back = self._clock.now() + OUTAGE

    def get(self, key: str) -> TokenItem | None:
        self._now()
        return super().get(key)

    def _now(self) -> datetime:
        # All other questions to the repository read the time, too.
        if self._clock.now() < self._back:
            raise RepositoryUnavailable("the demo pulled its plug")
        return super()._now()
