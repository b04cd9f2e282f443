"""Utilities: made of what a dotted name names, and registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from zope.interface import Interface

log = logging.getLogger("pyramid_sessiontoken")


def make(
    value: Any,
    interface: type[Interface],
    options: Mapping[str, Any],
    registry: Any,
) -> Any:
    """Give the instance that a dotted name names, or that what it names
    makes of ``(options, registry)``.

    :raises ValueError: where it lacks something of the interface.
    """
    is_factory = isinstance(value, type) or (
        callable(value) and bool(_lacks(interface, value))
    )
    made = value(options, registry) if is_factory else value
    lacking = _lacks(interface, made)
    if lacking:
        raise ValueError(
            f"{type(made).__name__} lacks {', '.join(lacking)}"
            f" of {interface.__name__}"
        )
    return made


def register_default(
    registry: Any,
    interface: type[Interface],
    value: Any,
    name: str = "",
    setting: str | None = None,
) -> None:
    """Register what the settings say, unless something else is there.

    :param setting: the key that named it, which is then said in the log.
    """
    there = registry.queryUtility(interface, name)
    if there is None:
        registry.registerUtility(value, interface, name)
    elif setting is not None:
        log.warning(
            "%s is set, but %r is registered and beats it", setting, there
        )


def _lacks(interface: type[Interface], value: Any) -> list[str]:
    """Name what an object lacks of an interface."""
    return [
        name for name in interface.names(all=True) if not hasattr(value, name)
    ]
