"""Renewals, updates and sign-outs of one session at the same time."""

import threading
import time
from contextlib import ExitStack, closing

import pytest
from support import TLS
from support.faults import choices, times
from support.file_clock import FileClock
from support.fork_server import Lost
from support.people import views
from support.processes import basic, bearer
from webob import Request

from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository

#: How often, with threads, for each kind of repository; and with processes.
ROUNDS = times(20, 5_000)
ROUNDS_OF_PROCESSES = times(10, 1_670)

#: A session is due for renewal after half its life.
DUE = 1801

KINDS = ["memory", "sqlite", "redis", "postgresql"]

SETTINGS = {
    "repository.cache_ttl": "0",
    "repository.timeout": "20s",
    "token.form": "reference",
    "cookie.form": "reference",
}


class Threads:
    """Threads that begin each of their works at the same moment."""

    def __init__(self, count):
        self._works = [None] * count
        self._start = threading.Barrier(count + 1)
        self._end = threading.Barrier(count + 1)
        self._faults = []
        self._threads = [
            threading.Thread(target=self._run, args=[n], daemon=True)
            for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def do(self, *works):
        self._works[:] = works
        self._start.wait(60)
        self._end.wait(60)
        assert self._faults == []

    def close(self):
        self._works[:] = [None] * len(self._works)
        self._start.wait(60)
        for thread in self._threads:
            thread.join(60)

    def _run(self, number):
        while True:
            self._start.wait()
            work = self._works[number]
            if work is None:
                return
            try:
                work()
            except BaseException as error:  # noqa: BLE001
                self._faults.append(error)
            self._end.wait()


def where(kind, request, tmp_path):
    if kind == "redis":
        server = request.getfixturevalue("redis")
        return {"repository": "redis", "repository.url": server.tcp}
    url = f"sqlite:///{tmp_path}/sessions"
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql").url
    return {"repository": "sqlalchemy", "repository.url": url}


@pytest.fixture
def applications(request, kind, make, clock, tmp_path):
    """Two applications of one repository, each with its own connections."""
    if kind == "memory":
        shared = MemoryRepository(clock)
        return [
            make(
                {**SETTINGS, "repository": "registered"},
                setup=views,
                before=lambda config: config.registry.registerUtility(
                    shared, ITokenRepository
                ),
            )
            for _ in range(2)
        ]
    settings = {**SETTINGS, **where(kind, request, tmp_path)}
    return [make(settings, setup=views) for _ in range(2)]


class InThreads:
    """What a race asks of applications in this process."""

    def __init__(self, applications):
        self._apps = [client.app for client in applications]
        self.clock = applications[0].clock

    def ask(self, number, method, path, headers=(), body=None):
        """Give status and JSON, of one of the applications."""
        request = Request.blank(
            path, TLS, "https://localhost", dict(headers), method=method
        )
        if body is not None:
            request.json_body = body
        response = request.get_response(self._apps[number])
        is_json = response.content_type == "application/json"
        return response.status_int, response.json if is_json else None


class InProcesses:
    """What a race asks of two processes; each thread has its connections."""

    def __init__(self, stack, children, clock):
        self._stack, self._children = stack, children
        self._mine = threading.local()
        self.clock = clock

    def ask(self, number, method, path, headers=(), body=None):
        if not hasattr(self._mine, "clients"):
            self._mine.clients = [
                self._stack.enter_context(child.client())
                for child in self._children
            ]
        try:
            client = self._mine.clients[number]
            answer = client.ask(method, path, headers, body)
        except Lost:
            return 503, None
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, answer.json if is_json else None


def race(random, threads, world, name):
    """Begin a session; renew, change and end it, all at once. Give what was
    told of each change.
    """
    first = random.randrange(2)
    _, said = world.ask(first, "POST", "/token", basic(name))
    shown = bearer(said["access_token"])
    world.clock.advance(DUE)
    told = {}

    def renew(number):
        status, said = world.ask(number, "GET", "/identity", shown)
        assert status == 200
        assert said["userid"] in {name, None}, "a wrong identity"

    def renew_now(number):
        status, said = world.ask(number, "POST", "/token/renew", shown)
        assert status in {200, 401}
        if status == 200:
            # A reference stays the same.
            assert bearer(said["access_token"]) == shown

    def change(number):
        claim = f"n{number}"
        status, _ = world.ask(number, "POST", "/update", shown, {claim: name})
        told[claim] = status == 200

    def end(number):
        status, _ = world.ask(number, "DELETE", "/token", shown)
        told["end"] = status == 204

    works = [(renew, 0), (renew_now, 1), (change, 0), (change, 1)]
    if random.random() < 0.8:
        works.append((end, random.randrange(2)))
    else:
        works.append((renew_now, 0))
    random.shuffle(works)
    threads.do(*[lambda w=work, n=n: w(n) for work, n in works])
    return shown, told


def check(world, name, shown, told, counted):
    found = [world.ask(n, "GET", "/identity", shown)[1] for n in range(2)]
    _, listed = world.ask(0, "GET", f"/sessions/{name}")
    users = {said["userid"] for said in found}
    if "end" in told:
        assert told["end"]
        assert users == {None}, "an ended session lives"
        assert listed == [], "an ended session lives"
        counted["races with a sign-out"] += 1
        return
    assert users == {name}, "a session was lost"
    assert len(listed) == 1
    for claim in ("n0", "n1"):
        assert told[claim]
        for said in found:
            assert said["claims"].get(claim) == name, "a change was lost"
    counted["races without one"] += 1


@pytest.mark.server
@pytest.mark.parametrize("kind", KINDS)
def test_after_a_race_of_threads_a_session_has_one_state(
    kind, applications, counted
):
    random = choices("races", kind)
    world = InThreads(applications)
    with closing(Threads(5)) as threads:
        for number in range(ROUNDS):
            name = f"user{number}"
            shown, told = race(random, threads, world, name)
            check(world, name, shown, told, counted)


@pytest.mark.server
@pytest.mark.parametrize("kind", KINDS[1:])
def test_after_a_race_of_processes_a_session_has_one_state(
    kind, request, fork_server, tmp_path, counted
):
    random = choices("processes", kind)
    clock = FileClock(tmp_path / "clock", int(time.time()))
    settings = {
        **SETTINGS,
        **where(kind, request, tmp_path),
        "expiry.absolute": "10h",
    }
    with ExitStack() as stack:
        children = [fork_server.serve(settings, clock.path) for _ in range(2)]
        world = InProcesses(stack, children, clock)
        threads = stack.enter_context(closing(Threads(5)))
        for number in range(ROUNDS_OF_PROCESSES):
            name = f"user{number}"
            shown, told = race(random, threads, world, name)
            check(world, name, shown, told, counted)
