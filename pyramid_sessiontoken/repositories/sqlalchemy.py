"""A repository in a relational database, through SQLAlchemy Core."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from zope.interface import implementer

from ..errors import SessionTokenError
from ..interfaces import (
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    TokenItem,
)
from .sqlalchemy_database import Database, create

#: How many rows one transaction of a purge removes, or a list reads.
BATCH = 1_000

#: The last second that a ``datetime`` can tell, 9999-12-31T23:59:59Z.
LAST = 253_402_300_799

_KEY = re.compile("[A-Za-z0-9_:.-]{1,200}")

# No database keeps surrogates; PostgreSQL keeps no NUL, either. No userid
# has one of them.
_SUBJECT = re.compile("[^\x00\ud800-\udfff]{0,300}")


def table(
    metadata: sa.MetaData,
    name: str = "session_tokens",
    schema: str | None = None,
) -> sa.Table:
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
        schema=schema,
    )


@implementer(
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

    :param url: SQLAlchemy's URL, of a synchronous driver. What it says of
        time limits stands.
    :param clock: an ``IClock``.
    :param timeout: how long to wait for a connection of the pool, for a
        lock, and for a statement, in seconds each. A new connection to
        PostgreSQL may take 2 seconds, libpq's least. A server that does not
        answer at all is given up after twice the time, with psycopg 3.2 or
        later; other drivers wait as long as TCP does. A pooler that refuses
        or ignores the limits (PgBouncer) leaves that one alone.
    :param pool_size: how many connections at most, in each process.
    :param schema: where the table is; it must be there.
    :raises ValueError: for a URL that cannot serve; no value of it is told.
    :raises ImportError: where the driver is not installed.
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
            lambda engine: create(engine, self._sql.table),
        )
        self._sql = _Statements(table, schema, self._database.dialect)
        self._ask = self._database.ask

    def add_or_update(self, item: TokenItem) -> None:
        self._execute(self._sql.put, _row(item))

    def get(self, key: str) -> TokenItem | None:
        if not _KEY.fullmatch(key):
            return None
        args = {"k": key, "now": self._clock.now()}
        row = self._ask(self._sql.get, args, _first)
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
            dead = self._ask(self._sql.dead, args, _keys)
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
        return self._ask(self._sql.items_of, args, _items)

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
            found = self._ask(self._sql.items, args, _items)
            yield from found
            if len(found) < BATCH:
                return
            args["k"] = found[-1].key

    def _execute(self, statement: sa.Executable, args: dict[str, Any]) -> int:
        """Give how many rows it changed."""
        return self._ask(statement, args, _count)

    def close(self) -> None:
        """Close the connections of this process; the next use opens new
        ones.
        """
        self._database.close()


class _Statements:
    """Written once, since to write one takes as long as to run it."""

    def __init__(self, name: str, schema: str | None, dialect: str) -> None:
        self.table = t = table(sa.MetaData(), name, schema)
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
        if dialect in {"mysql", "mariadb"}:
            # They take "alice" and "alice " for equal (PAD SPACE).
            length = sa.func.char_length
            whose &= length(c.subject) == length(bind("s"))
        dead = c.expires <= bind("date")
        self.put = _upsert(t, dialect)
        self.get = sa.select(t).where(mine, live)
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


def _upsert(t: sa.Table, dialect: str) -> sa.Insert:
    names = TokenItem._fields[1:]
    if dialect in {"mysql", "mariadb"}:
        into = mysql.insert(t)
        return into.on_duplicate_key_update(
            {name: into.inserted[name] for name in names}
        )
    build = sqlite.insert if dialect == "sqlite" else postgresql.insert
    put = build(t)
    return put.on_conflict_do_update(
        index_elements=["key"], set_={n: put.excluded[n] for n in names}
    )


def _count(result: Any) -> int:
    return int(result.rowcount)


def _first(result: Any) -> Any:
    return result.first()


def _keys(result: Any) -> list[str]:
    return list(result.scalars())


def _items(result: Any) -> list[TokenItem]:
    return [_item(row) for row in result]


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
