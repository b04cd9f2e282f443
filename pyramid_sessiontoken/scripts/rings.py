"""The key rings, as ``psessiontoken check`` shows them; no key, only names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..clock import moment
from ..interfaces import IKeyRing
from ..keys.file_ring import PROPAGATION, FileRing
from ..keys.lookup import HEADER_RING
from ..keys.ring import describe
from ..keys.rotating_ring import Periods, RotatingRing

#: So many past periods have a line each.
_PAST = 6

_DAY = 86400


def rings(registry: Any) -> Iterator[str]:
    """Write the key rings; of one that rotates, its calendar."""
    for name, title in (("", "Keys"), (HEADER_RING, "Token keys")):
        ring = registry.queryUtility(IKeyRing, name)
        if isinstance(ring, RotatingRing):
            yield from _rotating(title, ring)
        elif ring is not None:
            yield f"{title}: {describe(ring)}{_follows(ring)}"


def _rotating(title: str, ring: RotatingRing) -> Iterator[str]:
    periods, roots = ring.periods(), ring.roots
    number, signer = periods.current, roots.signer.kid
    names = ", ".join(repr(key.kid) for key in roots)
    length, follows = _span(periods.length), _follows(ring.source)
    yield f"{title}: derived from {names}, a key for each {length}{follows}"
    end = _time(periods.end_of(number))
    yield f"  {f'{signer}.{number}'!r} signs until {end}"
    yield f"  {f'{signer}.{number + 1}'!r} verifies, and signs from {end} on"
    yield from _past(f"{signer}.", periods)
    if len(roots.keys) > 1:
        yield f"  those of {names.partition(', ')[2]} verify as long"
    yield f"  roots: {names}; they verify until they are removed"


def _past(stem: str, periods: Periods) -> Iterator[str]:
    past = [number for number in periods.verifying if number < periods.current]
    for number in past[:_PAST]:
        until = _time(periods.last_use_of(number))
        yield f"  {stem + str(number)!r} verifies until {until}"
    if past[_PAST:]:
        yield (
            f"  {len(past) - _PAST} more verify, each for"
            f" {_span(periods.kept)} after its period"
        )


def _time(seconds: int) -> str:
    return f"{moment(seconds):%Y-%m-%d %H:%M} UTC"


def _span(seconds: int) -> str:
    """Write a duration as the settings do."""
    return f"{seconds}s" if seconds % _DAY else f"{seconds // _DAY}d"


def _follows(ring: Any) -> str:
    if not isinstance(ring, FileRing):
        return ""
    return (
        "; reloaded when the file changes; a new first key signs after"
        f" {PROPAGATION} s"
    )
