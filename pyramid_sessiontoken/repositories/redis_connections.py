"""Ways to put commands to Redis: connections of our own, or a client."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

Command = tuple[Any, ...]

#: After how many seconds of rest a connection is looked at before it is used
#: again. No server starts in less: it cannot have ended and be back.
RESTED = 0.001

#: How many names are asked for at a time.
MANY = 500


class Connections:
    """Connections to one server, which the threads share. The one that was
    used last is used next.

    They are redis-py's. Its own way from a command to the answer, through
    pool, client and callbacks, takes half as long again as the question.

    :param pool: says how connections are made, how many there may be, and
        how long to wait for one, in seconds.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        # Each with the time since when it rests; None for one to be made.
        self._idle: deque[tuple[Any, float]] = deque(
            [(None, 0.0)] * pool.max_connections
        )
        self._returned = threading.Condition()
        self._waiting = 0

    def ask(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order: one round trip, and one step.

        :raises TimeoutError: where no connection is free in time.
        """
        try:
            connection, since = self._idle.pop()
        except IndexError:
            connection, since = self._wait()
        try:
            if connection is None or (
                time.monotonic() - since > RESTED and _is_broken(connection)
            ):
                connection = self._make()
            return _exchange(connection, commands)
        except BaseException:
            # Closed by now, or never open.
            connection = None
            raise
        finally:
            self._idle.append((connection, time.monotonic()))
            if self._waiting:
                with self._returned:
                    self._returned.notify()

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Give the names of all texts that match, many at a time."""
        cursor: Any = 0
        while True:
            line = (
                "SCAN",
                cursor,
                *("MATCH", pattern, "COUNT", MANY, "TYPE", "string"),
            )
            [(cursor, names)] = self.ask((line,))
            yield names
            if int(cursor) == 0:
                return

    def close(self) -> None:
        """Close those that nobody uses just now."""
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
            # Whoever returns one from now on says so.
            self._waiting += 1
            try:
                while True:
                    try:
                        return self._idle.pop()
                    except IndexError:
                        left = until - time.monotonic()
                        if not self._returned.wait(left):
                            raise TimeoutError("none is free") from None
            finally:
                self._waiting -= 1


class Client:
    """A client of redis-py, where there is more than one server.

    :param in_one_step: whether it can do several things in one step; where
        it cannot, they are done one after the other.
    """

    def __init__(self, client: Any, *, in_one_step: bool) -> None:
        self.client = client
        self._in_one_step = in_one_step
        self.close = client.close

    def ask(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order."""
        if not self._in_one_step or not commands[1:]:
            return [self.client.execute_command(*line) for line in commands]
        with self.client.pipeline(transaction=True) as pipeline:
            for line in commands:
                pipeline.execute_command(*line)
            answers: list[Any] = pipeline.execute()
            return answers

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Give the names of all texts that match, many at a time."""
        found = self.client.scan_iter(pattern, MANY, _type="string")
        while names := list(islice(found, MANY)):
            yield names


def _is_broken(connection: Any) -> bool:
    """Tell whether the server left meanwhile: nothing is to be read where
    nothing was asked. Then it is closed.
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
        lines = (("MULTI",), *commands, ("EXEC",))
        connection.send_packed_command(connection.pack_commands(lines))
        answers: list[Any] = [connection.read_response() for _ in lines][-1]
    except BaseException:
        # Whoever comes next must not read what is left of this answer.
        connection.disconnect()
        raise
    for answer in answers:
        if isinstance(answer, Exception):
            connection.disconnect()
            raise answer
    return answers
