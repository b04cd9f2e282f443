"""A database, and an engine of SQLAlchemy for each process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import RepositoryUnavailable
from .outages import tell
from .sqlalchemy_limits import connector, limits, limits_of_url
from .sqlalchemy_url import prove

T = TypeVar("T")

#: How often a statement is asked that lost to another one at the same time.
TRIES = 5

#: After how many seconds a connection is not used again: a name may lead to
#: another server by now.
OLD = 300

#: A deadlock, or a transaction that cannot be put in a row with others:
#: PostgreSQL's SQLSTATE, and numbers of MySQL and MariaDB. The server has
#: undone the statement, and asks for it again.
_AGAIN = {"40001", "40P01", 1213, 1020}

#: This server does not write, say since another one does.
_READ_ONLY = {"25006", 1290, 1792, 1836}


class Database:
    """Connections to the database that a URL names, and to its table.

    :param make: makes the table, where it is absent, once a process.
    """

    def __init__(
        self,
        url: str,
        timeout: float,
        pool_size: int,
        make: Callable[[sa.Engine], None],
    ) -> None:
        self._url, dialect, words = prove(url)
        self.dialect = dialect.name
        self._make_table = make
        self._timeout = timeout
        self._there = False
        args = limits(dialect.driver, timeout, self._url.query)
        self.limits_of_url = limits_of_url(dialect.driver, self._url.query)
        self._connector = connector(dialect.driver, timeout, self._url.query)
        in_memory = _is_in_memory(self._url)
        self._options = {
            # The log shall not contain subjects.
            "hide_parameters": True,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": args,
            "poolclass": sa.QueuePool,
            # A database in memory is that of its one connection.
            "pool_size": 1 if in_memory else pool_size,
            "max_overflow": 0,
            "pool_timeout": timeout,
            # A file needs no ping.
            "pool_pre_ping": self.dialect != "sqlite",
            "pool_recycle": -1 if self.dialect == "sqlite" else OLD,
        }
        secrets = (words.get(name) for name in ("password", "passwd"))
        self._secrets = tuple(str(secret) for secret in secrets if secret)
        # By process id: connections do not survive a fork, and a child must
        # not close those of its parent.
        self.engines: dict[int, sa.Engine] = {}
        self._firsts: dict[int, Lock] = {}

    def ask(
        self,
        statement: sa.Executable,
        args: dict[str, Any],
        take: Callable[[Any], T],
        tries: int = TRIES,
    ) -> T:
        """Give what is taken from the result of one statement, which is a
        transaction.

        :raises RepositoryUnavailable:
        """
        with self.connection(args) as connection:
            try:
                return take(connection.execute(statement, args))
            except DBAPIError as error:
                codes = codes_of(error.orig)
                if codes & _READ_ONLY:
                    tries = min(tries, 2)
                if tries == 1 or not codes & (_AGAIN | _READ_ONLY):
                    raise
        return self.ask(statement, args, take, tries - 1)

    @contextmanager
    def connection(
        self, args: dict[str, Any] | None = None
    ) -> Iterator[sa.Connection]:
        try:
            with self._engine().connect() as connection:
                yield connection
        # Drivers also raise errors that are not their own (OverflowError,
        # UnicodeError).
        except (SQLAlchemyError, OSError, ArithmeticError, ValueError) as e:
            why = self.why(e, args or {})
            raise RepositoryUnavailable(
                f"the database failed ({why}): check the server and"
                " sessiontoken.repository.url"
            ) from e

    @property
    def is_prepared(self) -> bool:
        """Tell whether the table was made, or looked at."""
        return self._there

    @property
    def is_busy(self) -> bool:
        """Tell whether all connections of this process are in use."""
        engine = self.engines.get(os.getpid())
        # It is a QueuePool.
        pool: Any = None if engine is None else engine.pool
        return pool is not None and pool.checkedout() >= pool.size()

    def close(self) -> None:
        """Close the connections of this process; the next use opens others."""
        engine = self.engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _engine(self) -> sa.Engine:
        engine = self.engines.get(os.getpid())
        if engine is None or not self._there:
            return self._begin(os.getpid())
        return engine

    def _begin(self, pid: int) -> sa.Engine:
        """Connect for the first time, in one thread alone.

        By its first connection SQLAlchemy learns what the server is. A thread
        that connects at the same time may go on before that is known, since
        SQLAlchemy makes the lock for it without a lock.
        """
        lock = self._firsts.setdefault(pid, Lock())
        if not lock.acquire(timeout=self._timeout):
            raise TimeoutError
        try:
            engine = self.engines.get(pid)
            if engine is None:
                engine = self._make()
                engine.connect().close()
                self.engines[pid] = engine
            if not self._there:
                self._make_table(engine)
                self._there = True
        finally:
            lock.release()
        return engine

    def _make(self) -> sa.Engine:
        engine = sa.create_engine(self._url, **self._options)
        if self._connector is not None:
            sa.event.listen(engine, "do_connect", self._connector)
        sa.event.listen(engine, "handle_error", _leave_what_does_not_write)
        return engine

    def why(self, error: Exception, args: dict[str, Any]) -> str:
        """Say why a statement failed, without a value of its arguments."""
        cause = getattr(error, "orig", None) or error
        if isinstance(error, _TELLING):
            # PyMySQL: the number, then the sentence.
            text = next((t for t in cause.args if isinstance(t, str)), "")
            secrets = (v for v in args.values() if isinstance(v, str))
            return tell(cause, text, (*self._secrets, *secrets))
        return type(cause).__name__


#: The errors whose text is the server's or the driver's own. The text of
#: others (DataError, IntegrityError) may hold what was to be stored.
_TELLING = (
    sa.exc.OperationalError,
    sa.exc.ProgrammingError,
    sa.exc.InternalError,
    sa.exc.InterfaceError,
    sa.exc.NotSupportedError,
    sa.exc.TimeoutError,
)


def _is_in_memory(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite" and (
        url.database in {None, "", ":memory:"}
    )


def codes_of(error: Any) -> set[Any]:
    """Give what the server calls its error: psycopg, psycopg2, PyMySQL,
    pg8000.
    """
    names = ("sqlstate", "pgcode")
    first = error.args[:1] if isinstance(error, Exception) else ()
    if first and isinstance(first[0], dict):
        first = (first[0].get("C"),)
    return {*(getattr(error, name, None) for name in names), *first}


def is_unanswered(error: DBAPIError) -> bool:
    """Tell whether a server gave no answer, so that what it was asked may be
    done.
    """
    told = codes_of(error.orig) & _READ_ONLY
    return error.connection_invalidated and not told


def _leave_what_does_not_write(context: Any) -> None:
    """Close all connections where one leads to a server that only reads;
    the next ones are made anew.
    """
    if codes_of(context.original_exception) & _READ_ONLY:
        context.is_disconnect = True


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
        if not sa.inspect(engine).has_table(table.name, table.schema):
            raise
