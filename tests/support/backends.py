"""Repositories of every kind, for races: each process has its own."""

import pytest

from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository

#: Threads wait for a connection longer than a request would.
PATIENT = 10


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


#: What makes what makes a repository, as parameters of a fixture.
BACKENDS = [
    of_memory,
    of_sqlite,
    *(
        pytest.param(make, marks=pytest.mark.server)
        for make in (of_redis, of_cluster, of_postgresql, of_mariadb)
    ),
]


def name_of(make):
    return make.__name__


def close(repository):
    if not isinstance(repository, MemoryRepository):
        repository.close()
