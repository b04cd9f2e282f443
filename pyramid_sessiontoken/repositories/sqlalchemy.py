"""A repository in a relational database, through SQLAlchemy Core."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from zope.interface import implementer

from ..clock import moment
from ..errors import SessionTokenError
from ..interfaces import (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    ITrimmingOnceRepository,
    TokenItem,
)
from .item import MAX_SUBJECT, check_item, is_key, seconds_of
from .sqlalchemy_engine import Database, create_table, is_unanswered
from .sqlalchemy_partitions import is_partitioned, partitioned
from .sqlalchemy_trim import Trim, is_sqlite_locked, transaction, trimmer

#: How many rows a transaction of a purge removes, or a query of a list reads.
BATCH = 1_000

#: The last second that a ``datetime`` can contain, 9999-12-31T23:59:59Z.
LAST = 253_402_300_799

# No database can store a surrogate, and PostgreSQL cannot store NUL. A userid
# never has one of them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def table(
    metadata: sa.MetaData,
    name: str = "session_tokens",
    schema: str | None = None,
) -> sa.Table:
    """Describe the table, for example for the migrations of Alembic."""
    # MySQL compares texts without case unless the collation says otherwise,
    # and its BLOB ends at 64 KiB.
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
        schema=schema,
    )


def _types_of_sqlite(name: str) -> sa.CheckConstraint:
    """A column of SQLite accepts values of every type. The constraint is not
    in :func:`table`, since Alembic would write it for other databases, too.
    """
    return sa.CheckConstraint(
        "typeof(expires) = 'integer' AND typeof(token) = 'blob'",
        name=f"ck_{name}_types",
    )


@implementer(
    IAddingRepository,
    IRenewingRepository,
    ISubjectRepository,
    IListingRepository,
    IPurgingRepository,
    ITrimmingOnceRepository,
)
class SQLAlchemyRepository:
    """A repository for all processes that share a database: SQLite,
    PostgreSQL, MariaDB or MySQL.

    Every method is one statement in a transaction of its own, except
    ``remove_all_before``, ``trim`` and ``keep_and_trim``. The table is created
    at the first use if it is absent.

    :param url: SQLAlchemy's URL, with a synchronous driver. Time limits in
        it are used instead of ``timeout``.
    :param clock: an ``IClock``.
    :param table: the name of the table.
    :param timeout: how long to wait for a free connection, for a lock and for
        a statement, in seconds each. A new connection to PostgreSQL may take
        2 seconds, which is the least that libpq allows. If a server does not
        answer at all, psycopg 3.2 or later gives up after twice this time.
        Other drivers wait as long as TCP does. Behind a pooler that refuses
        or ignores options (PgBouncer), only that last limit holds.
    :param pool_size: the most connections of a process.
    :param schema: the schema of the table. It must exist.
    :raises ValueError: for a URL that the driver cannot use. The error
        contains no value of the URL.
    :raises ImportError: if the driver is not installed.
    """

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        clock: Any,
        table: str = "session_tokens",
        timeout: float = 0.25,
        pool_size: int = 10,
        *,
        schema: str | None = None,
    ) -> None:
        self._clock = clock
        self._database = Database(
            url,
            timeout,
            pool_size,
            self._prepare,
        )
        self._statements = _Statements(table, schema, self._database.dialect)
        self._ask = self._database.ask
        #: What the URL says in place of the parameters, for people.
        self.said_in_url = {"timeout": self._database.limits_of_url}

    def _prepare(self, engine: sa.Engine) -> None:
        """Create the table, or look at the one that is there."""
        sql, dialect = self._statements, self._database.dialect
        create_table(engine, sql.table)
        if dialect == "postgresql" and is_partitioned(engine, sql.table):
            sql.put, sql.get, sql.add = partitioned(sql.table, sql.live)
            sql.adds_at_once = True
        self._trim: Trim = trimmer(sql.table, dialect, sql.put)

    @property
    def _sql(self) -> _Statements:
        """The statements for the table that is there."""
        if not self._database.is_prepared:
            # The first connection calls _prepare.
            with self._database.connection():
                pass
        return self._statements

    def add_or_update(self, item: TokenItem) -> None:
        self._execute(self._sql.put, _args(item))

    def add(self, item: TokenItem) -> bool:
        sql, args = self._sql, {**_args(item), **_new(item)}
        args["now"] = self._clock.now()
        if sql.adds_at_once:
            with (
                self._database.connection(args) as connection,
                # After the lock, a statement has to see what was committed.
                transaction(
                    connection, "BEGIN ISOLATION LEVEL READ COMMITTED"
                ),
            ):
                found = [_count(connection.execute(s, args)) for s in sql.add]
        else:
            found = [self._execute(each, args) for each in sql.add]
        return found[-1] == 1

    def get(self, key: str) -> TokenItem | None:
        if not is_key(key):
            return None
        args = {"k": key, "now": self._clock.now()}
        row = self._ask(self._sql.get, args, _first)
        return None if row is None else _item(row)

    def remove(self, key: str) -> None:
        if is_key(key):
            self._execute(self._sql.remove, {"k": key})

    def remove_all_before(self, date: datetime) -> int:
        """Remove them in transactions of 1,000 rows; give their number."""
        return sum(self.purge(date))

    def purge(self, date: datetime) -> Iterator[int]:
        """Remove them in transactions of 1,000 rows; yield each number."""
        args = {"date": seconds_of(date)}
        while True:
            expired = self._ask(self._sql.expired, args, _keys)
            if not expired:
                return
            # The statement compares the time again: a request may have
            # renewed one of them meanwhile.
            yield self._execute(self._sql.purge, {**args, "keys": expired})

    def trim(self, date: datetime) -> None:
        if self._database.is_busy:
            return  # The next sign-in will do it.
        with self._database.connection() as connection:
            self._trim(connection, seconds_of(date))

    def keep_and_trim(self, item: TokenItem, date: datetime) -> None:
        args = _args(item)
        with self._database.connection(args) as connection:
            try:
                self._trim.beside(connection, args, seconds_of(date))
            except DBAPIError as error:
                # To keep the item alone would need the same lock.
                if is_unanswered(error) or is_sqlite_locked(error):
                    raise
                raise SessionTokenError(
                    "the database kept no item and removed none"
                    f" ({self._database.why(error, args)})"
                ) from error

    def renew(self, item: TokenItem, was: datetime) -> bool:
        args = {"was": seconds_of(was), "now": self._clock.now()}
        return self._execute(self._sql.renew, {**_new(item), **args}) == 1

    def items_of(self, subject: str) -> list[TokenItem]:
        if not _is_subject(subject):
            return []
        args = {"s": subject, "now": self._clock.now()}
        return self._ask(self._sql.items_of, args, _items)

    def remove_all_of(self, subject: str, keep: Collection[str] = ()) -> int:
        if not _is_subject(subject):
            return 0
        kept = [key for key in keep if is_key(key)]
        return self._execute(
            self._sql.remove_all_of, {"s": subject, "keep": kept}
        )

    def items(self) -> Iterator[TokenItem]:
        args = {"k": "", "now": self._clock.now()}
        while True:
            found = self._ask(self._sql.items, args, _items)
            yield from found
            if len(found) < BATCH:
                return
            args["k"] = found[-1].key

    def close(self) -> None:
        """Close the connections of this process; the next use opens others."""
        self._database.close()

    def _execute(self, statement: sa.Executable, args: dict[str, Any]) -> int:
        """Execute a statement; give the number of rows that it changed."""
        return self._ask(statement, args, _count)


class _Statements:
    """All statements, built once: to build one takes as long as to run it."""

    def __init__(self, name: str, schema: str | None, dialect: str) -> None:
        self.table = t = table(sa.MetaData(), name, schema)
        if dialect == "sqlite":
            t.append_constraint(_types_of_sqlite(name))
        c, bind = t.c, sa.bindparam
        now: sa.BindParameter[int] = bind("now")
        live = sa.and_(c.expires > now, c.expires <= LAST)
        #: Whether the statements of ``add`` are one transaction.
        self.adds_at_once = False
        if dialect == "sqlite":
            # In SQLite, a text or a blob is greater than every integer, so it
            # would never expire.
            live &= sa.func.typeof(c.expires) == "integer"
            live &= sa.func.typeof(c.token) == "blob"
        self.live = live
        of_key = c.key == bind("k")
        of_subject = c.subject == bind("s")
        if dialect in {"mysql", "mariadb"}:
            # For them, "alice" and "alice " are equal (PAD SPACE).
            length = sa.func.char_length
            of_subject &= length(c.subject) == length(bind("s"))
        expired = c.expires <= bind("date")
        self.put = _upsert(t, dialect)
        self.get: sa.Select[Any] = sa.select(t).where(of_key, live)
        self.add: tuple[sa.Executable, ...]
        if dialect in {"mysql", "mariadb"}:
            # Its upsert takes no condition.
            dead = sa.delete(t).where(of_key, sa.not_(live))
            self.add = (dead, sa.insert(t).prefix_with("IGNORE"))
        else:
            self.add = (_upsert(t, dialect, sa.not_(live)),)
        # An INSERT does not count otherwise.
        self.add = tuple(
            each.execution_options(preserve_rowcount=True) for each in self.add
        )
        self.remove = sa.delete(t).where(of_key)
        self.expired = (
            sa.select(c.key).where(expired).order_by(c.expires).limit(BATCH)
        )
        self.purge = sa.delete(t).where(
            expired, c.key.in_(bind("keys", expanding=True))
        )
        self.renew = (
            sa.update(t)
            .where(c.key == bind("new_key"), c.expires == bind("was"), live)
            .values({n: bind(f"new_{n}") for n in TokenItem._fields[1:]})
        )
        self.items_of = sa.select(t).where(of_subject, live)
        self.items = (
            sa.select(t)
            .where(c.key > bind("k"), live)
            .order_by(c.key)
            .limit(BATCH)
        )
        self.remove_all_of = sa.delete(t).where(
            of_subject, c.key.not_in(bind("keep", expanding=True))
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


def _count(result: Any) -> int:
    return int(result.rowcount)


def _first(result: Any) -> Any:
    return result.first()


def _keys(result: Any) -> list[str]:
    return list(result.scalars())


def _items(result: Any) -> list[TokenItem]:
    return [_item(row) for row in result]


def _args(item: TokenItem) -> dict[str, Any]:
    """Give a row, and what else the statements that put it ask for."""
    row = _row(item)
    return {**row, "k": row["key"], "at": row["expires"]}


def _new(item: TokenItem) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in _row(item).items()}


def _row(item: TokenItem) -> dict[str, Any]:
    check_item(item)
    if item.subject is not None and not _is_subject(item.subject):
        raise SessionTokenError(
            "the subject of a TokenItem must not contain NUL or a surrogate:"
            " databases cannot store them"
        )
    return item._replace(expires=seconds_of(item.expires))._asdict()  # type: ignore[arg-type]


def _is_subject(text: str) -> bool:
    return len(text) <= MAX_SUBJECT and not _UNSTORABLE.search(text)


def _item(row: Any) -> TokenItem:
    return TokenItem(
        row.key, moment(row.expires), bytes(row.token), row.subject
    )
