"""The place of a JWK Set: a file that may change, or a URL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException

from ..errors import KeysUnavailable
from ..keys.followed_file import FollowedFile
from ..keys.text_file import decode_text
from .fetch import TIMEOUT, fetch
from .jwks import MAX_BYTES, KeySet, read_key_set
from .verifying_key import VerifyingKey

log = logging.getLogger("pyramid_sessiontoken")

#: The least seconds between two fetches, even if the first one failed.
COOL_DOWN = 30

#: After so many seconds, keys are fetched again in the background.
REFRESH_AFTER = 600

#: For so many seconds, keys are used if they cannot be fetched again.
KEEP = 86400


class KeyFile:
    """A JWK Set in a file, which is read again when it changes. If it cannot
    be read then, the log says so and the previous keys stay in use.

    :param check: raises ``ValueError`` for keys that must not be used.
    :raises OSError: if the file cannot be read at the start.
    :raises ValueError: if it is not a JWK Set, or none of its keys can be
        used.
    """

    def __init__(
        self,
        path: str,
        algorithms: Sequence[str],
        check: Callable[[KeySet], None] | None = None,
    ) -> None:
        self._path = path
        self._algorithms = algorithms
        self._check = check
        self._file = FollowedFile(path, self._read)
        keys = self._file.content
        if not keys:
            why = "; ".join(keys.refused) or "it has no keys"
            raise ValueError(f"none of its keys can be used: {why}")

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        return self._file.content.find(kid, algorithm)

    def _read(self) -> KeySet:
        with open(self._path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) <= MAX_BYTES:
            raw = decode_text(raw).encode()
        keys = read_key_set(raw, self._algorithms)
        if self._check is not None:
            self._check(keys)
        log_refused(keys, self._path)
        return keys

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter(self._file.content)


class KeysAtURL:
    """A JWK Set at a URL. It is fetched when the first token needs it, and
    again when a token names an unknown key.

    A fetch runs in a thread of its own, one at a time. A request waits for it
    only if it needs an unknown key.

    :param now: gives the time, in whole seconds since the epoch.
    """

    def __init__(
        self, url: str, algorithms: Sequence[str], now: Callable[[], int]
    ) -> None:
        self._url = url
        self._algorithms = algorithms
        self._now = now
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched = 0
        self._begun: int | None = None
        self._failed = False
        self._running: threading.Event | None = None

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        now = self._now()
        key = self._known(kid, algorithm, now)
        if key is not None and 0 <= now - self._fetched < REFRESH_AFTER:
            return key
        answered = self._begin_fetch(now)
        if key is None and answered is not None:
            answered.wait(TIMEOUT)
            key = self._known(kid, algorithm, now)
        if key is None and (self._failed or self._running is not None):
            # It is not known whether the issuer has such a key.
            raise KeysUnavailable(f"the keys at {self._url} cannot be fetched")
        return key

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter(self._keys or ())

    def _known(
        self, kid: str | None, algorithm: str, now: int
    ) -> VerifyingKey | None:
        keys = self._keys
        if keys is None or now - self._fetched >= KEEP:
            return None
        return keys.find(kid, algorithm)

    def _begin_fetch(self, now: int) -> threading.Event | None:
        """Begin to fetch the keys, unless that was done just now. Give the
        event that is set at the end of the fetch; ``None`` if none is running.
        """
        with self._lock:
            # A time in the future does not count: the clock was set back. And
            # a fetch that still seems to run then was lost, as in a fork.
            if self._begun is not None and (
                0 <= now - self._begun < COOL_DOWN
            ):
                return self._running
            self._begun = now
            answered = self._running = threading.Event()
        threading.Thread(
            target=self._fetch, args=(now, answered), daemon=True
        ).start()
        return answered

    def _fetch(self, now: int, answered: threading.Event) -> None:
        try:
            keys = read_key_set(fetch(self._url, MAX_BYTES), self._algorithms)
        except (OSError, HTTPException, ValueError) as error:
            log.error(
                "the keys at %s cannot be fetched: %.200r", self._url, error
            )
            self._failed = True
        else:
            log_refused(keys, self._url)
            self._keys, self._fetched, self._failed = keys, now, False
        finally:
            with self._lock:
                if self._running is answered:
                    self._running = None
            answered.set()


def log_refused(keys: KeySet, where: str) -> None:
    """Log which keys are not used, and why."""
    for sentence in keys.refused:
        log.warning("%s: %s", where, sentence)
