"""Where a JWK Set stands: in a file that may change, or at a URL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException

from ..errors import RepositoryUnavailable
from ..keys.followed_file import FollowedFile
from .fetch import TIMEOUT, fetch
from .jwks import MAX_BYTES, KeySet, VerifyingKey, read_key_set

log = logging.getLogger("pyramid_sessiontoken")

#: Between two fetches, whatever came of the first, seconds.
COOL_DOWN = 30

#: From then on keys are fetched anew, in the background, seconds.
REFRESH_AFTER = 600

#: So long keys live on where they cannot be fetched anew, seconds.
KEEP = 86400


class KeyFile:
    """A JWK Set in a file, read again when it changes. One that cannot be
    read then is said in the log, and the former content stands.

    :param check: raises ``ValueError`` for keys that must not be there.
    :raises OSError: where it cannot be read at the start.
    :raises ValueError: where it is no JWK Set, or no key of it serves.
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
            why = "; ".join(keys.refused) or "there are none"
            raise ValueError(f"no key of it can be used: {why}")

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        return self._file.content.find(kid, algorithm)

    def _read(self) -> KeySet:
        with open(self._path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
        keys = read_key_set(raw, self._algorithms)
        if self._check is not None:
            self._check(keys)
        tell_refused(keys, self._path)
        return keys

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter(self._file.content)


class KeysAtURL:
    """A JWK Set at a URL, fetched when the first token needs it, and anew
    when a token names a key that is not there.

    A fetch has a thread of its own, one at a time. Only who needs a key that
    is not there waits for it.

    :param now: gives the time, seconds.
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
        self._asked: int | None = None
        self._failed = False
        self._in_flight: threading.Event | None = None

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        now = self._now()
        key = self._look_up(kid, algorithm, now)
        if key is not None and 0 <= now - self._fetched < REFRESH_AFTER:
            return key
        answered = self._ask(now)
        if key is None and answered is not None:
            answered.wait(TIMEOUT)
            key = self._look_up(kid, algorithm, now)
        if key is None and (self._failed or self._in_flight is not None):
            # Nobody can tell whether the issuer has such a key.
            raise RepositoryUnavailable(
                f"the keys at {self._url} cannot be fetched just now"
            )
        return key

    def __iter__(self) -> Iterator[VerifyingKey]:
        return iter(self._keys or ())

    def _look_up(
        self, kid: str | None, algorithm: str, now: int
    ) -> VerifyingKey | None:
        keys = self._keys
        if keys is None or now - self._fetched >= KEEP:
            return None
        return keys.find(kid, algorithm)

    def _ask(self, now: int) -> threading.Event | None:
        """Let the keys be fetched, unless they just were. Give what is set
        when the answer is there; ``None`` where nobody is asked.
        """
        with self._lock:
            # An attempt from the future counts for nothing, and one that is
            # still under way by then was lost, in a fork say.
            if self._asked is not None and (
                0 <= now - self._asked < COOL_DOWN
            ):
                return self._in_flight
            self._asked = now
            answered = self._in_flight = threading.Event()
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
            tell_refused(keys, self._url)
            self._keys, self._fetched, self._failed = keys, now, False
        finally:
            with self._lock:
                if self._in_flight is answered:
                    self._in_flight = None
            answered.set()


def tell_refused(keys: KeySet, where: str) -> None:
    """Say which keys are not used, and why."""
    for sentence in keys.refused:
        log.warning("%s: %s", where, sentence)
