"""The key ring that is registered at this moment."""

from __future__ import annotations

from typing import Any

from ..interfaces import IKeyRing
from .file_ring import FileRing
from .ring import KeyRing
from .rotating_ring import RotatingRing

#: The name of the ring that is for header tokens alone.
HEADER_RING = "token"


class CurrentRing:
    """Give the key ring of this moment, each time it is called.

    The application may replace the ring in the registry at any time, and a
    ring that follows its files changes by itself. The result is always a
    :class:`.KeyRing`. It is the same object as long as its keys are the same,
    so that callers can keep what they derived from it.

    :param names: the names under which an ``IKeyRing`` may be registered. The
        first one that is registered is used.
    """

    def __init__(self, registry: Any, *names: str) -> None:
        self._registry = registry
        self._names = names or ("",)
        self._copy: KeyRing | None = None

    def __call__(self) -> Any:
        # Each request comes here.
        lookup = self._registry.utilities.lookup
        ring = None
        for name in self._names:
            ring = lookup((), IKeyRing, name)
            if ring is not None:
                break
        return ring if type(ring) is KeyRing else self._keys_of(ring)

    def fresh(self, than: Any) -> bool:
        """Tell whether the ring is another one than the given ring by now.

        Call this if a request names an unknown key: another process may have
        read a new key first. A ring that follows its files checks them again.
        """
        for name in self._names:
            ring = self._registry.queryUtility(IKeyRing, name)
            if isinstance(ring, (FileRing, RotatingRing)):
                ring.reload()
        return self() is not than

    def _keys_of(self, ring: Any) -> Any:
        if isinstance(ring, (FileRing, RotatingRing)):
            return ring.current
        if ring is None or isinstance(ring, KeyRing):
            return ring
        # The application's own ring does not tell when it changes.
        keys = tuple(ring)
        copy = self._copy
        if copy is None or copy.keys != keys:
            copy = self._copy = KeyRing(keys)
        return copy


class CurrentRoots(CurrentRing):
    """Give the keys that outlive every period: the roots of a ring that is
    derived from others, and of any other ring its keys.
    """

    def _keys_of(self, ring: Any) -> Any:
        if isinstance(ring, RotatingRing):
            return ring.roots
        return super()._keys_of(ring)


def header_ring(registry: Any) -> CurrentRing:
    """Give the ring for header tokens: their own, or else the common one."""
    return CurrentRing(registry, HEADER_RING, "")
