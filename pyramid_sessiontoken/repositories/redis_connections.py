"""Connections to one server of Redis, which threads share."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from redis.exceptions import ReadOnlyError, RedisError, ResponseError

Command = tuple[Any, ...]

#: A connection that was idle for longer is checked before it is used, in
#: seconds. No server can stop and start again in less time.
CHECK_AFTER = 0.001

#: After how many seconds of rest a firewall may have forgotten a connection.
FORGOTTEN = 10

#: After how many seconds a connection is not used again: a name may lead to
#: another server by now.
OLD = 300

#: How many names Redis is asked for at a time.
SCAN_COUNT = 500


class Connections:
    """The connections of a process to one server. Its threads share them, and
    the connection that was used last is used next.

    The connections are those of redis-py. Its pool, client and callbacks take
    half as long again as the command itself, so they are not used.

    :param pool: tells how connections are made, how many are allowed, and how
        many seconds to wait for a free one.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        # Each connection with the time since when it is idle; None for one
        # that is yet to be made.
        self._idle: deque[tuple[Any, float]] = deque(
            [(None, 0.0)] * pool.max_connections
        )
        self._returned = threading.Condition()
        self._waiting = 0

    def execute(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order. It is one round trip and one step.

        :raises TimeoutError: if no connection becomes free in time.
        """
        try:
            return self._execute(commands)
        except ReadOnlyError:
            # Nothing was written. After a failover, the same name may lead
            # to a server that writes.
            self.close()
            return self._execute(commands)

    def _execute(self, commands: tuple[Command, ...]) -> list[Any]:
        try:
            connection, since = self._idle.pop()
        except IndexError:
            connection, since = self._wait()
        try:
            if connection is None or not self._is_usable(connection, since):
                connection = self._make()
            return _exchange(connection, commands)
        except BaseException:
            # The connection is closed by now, or was never open.
            connection = None
            raise
        finally:
            self._idle.append((connection, time.monotonic()))
            self._tell()

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Give the names of all texts that match, in batches."""
        cursor: Any = 0
        while True:
            command = (
                "SCAN",
                cursor,
                *("MATCH", pattern, "COUNT", SCAN_COUNT, "TYPE", "string"),
            )
            [(cursor, names)] = self.execute((command,))
            yield names
            if int(cursor) == 0:
                return

    def listeners(self) -> list[Any]:
        """Make a connection on which the server can tell what changed."""
        return [listener(self.pool)]

    def view(self) -> Any:
        """Give what differs as soon as commands go to another server."""
        return None

    def close(self) -> None:
        """Close the connections that are idle."""
        for _ in range(len(self._idle)):
            try:
                connection, _since = self._idle.pop()
            except IndexError:  # Another thread took the rest.
                return
            self._idle.appendleft((None, 0.0))
            self._tell()
            if connection is not None:
                connection.disconnect()

    def _tell(self) -> None:
        """Tell one of those that wait."""
        if self._waiting:
            with self._returned:
                self._returned.notify()

    def _make(self) -> Any:
        made = self.pool.connection_class(**self.pool.connection_kwargs)
        made.connect()
        made.made = time.monotonic()
        return made

    def _is_usable(self, connection: Any, since: float) -> bool:
        """Tell whether a connection can be used; else close it."""
        if time.monotonic() - since <= CHECK_AFTER:
            return True
        try:
            if answers(connection, since):
                return True
        except (RedisError, OSError):
            # Those that rested longer are no better.
            self.close()
        connection.disconnect()
        return False

    def _wait(self) -> tuple[Any, float]:
        until = time.monotonic() + self.pool.timeout
        with self._returned:
            # From now on, a thread that returns a connection notifies.
            self._waiting += 1
            try:
                is_late = False
                while True:
                    try:
                        return self._idle.pop()
                    except IndexError:
                        if is_late:
                            raise TimeoutError(
                                "no connection is free"
                            ) from None
                    # A connection may come at the last moment: look again.
                    left = until - time.monotonic()
                    is_late = not self._returned.wait(left)
            finally:
                self._waiting -= 1
                # A thread that leaves may have been notified of a connection
                # that another one can use.
                if self._idle:
                    self._returned.notify()


def listener(pool: Any) -> Any:
    """Make a connection like those of a pool, which also takes messages that
    are no answers (RESP3).
    """
    return pool.connection_class(**{**pool.connection_kwargs, "protocol": 3})


def answers(connection: Any, since: float) -> bool:
    """Tell whether a connection that rested since then can be used.

    A server that left can be seen. What a firewall forgot cannot: only an
    answer tells.
    """
    now = time.monotonic()
    if connection.can_read() or now - getattr(connection, "made", now) > OLD:
        return False
    if now - since > FORGOTTEN:
        connection.send_command("PING")
        # A refusal, say for want of a right, is an answer, too.
        with suppress(ResponseError):
            connection.read_response()
    return True


def _exchange(connection: Any, commands: tuple[Command, ...]) -> list[Any]:
    try:
        if not commands[1:]:
            connection.send_command(*commands[0])
            return [connection.read_response()]
        several = (("MULTI",), *commands, ("EXEC",))
        connection.send_packed_command(connection.pack_commands(several))
        answers: list[Any] = [connection.read_response() for _ in several][-1]
    except BaseException:
        # The next command must not read the rest of this answer.
        connection.disconnect()
        raise
    for answer in answers:
        if isinstance(answer, Exception):
            connection.disconnect()
            raise answer
    return answers
