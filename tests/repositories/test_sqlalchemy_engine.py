"""Connections to databases: poolers, failovers, firewalls, and what the log
tells of an outage.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from support.items import item_of
from support.servers import wait_until

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.repositories import (
    sqlalchemy_engine as engine,
)
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository


@pytest.fixture
def make(clock):
    """Make repositories whose connections are closed at the end."""
    made = []

    def make_repository(url, **kw):
        made.append(SQLAlchemyRepository(url, clock, **kw))
        return made[-1]

    yield make_repository
    for repository in made:
        repository.close()


def outage(call):
    with pytest.raises(RepositoryUnavailable) as raised:
        call()
    told = re.fullmatch(r"the database failed \((.*)\): .*", str(raised.value))
    return told[1]


# PgBouncer


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_transaction_pooler_is_supported(make, pgbouncer, clock, driver):
    url = f"postgresql+{driver}://tests@127.0.0.1:{pgbouncer.port}/postgres"
    repositories = [make(url, timeout=10) for _ in range(3)]
    start, faults = threading.Barrier(6), []

    def work(repository, number):
        item = item_of(clock, f"k{number}", subject=f"str:{number}")
        start.wait()
        try:
            # More often than psycopg asks before it prepares a statement.
            for _ in range(20):
                repository.add_or_update(item)
                assert repository.get(item.key) == item
                assert repository.items_of(item.subject) == [item]
                assert repository.renew(item, item.expires)
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [
        threading.Thread(target=work, args=[repositories[n % 3], n])
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_behind_a_pooler_a_locked_table_is_given_up(
    make, pgbouncer, postgresql, item
):
    repository = make(
        f"postgresql+psycopg://tests@127.0.0.1:{pgbouncer.port}/postgres"
    )
    repository.add_or_update(item)
    with psycopg.connect(postgresql.where) as other:
        other.execute("LOCK TABLE session_tokens")
        told = outage(lambda: repository.get(item.key))
    assert told == "OperationalError: no answer in time"
    assert repository.get(item.key) == item


# Failover


def test_a_failover_is_followed(make, postgresql, standby, item):
    host = "127.0.0.1"
    repository = make(
        f"postgresql+psycopg://tests@/postgres?host={host}:{postgresql.port}"
        f"&host={host}:{standby.port}&target_session_attrs=read-write",
        timeout=5,
    )
    repository.add_or_update(item)
    wait_until(lambda: has_replayed(postgresql, standby))
    try:
        # The old primary is fenced; its connections stay open.
        postgresql.execute(
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "SELECT pg_reload_conf()",
        )
        wait_until(lambda: is_read_only(postgresql))
        standby.execute("SELECT pg_promote()")
        repository.remove(item.key)
        assert repository.get(item.key) is None
        assert standby.execute("SELECT * FROM session_tokens") == []
    finally:
        postgresql.execute(
            "SET default_transaction_read_only = off",
            "ALTER SYSTEM RESET default_transaction_read_only",
            "SELECT pg_reload_conf()",
        )
        wait_until(lambda: not is_read_only(postgresql))


def has_replayed(primary, standby):
    [[written]] = primary.execute("SELECT pg_current_wal_lsn()")
    [[behind]] = standby.execute(
        f"SELECT pg_last_wal_replay_lsn() < '{written}'::pg_lsn"
    )
    return not behind


def is_read_only(server):
    [[found]] = server.execute("SHOW default_transaction_read_only")
    return found == "on"


def test_a_host_name_that_changes_its_address_is_followed(
    make, postgresql, standby, proxy, item
):
    """As after a failover by DNS, or by a load balancer."""
    make(postgresql.url).add_or_update(item)
    wait_until(lambda: has_replayed(postgresql, standby))
    between = proxy(standby.port)
    url = f"postgresql+psycopg://tests@127.0.0.1:{between.port}/postgres"
    repository = make(url, timeout=5)
    # The standby answers, and does not write.
    assert repository.get(item.key) == item
    accepted = between.accepted
    assert outage(lambda: repository.remove(item.key)) == (
        "ReadOnlySqlTransaction: cannot execute DELETE in a read-only"
        " transaction"
    )
    # One more attempt, no endless ones.
    assert between.accepted == accepted + 1
    between.target = postgresql.port
    repository.remove(item.key)
    assert repository.get(item.key) is None


def test_connections_to_a_read_only_mariadb_are_dropped(
    make, mariadb, proxy, item
):
    between = proxy(mariadb.port)
    url = mariadb.url.replace(f":{mariadb.port}", f":{between.port}")
    repository = make(url.replace("root@", "writer@"), timeout=5)
    execute(mariadb, "CREATE OR REPLACE USER writer@localhost")
    execute(mariadb, "GRANT ALL ON tests.* TO writer@localhost")
    repository.add_or_update(item)
    accepted = between.accepted
    execute(mariadb, "SET GLOBAL read_only = 1")
    try:
        told = outage(lambda: repository.remove(item.key))
    finally:
        execute(mariadb, "SET GLOBAL read_only = 0")
    assert "--read-only option" in told
    assert between.accepted == accepted + 1
    repository.remove(item.key)
    assert repository.get(item.key) is None


def execute(mariadb, statement):
    with closing(mariadb.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall()


def test_an_old_connection_is_not_used_again(
    make, postgresql, proxy, monkeypatch
):
    monkeypatch.setattr(engine, "OLD", 0)
    between = proxy(postgresql.port)
    url = postgresql.url.replace(f":{postgresql.port}", f":{between.port}")
    repository = make(url, timeout=10)
    for _ in range(3):
        assert repository.get("key") is None
    assert between.accepted >= 3


# Firewalls


@pytest.mark.server
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_connections_dropped_by_a_firewall_cause_no_outage(
    make, proxy, item, kind, request
):
    server = request.getfixturevalue(kind)
    between = proxy(server.port)
    url = server.url.replace(f":{server.port}", f":{between.port}")
    repository = make(url)
    repository.add_or_update(item)
    between.forget()
    assert repository.get(item.key) == item


# Statements that lose to others


def test_a_deadlock_is_tried_again(make, mariadb, clock):
    repository = make(mariadb.url, timeout=10)
    for key in ("k1", "k2"):
        repository.add_or_update(item_of(clock, key))
    done = []
    with closing(mariadb.connect()) as other:
        cursor = other.cursor()
        # The server undoes what has changed least.
        cursor.execute("USE tests")
        cursor.execute("CREATE TABLE tests.many (n INT) ENGINE = InnoDB")
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO tests.many SELECT seq FROM seq_1_to_1000")
        cursor.execute(
            "SELECT * FROM tests.session_tokens WHERE `key` = 'k2' FOR UPDATE"
        )
        thread = threading.Thread(
            target=lambda: done.append(repository.remove_all_of("str:alice"))
        )
        thread.start()
        wait_until(lambda: waits(mariadb))
        cursor.execute(
            "UPDATE tests.session_tokens SET token = 'x' WHERE `key` = 'k1'"
        )
        [[deadlocks]] = execute(
            mariadb,
            "SELECT variable_value FROM information_schema.global_status"
            " WHERE variable_name = 'INNODB_DEADLOCKS'",
        )
        assert int(deadlocks) > 0
        other.commit()
        thread.join()
    assert done == [2]


def waits(mariadb):
    return execute(
        mariadb,
        "SELECT 1 FROM information_schema.innodb_trx"
        " WHERE trx_state = 'LOCK WAIT'",
    )


def test_a_serialization_failure_is_tried_again(make, postgresql, item):
    repository = make(
        f"{postgresql.url}?options=-cdefault_transaction_isolation="
        "repeatable\\ read",
        timeout=10,
    )
    repository.add_or_update(item)
    done = []
    with psycopg.connect(postgresql.where) as other:
        other.execute("UPDATE session_tokens SET token = 'other'")
        thread = threading.Thread(
            target=lambda: done.append(repository.renew(item, item.expires))
        )
        thread.start()
        wait_until(
            lambda: postgresql.execute(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
        )
        other.commit()
        thread.join()
    assert done == [True]
    assert repository.get(item.key) == item


def test_a_statement_that_loses_repeatedly_is_an_outage(
    make, tmp_path, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    repository = make(f"sqlite:///{tmp_path}/a.db")
    repository.get("key")
    asked = []

    def lose(*args):
        asked.append(args)
        raise OperationalError("SELECT", {}, Exception(1213, "Deadlock found"))

    monkeypatch.setattr(sa.Connection, "execute", lose)
    assert outage(lambda: repository.get("key")) == "Exception: Deadlock found"
    assert len(asked) == 5


# Threads


def test_the_first_connection_is_that_of_one_thread(
    make, tmp_path, monkeypatch, item
):
    """SQLAlchemy learns by it what the server is."""
    initialize = DefaultDialect.initialize
    learning, go_on = threading.Event(), threading.Event()

    def slowly(dialect, connection):
        learning.set()
        assert go_on.wait(30)
        initialize(dialect, connection)

    repository = make(f"sqlite:///{tmp_path}/sessions.db", timeout=0.05)
    with monkeypatch.context() as patch, ThreadPoolExecutor() as pool:
        patch.setattr(DefaultDialect, "initialize", slowly)
        first = pool.submit(repository.add, item)
        assert learning.wait(30)
        assert outage(lambda: repository.get("key")) == "TimeoutError"
        go_on.set()
        first.result(30)

    assert repository.get("key") == item


# What the log tells


def test_a_locked_file_is_named_in_the_log(make, tmp_path, item):
    import sqlite3

    repository = make(f"sqlite:///{tmp_path}/a.db")
    repository.add_or_update(item)
    with closing(sqlite3.connect(f"{tmp_path}/a.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        told = outage(lambda: repository.add_or_update(item))
    assert told == "OperationalError: database is locked"


def test_the_message_of_the_server_is_logged(make, postgresql, item):
    postgresql.execute(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT USAGE ON SCHEMA public TO reader",
    )
    make(postgresql.url).add_or_update(item)
    repository = make(postgresql.url.replace("tests@", "reader:hunter2@"))
    assert outage(lambda: repository.get(item.key)) == (
        "InsufficientPrivilege: permission denied for table session_tokens"
    )
    url = postgresql.url.replace("/postgres", "/nowhere")
    assert 'database "nowhere" does not exist' in outage(
        lambda: make(url).get("key")
    )


def test_values_are_not_logged(make, postgresql, mariadb, clock):
    postgresql.execute(
        "CREATE TABLE session_tokens ("
        " key text PRIMARY KEY, expires bigint, token bytea,"
        " subject text CHECK (subject <> 'str:alice'))"
    )
    repository = make(postgresql.url)
    told = outage(lambda: repository.add_or_update(item_of(clock)))
    assert told == "CheckViolation"
    repository = make(mariadb.url)
    repository.get("key")
    execute(
        mariadb,
        "CREATE TRIGGER tests.quoting BEFORE INSERT ON tests.session_tokens"
        " FOR EACH ROW SIGNAL SQLSTATE '45000'"
        " SET MESSAGE_TEXT = 'no str:alice here'",
    )
    told = outage(lambda: repository.add_or_update(item_of(clock)))
    assert told == "OperationalError"
    item = item_of(clock, subject="str:bob")
    told = outage(lambda: repository.add_or_update(item))
    assert told == "OperationalError: no str:alice here"


def test_a_server_that_only_reads_has_kept_nothing():
    """The next connection may lead to one that writes."""
    told, lost = (
        sa.exc.OperationalError("INSERT", None, Exception(code))
        for code in (1290, 2013)
    )
    told.connection_invalidated = lost.connection_invalidated = True
    assert engine.is_unanswered(lost)
    assert not engine.is_unanswered(told)
