"""A table of PostgreSQL that is partitioned by the time when rows expire.

Its primary key is ``(key, expires)``, since PostgreSQL wants the column of the
partitions in it. So the server does not keep two rows of one key apart, and
the statements have to.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ..interfaces import TokenItem

Statements = tuple[sa.Insert, sa.Select[Any], tuple[sa.Executable, ...]]


def is_partitioned(engine: sa.Engine, table: sa.Table) -> bool:
    """Tell whether the table that is there has such a primary key."""
    found = sa.inspect(engine).get_pk_constraint(table.name, table.schema)
    return sorted(found["constrained_columns"]) == ["expires", "key"]


def partitioned(table: sa.Table, live: sa.ColumnElement[bool]) -> Statements:
    """Give the statements to put, to get, and to add in one transaction.

    :param live: the condition for a row that counts.
    """
    c = table.c
    key: sa.BindParameter[str] = sa.bindparam("k", type_=c.key.type)
    at: sa.BindParameter[int] = sa.bindparam("at", type_=c.expires.type)
    of_key = c.key == key
    # The row may stand in another partition, and with another time.
    others = sa.delete(table).where(of_key, c.expires != at).cte("others")
    put = postgresql.insert(table)
    put = put.on_conflict_do_update(
        index_elements=["key", "expires"],
        set_={name: put.excluded[name] for name in ("token", "subject")},
    )
    # Of two that were put at the same moment, both may be there. That which
    # expires later counts: it is the later number of a sign-in, or the later
    # mark.
    get = sa.select(table).where(of_key, live)
    get = get.order_by(c.expires.desc()).limit(1)
    # The lock ends with the transaction. The statements after it see what
    # another one added before.
    lock = sa.select(
        sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))
    )
    dead = sa.delete(table).where(of_key, sa.not_(live))
    token = sa.bindparam("new_token", type_=c.token.type)
    subject = sa.bindparam("new_subject", type_=c.subject.type)
    row = sa.select(key, at, token, subject)
    add = sa.insert(table).from_select(
        TokenItem._fields, row.where(~sa.exists().where(of_key))
    )
    return (
        put.add_cte(others),
        get,
        (lock, dead, add.execution_options(preserve_rowcount=True)),
    )
