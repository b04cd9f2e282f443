"""Where failed passwords are counted: in this process, or in a storage of
the library ``limits``.

The time begins with the first failure of a key, and forgets all of them at
its end: what ``limits`` calls a fixed window.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError
from limits.storage import Storage, storage_from_string

from ..clock import SystemClock
from ..errors import RepositoryUnavailable
from ..interfaces import IClock

#: How many keys one process remembers: some 20 MB.
MOST_KEYS = 100_000

#: Of every key in a storage.
NAMESPACE = "sessiontoken"

_OF_REDIS = ("socket_timeout", "socket_connect_timeout")

#: What clients call the time that they wait, by the beginning of the URL.
_TIMEOUTS = {
    "redis": _OF_REDIS,
    "rediss": _OF_REDIS,
    "valkey": _OF_REDIS,
    "valkeys": _OF_REDIS,
    "memcached": ("timeout", "connect_timeout"),
}


def read_rate(text: str) -> RateLimitItem:
    """Read ``5/minute`` as ``limits`` does.

    :raises ValueError: for any other text.
    """
    return parse(text)


class MemoryFailures:
    """For one process; forgotten when it ends.

    :param seconds: how long failures are remembered from the first one on.
    """

    def __init__(self, seconds: int, clock: IClock) -> None:
        self._span = seconds
        self._clock = clock
        self._lock = threading.Lock()
        # Count and end, in the order of their ends.
        self._kept: dict[str, tuple[int, int]] = {}

    def count(self, key: str) -> int:
        return self._find(key)[0]

    def seconds(self, key: str) -> int:
        return self._find(key)[1]

    def add(self, key: str) -> None:
        with self._lock:
            count, left = self._find(key)
            if count == 0:
                self._make_room()
                left = self._span
            self._kept[key] = (count + 1, self._clock.now() + left)

    def _find(self, key: str) -> tuple[int, int]:
        """Give how many there are, and for how many seconds."""
        count, end = self._kept.get(key, (0, 0))
        left = end - self._clock.now()
        # One that lasts longer was counted before the clock was put back.
        return (count, left) if 0 < left <= self._span else (0, 0)

    def _make_room(self) -> None:
        """Forget what is over; when too many are left, the oldest."""
        for key in [*self._over()]:
            del self._kept[key]

    def _over(self) -> Iterator[str]:
        surplus = len(self._kept) - MOST_KEYS + 1
        for number, key in enumerate(self._kept):
            if number >= surplus and self._find(key)[0]:
                return
            yield key


class StoredFailures:
    """For all processes that share a storage. It keeps its own time: what is
    over, the server forgets.

    :param url: as ``limits`` writes it: ``redis://``, ``memcached://``...
    :param timeout: how long to wait for Redis, Valkey or memcached, to
        connect and for an answer, in seconds each.
    :raises ValueError: for a URL that cannot serve; its text is not told.
    """

    def __init__(self, rate: RateLimitItem, url: str, timeout: float) -> None:
        self._rate = rate
        self._storage = _open(url, timeout)

    def count(self, key: str) -> int:
        with _stored_or_unavailable():
            return int(self._storage.get(self._name(key)))

    def seconds(self, key: str) -> int:
        with _stored_or_unavailable():
            end = self._storage.get_expiry(self._name(key))
        left = math.ceil(end) - SystemClock().now()
        return min(left, self._rate.get_expiry())

    def add(self, key: str) -> None:
        with _stored_or_unavailable():
            self._storage.incr(self._name(key), self._rate.get_expiry())

    def _name(self, key: str) -> str:
        return self._rate.key_for(NAMESPACE, key)


@contextmanager
def _stored_or_unavailable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Each client has errors of its own.
        raise RepositoryUnavailable(
            f"failed passwords could not be counted: {type(error).__name__}"
        ) from error


#: Extras of limits that are not called as their scheme.
_EXTRAS = {"rediss": "redis", "valkeys": "valkey"}


def _open(url: str, timeout: float) -> Storage:
    client = url.partition(":")[0].partition("+")[0]
    names = _TIMEOUTS.get(client, ())
    options = dict.fromkeys(names, timeout)
    try:
        storage = storage_from_string(url, **options)
    except ConfigurationError as error:
        # Not chained, and not quoted where it may quote the password.
        if "prerequisite" in str(error):
            extra = _EXTRAS.get(client, client)
            raise ValueError(
                f"it needs more packages: pip install 'limits[{extra}]'"
            ) from None
        raise ValueError("it is no storage URL of limits") from None
    except Exception as error:  # noqa: BLE001
        # Some clients connect at once; some parse the URL in their own way.
        raise ValueError(
            f"the storage cannot be opened ({type(error).__name__})"
        ) from None
    if not isinstance(storage, Storage):
        raise ValueError("it is a storage for asyncio")
    return storage
