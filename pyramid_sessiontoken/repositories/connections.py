"""Ways to put commands to Redis: connections of our own, or a client."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

Command = tuple[Any, ...]


class Connections:
    """Connections to one server, which the threads share. The one that was
    used last is used next.

    They are redis-py's. Its own way from a command to its answer, through
    pool, client and callbacks, takes as long again as the question itself.

    :param pool: makes connections, and knows how many there may be and how
        long to wait for one, in seconds.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._idle: deque[Any] = deque()
        self._free = threading.Semaphore(pool.max_connections)

    def ask(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order: one round trip, and one step.

        :raises TimeoutError: where no connection is free in time.
        """
        if not self._free.acquire(timeout=self.pool.timeout):
            raise TimeoutError("all connections are in use")
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self.pool.make_connection()
            try:
                return _exchange(connection, commands)
            finally:
                self._idle.append(connection)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close those that nobody uses just now."""
        while self._idle:
            self._idle.pop().disconnect()


class Client:
    """A client of redis-py, where it is more than one server.

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


def _exchange(connection: Any, commands: tuple[Command, ...]) -> list[Any]:
    _refresh(connection)
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
            raise answer
    return answers


def _refresh(connection: Any) -> None:
    """Connect, also where the server left meanwhile: nothing is to be read
    where nothing was asked.
    """
    connection.connect()
    try:
        broken = connection.can_read()
    except Exception:  # noqa: BLE001
        broken = True
    if broken:
        connection.disconnect()
        connection.connect()
