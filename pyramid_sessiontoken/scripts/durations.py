"""Durations and times, as commands write them for people."""

from __future__ import annotations

from ..clock import moment

_WORDS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def about(seconds: int) -> str:
    """Write a duration for people, in its two greatest units, rounded down:
    ``1 h 59 min``.
    """
    parts = []
    rest = seconds
    for name, unit in _WORDS:
        number, rest = divmod(rest, unit)
        parts.append(f"{number} {name}" if number else "")
    while len(parts) > 1 and not parts[0]:
        del parts[0]
    return " ".join(filter(None, parts[:2])) or "0 s"


def when(now: int, time: int) -> str:
    """Write a time (UTC), and how far away it is."""
    away = time - now
    told = f"in {about(away)}" if away >= 0 else f"{about(-away)} ago"
    return f"{moment(time):%Y-%m-%d %H:%M:%S} UTC, {told}"
