"""Contenders behind real servers, and the load that this process makes.

The figures are the processor time of the server's process, so it does not
matter how fast this process is.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from catalogue import Contender
from environments import python_of
from rounds import Rounds, in_turn
from servers import free_port, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))

ENVIRONMENT = "wire"

#: The variable that tells :mod:`served` the contender.
MADE_BY = "BENCHMARK_MADE_BY"

#: Clients that send requests at the same time.
CLIENTS = 4

#: Threads of one process that wait for each other on several cores make
#: figures that say little. So all servers use one core, where the system lets
#: this be chosen, and this process uses the others.
CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
PINS = len(CORES) > 1
SERVERS_CORE = min(CORES, default=0)

#: The command of each server, between the Python and the address.
SERVERS = {
    "gunicorn": ["-m", "gunicorn", "--workers=1", "served:app", "--bind"],
    "waitress": [os.path.join(HERE, "served.py"), "waitress"],
}


@dataclass(frozen=True)
class Answer:
    """What came back over a connection."""

    status: bytes
    body: bytes
    closes: bool


class Connection:
    """A connection, made anew when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(
                ("127.0.0.1", self._port), 30
            )
        self._socket.sendall(request)
        answer = _read(self._socket)
        if answer.closes:
            self.close()
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _read(connection: socket.socket) -> Answer:
    """Read an answer whose length the server tells."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    named = dict(line.lower().split(b": ", 1) for line in lines)
    while len(body) < int(named[b"content-length"]):
        body += _receive(connection)
    return Answer(status, body, named.get(b"connection") == b"close")


def _receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk


class Server:
    """A server with a contender, in a process of its own."""

    def __init__(self, port: int) -> None:
        self._port = port

    def take(self, count: int) -> float:
        """Send requests; give nanoseconds of the server for each."""
        told = json.loads(self._ask(f"/benchmark/draw?count={count}"))
        requests = [_write("/hello", each) for each in told["headers"]]
        answer = told["answer"].encode()
        shares = [requests[first::CLIENTS] for first in range(CLIENTS)]
        begin = int(self._ask("/benchmark/time"))
        with ThreadPoolExecutor(CLIENTS) as crew:
            wrong = sum(crew.map(partial(self._send, answer), shares))
        took = int(self._ask("/benchmark/time")) - begin
        assert not wrong, f"{wrong} answers were wrong"
        return took / count

    def _send(self, answer: bytes, requests: Iterable[bytes]) -> int:
        """Give how many answers were wrong."""
        connection = Connection(self._port)
        wrong = 0
        for request in requests:
            got = connection.send(request)
            wrong += b" 200 " not in got.status or got.body != answer
        connection.close()
        return wrong

    def _ask(self, path: str) -> bytes:
        connection = Connection(self._port)
        try:
            return connection.send(_write(path, {"Host": "app.example"})).body
        finally:
            connection.close()


def _write(path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return f"GET {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode()


def run_wire(
    server: str, contenders: Iterable[Contender], rounds: int, requests: int
) -> Rounds:
    """Time all contenders behind one kind of server.

    :raises OSError: where a server does not start.
    """
    result = Rounds()
    with ExitStack() as stack:
        stack.enter_context(_leaving_a_core())
        running = {
            contender.name: stack.enter_context(_serving(server, contender))
            for contender in contenders
        }
        for each in running.values():
            each.take(requests)
        for name in in_turn(running, rounds):
            result.add(name, running[name].take(requests))
    return result


@contextmanager
def _leaving_a_core() -> Iterator[None]:
    """Keep this process off the core of the servers."""
    if not PINS:
        yield
        return
    os.sched_setaffinity(0, CORES - {SERVERS_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


@contextmanager
def _serving(server: str, contender: Contender) -> Iterator[Server]:
    port = free_port()
    command = [python_of(ENVIRONMENT), *SERVERS[server], f"127.0.0.1:{port}"]
    environ = {
        **os.environ,
        MADE_BY: contender.made_by,
        "PYTHONHASHSEED": "0",
        # This checkout, in an environment that has only what it requires.
        "PYTHONPATH": os.pathsep.join([HERE, os.path.dirname(HERE)]),
    }
    process = subprocess.Popen(
        command,
        env=environ,
        cwd=HERE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if PINS:
        os.sched_setaffinity(process.pid, {SERVERS_CORE})
    try:
        wait_for(process, port, b"GET /benchmark/time HTTP/1.0\r\n\r\n", b"H")
        yield Server(port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
