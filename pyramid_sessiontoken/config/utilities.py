"""Utilities, made of what a dotted name names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zope.interface import Interface


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


def _lacks(interface: type[Interface], value: Any) -> list[str]:
    """Name what an object lacks of an interface."""
    return [
        name for name in interface.names(all=True) if not hasattr(value, name)
    ]
