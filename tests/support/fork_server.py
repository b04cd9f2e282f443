"""Processes that begin at once, since they are forks of one that has imported
everything, and that may be killed at any moment.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

from support import KEY
from support.processes import TESTS, write

PROGRAM = """
import json
import os
import signal
import sys

import waitress
from pyramid.config import Configurator
from support import Root, includeme
from support.file_clock import FileClock
from support.people import views

import pyramid_sessiontoken.repositories.redis
import pyramid_sessiontoken.repositories.sqlalchemy
from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.scripts import main


def serve(settings, clock):
    config = Configurator(settings=settings, root_factory=Root)
    config.registry.registerUtility(FileClock(clock), IClock)
    config.include("pyramid_sessiontoken")
    config.include(includeme)
    config.include(views)
    app = config.make_wsgi_app()
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    tell(server.effective_port)
    server.run()


def add_keys(path):
    tell(0)
    while True:
        main(["keygen", "--add", path])


def tell(port):
    os.write(1, f"{os.getpid()} {port}\\n".encode())


signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    name, *args = json.loads(line)
    if os.fork() == 0:
        {"serve": serve, "add_keys": add_keys}[name](*args)
"""


class Lost(Exception):
    """No answer came, or one that says that nothing is known."""


class ForkServer:
    """The process whose forks are killed."""

    def __init__(self, folder):
        path = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(TESTS), *([path] if path else [])])
        self.log = folder / "log"
        with self.log.open("w") as errors:
            self._popen = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", PROGRAM],
                env={**os.environ, "PYTHONPATH": path, "STORY_KEYS": KEY},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._living = set()

    def serve(self, settings, clock):
        """Begin an application; give the process."""
        return self._begin("serve", json.loads(write(settings)), str(clock))

    def add_keys(self, path):
        """Begin to put new keys in front of a file, over and over."""
        return self._begin("add_keys", str(path))

    def _begin(self, *order):
        self._popen.stdin.write(json.dumps(order) + "\n")
        self._popen.stdin.flush()
        said = self._popen.stdout.readline()
        assert said, self.log.read_text()
        child = Child(self, *map(int, said.split()))
        self._living.add(child)
        return child

    def kill(self, child):
        self._living.discard(child)
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)

    def kill_all(self):
        for child in list(self._living):
            self.kill(child)

    def end(self):
        self.kill_all()
        self._popen.stdin.close()
        self._popen.stdout.close()
        self._popen.wait(30)


class Child:
    """A process that serves."""

    def __init__(self, server, pid, port):
        self._server = server
        self.pid, self.port = pid, port

    def kill(self):
        self._server.kill(self)

    def client(self):
        return Client(self.port)


class Client:
    """A client with one connection, for one thread."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=30
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._connection.close()

    def ask(self, method, path, headers=(), body=None):
        """Give an answer.

        :raises Lost: if none comes, or 503.
        """
        headers = dict(headers)
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = self._connection
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise Lost from None
        if response.status == http.client.SERVICE_UNAVAILABLE:
            assert int(response.headers["Retry-After"]) > 0
            assert response.headers["Set-Cookie"] is None
            raise Lost
        assert response.status < http.client.INTERNAL_SERVER_ERROR, text
        return Answer(response.status, response.headers, text)


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def cookie(self):
        """The cookie that is set, as a client shows it."""
        pair = self.headers["Set-Cookie"].partition(";")[0]
        return {"Cookie": pair}
