"""The one place where time is read."""

from __future__ import annotations

import time

from zope.interface import implementer

from .interfaces import IClock


@implementer(IClock)
class SystemClock:
    """The time of the machine."""

    def now(self) -> int:
        return int(time.time())
