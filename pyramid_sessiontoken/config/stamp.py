"""``stamp`` and ``stamp.every``: what ends the sessions of a user."""

from __future__ import annotations

from dataclasses import dataclass

from ..policy.stamp import Stamp
from .kinds import CALLABLE, Kind, Named, read_duration
from .row import Group, setting
from .setup import Setup

EVERY = Kind("a duration (90, 90s, 5m), or 0 for each request", read_duration)


@dataclass(frozen=True, slots=True)
class StampSettings(Group):
    """What ends the sessions of a user."""

    ask: Named | None = setting(
        CALLABLE,
        None,
        "(userid, request): a text that changes when the user's sessions must"
        " end, say the hash of the password; None for a user who is gone.",
        key="stamp",
    )
    every: int = setting(
        EVERY,
        "5m",
        "How often a process asks for the stamp of a session. It always asks"
        " at renewal and at the token endpoint.",
    )

    def make(self, setup: Setup) -> Stamp | None:
        """Make what asks for stamps; ``None`` where no stamp is set."""
        if self.ask is None:
            return None
        return Stamp(self.ask.value, setup.roots, self.every)
