"""An application in processes of its own, and a client of each."""

import base64
import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from support import KEY

TESTS = Path(__file__).parent.parent


class Application(httpx.Client):
    """A client of one process."""

    def __init__(self, port):
        url = f"http://127.0.0.1:{port}"
        super().__init__(base_url=url, timeout=20, trust_env=False)

    def swap(self, name):
        """Swap a password for a token; give the headers that show it."""
        response = self.post("/token", auth=(name, name))
        assert response.status_code == 200, response.text
        return bearer(response.json()["access_token"])

    def sign_in(self, name):
        """Sign in as a browser does; give the headers that show it."""
        response = self.post("/sign_in", json={"userid": name})
        assert response.status_code == 302, response.text
        (cookie,) = response.cookies.items()
        self.cookies.clear()
        return {"Cookie": "=".join(cookie)}

    def who(self, headers):
        response = self.get("/identity", headers=headers)
        assert response.status_code == 200, response.text
        return response.json()["userid"]


def basic(name):
    word = base64.b64encode(f"{name}:{name}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


def bearer(token):
    return {"Authorization": f"Session {token}"}


class Process:
    """The application in a process, or two after a fork."""

    def __init__(self, log, application, settings, *words):
        self.log = log
        path = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(TESTS), *([path] if path else [])])
        # What several processes say at once is appended.
        with log.open("a") as output:
            self.popen = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", application, settings, *words],
                env={**os.environ, "PYTHONPATH": path, "STORY_KEYS": KEY},
                stdout=output,
                stderr=output,
            )
        self.process = psutil.Process(self.popen.pid)
        self.children = []

    def ports(self, count):
        """Wait until they serve; give where."""
        until = time.monotonic() + 30
        while True:
            said = self.log.read_text()
            found = re.findall(r"^serving (\d+)$", said, re.MULTILINE)
            if len(found) == count:
                self.children = self.process.children()
                return found
            assert self.popen.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.02)

    def end(self):
        with suppress(psutil.NoSuchProcess):
            self.children = self.process.children() or self.children
        for each in self.children:
            with suppress(psutil.NoSuchProcess):
                each.terminate()
        for each in psutil.wait_procs(self.children, 10)[1]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(10)


def write(settings):
    """Write the settings that all have, and these."""
    every = {
        "keys": "env:STORY_KEYS",
        "authenticators": "session cookie basic",
        "basic.check": "support:check_password",
        "require_tls": "false",
        "cookie.secure": "false",
        **settings,
    }
    return json.dumps({f"sessiontoken.{k}": v for k, v in every.items()})
