"""Keys are rotated while four processes serve, without an error."""

import os
import threading
import time
from contextlib import ExitStack

import jwt
import pytest
from support.file_clock import FileClock
from support.processes import Application, Process, bearer, write

from pyramid_sessiontoken.keys.file_ring import PROPAGATION
from pyramid_sessiontoken.keys.jwk import read_jwk_set, write_jwk_set
from pyramid_sessiontoken.scripts import main

pytestmark = pytest.mark.server

THREADS = 3

DAY = 86400

#: How long a round of requests may take on a busy machine, seconds.
PATIENCE = 120

APPLICATION = """
import json
import logging
import sys

import waitress
from pyramid.config import Configurator
from support import Root, includeme
from support.file_clock import FileClock

from pyramid_sessiontoken.interfaces import IClock


logging.basicConfig(level="INFO")
config = Configurator(settings=json.loads(sys.argv[1]), root_factory=Root)
config.registry.registerUtility(FileClock(sys.argv[2]), IClock)
config.include("pyramid_sessiontoken")
config.include(includeme)
app = config.make_wsgi_app()
server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
print("serving", server.effective_port, flush=True)
server.run()
"""


def replace(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


class Server:
    """A process, and a client for each thread: clients share no cookies."""

    def __init__(self, stack, log, settings, clock):
        self.process = Process(
            log, APPLICATION, write(settings), str(clock.path)
        )
        stack.callback(self.process.end)
        (self.port,) = self.process.ports(1)
        self.log = log
        self.stack = stack
        self.mine = threading.local()

    @property
    def client(self):
        if not hasattr(self.mine, "client"):
            client = Application(self.port)
            self.mine.client = self.stack.enter_context(client)
        return self.mine.client

    def show(self, name):
        """Sign a user in; give a header and a cookie that show it."""
        return [self.client.swap(name), self.client.sign_in(name)]

    def who(self, headers):
        return self.client.who(headers)

    def kid(self, name):
        """Give the kid that signs; ``None`` where tokens are references."""
        word, token = self.client.swap(name)["Authorization"].split()
        assert word == "Session"
        if token.startswith("pst_"):
            return None
        return jwt.get_unverified_header(token)["kid"]


class Fleet:
    """Four processes and more, with one repository and one file of keys. Of
    each two, one writes self-contained header tokens and references in the
    cookie, and the other one writes the opposite forms.
    """

    def __init__(self, stack, folder, **settings):
        self.stack = stack
        self.folder = folder
        self.more = settings
        self.keys = folder / "sessiontoken.jwks"
        self.clock = FileClock(folder / "clock", int(time.time()))
        self.servers = []

    def start(self):
        forms = ["self-contained", "reference"]
        number = len(self.servers)
        settings = {
            "keys": f"file:{self.keys}",
            "repository": "sqlalchemy",
            "repository.url": f"sqlite:///{self.folder}/sessions",
            "repository.timeout": "20s",
            "repository.cache_ttl": "0",
            "token.form": forms[number % 2],
            "cookie.form": forms[1 - number % 2],
            **self.more,
        }
        log = self.folder / f"log{number}"
        self.servers.append(Server(self.stack, log, settings, self.clock))
        return self.servers[-1]

    def kids(self):
        kids = {server.kid("kim") for server in self.servers}
        return kids - {None}

    def who(self, headers):
        return [server.who(headers) for server in self.servers]

    def said(self):
        return [server.log.read_text() for server in self.servers]


class Traffic:
    """Users sign in at one process and ask others, until it is over."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.early = {}
        self.rounds = [0] * THREADS
        self.trouble = []
        self.over = False
        self.turned = threading.Condition()
        self.threads = [
            threading.Thread(target=self.run, args=[number])
            for number in range(THREADS)
        ]

    def run(self, number):
        try:
            name = f"user{number}"
            early = [h for s in self.fleet.servers for h in s.show(name)]
            self.early[name] = early
            while not self.over:
                servers = list(self.fleet.servers)
                turn = self.rounds[number]
                shown = servers[turn % len(servers)].show(name)
                shown.append(early[turn % len(early)])
                for headers in shown:
                    for server in servers:
                        assert server.who(headers) == name
                with self.turned:
                    self.rounds[number] += 1
                    self.turned.notify_all()
        except BaseException as error:  # noqa: BLE001
            with self.turned:
                self.trouble.append(error)
                self.turned.notify_all()

    def flow(self, rounds=2):
        """Wait until all threads have made some more rounds."""
        with self.turned:
            goal = [done + rounds for done in self.rounds]
            assert self.turned.wait_for(
                lambda: (
                    self.trouble
                    or all(
                        done >= wanted
                        for done, wanted in zip(self.rounds, goal, strict=True)
                    )
                ),
                PATIENCE,
            )
        if self.trouble:
            raise self.trouble[0]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        self.over = True
        for thread in self.threads:
            thread.join(PATIENCE)


def keys_in(file):
    return read_jwk_set(file.read_text())


@pytest.fixture
def start(tmp_path):
    """Start four processes, with settings of the test's own."""
    file = tmp_path / "sessiontoken.jwks"
    assert main(["keygen", "--out", str(file)]) == 0
    with ExitStack() as stack:

        def start_fleet(**settings):
            fleet = Fleet(stack, tmp_path, **settings)
            for _ in range(4):
                fleet.start()
            return fleet

        yield start_fleet


@pytest.fixture
def fleet(start):
    return start()


def test_a_rotation_refuses_no_session(fleet):
    (old,) = keys_in(fleet.keys)
    with Traffic(fleet) as traffic:
        traffic.flow()
        assert main(["keygen", "--add", str(fleet.keys)]) == 0
        new, _ = keys_in(fleet.keys)
        traffic.flow()
        fleet.clock.advance(1)
        traffic.flow()
        # One process starts with both keys; others see half a file.
        fleet.start()
        traffic.flow()
        whole = fleet.keys.read_text()
        fleet.keys.write_text(whole[: len(whole) // 2])
        fleet.clock.advance(1)
        traffic.flow()
        replace(fleet.keys, whole)
        fleet.clock.advance(PROPAGATION // 2)
        traffic.flow()
        # The process that started with both signs with the new one.
        assert fleet.kids() == {old.kid, new.kid}
        # The first requests of the new time find different keys.
        fleet.clock.advance(PROPAGATION)
        traffic.flow(3)
        assert fleet.kids() == {new.kid}
    assert traffic.trouble == []
    for said in fleet.said():
        assert f"sessiontoken.keys: {new.kid!r} signs; {old.kid!r}" in said
        for key in write_jwk_set([new, old]).split('"k": ')[1:]:
            assert key.split('"')[1] not in said
    late = [h for server in fleet.servers for h in server.show("late")]
    replace(fleet.keys, write_jwk_set([new]))
    fleet.clock.advance(1)
    for headers in late:
        assert fleet.who(headers) == ["late"] * 5
    for early in traffic.early.values():
        for headers in early:
            assert fleet.who(headers) == [None] * 5


def test_a_ring_that_is_replaced_ends_all_sessions_and_serves_on(fleet):
    """A key leaked: no process accepts it longer than another one."""
    early = [h for server in fleet.servers for h in server.show("early")]
    for headers in early:
        assert fleet.who(headers) == ["early"] * 4
    main(["keygen", "--add", str(fleet.keys)])
    new, _ = keys_in(fleet.keys)
    replace(fleet.keys, write_jwk_set([new]))
    fleet.clock.advance(1)
    # One process reads the file; others read it when they see its tokens.
    for server in fleet.servers:
        for headers in server.show("late"):
            assert fleet.who(headers) == ["late"] * 4
    for headers in early:
        assert fleet.who(headers) == [None] * 4
    junk = bearer("x.y.z")
    assert fleet.who(junk) == [None] * 4


def test_a_new_period_refuses_no_session(start):
    """The time passes from one period to the next while requests run."""
    fleet = start(**{"keys.rotate": "1d"})
    (root,) = keys_in(fleet.keys)
    # Until shortly before the end of a day.
    fleet.clock.advance(DAY - fleet.clock.now() % DAY - 40)
    number = fleet.clock.now() // DAY
    with Traffic(fleet) as traffic:
        traffic.flow()
        assert fleet.kids() == {f"{root.kid}.{number}"}
        for _ in range(8):
            fleet.clock.advance(10)
            traffic.flow(1)
        assert fleet.kids() == {f"{root.kid}.{number + 1}"}
    assert traffic.trouble == []
    for said in fleet.said():
        assert f"sessiontoken.keys: '{root.kid}.{number + 1}' signs" in said
