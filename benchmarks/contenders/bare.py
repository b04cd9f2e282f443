"""Only read the record of a reference, from the same server, through a pool
with the same settings: the least that such a request can cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
import sqlalchemy as sa
from contenders.ours_kept import issue, make_kept, url_of
from job import Job, make_environ, same
from redis.backoff import NoBackoff
from redis.retry import Retry

from pyramid_sessiontoken.repositories.sqlalchemy import table
from pyramid_sessiontoken.sessions.records import RecordNames

#: The defaults of the library.
NAMES = RecordNames("pyramid_sessiontoken", "pyramid_sessiontoken")
TIMEOUT = 0.25
POOL_SIZE = 10


def get() -> Job:
    key = "sessiontoken:" + NAMES.ticket(issue(make_kept("redis", "0")))
    pool = redis.BlockingConnectionPool.from_url(
        url_of("redis"),
        max_connections=POOL_SIZE,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
    client = redis.Redis(connection_pool=pool)
    return _job(lambda: client.get(key))


def select() -> Job:
    key = NAMES.ticket(issue(make_kept("sqlalchemy", "0")))
    engine = sa.create_engine(
        url_of("sqlalchemy"),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": TIMEOUT, "check_same_thread": False},
        poolclass=sa.QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=TIMEOUT,
    )
    tokens = table(sa.MetaData())
    statement = sa.select(tokens.c.token).where(
        tokens.c.key == sa.bindparam("k")
    )

    def ask() -> Any:
        with engine.connect() as connection:
            return connection.execute(statement, {"k": key}).scalar()

    return _job(ask)


def _job(bare: Callable[[], Any]) -> Job:
    found = bare()
    assert isinstance(found, bytes)
    return Job(None, same(make_environ()), found, bare=bare)
