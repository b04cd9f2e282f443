"""Sign-out wins against a renewal at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.races import Process

from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository

#: Threads wait for a connection longer than a request would.
PATIENT = 10

ROUNDS = 5


def of_memory(clock, request):
    repository = MemoryRepository(clock)
    return lambda: repository


def of_redis(clock, request):
    url = request.getfixturevalue("redis_process").tcp
    return lambda: RedisRepository(url, clock, timeout=PATIENT)


def of_cluster(clock, request):
    servers = request.getfixturevalue("cluster_process")
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    url = f"redis+cluster://{hosts}"
    return lambda: RedisRepository(url, clock, timeout=PATIENT)


def of_sqlite(clock, request):
    path = request.getfixturevalue("tmp_path")
    url = f"sqlite:///{path}/sessions.db"
    return lambda: SQLAlchemyRepository(url, clock, timeout=PATIENT)


def of_postgresql(clock, request):
    url = request.getfixturevalue("postgresql").url
    return lambda: SQLAlchemyRepository(url, clock, timeout=PATIENT)


def of_mariadb(clock, request):
    url = request.getfixturevalue("mariadb").url
    return lambda: SQLAlchemyRepository(url, clock, timeout=PATIENT)


@pytest.fixture(
    params=[
        of_memory,
        of_sqlite,
        *(
            pytest.param(make, marks=pytest.mark.server)
            for make in (of_redis, of_cluster, of_postgresql, of_mariadb)
        ),
    ],
    ids=lambda each: each.__name__,
)
def processes(clock, request):
    """Three processes, each with its own connections."""
    make = request.param(clock, request)
    repositories = [make() for _ in range(3)]
    yield [Process(clock, repository) for repository in repositories]
    for repository in repositories:
        if not isinstance(repository, MemoryRepository):
            repository.close()


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_an_ended_session_does_not_live(processes, clock, way):
    for number in range(ROUNDS):
        race(processes, clock, way, f"alice{number}{way}")


def race(processes, clock, way, userid):
    one, two, three = processes
    reference = one.sign_in(userid)
    ticket = one.ticket(reference)
    clock.advance(1800)
    references = [reference]

    def renew(process):
        process.sessions.renew(ticket, reference)

    def swap(process):
        issued = process.sessions.exchange(ticket)
        references.append(issued.access_token)

    def end(process):
        if way == "end":
            process.stored.end(ticket.sid)
        else:
            process.stored.end_all(userid)

    calls = [(verb, p) for verb in (renew, swap) for p in processes * 2]
    calls.append((end, two))
    start = threading.Barrier(len(calls))

    def run(call):
        verb, process = call
        start.wait(60)
        verb(process)

    with ThreadPoolExecutor(len(calls)) as threads:
        list(threads.map(run, calls))
    assert len(references) == 7
    clock.advance(5)
    for each in processes:
        assert not any(map(each.lives, references))
    # A new sign-in is accepted.
    assert three.lives(one.sign_in(userid))
