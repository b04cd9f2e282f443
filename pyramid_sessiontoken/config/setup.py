"""What the parts of an application are made with, while it starts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from ..clock import CurrentClock
from ..keys.lookup import CurrentRing, CurrentRoots, header_ring
from .kinds import Named
from .row import PREFIX
from .utilities import make

log = logging.getLogger("pyramid_sessiontoken")


class Setup:
    """Makes and registers what the settings say, and remembers what is wrong.

    :param options: of what dotted names make, by the setting's key.
    :param given: the keys to which the application gives a value.
    :ivar faults: a sentence each; the start fails with all of them at once.
    :ivar warnings: what the log tells of this start.
    """

    def __init__(
        self,
        registry: Any,
        options: Mapping[str, Mapping[str, Any]],
        given: Collection[str],
        faults: list[str],
    ) -> None:
        self.registry = registry
        self.options = options
        self.faults = faults
        self.warnings: list[str] = []
        self.clock = CurrentClock(registry)
        self.ring = CurrentRing(registry)
        # What must outlive every key that is derived is made with the roots.
        self.roots = CurrentRoots(registry)
        self.header_ring = header_ring(registry)
        self._given = given

    def fault(self, key: str, text: str) -> None:
        """Tell what is wrong with a setting."""
        self.faults.append(f"{PREFIX}{key}: {text}")

    def missing(self, key: str, packages: str) -> None:
        """Tell what to install for a setting."""
        self.fault(key, f"it needs more packages: pip install {packages}")

    def missing_extra(self, key: str, extra: str) -> None:
        self.missing(key, f"'pyramid_sessiontoken[{extra}]'")

    def warn(self, text: str) -> None:
        log.warning("%s", text)
        self.warnings.append(text)

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
        self, interface: Any, value: Any, key: str = "", name: str = ""
    ) -> None:
        """Register a utility, unless the application registered one.

        :param key: what the keys begin with that ask for the utility; a
            warning says that they have no effect.
        """
        there = self.registry.queryUtility(interface, name)
        if there is None:
            self.registry.registerUtility(value, interface, name)
        elif key and any(given.startswith(key) for given in self._given):
            self.warn(
                f"{PREFIX}{key} is set, but {there!r} is registered and is"
                " used instead"
            )

    def register_named(
        self, interface: Any, key: str, named: Named | None
    ) -> None:
        """Register what a setting names, where it names something."""
        if named is None:
            return
        made = self.make(named, interface, self.options.get(key, {}), key)
        if made is not None:
            self.register(interface, made, key)
