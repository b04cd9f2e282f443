"""The key ring that the registry has at this moment."""

from __future__ import annotations

from typing import Any

from ..interfaces import IKeyRing
from .file_ring import FileRing
from .ring import KeyRing

#: The name under which header tokens have a ring of their own.
HEADER_RING = "token"


class CurrentRing:
    """Give the key ring as it is when it is called.

    The ring may be swapped in the registry at any time, and a ring that
    follows its files changes by itself. What is given is always a
    :class:`.KeyRing`, the same object as long as its keys are the same, so
    that callers can keep what they made of it.

    :param names: under which an ``IKeyRing`` is looked up; the first that is
        registered counts.
    """

    def __init__(self, registry: Any, *names: str) -> None:
        self._registry = registry
        self._names = names or ("",)
        self._copy: KeyRing | None = None

    def __call__(self) -> Any:
        ring = self._find()
        return ring if type(ring) is KeyRing else self._keys_of(ring)

    def fresh(self, than: Any) -> bool:
        """Tell whether there is another ring by now than the given one.

        A ring that follows its files looks at them again, so this is asked
        where a key is unknown: another process may have read of a new key
        before this one.
        """
        ring = self._find()
        if isinstance(ring, FileRing):
            return ring.reload() is not than
        return self._keys_of(ring) is not than

    def _find(self) -> Any:
        lookup = self._registry.utilities.lookup
        for name in self._names:
            ring = lookup((), IKeyRing, name)
            if ring is not None:
                return ring
        return None

    def _keys_of(self, ring: Any) -> Any:
        if isinstance(ring, FileRing):
            return ring.current
        if ring is None or isinstance(ring, KeyRing):
            return ring
        # The application's own ring does not tell when it changes.
        keys = tuple(ring)
        copy = self._copy
        if copy is None or copy.keys != keys:
            copy = self._copy = KeyRing(keys)
        return copy


def header_ring(registry: Any) -> CurrentRing:
    """Give the ring of header tokens: their own, or that of all."""
    return CurrentRing(registry, HEADER_RING, "")
