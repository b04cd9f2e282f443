"""A key ring that follows its files while requests are served."""

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

#: For so many seconds a new key only verifies. After that it signs: by then
#: every process on every node has read the file.
PROPAGATION = 300

#: A key that is missing among plain keys verifies until the file has not
#: changed for so many seconds: the file may be half written. Otherwise the
#: library would take cookies of the key for unreadable, and delete them.
SETTLED = 5

Stamps = tuple[Stamp | None, ...]


def signer_first(keys: tuple[Key, ...], now: int) -> tuple[Key, ...]:
    """Put the signer in front: the first key that is not new.

    If all keys are new, the last one signs: the others were added to it.
    """
    signer = next((key for key in keys if not _is_new(key, now)), keys[-1])
    return (signer, *(key for key in keys if key is not signer))


@implementer(IKeyRing)
class FileRing:
    """A key ring that follows its files.

    When the keys are used, the ring checks once a second whether the files
    have changed, and once more if a request names an unknown key. If the files
    cannot be read, or a key is not good enough, the log says so and the
    previous keys stay in use. A JWK Set that is half written cannot be read.
    Half of a file of plain keys can, so a key that left it verifies until it
    has not changed for some seconds.

    :param keys: the keys that were read at the start.
    :param paths: the paths of the files.
    :param read: reads all keys again, or raises ``ValueError``.
    :param clock: an ``IClock``.
    :param name: the name of the ring in the log.
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
        # Unknown: a file may have changed since the keys were read.
        self._stamps: Stamps | None = None
        self._complaint: tuple[Stamps, str] | None = None
        # Files that lack a key, and when that was noticed.
        self._unsettled: tuple[Stamps, int] | None = None
        self._checked: int = clock.now()
        self._reloaded: int | None = None
        self._ring = KeyRing(signer_first(keys, self._checked))

    @property
    def current(self) -> KeyRing:
        """The keys of this moment: another object as soon as they change."""
        now = self._clock.now()
        # One thread checks the files. The others use the previous keys.
        if now != self._checked and self._lock.acquire(blocking=False):
            try:
                self._check(now)
            finally:
                self._lock.release()
        return self._ring

    @property
    def signer(self) -> Key:
        return self.current.signer

    def __iter__(self) -> Iterator[Key]:
        return iter(self.current)

    def reload(self) -> KeyRing:
        """Check the files because a request names an unknown key, and give
        the keys of this moment. It checks at most once a second.
        """
        now = self._clock.now()
        with self._lock:
            if now != self._reloaded:
                self._reloaded = now
                self._check(now)
        return self._ring

    def _check(self, now: int) -> None:
        # The stamps are taken first: a file that changes while it is read
        # is then read again.
        stamps = tuple(map(_stamp, self._paths))
        recovered = stamps != self._stamps and self._read_again(stamps, now)
        self._checked = now
        keys = signer_first(self._keys, now)
        changed = keys != self._ring.keys
        if changed:
            self._ring = KeyRing(keys)
        if changed or recovered:
            log.info("%s: %s", self._name, describe(self._ring))

    def _read_again(self, stamps: Stamps, now: int) -> bool:
        """Read the files; tell whether they could not be read before."""
        try:
            keys = self._read()
        except ValueError as error:
            # The next check tries again, but a fault is logged only once.
            complaint = (stamps, str(error))
            if complaint != self._complaint:
                log.error("%s; the previous keys stay in use", error)
            self._complaint = complaint
            return False
        changed = max((s.changed // 10**9 for s in stamps if s), default=now)
        since = min(max(changed, self._checked), now)
        known = {key: key for key in self._keys}
        missing: tuple[Key, ...] = ()
        if any(key.is_plain for key in keys):
            missing = tuple(key for key in self._keys if key not in keys)
        if not missing or self._is_settled(stamps, changed, now):
            missing = ()
            self._stamps = stamps
        self._keys = (
            *(known.get(key) or replace(key, since=since) for key in keys),
            *missing,
        )
        recovered = self._complaint is not None
        self._complaint = None
        return recovered

    def _is_settled(self, stamps: Stamps, changed: int, now: int) -> bool:
        """Tell whether files have not changed for some seconds.

        :param changed: when one of them changed, by the clock of the machine
            that has the files.
        """
        if self._unsettled is None or self._unsettled[0] != stamps:
            self._unsettled = (stamps, now)
        # abs: the clock may have been set back meanwhile.
        noticed = abs(now - self._unsettled[1])
        return noticed >= SETTLED or now - changed >= SETTLED


def _is_new(key: Key, now: int) -> bool:
    # abs: the clock may have been set back meanwhile.
    return key.since is not None and abs(now - key.since) < PROPAGATION


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(path)
    except OSError:
        return None
