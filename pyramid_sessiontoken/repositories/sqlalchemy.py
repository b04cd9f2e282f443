"""A repository in a relational database, through SQLAlchemy Core."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
)
from zope.interface import implementer

from ..errors import RepositoryUnavailable, SessionTokenError
from ..interfaces import (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    TokenItem,
)

#: How many rows one transaction of a purge removes, or a list reads.
BATCH = 1_000

#: The last second that a ``datetime`` can tell, 9999-12-31T23:59:59Z.
LAST = 253_402_300_799

_KEY = re.compile("[A-Za-z0-9_:.-]{1,200}")

# No database keeps surrogates; PostgreSQL keeps no NUL, either. No userid
# has one of them.
_SUBJECT = re.compile("[^\x00\ud800-\udfff]{0,300}")


def table(metadata: sa.MetaData, name: str = "session_tokens") -> sa.Table:
    """Describe the table, say for the migrations of Alembic."""
    # MySQL: compared as they are, not without case; a BLOB ends at 64 KiB.
    key = mysql.VARCHAR(200, charset="ascii", collation="ascii_bin")
    subject = mysql.VARCHAR(300, charset="utf8mb4", collation="utf8mb4_bin")
    mine = ("mysql", "mariadb")
    return sa.Table(
        name,
        metadata,
        sa.Column("key", sa.Text().with_variant(key, *mine), primary_key=True),
        # Whole seconds since the epoch.
        sa.Column(
            "expires",
            sa.BigInteger,
            nullable=False,
            index=True,
            autoincrement=False,
        ),
        sa.Column(
            "token",
            sa.LargeBinary().with_variant(mysql.MEDIUMBLOB, *mine),
            nullable=False,
        ),
        sa.Column(
            "subject", sa.Text().with_variant(subject, *mine), index=True
        ),
        # SQLite keeps anything in any column.
        sa.CheckConstraint(
            "typeof(expires) = 'integer' AND typeof(token) = 'blob'",
            name=f"ck_{name}_types",
        ).ddl_if(dialect="sqlite"),
    )


@implementer(
    IAddingRepository,
    IRenewingRepository,
    ISubjectRepository,
    IListingRepository,
    IPurgingRepository,
)
class SQLAlchemyRepository:
    """For all processes that share a database: SQLite, PostgreSQL, MariaDB
    or MySQL.

    Every verb is one statement and its own transaction, but for
    ``remove_all_before``. The table is made at first use where it is absent.

    :param url: SQLAlchemy's URL, of a synchronous driver.
    :param clock: an ``IClock``.
    :param timeout: how long to wait for a connection of the pool, for a
        lock, and for a statement, in seconds each. A new connection to
        PostgreSQL may take 2 seconds, libpq's least. A server that does not
        answer at all is given up after twice the time, with psycopg 3.2 or
        later; other drivers wait as long as TCP does.
    :param pool_size: how many connections at most, in each process.
    :raises ValueError: for a URL that cannot serve; its text is not told.
    :raises ImportError: where the driver is not installed.
    """

    def __init__(
        self,
        url: str,
        clock: Any,
        table: str = "session_tokens",
        timeout: float = 0.25,
        pool_size: int = 10,
    ) -> None:
        self._url, dialect = _parse(url)
        self._clock = clock
        self._driver = dialect.driver
        self._options = {
            # hide_parameters: subjects are not for the log.
            "hide_parameters": True,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": _connect_args(dialect, timeout),
            "poolclass": sa.QueuePool,
            "pool_size": _pool_size(self._url, pool_size),
            "max_overflow": 0,
            "pool_timeout": timeout,
            # Nothing to ping in a file.
            "pool_pre_ping": dialect.name != "sqlite",
        }
        self._timeout = timeout
        self._sql = _Statements(table, dialect.name)
        self._there = False
        # An engine for each process: connections do not survive a fork, and
        # those of the parent are not the child's to close.
        self._engines: dict[int, sa.Engine] = {}

    def add_or_update(self, item: TokenItem) -> None:
        self._execute(self._sql.put, _row(item))

    def add(self, item: TokenItem) -> bool:
        args = {**_row(item), "k": item.key, "now": self._clock.now()}
        with self._connection() as connection:
            try:
                rows = [connection.execute(s, args) for s in self._sql.add]
            except IntegrityError:
                return False
        return rows[-1].rowcount == 1

    def get(self, key: str) -> TokenItem | None:
        if not _KEY.fullmatch(key):
            return None
        args = {"k": key, "now": self._clock.now()}
        with self._connection() as connection:
            row = connection.execute(self._sql.get, args).first()
        return None if row is None else _item(row)

    def remove(self, key: str) -> None:
        if _KEY.fullmatch(key):
            self._execute(self._sql.remove, {"k": key})

    def remove_all_before(self, date: datetime) -> int:
        """Give how many they were; each 1,000 are a transaction."""
        return sum(self.purge(date))

    def purge(self, date: datetime) -> Iterator[int]:
        """Give how many they were, after each 1,000."""
        args = {"date": _seconds(date)}
        while True:
            with self._connection() as connection:
                dead = connection.scalars(self._sql.dead, args).all()
            if not dead:
                return
            # Asked again: some may have been renewed in between.
            yield self._execute(self._sql.purge, {**args, "keys": dead})

    def renew(self, item: TokenItem, was: datetime) -> bool:
        row = {f"new_{name}": value for name, value in _row(item).items()}
        row |= {"was": _seconds(was), "now": self._clock.now()}
        return self._execute(self._sql.renew, row) == 1

    def items_of(self, subject: str) -> list[TokenItem]:
        if not _SUBJECT.fullmatch(subject):
            return []
        args = {"s": subject, "now": self._clock.now()}
        with self._connection() as connection:
            rows = connection.execute(self._sql.items_of, args).all()
        return [_item(row) for row in rows]

    def remove_all_of(self, subject: str, keep: Collection[str] = ()) -> int:
        if not _SUBJECT.fullmatch(subject):
            return 0
        kept = [key for key in keep if _KEY.fullmatch(key)]
        return self._execute(
            self._sql.remove_all_of, {"s": subject, "keep": kept}
        )

    def items(self) -> Iterator[TokenItem]:
        args = {"k": "", "now": self._clock.now()}
        while True:
            with self._connection() as connection:
                rows = connection.execute(self._sql.items, args).all()
            yield from map(_item, rows)
            if len(rows) < BATCH:
                return
            args["k"] = rows[-1].key

    def _execute(self, statement: sa.Executable, args: dict[str, Any]) -> int:
        """Give how many rows it changed."""
        with self._connection() as connection:
            return connection.execute(statement, args).rowcount

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        try:
            with self._engine().connect() as connection:
                yield connection
        # Drivers let other errors through than their own (OverflowError,
        # UnicodeError), and say what they were given; the names are enough.
        except (SQLAlchemyError, OSError, ArithmeticError, ValueError) as e:
            why = type(getattr(e, "orig", None) or e).__name__
            raise RepositoryUnavailable(
                f"the database could not be asked: {why}"
            ) from e

    def close(self) -> None:
        """Close the connections of this process; the next use opens new
        ones.
        """
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _engine(self) -> sa.Engine:
        pid = os.getpid()
        engine = self._engines.get(pid)
        if engine is None:
            # Of two threads, both take the engine of the first; that of the
            # second never opened a connection.
            engine = self._engines.setdefault(pid, self._make())
        if not self._there:
            _create(engine, self._sql.table)
            self._there = True
        return engine

    def _make(self) -> sa.Engine:
        engine = sa.create_engine(self._url, **self._options)
        if self._driver == "psycopg":
            sa.event.listen(engine, "do_connect", _psycopg(self._timeout))
        return engine


class _Statements:
    """Written once, since to write one takes as long as to run it."""

    def __init__(self, name: str, dialect: str) -> None:
        self.table = t = table(sa.MetaData(), name)
        c, bind = t.c, sa.bindparam
        now: sa.BindParameter[int] = bind("now")
        live = sa.and_(c.expires > now, c.expires <= LAST)
        if dialect == "sqlite":
            # A text or blob is greater than any integer there, and would
            # never expire.
            live &= sa.func.typeof(c.expires) == "integer"
            live &= sa.func.typeof(c.token) == "blob"
        mine = c.key == bind("k")
        whose = c.subject == bind("s")
        dead = c.expires <= bind("date")
        self.put = _upsert(t, dialect)
        self.get = sa.select(t).where(mine, live)
        self.add: tuple[sa.Executable, ...]
        if dialect in {"mysql", "mariadb"}:
            # Its upsert takes no condition.
            expired = sa.delete(t).where(mine, sa.not_(live))
            put = sa.insert(t)
            self.add = (expired, put.execution_options(preserve_rowcount=True))
        else:
            put = _upsert(t, dialect, sa.not_(live))
            self.add = (put.execution_options(preserve_rowcount=True),)
        self.remove = sa.delete(t).where(mine)
        self.dead = (
            sa.select(c.key).where(dead).order_by(c.expires).limit(BATCH)
        )
        self.purge = sa.delete(t).where(
            dead, c.key.in_(bind("keys", expanding=True))
        )
        self.renew = (
            sa.update(t)
            .where(c.key == bind("new_key"), c.expires == bind("was"), live)
            .values({n: bind(f"new_{n}") for n in TokenItem._fields[1:]})
        )
        self.items_of = sa.select(t).where(whose, live)
        self.items = (
            sa.select(t)
            .where(c.key > bind("k"), live)
            .order_by(c.key)
            .limit(BATCH)
        )
        self.remove_all_of = sa.delete(t).where(
            whose, c.key.not_in(bind("keep", expanding=True))
        )


def _upsert(
    t: sa.Table, dialect: str, where: sa.ColumnElement[bool] | None = None
) -> sa.Insert:
    """Write the statement that puts a row in place of any other.

    :param where: a condition for that other row; not for MySQL.
    """
    names = TokenItem._fields[1:]
    if dialect in {"mysql", "mariadb"}:
        into = mysql.insert(t)
        return into.on_duplicate_key_update(
            {name: into.inserted[name] for name in names}
        )
    build = sqlite.insert if dialect == "sqlite" else postgresql.insert
    put = build(t)
    return put.on_conflict_do_update(
        index_elements=["key"],
        set_={n: put.excluded[n] for n in names},
        where=where,
    )


def _parse(url: str) -> tuple[sa.URL, sa.Dialect]:
    try:
        parsed = sa.make_url(url)
        kind = parsed.get_dialect()
    except (ArgumentError, ValueError):
        # Not chained: it may quote the password.
        raise ValueError("it is no URL that SQLAlchemy knows") from None
    if kind.name not in {"sqlite", "postgresql", "mysql", "mariadb"}:
        raise ValueError("it is neither SQLite, PostgreSQL, MySQL nor MariaDB")
    if kind.is_async:
        raise ValueError(f"it wants a synchronous driver, not {kind.driver}")
    kind.import_dbapi()
    return parsed, kind()


def _pool_size(url: sa.URL, pool_size: int) -> int:
    """Give one connection to what lives in its connection's memory."""
    in_memory = url.get_backend_name() == "sqlite" and (
        url.database in {None, "", ":memory:"}
    )
    return 1 if in_memory else pool_size


def _connect_args(dialect: sa.Dialect, timeout: float) -> dict[str, Any]:
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


def _psycopg(timeout: float) -> Callable[..., Any]:
    """Make connections that give up a server that does not answer: what is
    stopped or hangs does not obey its ``statement_timeout``.
    """
    import psycopg

    class Connection(psycopg.Connection[Any]):
        def wait(self, gen: Any, *args: Any, **kw: Any) -> Any:
            return super().wait(self._hurry(gen), *args, **kw)

        def _hurry(self, gen: Any) -> Generator[Any, Any, Any]:
            until = time.monotonic() + 2 * timeout
            try:
                state = next(gen)
                while True:
                    # Nothing, ten times a second, while nothing comes.
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


def _create(engine: sa.Engine, t: sa.Table) -> None:
    if engine.dialect.name == "sqlite":
        # It stays in the file: readers do not wait for the writer. Another
        # process may just be at it.
        with suppress(DBAPIError), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    try:
        t.metadata.create_all(engine)
    except DBAPIError:
        # Another process was faster, or made it for one who may not.
        if not sa.inspect(engine).has_table(t.name):
            raise


def _row(item: TokenItem) -> dict[str, Any]:
    if not _KEY.fullmatch(item.key):
        raise SessionTokenError("it is no key of a TokenItem")
    if item.subject is not None and not _SUBJECT.fullmatch(item.subject):
        raise SessionTokenError("it is no subject of a TokenItem")
    return item._replace(expires=_seconds(item.expires))._asdict()  # type: ignore[arg-type]


def _item(row: Any) -> TokenItem:
    expires = datetime.fromtimestamp(row.expires, timezone.utc)
    return TokenItem(row.key, expires, bytes(row.token), row.subject)


def _seconds(date: datetime) -> int:
    return math.floor(date.timestamp())
