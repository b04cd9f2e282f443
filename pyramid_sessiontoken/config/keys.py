"""From settings to the key rings."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from ..interfaces import IKeyRing
from ..keys.file_ring import FileRing
from ..keys.lookup import HEADER_RING
from ..keys.ring import Key, KeyRing
from .contradictions import CHECKS, Registered
from .kinds_of_keys import files_of, located, read_keys
from .parts import Parts
from .settings import PREFIX, attribute

_NAMES = {"keys": "", "token.keys": HEADER_RING}


def register_rings(parts: Parts) -> None:
    """Register a ring for each setting that has keys."""
    for row, name in _NAMES.items():
        keys = getattr(parts.settings, attribute(row))
        if keys:
            parts.register(IKeyRing, _ring(parts, row, keys), row, name)


def _ring(parts: Parts, row: str, keys: tuple[Key, ...]) -> Any:
    items = located(parts.registry.settings[PREFIX + row])
    paths = files_of(items)
    # A pipe can be read once.
    if not paths or not all(map(os.path.isfile, paths)):
        return KeyRing(keys)

    def read() -> tuple[Key, ...]:
        return _read(parts, row, items)

    return FileRing(keys, paths, read, parts.clock, PREFIX + row)


def _read(parts: Parts, row: str, items: list[str]) -> tuple[Key, ...]:
    """Read keys again, as strictly as at the start.

    :raises ValueError: saying all that is wrong.
    """
    try:
        keys = read_keys(items)
    except ValueError as error:
        raise ValueError(f"{PREFIX}{row}: {error}") from None
    rings: dict[str, Any] = {
        attribute(each): tuple(ring)
        for each, name in _NAMES.items()
        if (ring := parts.registry.queryUtility(IKeyRing, name)) is not None
    }
    settings = replace(parts.settings, **{**rings, attribute(row): keys})
    faults = [
        fault
        for rows, check in CHECKS
        if row in rows
        for fault in check(settings, Registered())
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return keys
