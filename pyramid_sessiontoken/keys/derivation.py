"""Keys for one purpose, derived from the keys of the ring."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .label import LABEL, labelled
from .lookup import CurrentRing
from .ring import Key

Made = TypeVar("Made")

KEY_BYTES = 32
NAME_BYTES = 8


def derive(ring: Iterable[Key], *purpose: str) -> dict[bytes, bytes]:
    """Derive a key for a purpose from each key of a ring, in its order.

    HKDF-SHA-256 (RFC 5869) without a salt gives 40 bytes: the name of the
    key, 8 bytes, and the key, 32 bytes. The info is the label and the texts of
    the purpose.

    :return: the keys by their names.
    """
    info = labelled(LABEL, *purpose)
    return dict(_derive(key, info) for key in ring)


def _derive(key: Key, info: bytes) -> tuple[bytes, bytes]:
    hkdf = HKDF(SHA256(), length=NAME_BYTES + KEY_BYTES, salt=None, info=info)
    derived = hkdf.derive(key.secret)
    return derived[:NAME_BYTES], derived[NAME_BYTES:]


class DerivedKeys(Generic[Made]):
    """The keys for one purpose, derived once from each key of the ring.

    :param make: makes an object of each derived key, such as a cipher.
    """

    def __init__(
        self,
        ring: CurrentRing,
        *purpose: str,
        make: Callable[[bytes], Made],
    ) -> None:
        self._ring = ring
        self._info = labelled(LABEL, *purpose)
        self._make = make
        self._derived: tuple[Any, dict[bytes, Made]] = (None, {})
        # By the keys of the ring. A ring that changes keeps most of them.
        self._known: dict[Key, tuple[bytes, Made]] = {}

    @property
    def keys(self) -> dict[bytes, Made]:
        """The objects that were made of the keys, by the names of the keys.
        The mapping is another object as soon as the ring is another one.
        """
        ring, keys = self._derived
        current = self._ring()
        if ring is not current:
            known = self._known
            self._known = {
                key: known.get(key) or self._make_of(key) for key in current
            }
            keys = dict(self._known.values())
            self._derived = (current, keys)
        return keys

    def _make_of(self, key: Key) -> tuple[bytes, Made]:
        name, derived = _derive(key, self._info)
        return name, self._make(derived)

    def find(self, name: bytes) -> Made | None:
        """Give the object of a key by the key's name. If the name is unknown,
        the files of the ring are read again. ``None`` if the ring still has no
        such key.
        """
        key = self.keys.get(name)
        if key is None and self._ring.fresh(than=self._derived[0]):
            key = self.keys.get(name)
        return key

    def first(self) -> tuple[bytes, Made]:
        """Give the name of the first key, and the object made of it."""
        return next(iter(self.keys.items()))
