"""Remove a few expired rows, without waiting for any lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .sqlalchemy_engine import codes_of

#: How many rows at most. A sign-in adds one, and its end one more.
FEW = 10

#: What servers say where a lock is not free: PostgreSQL's SQLSTATE, numbers
#: of MySQL and MariaDB; and where a deadlock was dissolved at our cost.
_NOT_FREE = {"55P03", "40P01", "40001", 1205, 3572, 1213, 1020}

#: The same of SQLite, whose driver tells it by a number from Python 3.11 on.
_NOT_FREE_IN_SQLITE = "locked"


class Trim(Protocol):
    """Removes a few rows that expired up to a time, the oldest first."""

    def __call__(self, connection: sa.Connection, date: int) -> None:
        """Remove them. Where a lock is not free, leave its rows alone."""

    def beside(
        self, connection: sa.Connection, row: dict[str, Any], date: int
    ) -> None:
        """Put a row, and remove the others in the same transaction, but for
        those that are locked.
        """


def trimmer(table: sa.Table, dialect: str, put: sa.Insert) -> Trim:
    """Give what removes them.

    :param put: puts a row in place of any other.
    """
    if dialect == "sqlite":
        return _OfSQLite(table, put)
    if dialect in {"mysql", "mariadb"}:
        return _OfMySQL(table, put)
    return _OfPostgreSQL(table, put)


class _OfSQLite:
    """Only one connection writes to a file at a time. This one does not wait
    for another, and does not write where it has nothing to remove.
    """

    def __init__(self, table: sa.Table, put: sa.Insert) -> None:
        self._put = put
        self._expired = _expired(table)
        self._remove = _remove(table)

    def __call__(self, connection: sa.Connection, date: int) -> None:
        run = connection.exec_driver_sql
        patience = run("PRAGMA busy_timeout").scalar_one()
        run("PRAGMA busy_timeout = 0")
        try:
            with _unless_locked():
                self._remove_few(connection, date)
        finally:
            run(f"PRAGMA busy_timeout = {patience}")

    def beside(
        self, connection: sa.Connection, row: dict[str, Any], date: int
    ) -> None:
        with transaction(connection, "BEGIN IMMEDIATE"):
            connection.execute(self._put, row)
            self._remove_few(connection, date)

    def _remove_few(self, connection: sa.Connection, date: int) -> None:
        keys = _keys(connection, self._expired, {"date": date})
        if keys:
            args = {"keys": keys, "date": date}
            connection.execute(self._remove, args)


class _OfPostgreSQL:
    """One message, which is one transaction. It gives up if the table is
    locked, for example by ``CREATE INDEX``, and leaves out locked rows.
    """

    def __init__(self, table: sa.Table, put: sa.Insert) -> None:
        few = _expired(table).with_for_update(skip_locked=True)
        those = sa.any_(sa.func.array(few.scalar_subquery()))
        removed = sa.delete(table).where(
            table.c.key == those, table.c.expires <= sa.bindparam("date")
        )
        self._put = put.add_cte(removed.cte("removed"))
        # The array is made once; a query in its place may run for each row.
        name = _name(table, "postgresql")
        self._sql = (
            f"LOCK TABLE {name} IN ROW EXCLUSIVE MODE NOWAIT;"  # noqa: S608
            f" DELETE FROM {name} WHERE key = ANY(ARRAY(SELECT key FROM {name}"
            " WHERE expires <= {date} ORDER BY expires"
            f" LIMIT {FEW} FOR UPDATE SKIP LOCKED))"
            " AND expires <= {date}"
        )

    def __call__(self, connection: sa.Connection, date: int) -> None:
        # Without parameters, a driver sends both statements as one message.
        once = connection.execution_options(no_parameters=True)
        with _unless_locked():
            once.exec_driver_sql(self._sql.replace("{date}", str(date)))

    def beside(
        self, connection: sa.Connection, row: dict[str, Any], date: int
    ) -> None:
        connection.execute(self._put, {**row, "date": date})


class _OfMySQL:
    """MySQL 8.0, or MariaDB from 10.6 on."""

    def __init__(self, table: sa.Table, put: sa.Insert) -> None:
        self._put = put
        name = _name(table, "mysql")
        self._expired = (
            f"SELECT `key` FROM {name}"  # noqa: S608
            f" WHERE expires <= :date ORDER BY expires LIMIT {FEW}"
        )
        # Of a small table, the server would read, and lock, every row.
        those = (
            f"FROM {name} AS s FORCE INDEX (PRIMARY)"
            " WHERE `key` IN :keys AND expires <= :date"
        )
        self._keys: Any = sa.bindparam("keys", expanding=True)
        self._lock = f"SELECT `key` {those} FOR UPDATE SKIP LOCKED"
        self._remove = sa.text(f"DELETE s {those}").bindparams(self._keys)

    def __call__(self, connection: sa.Connection, date: int) -> None:
        with _unless_locked():
            found = self._find(connection, date)
            if found:
                with transaction(connection):
                    self._remove_found(connection, date, found)

    def beside(
        self, connection: sa.Connection, row: dict[str, Any], date: int
    ) -> None:
        found = self._find(connection, date)
        if not found:
            connection.execute(self._put, row)
            return
        with transaction(connection):
            connection.execute(self._put, row)
            self._remove_found(connection, date, found)

    def _find(self, connection: sa.Connection, date: int) -> list[str]:
        """Find a few. This locks no row, and mostly finds none."""
        expired = sa.text(_at_once(connection) + self._expired)
        return _keys(connection, expired, {"date": date})

    def _remove_found(
        self, connection: sa.Connection, date: int, found: list[str]
    ) -> None:
        lock = sa.text(_at_once(connection) + self._lock)
        args: dict[str, Any] = {"date": date, "keys": found}
        args["keys"] = _keys(connection, lock.bindparams(self._keys), args)
        if args["keys"]:
            connection.execute(self._remove, args)


def _at_once(connection: sa.Connection) -> str:
    """Give what stands before a statement that waits for no lock. SKIP LOCKED
    is about rows. For the table, only MariaDB can be told.
    """
    is_mariadb = getattr(connection.dialect, "is_mariadb", False)
    return "SET STATEMENT lock_wait_timeout = 0 FOR " * is_mariadb


@contextmanager
def transaction(
    connection: sa.Connection, begin: str = "BEGIN"
) -> Iterator[None]:
    """Make one transaction of what is executed within."""
    connection.exec_driver_sql(begin)
    try:
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # If the connection broke, the first error says why.
        with suppress(SQLAlchemyError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def _expired(table: sa.Table) -> sa.Select[Any]:
    c = table.c
    return (
        sa.select(c.key)
        .where(c.expires <= sa.bindparam("date"))
        .order_by(c.expires)
        .limit(FEW)
    )


def _remove(table: sa.Table) -> sa.Delete:
    # It compares the time again: another may have replaced one meanwhile.
    c = table.c
    return sa.delete(table).where(
        c.expires <= sa.bindparam("date"),
        c.key.in_(sa.bindparam("keys", expanding=True)),
    )


def _keys(
    connection: sa.Connection, query: sa.Executable, args: dict[str, Any]
) -> list[str]:
    return list(connection.execute(query, args).scalars())


def _name(table: sa.Table, dialect: str) -> str:
    """Write the name of a table, with its schema."""
    known = sa.dialects.registry.load(dialect)()
    name: str = known.identifier_preparer.format_table(table)
    return name


@contextmanager
def _unless_locked() -> Iterator[None]:
    """Go on quietly where a lock is not free."""
    try:
        yield
    except DBAPIError as error:
        if not is_locked(error):
            raise


def is_locked(error: DBAPIError) -> bool:
    """Tell whether an error means that a lock is not free."""
    return bool(codes_of(error.orig) & _NOT_FREE) or is_sqlite_locked(error)


def is_sqlite_locked(error: DBAPIError) -> bool:
    """Tell whether SQLite waited for its one lock in vain."""
    is_of_sqlite = type(error.orig).__module__ == "sqlite3"
    return is_of_sqlite and _NOT_FREE_IN_SQLITE in str(error.orig)
