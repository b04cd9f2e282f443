"""Only read the record of a reference from the same server: the least that
such a request can cost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import redis
import sqlalchemy as sa
from contenders.ours_kept import issue, make_kept, url_of
from contenders.pyramid_app import Policy, make_app
from job import USERID, Environ, Job, make_environ, same
from servers import REDIS

from pyramid_sessiontoken.repositories.sqlalchemy import table

#: Seconds, as by default in the library.
TIMEOUT = 0.25


class AsksRedis(Policy):
    """A policy that asks Redis for the record of a session, and does not look
    into it.
    """

    def __init__(self) -> None:
        self.client = _connect()

    def authenticated_userid(self, request: Any) -> str | None:
        session = request.environ.get("HTTP_SESSION")
        if session is None or self.client.get(session) is None:
            return None
        return USERID


def policy() -> Job:
    asking = AsksRedis()
    app = make_app(lambda config: config.set_security_policy(asking))
    key, ended = _new_key().decode(), _new_key().decode()
    asking.client.delete(ended)
    return Job(
        app,
        same(_show(key)),
        good=_show(key),
        bad=_show(key[:-1]),
        ended=_show(ended),
    )


def _show(key: str) -> Environ:
    return make_environ(SESSION=key)


def get() -> Job:
    client, key = _connect(), _new_key()
    return _job(lambda: client.get(key))


def _connect() -> Any:
    """Connect as redis-py's own documentation does, with timeouts."""
    return redis.Redis.from_url(
        os.environ[REDIS],
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
    )


def _new_key() -> bytes:
    """Begin a session with a reference; give the key of its record."""
    client = _connect()
    before = set(client.keys())
    issue(make_kept("redis", "0"))
    new = set(client.keys()) - before
    texts = [key for key in new if client.type(key) == b"string"]
    # The other one says something shorter about the session.
    return bytes(max(texts, key=client.strlen))


def select() -> Job:
    issue(make_kept("sqlalchemy", "0"))
    engine = sa.create_engine(
        url_of("sqlalchemy"),
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": TIMEOUT, "check_same_thread": False},
        poolclass=sa.QueuePool,
    )
    tokens = table(sa.MetaData())
    statement = sa.select(tokens.c.token).where(
        tokens.c.key == sa.bindparam("k")
    )
    with engine.connect() as connection:
        key = connection.execute(sa.select(tokens.c.key)).scalar()

    def ask() -> Any:
        with engine.connect() as connection:
            return connection.execute(statement, {"k": key}).scalar()

    return _job(ask)


def _job(bare: Callable[[], Any]) -> Job:
    found = bare()
    assert isinstance(found, bytes)
    return Job(None, same(make_environ()), found, bare=bare)
