"""Look a host name up, and be done in time."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

_lock = threading.Lock()

#: Lookups that have no answer yet. After a fork the thread of one is lost, so
#: the process is part of the key.
_under_way: dict[tuple[int, str, int], _Lookup] = {}


def look_up(host: str, port: int, timeout: float) -> list[Any]:
    """Give the addresses of a host as ``socket.getaddrinfo`` does, which has
    no time limit of its own.

    There is one lookup at a time for a host. After a caller gave up on it, no
    other caller waits for it.

    :param timeout: seconds.
    :raises OSError: where there is no such host, or no answer in time.
    """
    place = (os.getpid(), host, port)
    with _lock:
        lookup = _under_way.get(place)
        if lookup is None:
            lookup = _under_way[place] = _Lookup(place)
            lookup.start()
    if lookup.is_late or not lookup.answered.wait(timeout):
        lookup.is_late = True
        raise TimeoutError(f"the name server does not answer for {host!r}")
    if lookup.error is not None:
        raise lookup.error
    return lookup.addresses


class _Lookup(threading.Thread):
    """A lookup in a thread of its own."""

    def __init__(self, place: tuple[int, str, int]) -> None:
        super().__init__(daemon=True)
        self._place = place
        self.answered = threading.Event()
        self.addresses: list[Any] = []
        self.error: OSError | None = None
        self.is_late = False

    def run(self) -> None:
        _, host, port = self._place
        try:
            self.addresses = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            self.error = (
                error if isinstance(error, OSError) else OSError(str(error))
            )
        finally:
            with _lock:
                _under_way.pop(self._place, None)
            self.answered.set()
