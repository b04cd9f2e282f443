"""Key rings in files, which change while requests are served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from zope.interface import implementer

from ..interfaces import IKeyRing
from .followed_file import Stamp, stamp_of
from .ring import Key, KeyRing, describe

log = logging.getLogger("pyramid_sessiontoken")

#: How long a new key verifies before it signs, seconds: until then every
#: process on every node has its file.
PROPAGATION = 300


Stamps = tuple[Stamp | None, ...]


def arrange(keys: tuple[Key, ...], now: int) -> tuple[Key, ...]:
    """Put the key in front that signs now: the first that is not new.

    Where all are new it is the last one, to which the others were added.
    """
    signer = next((key for key in keys if not _is_new(key, now)), keys[-1])
    return (signer, *(key for key in keys if key is not signer))


@implementer(IKeyRing)
class FileRing:
    """A key ring that follows its files.

    They are looked at once a second, when somebody asks for the keys, and
    once more where a key is unknown. What cannot be read or is no good is
    said in the log, and the former keys stay.

    :param keys: as they were read at the start.
    :param paths: of the files.
    :param read: reads all keys again; ``ValueError`` says what is wrong.
    :param clock: an ``IClock``.
    :param name: what the ring is called in the log.
    """

    def __init__(
        self,
        keys: tuple[Key, ...],
        paths: tuple[str, ...],
        read: Callable[[], tuple[Key, ...]],
        clock: Any,
        name: str,
    ) -> None:
        self._keys = keys
        self._paths = paths
        self._read = read
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        # Not known: a file may have changed since it was read.
        self._stamps: Stamps | None = None
        self._complaint: tuple[Stamps, str] | None = None
        self._looked: int = clock.now()
        self._looked_again: int | None = None
        self._ring = KeyRing(arrange(keys, self._looked))

    @property
    def current(self) -> KeyRing:
        """The keys as they are now; another object once they are others."""
        now = self._clock.now()
        # One looks, the others go on with what there is.
        if now != self._looked and self._lock.acquire(blocking=False):
            try:
                self._look(now)
            finally:
                self._lock.release()
        return self._ring

    @property
    def signer(self) -> Key:
        return self.current.signer

    def __iter__(self) -> Iterator[Key]:
        return iter(self.current)

    def reload(self) -> KeyRing:
        """Look at the files again, at most twice a second: a request names
        a key that is unknown here. Give the keys as they are now.
        """
        now = self._clock.now()
        with self._lock:
            if now != self._looked_again:
                self._looked_again = now
                self._look(now)
        return self._ring

    def _look(self, now: int) -> None:
        # Before it is read: what changes meanwhile is read next time.
        stamps = tuple(map(_stamp, self._paths))
        recovered = stamps != self._stamps and self._read_again(stamps, now)
        self._looked = now
        keys = arrange(self._keys, now)
        changed = keys != self._ring.keys
        if changed:
            self._ring = KeyRing(keys)
        if changed or recovered:
            log.info("%s: %s", self._name, describe(self._ring))

    def _read_again(self, stamps: Stamps, now: int) -> bool:
        """Read the files; tell whether that went wrong the last time."""
        try:
            keys = self._read()
        except ValueError as error:
            # It is tried again, but told once.
            complaint = (stamps, str(error))
            if complaint != self._complaint:
                log.error("%s; the former keys stay", error)
            self._complaint = complaint
            return False
        came = max((s.came // 10**9 for s in stamps if s), default=now)
        since = min(max(came, self._looked), now)
        known = {key: key for key in self._keys}
        self._keys = tuple(
            known.get(key) or replace(key, since=since) for key in keys
        )
        self._stamps = stamps
        recovered = self._complaint is not None
        self._complaint = None
        return recovered


def _is_new(key: Key, now: int) -> bool:
    # The clock may have been set back since.
    return key.since is not None and abs(now - key.since) < PROPAGATION


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(path)
    except OSError:
        return None
