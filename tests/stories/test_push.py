"""A sign-out in one process is noticed at once in another."""

import os
import sys
import time
from contextlib import ExitStack

import pytest
from support.processes import Application, Process, write
from support.servers import wait_until

pytestmark = pytest.mark.server

#: Without a push, nothing would be noticed for so long.
LONG = "1h"

APPLICATION = """
import base64
import json
import logging
import os
import signal
import sys
import threading

import waitress
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from support import Root, includeme

from pyramid_sessiontoken.repositories import redis_invalidation

redis_invalidation.AGAIN_AFTER_REFUSAL = 0.2
# On a machine that does much else, Redis may answer late.
redis_invalidation.PATIENCE = 15
is_told = threading.Event()


class Log(logging.Handler):
    # A process that forks must not be in the middle of a line.
    def emit(self, record):
        os.write(2, (self.format(record) + "\\n").encode())
        if "at once which sessions end" in record.getMessage():
            is_told.set()


logging.basicConfig(
    level=logging.INFO,
    format="%(levelname)s %(message)s",
    handlers=[Log()],
)


def end_all(request):
    request.sessiontoken.revoke_all()
    return Response()


def make_access_token(request):
    return Response(request.sessiontoken.create_access_token("CI"))


def end_access_tokens(request):
    request.sessiontoken.revoke_all(access_tokens=True)
    return Response()


settings = json.loads(sys.argv[1])
config = Configurator(settings=settings, root_factory=Root)
config.include("pyramid_sessiontoken")
config.include(includeme)
for view in (end_all, make_access_token, end_access_tokens):
    config.add_route(view.__name__, f"/{view.__name__}")
    config.add_view(view, route_name=view.__name__)
app = config.make_wsgi_app()

if sys.argv[2:]:
    # The parent has a line of its own before it forks.
    request = Request.blank("/identity")
    request.authorization = ("Session", sys.argv[2])
    assert request.get_response(app).json["userid"] == "alice"
    is_told.wait()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.fork()

server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
os.write(1, f"serving {server.effective_port}\\n".encode())
server.run()
"""

TOLD = "Redis tells this process at once which sessions end elsewhere"
BROKE = "Redis cannot tell this process which sessions end elsewhere"


@pytest.fixture
def serve_each(tmp_path, redis):
    """Serve the application in processes; give clients and their logs."""
    with ExitStack() as stack:

        def serve(*several, words=(), each=1):
            processes = []
            for number, given in enumerate(several):
                settings = {
                    "repository": "redis",
                    "repository.url": redis.tcp,
                    "repository.timeout": "15s",
                    "repository.cache_ttl": LONG,
                    "repository.invalidation": "push",
                    **given,
                }
                log = tmp_path / f"log{len(os.listdir(tmp_path))}{number}"
                log.touch()
                process = Process(log, APPLICATION, write(settings), *words)
                stack.callback(
                    lambda log=log: sys.stdout.write(log.read_text())
                )
                stack.callback(process.end)
                processes.append(process)
            return [
                (stack.enter_context(Application(port)), process.log)
                for process in processes
                for port in process.ports(each)
            ]

        yield serve


def count(log, text):
    return log.read_text().count(text)


def is_remembered(client, headers, name):
    """Ask often enough that the answers are remembered."""
    return all(client.who(headers) == name for _ in range(3))


FORMS = pytest.mark.parametrize("form", ["self-contained", "reference"])


@FORMS
def test_a_sign_out_is_noticed_at_once(serve_each, form):
    given = {"token.form": form, "cookie.form": form}
    (here, _), (there, log) = serve_each(given, given)
    first = here.swap("alice")
    there.who(first)
    wait_until(lambda: count(log, TOLD))
    shown = [here.swap("alice"), here.sign_in("alice"), here.swap("bob")]
    assert all(is_remembered(there, one, "alice") for one in shown[:2])
    assert is_remembered(there, shown[2], "bob")
    assert here.delete("/token", headers=shown[0]).status_code == 204
    wait_until(lambda: there.who(shown[0]) is None)
    assert here.get("/end_all", headers=shown[1]).status_code == 200
    wait_until(lambda: there.who(shown[1]) is None)
    assert is_remembered(there, shown[2], "bob")
    assert count(log, BROKE) == 0


def test_the_end_of_an_access_token_is_noticed_at_once(serve_each):
    given = {
        "authenticators": "session basic access_token",
        "token.exchange": "basic access_token",
    }
    (here, _), (there, log) = serve_each(given, given)
    alice = ("alice", "alice")
    text = here.get("/make_access_token", auth=alice).text
    shown = {"Authorization": f"Bearer {text}"}
    assert there.who(shown) == "alice"
    wait_until(lambda: count(log, TOLD))
    token = there.post("/token", headers=shown).json()["access_token"]
    session = {"Authorization": f"Session {token}"}
    assert is_remembered(there, shown, "alice")
    assert is_remembered(there, session, "alice")

    assert here.get("/end_access_tokens", auth=alice).status_code == 200

    wait_until(lambda: there.who(shown) is None)
    wait_until(lambda: there.who(session) is None)
    assert count(log, BROKE) == 0


def test_a_line_that_is_cut_comes_back(serve_each, redis, proxy):
    between = proxy(redis.port)
    url = f"redis://127.0.0.1:{between.port}"
    (here, _), (there, log) = serve_each({}, {"repository.url": url})
    shown = [here.swap("alice") for _ in range(2)]
    assert is_remembered(there, shown[0], "alice")
    wait_until(lambda: count(log, TOLD) == 1)
    assert all(is_remembered(there, each, "alice") for each in shown)
    between.cut()
    wait_until(lambda: count(log, BROKE))
    # It does not hear of this.
    assert here.delete("/token", headers=shown[0]).status_code == 204
    between.mend()
    wait_until(lambda: count(log, TOLD) == 2)
    # The line is back, and nothing is remembered from before.
    assert there.who(shown[0]) is None
    assert is_remembered(there, shown[1], "alice")
    assert here.delete("/token", headers=shown[1]).status_code == 204
    wait_until(lambda: there.who(shown[1]) is None)
    assert f"WARNING {BROKE}" in log.read_text()
    assert f"WARNING {TOLD}" in log.read_text()


def test_while_the_line_is_down_it_takes_five_seconds(serve_each, redis):
    execute = redis.client.execute_command
    (here, _), (there, log) = serve_each({}, {})
    shown = here.swap("alice")
    assert is_remembered(there, shown, "alice")
    wait_until(lambda: count(log, TOLD))
    # Redis 6 takes no subcommand away, it only allows some.
    execute("ACL SETUSER", "default", "-client", "+client|kill")
    try:
        execute("CLIENT KILL TYPE normal SKIPME yes")
        wait_until(lambda: count(log, "lacks the right +client|tracking"))
        assert is_remembered(there, shown, "alice")
        began = time.monotonic()
        assert here.delete("/token", headers=shown).status_code == 204
        wait_until(lambda: there.who(shown) is None)
        # Nobody told it, or it would have noticed at once.
        assert time.monotonic() - began > 0.5
    finally:
        execute("ACL SETUSER", "default", "+client")
    wait_until(lambda: count(log, TOLD) == 2)


@FORMS
def test_after_a_fork_both_processes_notice_at_once(serve_each, form):
    given = {"token.form": form}
    ((here, _),) = serve_each(given)
    shown = here.swap("alice")
    bearer = shown["Authorization"].split()[1]
    (one, log), (two, _) = serve_each(given, words=[bearer], each=2)
    for there in (one, two):
        there.who(shown)
    # The parent before the fork, and the child after it.
    wait_until(lambda: count(log, TOLD) == 2)
    for there in (one, two):
        assert is_remembered(there, shown, "alice")
    assert here.delete("/token", headers=shown).status_code == 204
    for there in (one, two):
        wait_until(lambda there=there: there.who(shown) is None)
    assert count(log, BROKE) == 0
