"""PostgreSQL is stopped, restarted, locked, full, or read-only."""

from contextlib import closing, contextmanager

import pytest
from support.faults import times
from support.servers import PostgreSQLServer, stopped, wait_until

pytestmark = pytest.mark.server

ROUNDS = times(1, 20)


@pytest.fixture(scope="module")
def server(server_folder):
    """A server of this file alone, that tests may ruin."""
    pytest.importorskip("psycopg")
    made = PostgreSQLServer(server_folder)
    made.start()
    yield made
    made.end()


@pytest.fixture
def repository(server):
    return {"repository": "sqlalchemy", "repository.url": server.url}


@contextmanager
def gone(server):
    """As with pg_ctl stop -m immediate."""
    server.end()
    try:
        yield
    finally:
        server.start()


@contextmanager
def locked(server):
    """Somebody alters the table, and does not commit."""
    import psycopg

    with closing(psycopg.connect(server.where)) as transaction:
        transaction.execute(
            "LOCK TABLE session_tokens IN ACCESS EXCLUSIVE MODE"
        )
        yield


@contextmanager
def closed(server):
    """It takes no new connections, and ends those there are."""
    elsewhere = server.where.replace("dbname=postgres", "dbname=template1")
    rule = "ALTER DATABASE postgres ALLOW_CONNECTIONS"
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = 'postgres'"
    )
    execute(elsewhere, f"{rule} false", end)
    try:
        yield
    finally:
        execute(elsewhere, f"{rule} true")


def execute(where, *statements):
    import psycopg

    with psycopg.connect(where, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    "fault", [stopped, gone, locked, closed], ids=lambda f: f.__name__
)
def test_an_outage_is_told_and_passes(people, server, fault, counted):
    for _ in range(ROUNDS):
        said = f"a PostgreSQL that is {fault.__name__}"
        people.go_through(fault(server), counted, said)


def test_a_restart_in_between_is_hardly_noticed(people, server, counted):
    """Open connections are broken, and each is made anew once."""
    for _ in range(ROUNDS):
        assert all(people.go_on(1))
        with gone(server):
            pass
        people.check_recovered()
        counted["restarts of PostgreSQL"] += 1


@contextmanager
def only_reading(server):
    """As a standby, or a primary that another one took over from."""
    setting = "default_transaction_read_only"
    server.execute(
        f"ALTER SYSTEM SET {setting} = on", "SELECT pg_reload_conf()"
    )
    try:
        wait_until(lambda: server.execute(f"SHOW {setting}") == [("on",)])
        yield
    finally:
        server.execute(
            f"SET {setting} = off",
            f"ALTER SYSTEM RESET {setting}",
            "SELECT pg_reload_conf()",
        )
        wait_until(lambda: server.execute(f"SHOW {setting}") == [("off",)])


@contextmanager
def full(server):
    """It answers what it answers where its disk is full."""
    server.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full',"
        " MESSAGE = 'could not extend file: No space left on device'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON session_tokens"
        " EXECUTE FUNCTION refuse()",
    )
    try:
        yield
    finally:
        server.execute("DROP FUNCTION refuse CASCADE")


@pytest.mark.parametrize(
    "fault", [only_reading, full], ids=lambda f: f.__name__
)
def test_what_only_reads_serves_and_confirms_no_change(
    people, server, fault, counted
):
    for _ in range(ROUNDS):
        people.check_reading(fault(server))
        counted[f"a PostgreSQL that is {fault.__name__}"] += 1
