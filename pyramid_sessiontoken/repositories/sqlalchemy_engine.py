"""Engines of SQLAlchemy whose connections give up in time."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

_DATABASES = {"sqlite", "postgresql", "mysql", "mariadb"}


class Engines:
    """An engine for each process: connections do not survive a fork, and a
    child must not close those of its parent.

    :param url: SQLAlchemy's URL, with a synchronous driver.
    :param timeout: how long to wait for a free connection, for a lock and for
        a statement, in seconds each.
    :param pool_size: the most connections of a process.
    :raises ValueError: for any other URL. The error does not contain the URL.
    :raises ImportError: if the driver is not installed.
    """

    def __init__(self, url: str, timeout: float, pool_size: int) -> None:
        self._url, dialect = _parse(url)
        self.dialect = dialect.name
        self._driver = dialect.driver
        self._timeout = timeout
        self._options = {
            # The log shall not contain subjects.
            "hide_parameters": True,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": connect_args(dialect, timeout),
            "poolclass": sa.QueuePool,
            "pool_size": _pool_size(self._url, pool_size),
            "max_overflow": 0,
            "pool_timeout": timeout,
            # A file needs no ping.
            "pool_pre_ping": dialect.name != "sqlite",
        }
        self._engines: dict[int, sa.Engine] = {}

    def current(self) -> sa.Engine:
        """Give the engine of this process."""
        pid = os.getpid()
        engine = self._engines.get(pid)
        if engine is None:
            # If two threads come here at once, both take the engine of the
            # first. The other engine has not opened a connection.
            engine = self._engines.setdefault(pid, self._make())
        return engine

    def close(self) -> None:
        """Close the connections of this process; the next use opens others."""
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _make(self) -> sa.Engine:
        engine = sa.create_engine(self._url, **self._options)
        if self._driver == "psycopg":
            sa.event.listen(
                engine, "do_connect", _psycopg_connector(self._timeout)
            )
        return engine


def create_table(engine: sa.Engine, table: sa.Table) -> None:
    """Create a table if it is absent."""
    if engine.dialect.name == "sqlite":
        # The file keeps this setting: a reader then need not wait for the
        # writer. Another process may be doing the same.
        with suppress(DBAPIError), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    try:
        table.metadata.create_all(engine)
    except DBAPIError:
        # Another process has created it meanwhile, or this user may not
        # create a table, but it is there.
        if not sa.inspect(engine).has_table(table.name):
            raise


def _parse(url: str) -> tuple[sa.URL, sa.Dialect]:
    try:
        parsed = sa.make_url(url)
        kind = parsed.get_dialect()
    except (ArgumentError, ValueError):
        # Not chained: the first error may quote the password.
        raise ValueError(
            "it is not a URL that SQLAlchemy knows, such as"
            " postgresql+psycopg://host/database"
        ) from None
    if kind.name not in _DATABASES:
        raise ValueError(
            "it must be a URL of SQLite, PostgreSQL, MySQL or MariaDB"
        )
    if kind.is_async:
        raise ValueError(f"it needs a synchronous driver, not {kind.driver}")
    kind.import_dbapi()
    return parsed, kind()


def _pool_size(url: sa.URL, pool_size: int) -> int:
    """Allow one connection to a database in memory: it is the connection's."""
    in_memory = url.get_backend_name() == "sqlite" and (
        url.database in {None, "", ":memory:"}
    )
    return 1 if in_memory else pool_size


def connect_args(dialect: sa.Dialect, timeout: float) -> dict[str, Any]:
    """Write the timeout as the options of a driver."""
    seconds = max(1, math.ceil(timeout))
    if dialect.name == "sqlite":
        # SQLite's busy_timeout.
        return {"timeout": timeout, "check_same_thread": False}
    if dialect.driver in {"psycopg", "psycopg2"}:
        ms = max(1, round(timeout * 1000))
        return {
            "connect_timeout": max(2, seconds),
            "options": f"-c lock_timeout={ms} -c statement_timeout={ms}",
        }
    if dialect.driver in {"pymysql", "mysqldb"}:
        kinds = ("connect_timeout", "read_timeout", "write_timeout")
        return dict.fromkeys(kinds, seconds)
    return {}


def _psycopg_connector(timeout: float) -> Callable[..., Any]:
    """Give a function that connects. Its connections give up when a server
    does not answer: a server that is stopped or hangs does not obey its
    ``statement_timeout``.
    """
    import psycopg

    class Connection(psycopg.Connection[Any]):
        def wait(self, gen: Any, *args: Any, **kw: Any) -> Any:
            return super().wait(self._until_timeout(gen), *args, **kw)

        def _until_timeout(self, gen: Any) -> Generator[Any, Any, Any]:
            until = time.monotonic() + 2 * timeout
            try:
                state = next(gen)
                while True:
                    # psycopg sends an empty value ten times a second while
                    # the server sends nothing.
                    ready = yield state
                    if not ready and time.monotonic() > until:
                        self.pgconn.finish()
                        raise psycopg.OperationalError("no answer")
                    state = gen.send(ready)
            except StopIteration as stop:
                return stop.value

    def connect(
        dialect: Any, record: Any, cargs: list[Any], cparams: dict[str, Any]
    ) -> Any:
        return Connection.connect(*cargs, **cparams)

    return connect
