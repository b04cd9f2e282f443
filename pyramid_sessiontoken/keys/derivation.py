"""Keys for one purpose, derived from those of the ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .ring import Key, is_replaced

#: The first label of every derivation; the rest names the purpose.
LABEL = "pyramid_sessiontoken/1"

KEY_BYTES = 32
NAME_BYTES = 8


def derive(ring: Iterable[Key], *purpose: str) -> dict[bytes, bytes]:
    """Derive a key for a purpose from each key of a ring, in its order.

    HKDF-SHA-256 (RFC 5869) without a salt gives 40 bytes: a name of 8, by
    which the key is looked up, and a key of 32. The info is the label and
    the purpose, each text before its length in bytes, so that no two
    purposes are written alike.

    :return: key by name.
    """
    info = b"".join(
        text.encode() + len(text.encode()).to_bytes(2, "big")
        for text in (LABEL, *purpose)
    )
    keys = {}
    for key in ring:
        hkdf = HKDF(
            SHA256(), length=NAME_BYTES + KEY_BYTES, salt=None, info=info
        )
        derived = hkdf.derive(key.secret)
        keys[derived[:NAME_BYTES]] = derived[NAME_BYTES:]
    return keys


class DerivedKeys:
    """The keys for one purpose, derived once for each ring.

    :param ring: gives the key ring, when it is needed.
    """

    def __init__(self, ring: Callable[[], Any], *purpose: str) -> None:
        self._ring = ring
        self._purpose = purpose
        self._derived: tuple[Any, dict[bytes, bytes]] = (None, {})

    @property
    def keys(self) -> dict[bytes, bytes]:
        """Keys by name; another object once the ring is another."""
        ring, keys = self._derived
        current = self._ring()
        if ring is not current:
            keys = derive(current, *self._purpose)
            self._derived = (current, keys)
        return keys

    def find(self, name: bytes) -> bytes | None:
        """Give the key of a name, also of one that has just come."""
        key = self.keys.get(name)
        if key is None and is_replaced(self._derived[0]):
            key = self.keys.get(name)
        return key

    def first(self) -> tuple[bytes, bytes]:
        """Give name and key of the one that protects."""
        return next(iter(self.keys.items()))
