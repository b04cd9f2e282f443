"""A clock that tests move."""

from __future__ import annotations

from zope.interface import implementer

from ..interfaces import IClock


@implementer(IClock)
class ManualClock:
    """A clock that stands still until :meth:`advance` is called.

    :param now: whole seconds since the epoch.

    ::

        clock = ManualClock(1_800_000_000)
        config.registry.registerUtility(clock, IClock)
        clock.advance(3600)
    """

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def advance(self, seconds: int) -> None:
        """Move the clock forward, or back if ``seconds`` is negative."""
        self._now += seconds
