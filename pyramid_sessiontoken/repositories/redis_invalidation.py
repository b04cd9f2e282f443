"""Redis tells each process which records changed elsewhere: server-assisted
client-side caching, in broadcasting mode.
"""

from __future__ import annotations

import logging
import math
import os
import selectors
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, Protocol

from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from .outages import tell
from .redis_clients import Client
from .redis_connections import Connections

log = logging.getLogger("pyramid_sessiontoken")

#: So often the server is asked whether it still hears us, in seconds.
EVERY = 1.0

#: So long its answer is waited for, in seconds.
PATIENCE = 2.0

#: What was said up to then is known for so many seconds after the server's
#: last answer.
HOLDS = 5.0

#: After so many seconds a line that broke is opened again; and one that the
#: server refuses to open.
AGAIN = 1.0
AGAIN_AFTER_REFUSAL = 30.0

#: The right that only this needs. HELLO is free for all.
RIGHT = "+client|tracking"

#: How HELLO calls a server that only follows another one.
_FOLLOWERS = (b"replica", b"slave")


class Told(Protocol):
    """Whom the server tells of changes."""

    def forget(self, keys: Collection[str]) -> None:
        """Forget what is known under some keys."""

    def clear(self) -> None:
        """Forget everything."""

    def is_meant(self) -> bool:
        """Tell whether what is known still comes from this repository."""

    def begin_anew(self) -> None:
        """Forget everything in a process that was forked just now."""


class Line:
    """A line to the server, held by a thread of its own in each process.

    :param connections: gives the connections of this process.
    :param prefix: what the keys of the records begin with.
    :param secrets: that no log may show.
    :ivar until: so long everything that was said is known, by
        ``time.monotonic``. While the line is down, that is the past.
    """

    def __init__(
        self,
        connections: Callable[[], Connections | Client],
        prefix: bytes,
        secrets: Iterable[str],
        told: Told,
    ) -> None:
        self._connections = connections
        self._prefix = prefix
        self._secrets = tuple(secrets)
        self._told = told
        self.until = -math.inf
        self._begin()
        _lines.add(self)

    def _begin(self) -> None:
        self.until = -math.inf
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        # What was told of this outage; before the first one, nothing is.
        self._said: set[str] = set()

    def start(self) -> None:
        """Open the line, unless this process has one, or is opening it."""
        if self._pid != os.getpid():
            self.after_fork()
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(
                target=_listen,
                args=(weakref.ref(self),),
                name="sessiontoken.invalidation",
                daemon=True,
            )
            # At the end of the interpreter no thread starts any more.
            with suppress(RuntimeError):
                self._thread.start()

    def close(self) -> None:
        """Let the thread of this process end."""
        with self._lock:
            self._thread = None
            self.until = -math.inf

    def after_fork(self) -> None:
        """Begin anew in a child: it has none of its parent's threads, and a
        lock may be held by one of them.
        """
        self._begin()
        self._told.begin_anew()

    def is_held_by(self, thread: threading.Thread) -> bool:
        return self._thread is thread

    def hold(self, ears: Ears) -> float:
        """Open the line, or listen for a while; give for how many seconds to
        pause.
        """
        try:
            if not self._told.is_meant():
                raise LineEnded("another repository is registered by now")
            if ears.are_open:
                self._listen(ears)
            else:
                self._open(ears)
        # Whatever it is, the thread tries again.
        except Exception as error:  # noqa: BLE001
            ears.close()
            return self._break(error)
        return 0

    def _open(self, ears: Ears) -> None:
        ears.open(self._connections(), self._prefix)
        # What was asked for before the server told us may be old.
        self._told.clear()
        self._hold_until(ears.heard + HOLDS)
        log.log(
            logging.WARNING if self._said else logging.INFO,
            "Redis tells this process at once which sessions end elsewhere",
        )
        self._said = set()

    def _listen(self, ears: Ears) -> None:
        for names in ears.listen(EVERY):
            if names is None:
                self._told.clear()
                continue
            begin = len(self._prefix)
            self._told.forget(
                [name[begin:].decode("ascii", "replace") for name in names]
            )
        self._hold_until(ears.heard + HOLDS)

    def _hold_until(self, until: float) -> None:
        with self._lock:
            # It may be closed by now.
            if self.is_held_by(threading.current_thread()):
                self.until = until

    def _break(self, error: Exception) -> float:
        self.until = -math.inf
        why = tell(error, str(error), self._secrets)
        kind = type(error).__name__
        if kind not in self._said:
            self._said.add(kind)
            lacking = ""
            if isinstance(error, NoPermissionError):
                lacking = f"; its user lacks the right {RIGHT}"
            log.warning(
                "Redis cannot tell this process which sessions end elsewhere"
                " (%s)%s: until it can, that is noticed within %d s",
                why,
                lacking,
                HOLDS,
            )
        is_refused = isinstance(error, (ResponseError, AuthenticationError))
        return AGAIN_AFTER_REFUSAL if is_refused else AGAIN


class LineEnded(RedisError):
    """Sessions are no longer where the line listens."""


class Ears:
    """One connection to each server that has records."""

    def __init__(self) -> None:
        self._there: Any = None
        self._view: Any = None
        self._selector: Any = None
        self._ears: list[_Ear] = []

    @property
    def are_open(self) -> bool:
        return self._selector is not None

    @property
    def heard(self) -> float:
        """When the server was asked that answered longest ago."""
        return min(ear.heard for ear in self._ears)

    def open(self, there: Connections | Client, prefix: bytes) -> None:
        self._selector = selectors.DefaultSelector()
        self._ears = [_Ear(each) for each in there.listeners()]
        self._there, self._view = there, there.view()
        for ear in self._ears:
            ear.open(prefix)
            socket = ear.connection._sock  # noqa: SLF001
            self._selector.register(socket, selectors.EVENT_READ, ear)

    def listen(self, seconds: float) -> Iterable[list[bytes] | None]:
        """Give the names of what changed, as soon as some are told; ``None``
        if everything changed.
        """
        for key, _ in self._selector.select(seconds):
            yield from key.data.read()
        for ear in self._ears:
            ear.ask()
        if self._there.view() != self._view:
            raise LineEnded("commands go to another server by now")

    def close(self) -> None:
        if self._selector is not None:
            self._selector.close()
        for ear in self._ears:
            ear.connection.disconnect()
        self._selector, self._ears = None, []


class _Ear:
    """A connection on which one server tells what changed.

    :ivar heard: when it was asked that was answered last.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.heard = -math.inf
        self._asked: float | None = None
        self._messages: list[list[Any]] = []

    def open(self, prefix: bytes) -> None:
        connection = self.connection
        connection.connect()
        # redis-py has no other way to listen without subscribing. A cluster's
        # connection has its parser only now.
        parser = connection._parser  # noqa: SLF001
        parser.set_invalidation_push_handler(self._messages.append)
        self.heard = time.monotonic()
        connection.send_command(
            *("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", prefix)
        )
        connection.read_response()

    def read(self) -> Iterable[list[bytes] | None]:
        while self.connection.can_read(0):
            answer = self.connection.read_response(push_request=True)
            messages, self._messages[:] = self._messages[:], []
            for message in messages:
                yield message[1]
            if isinstance(answer, dict):
                self._note(answer)

    def ask(self) -> None:
        """Ask whether the server still hears us, from time to time."""
        now = time.monotonic()
        if self._asked is not None:
            if now - self._asked > PATIENCE:
                raise TimeoutError("the server does not answer")
        elif now - self.heard >= EVERY:
            self._asked = now
            self.connection.send_command("HELLO", check_health=False)

    def _note(self, answer: dict[Any, Any]) -> None:
        if answer.get(b"role") in _FOLLOWERS:
            raise LineEnded("the server follows another one by now")
        self.heard, self._asked = self._asked or self.heard, None


#: The lines of this process.
_lines: weakref.WeakSet[Line] = weakref.WeakSet()


def _begin_anew() -> None:
    for line in list(_lines):
        line.after_fork()


# Where there is no such function, there is no fork.
getattr(os, "register_at_fork", dict)(after_in_child=_begin_anew)


def _listen(of: weakref.ref[Line]) -> None:
    """Hold a line until it is closed, or nobody has it any more."""
    me, ears = threading.current_thread(), Ears()
    while (line := of()) is not None and line.is_held_by(me):
        pause = line.hold(ears)
        del line
        if pause:
            time.sleep(pause)
    ears.close()
