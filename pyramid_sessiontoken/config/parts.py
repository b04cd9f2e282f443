"""The parts that the settings name: made, registered, or told as faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..clock import CurrentClock
from ..keys.lookup import CurrentRing, header_ring
from .kinds import Named
from .settings import PREFIX, Settings, attribute
from .utilities import make, register_default


class Parts:
    """What is needed to make parts of an application.

    :ivar faults: what is wrong with the settings, a sentence each; the start
        fails with all of them at once.
    """

    def __init__(
        self, registry: Any, settings: Settings, faults: list[str]
    ) -> None:
        self.registry = registry
        self.settings = settings
        self.faults = faults
        self.clock = CurrentClock(registry)
        self.ring = CurrentRing(registry)
        self.header_ring = header_ring(registry)

    def fault(self, key: str, text: str) -> None:
        """Tell what is wrong with a setting."""
        self.faults.append(f"{PREFIX}{key}: {text}")

    def make(
        self,
        named: Named,
        interface: Any,
        options: Mapping[str, Any],
        key: str,
    ) -> Any:
        """Give what a dotted name names or makes; ``None`` at a fault."""
        try:
            return make(named.value, interface, options, self.registry)
        except Exception as error:  # noqa: BLE001
            # Whatever the factory raises is one fault among others.
            self.fault(key, f"{named.name}: {error}")
            return None

    def register(
        self, interface: Any, value: Any, key: str, name: str = ""
    ) -> None:
        """Register what a setting says, unless something else is there; say
        so where the setting was given.
        """
        given = any(item.startswith(key) for item in self.settings.given)
        register_default(
            self.registry,
            interface,
            value,
            name,
            setting=PREFIX + key if given else None,
        )

    def register_named(self, interface: Any, key: str) -> None:
        """Register what a setting names, where it names something."""
        named = getattr(self.settings, attribute(key))
        if not isinstance(named, Named):
            return
        options = self.settings.options.get(key, {})
        made = self.make(named, interface, options, key)
        if made is not None:
            self.register(interface, made, key)
