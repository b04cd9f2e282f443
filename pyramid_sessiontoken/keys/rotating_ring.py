"""A key ring of keys that are derived from others, one for each period of
time.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from zope.interface import implementer

from ..interfaces import IKeyRing
from .file_ring import FileRing
from .label import LABEL, labelled
from .ring import Key, KeyRing

log = logging.getLogger("pyramid_sessiontoken")

#: A key verifies for so many seconds longer than what it signed can live.
SPARE = 600

# RFC 5869, section 2.3: the most bytes that HKDF-SHA-512 gives. A root may be
# longer; HMAC takes no strength from so many.
_MOST_BYTES = 255 * 64

# As kids of derived keys end.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}")


class Periods(NamedTuple):
    """The periods whose keys are in use at a moment, by their numbers. They
    are counted from 1970-01-01T00:00Z.

    :ivar length: seconds.
    :ivar kept: the seconds for which a key verifies after its period.
    """

    length: int
    kept: int
    now: int

    @property
    def current(self) -> int:
        return self.now // self.length

    @property
    def oldest(self) -> int:
        """The first period whose key still verifies."""
        return (self.now - self.kept) // self.length

    @property
    def verifying(self) -> list[int]:
        """The periods whose keys verify, the next one first."""
        return list(range(self.current + 1, max(self.oldest, 0) - 1, -1))

    def end_of(self, number: int) -> int:
        """Give the end of a period, in seconds since the epoch."""
        return (number + 1) * self.length

    def last_use_of(self, number: int) -> int:
        """Give when the key of a period verifies no longer."""
        return self.end_of(number) + self.kept

    @property
    def since(self) -> int:
        """When the keys became those of now."""
        return max(
            self.current * self.length, self.last_use_of(self.oldest - 1)
        )

    @property
    def until(self) -> int:
        """When the keys become others."""
        return min(self.end_of(self.current), self.last_use_of(self.oldest))


class _Made(NamedTuple):
    """A ring, and for which roots and how long it is right."""

    roots: KeyRing
    since: int
    until: int
    ring: KeyRing

    def holds(self, roots: KeyRing, now: int) -> bool:
        return self.roots is roots and self.since <= now < self.until


@implementer(IKeyRing)
class RotatingRing:
    """A key ring that is derived from roots, a key for each period and root.

    Every process that has the roots has the same keys at the same time. The
    key of this period signs. The key of the next period verifies already, so
    the clock of another node may be ahead. The keys of past periods verify for
    as long as something that they signed can live. The roots verify, too: they
    signed before the ring was derived.

    :param roots: a ``KeyRing`` or a ``FileRing``.
    :param periods: gives the periods of this moment.
    :param clock: an ``IClock``.
    :param name: the name of the ring in the log.
    """

    def __init__(
        self,
        roots: KeyRing | FileRing,
        periods: Callable[[], Periods],
        clock: Any,
        name: str,
    ) -> None:
        self.source = roots
        self.periods = periods
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        self._derived: dict[tuple[Key, int], Key] = {}
        self._made: _Made | None = None

    @property
    def roots(self) -> KeyRing:
        """The roots of this moment: another object as soon as they change."""
        source = self.source
        return source.current if isinstance(source, FileRing) else source

    @property
    def current(self) -> KeyRing:
        """The keys of this moment: another object as soon as they change."""
        return self._ring(self.roots)

    @property
    def signer(self) -> Key:
        return self.current.signer

    def __iter__(self) -> Iterator[Key]:
        return iter(self.current)

    def reload(self) -> KeyRing:
        """Check the files of the roots because a request names an unknown
        key, and give the keys of this moment.
        """
        source = self.source
        if isinstance(source, FileRing):
            source.reload()
        return self.current

    def _ring(self, roots: KeyRing) -> KeyRing:
        # Each request comes here.
        now = self._clock.now()
        made = self._made
        if made is None or not made.holds(roots, now):
            with self._lock:
                # Another thread may have made it meanwhile.
                made = self._made
                if made is None or not made.holds(roots, now):
                    made = self._made = self._make(roots)
        return made.ring

    def _make(self, roots: KeyRing) -> _Made:
        periods = self.periods()
        ring = KeyRing(tuple(self._keys(roots, periods)))
        before = self._made
        if before is not None and before.ring.signer != ring.signer:
            log.info("%s: %r signs", self._name, ring.signer.kid)
        return _Made(roots, periods.since, periods.until, ring)

    def _keys(self, roots: KeyRing, periods: Periods) -> Iterator[Key]:
        """Give the key that signs, and then all others, root by root."""
        known, self._derived = self._derived, {}
        for root in roots:
            for number in periods.verifying:
                place = root, number
                self._derived[place] = known.get(place) or derive_root(
                    root, periods.length, number
                )
        signer = self._derived[roots.signer, periods.current]
        yield signer
        for key in self._derived.values():
            if key is not signer:
                yield key
        yield from roots


def derive_root(root: Key, length: int, number: int) -> Key:
    """Derive the key of a period, which is as long as its root.

    HKDF-SHA-512 (RFC 5869) without a salt. The info is the label and the
    purpose, the length of a period and its number, 8 bytes each. So periods of
    another length have other keys.
    """
    info = labelled(LABEL, "rotate")
    info += length.to_bytes(8, "big") + number.to_bytes(8, "big")
    hkdf = HKDF(
        SHA512(),
        length=min(len(root.secret), _MOST_BYTES),
        salt=None,
        info=info,
    )
    return Key(f"{root.kid}.{number}", hkdf.derive(root.secret), root.alg)


def ambiguous(roots: Iterable[Key], periods: Periods) -> Iterator[str]:
    """Give the kids of roots that are those of derived keys as well, now or
    in time to come.
    """
    kids = [key.kid for key in roots]
    for kid in kids:
        root, _, number = kid.rpartition(".")
        if (
            root in kids
            and _NUMBER.fullmatch(number)
            and int(number) >= periods.oldest
        ):
            yield kid
