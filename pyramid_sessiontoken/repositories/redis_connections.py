"""Send commands to Redis: through connections of our own, or a client."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

Command = tuple[Any, ...]

#: A connection that was idle for longer is checked before it is used, in
#: seconds. No server can stop and start again in less time.
CHECK_AFTER = 0.001

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
            connection, since = self._idle.pop()
        except IndexError:
            connection, since = self._wait()
        try:
            if connection is None or (
                time.monotonic() - since > CHECK_AFTER
                and _is_broken(connection)
            ):
                connection = self._make()
            return _exchange(connection, commands)
        except BaseException:
            # The connection is closed by now, or was never open.
            connection = None
            raise
        finally:
            self._idle.append((connection, time.monotonic()))
            if self._waiting:
                with self._returned:
                    self._returned.notify()

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

    def close(self) -> None:
        """Close the connections that are idle."""
        for _ in range(len(self._idle)):
            connection, _ = self._idle.pop()
            self._idle.appendleft((None, 0.0))
            if connection is not None:
                connection.disconnect()

    def _make(self) -> Any:
        made = self.pool.connection_class(**self.pool.connection_kwargs)
        made.connect()
        return made

    def _wait(self) -> tuple[Any, float]:
        until = time.monotonic() + self.pool.timeout
        with self._returned:
            # From now on, a thread that returns a connection notifies.
            self._waiting += 1
            try:
                while True:
                    try:
                        return self._idle.pop()
                    except IndexError:
                        left = until - time.monotonic()
                        if not self._returned.wait(left):
                            raise TimeoutError(
                                "no connection is free"
                            ) from None
            finally:
                self._waiting -= 1


class Client:
    """A client of redis-py, for Sentinel and for a cluster.

    :param in_one_step: whether the client can execute several commands in one
        step. If not, it executes one after the other.
    """

    def __init__(self, client: Any, *, in_one_step: bool) -> None:
        self.client = client
        self._in_one_step = in_one_step
        self.close = client.close

    def execute(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order."""
        if not self._in_one_step or not commands[1:]:
            return [self.client.execute_command(*each) for each in commands]
        with self.client.pipeline(transaction=True) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = pipeline.execute()
            return answers

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Give the names of all texts that match, in batches."""
        found = self.client.scan_iter(pattern, SCAN_COUNT, _type="string")
        while names := list(islice(found, SCAN_COUNT)):
            yield names


def _is_broken(connection: Any) -> bool:
    """Tell whether an idle connection can be read: then the server closed it,
    or sent an answer that no command waits for. Such a connection is closed.
    """
    try:
        broken = connection.can_read()
    except Exception:  # noqa: BLE001
        broken = True
    if broken:
        connection.disconnect()
    return bool(broken)


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
