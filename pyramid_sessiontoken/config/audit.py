"""``audit``: a log of sessions and refused credentials, for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..authenticators.client_address import ClientAddress
from ..policy.observers import Observer
from .kinds import BOOL, Kind
from .row import Group, setting
from .setup import Setup


def _read_switch(value: Any) -> bool | None:
    return BOOL.read(value) or None


SWITCH = Kind("on or off", _read_switch)


@dataclass(frozen=True, slots=True)
class AuditSettings(Group):
    """The audit log."""

    on: bool | None = setting(
        SWITCH,
        "off",
        "Write a JSON object to the logger pyramid_sessiontoken.audit, at"
        " INFO, for each session issued, renewed and ended, and for each"
        " credential refused or throttled.",
        key="audit",
    )

    def make(self, setup: Setup, address: ClientAddress) -> Observer | None:
        """Make what writes the lines; ``None`` where it is off."""
        if not self.on:
            return None
        from ..policy.audit import Audit

        return Audit(setup.clock, address)
