"""Durations, as the settings write them."""

from __future__ import annotations

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def span(seconds: float) -> str:
    """Write a duration as the settings do, exactly: ``90s``, ``10h``."""
    for name, unit in _UNITS:
        if seconds and seconds % unit == 0:
            return f"{seconds // unit:.0f}{name}"
    return f"{seconds * 1000:.0f}ms" if seconds else "0"
