"""Where failed passwords are counted: in this process, or in a storage of
the library ``limits``.

The time of a key begins with its first failure. At its end all failures of
the key are forgotten: a fixed window, as ``limits`` calls it.
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
from ..errors import ThrottleUnavailable
from ..interfaces import IClock

#: How many keys one process remembers, in some 20 MB.
MOST_KEYS = 100_000

#: Every key in a storage begins with it.
NAMESPACE = "sessiontoken"

_REDIS_TIMEOUTS = ("socket_timeout", "socket_connect_timeout")

#: The arguments for the time limit of a client, by the scheme of its URL.
_TIMEOUTS = {
    "redis": _REDIS_TIMEOUTS,
    "rediss": _REDIS_TIMEOUTS,
    "valkey": _REDIS_TIMEOUTS,
    "valkeys": _REDIS_TIMEOUTS,
    "memcached": ("timeout", "connect_timeout"),
}


def read_rate(text: str) -> RateLimitItem:
    """Read a rate as ``limits`` does, such as ``5/minute``.

    :raises ValueError: for any other text.
    """
    return parse(text)


class MemoryFailures:
    """Count in this process, and forget at its end.

    :param seconds: how long failures are remembered from the first one on.
    """

    def __init__(self, seconds: int, clock: IClock) -> None:
        self._span = seconds
        self._clock = clock
        self._lock = threading.Lock()
        # The count and the end of each key, in the order of the ends.
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
        """Give the count of a key, and the seconds that are left of it."""
        count, end = self._kept.get(key, (0, 0))
        left = end - self._clock.now()
        # If more is left than a whole span, the clock was set back.
        return (count, left) if 0 < left <= self._span else (0, 0)

    def _make_room(self) -> None:
        """Forget the keys whose time is over; if too many are left, also the
        oldest ones.
        """
        for key in [*self._to_forget()]:
            del self._kept[key]

    def _to_forget(self) -> Iterator[str]:
        surplus = len(self._kept) - MOST_KEYS + 1
        for number, key in enumerate(self._kept):
            if number >= surplus and self._find(key)[0]:
                return
            yield key


class StoredFailures:
    """Count for all processes that share a storage.

    The storage has a clock of its own, and forgets by itself.

    :param url: as ``limits`` writes it: ``redis://``, ``memcached://``...
    :param timeout: seconds to wait for Redis, Valkey or memcached, to connect
        and for an answer each.
    :raises ValueError: for a URL that cannot be used. The error does not
        contain the URL.
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
        # Each client raises errors of its own.
        raise ThrottleUnavailable(
            "sessiontoken.throttle.storage could not be asked:"
            f" {type(error).__name__}"
        ) from error


#: Extras of ``limits`` whose name is not the scheme.
_EXTRAS = {"rediss": "redis", "valkeys": "valkey"}


def _open(url: str, timeout: float) -> Storage:
    client = url.partition(":")[0].partition("+")[0]
    names = _TIMEOUTS.get(client, ())
    options = dict.fromkeys(names, timeout)
    try:
        storage = storage_from_string(url, **options)
    except ConfigurationError as error:
        # Do not show this error: it may contain the password of the URL.
        if "prerequisite" in str(error):
            extra = _EXTRAS.get(client, client)
            raise ValueError(
                f"it needs more packages: pip install 'limits[{extra}]'"
            ) from None
        raise ValueError(
            "it is not a URL that the library limits knows"
        ) from None
    except Exception as error:  # noqa: BLE001
        # Some clients connect at once. Some parse the URL in another way.
        raise ValueError(
            f"the storage cannot be opened ({type(error).__name__})"
        ) from None
    if not isinstance(storage, Storage):
        raise ValueError("it is for asyncio: take the URL without async+")
    return storage
