"""A sign-in removes a few expired rows, and waits for no lock."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from support.items import item_of

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.interfaces import (
    ITrimmingOnceRepository,
    ITrimmingRepository,
)
from pyramid_sessiontoken.repositories import sqlalchemy_trim as module
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.repositories.sqlalchemy_trim import FEW

#: What stands before a statement to MariaDB that waits for no table.
NO_WAIT = "SET STATEMENT lock_wait_timeout = 0 FOR "

#: What nothing here may take: seconds that a lock is waited for.
LONG = 20


@pytest.fixture
def make(clock):
    """Make repositories whose connections are closed at the end."""
    made = []

    def make_repository(url, **kw):
        words = {"timeout": LONG, **kw}
        made.append(SQLAlchemyRepository(url, clock, **words))
        return made[-1]

    yield make_repository
    for repository in made:
        repository.close()


@pytest.fixture
def path(tmp_path):
    return f"{tmp_path}/sessions.db"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("psycopg2", marks=pytest.mark.server),
        pytest.param("mariadb", marks=pytest.mark.server),
    ]
)
def url(request, path):
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    if request.param == "psycopg2":
        server = request.getfixturevalue("postgresql")
        return server.url.replace("psycopg", "psycopg2")
    return request.getfixturevalue(request.param).url


def keys(repository):
    with repository._database.connection() as connection:
        table = repository._sql.table
        return sorted(connection.scalars(sa.select(table.c.key)))


def fill(repository, clock, *seconds):
    for number in seconds:
        repository.add_or_update(item_of(clock, f"k{number:03}", number))


def date(clock, seconds=0):
    return moment(clock.now() + seconds)


def test_the_oldest_few_rows_are_removed(make, url, clock):
    repository = make(url)
    assert ITrimmingRepository.providedBy(repository)
    fill(repository, clock, *range(3 * FEW))
    for count in (2, 1):
        repository.trim(date(clock, 2 * FEW + 4))
        assert keys(repository) == [
            f"k{n:03}" for n in range((3 - count) * FEW, 3 * FEW)
        ]
    repository.trim(date(clock, 2 * FEW + 4))
    # From the second on in which it expires, an item counts as expired.
    left = [f"k{n:03}" for n in range(2 * FEW + 5, 3 * FEW)]
    assert keys(repository) == left
    repository.trim(date(clock, 2 * FEW + 4))
    assert keys(repository) == left


def statements(repository):
    """Give a list that gets the statements."""
    asked = []
    sa.event.listen(
        repository._database._engine(),
        "before_cursor_execute",
        lambda _c, _cursor, sql, *_: asked.append(sql),
    )
    return asked


def verbs(asked):
    return [sql.removeprefix(NO_WAIT).split()[0] for sql in asked]


def test_a_sign_in_is_one_transaction(make, url, clock):
    repository = make(url)
    assert ITrimmingOnceRepository.providedBy(repository)
    fill(repository, clock, *range(FEW + 5))
    new = item_of(clock, "new", 3600)
    asked = statements(repository)
    repository.keep_and_trim(new, date(clock, FEW + 1))
    first = verbs(asked)
    assert keys(repository) == [*(f"k{n:03}" for n in range(FEW, 15)), "new"]
    assert repository.get("new") == new
    del asked[:]
    # It also puts an item in place of another.
    repository.keep_and_trim(new._replace(token=b"x"), date(clock))
    second = verbs(asked)
    assert repository.get("new").token == b"x"
    assert len(keys(repository)) == 6
    # What the driver sends of itself is no statement here.
    expected = {
        "sqlite": (
            ["BEGIN", "INSERT", "SELECT", "DELETE", "COMMIT"],
            ["BEGIN", "INSERT", "SELECT", "COMMIT"],
        ),
        "postgresql": (["WITH"], ["WITH"]),
        "mysql": (
            ["SELECT", "BEGIN", "INSERT", "SELECT", "DELETE", "COMMIT"],
            ["SELECT", "INSERT"],
        ),
    }[repository._database.dialect]
    assert (first, second) == expected


def test_a_sign_in_waits_for_no_row(make, postgresql, clock):
    repository = make(postgresql.url)
    fill(repository, clock, *range(5))
    lock = "SELECT * FROM session_tokens WHERE key < 'k003' FOR UPDATE"
    with in_postgresql(postgresql, lock):
        sign_in_at_once(repository, clock)
        assert keys(repository) == ["k000", "k001", "k002", "new"]


def test_a_sign_in_waits_for_no_row_of_mariadb(make, mariadb, clock):
    repository = make(mariadb.url)
    fill(repository, clock, *range(5))
    lock = "SELECT * FROM tests.session_tokens WHERE `key` < 'k003' FOR UPDATE"
    with in_mariadb(mariadb, "BEGIN", lock):
        sign_in_at_once(repository, clock)
        left = keys(repository)
    assert left in (
        ["k000", "k001", "k002", "new"],
        # The server may lock the gap behind the last one, too.
        ["k000", "k001", "k002", "k003", "new"],
    )


def sign_in_at_once(repository, clock):
    item = item_of(clock, "new", 3600)
    at_once(repository.keep_and_trim, item, date(clock, LONG))


def test_of_a_sign_in_that_fails_nothing_is_left(make, url, clock):
    """Nor on the connection."""
    repository = make(url, pool_size=1)
    fill(repository, clock, 1)
    with repository._database.connection() as connection:
        connection.exec_driver_sql("ALTER TABLE session_tokens RENAME TO old")
    with pytest.raises(SessionTokenError) as caught:
        repository.keep_and_trim(item_of(clock, "new"), date(clock, 5))
    assert not isinstance(caught.value, RepositoryUnavailable)
    with repository._database.connection() as connection:
        connection.exec_driver_sql("ALTER TABLE old RENAME TO session_tokens")
    assert keys(repository) == ["k001"]
    repository.keep_and_trim(item_of(clock, "new"), date(clock, 5))
    assert keys(repository) == ["new"]


def test_a_sign_in_of_which_the_removal_fails_puts_nothing(
    make, path, clock, monkeypatch
):
    """The library then puts it alone."""
    repository = make(f"sqlite:///{path}")
    fill(repository, clock, 1)
    with repository._database.connection() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE DELETE ON session_tokens"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(SessionTokenError, match="removed none"):
        repository.keep_and_trim(item_of(clock, "new"), date(clock, 5))
    assert keys(repository) == ["k001"]
    repository.add_or_update(item_of(clock, "new"))
    assert keys(repository) == ["k001", "new"]


def test_a_sign_in_waits_once_for_the_lock_of_sqlite(make, path, clock):
    repository = make(f"sqlite:///{path}", timeout=0.01)
    fill(repository, clock, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RepositoryUnavailable, match="locked"):
            repository.keep_and_trim(item_of(clock, "new"), date(clock, 5))
    assert keys(repository) == ["k001"]


def test_a_sign_in_whose_answer_is_lost_is_not_known_to_have_failed(
    make, path, clock
):
    """The connection breaks within the transaction."""
    repository = make(f"sqlite:///{path}")
    fill(repository, clock, 1)

    @sa.event.listens_for(
        repository._database._engine(), "before_cursor_execute"
    )
    def lose(connection, cursor, sql, *_):
        if sql == "COMMIT":
            connection.invalidate()
            error = sa.exc.OperationalError(sql, None, OSError("lost"))
            error.connection_invalidated = True
            raise error

    with pytest.raises(RepositoryUnavailable, match="OSError"):
        repository.keep_and_trim(item_of(clock, "new"), date(clock, 5))


def test_a_table_in_a_schema_is_trimmed(make, postgresql, clock):
    postgresql.execute("CREATE SCHEMA auth")
    repository = make(postgresql.url, schema="auth", table="MiXed")
    fill(repository, clock, 1, 9)
    repository.trim(date(clock, 5))
    assert keys(repository) == ["k009"]
    repository.keep_and_trim(item_of(clock, "new"), date(clock, 9))
    assert keys(repository) == ["new"]


@contextmanager
def in_postgresql(server, *statements):
    """Execute statements in a transaction that stays open."""
    with psycopg.connect(server.where) as connection:
        for statement in statements:
            connection.execute(statement)
        yield


@contextmanager
def in_mariadb(server, *statements):
    with closing(server.connect()) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
        yield


def trim_at_once(repository, when):
    """Trim; fail where it waits."""
    at_once(repository.trim, when)


def at_once(call, *args):
    thread = threading.Thread(target=call, args=args)
    thread.start()
    thread.join(LONG / 2)
    assert not thread.is_alive()


def test_locked_rows_of_postgresql_are_left_out(make, postgresql, clock):
    repository = make(postgresql.url)
    fill(repository, clock, *range(FEW + 5))
    lock = "SELECT * FROM session_tokens WHERE key < 'k003' FOR UPDATE"
    with in_postgresql(postgresql, lock):
        trim_at_once(repository, date(clock, LONG))
        left = ["k000", "k001", "k002", "k013", "k014"]
        assert keys(repository) == left
    repository.trim(date(clock, LONG))
    assert keys(repository) == []


@pytest.mark.parametrize("mode", ["SHARE", "ACCESS EXCLUSIVE"])
def test_a_locked_table_of_postgresql_is_left_alone(
    make, postgresql, clock, mode
):
    """CREATE INDEX locks the table in the mode SHARE, ALTER TABLE in the
    other one.
    """
    repository = make(postgresql.url)
    fill(repository, clock, 1)
    lock = f"LOCK TABLE session_tokens IN {mode} MODE"
    with in_postgresql(postgresql, lock):
        trim_at_once(repository, date(clock, 5))
    assert keys(repository) == ["k001"]
    repository.trim(date(clock, 5))
    assert keys(repository) == []


def test_locked_rows_of_mariadb_are_left_out(make, mariadb, clock):
    repository = make(mariadb.url)
    fill(repository, clock, *range(FEW + 5))
    lock = (
        "SELECT * FROM tests.session_tokens WHERE `key` IN ('k000', 'k002')"
        " FOR UPDATE"
    )
    with in_mariadb(mariadb, "BEGIN", lock):
        trim_at_once(repository, date(clock, LONG))
        left = ["k000", "k002", *(f"k{n:03}" for n in range(FEW, FEW + 5))]
        assert keys(repository) == left


def test_rows_of_mariadb_that_are_all_locked_are_left_alone(
    make, mariadb, clock
):
    repository = make(mariadb.url)
    fill(repository, clock, 1, 2)
    lock = "SELECT * FROM tests.session_tokens FOR UPDATE"
    with in_mariadb(mariadb, "BEGIN", lock):
        trim_at_once(repository, date(clock, 5))
        assert keys(repository) == ["k001", "k002"]


@pytest.mark.parametrize("mode", ["READ", "WRITE"])
def test_a_locked_table_of_mariadb_is_left_alone(make, mariadb, clock, mode):
    """mysqldump locks tables for reading."""
    repository = make(mariadb.url)
    fill(repository, clock, 1)
    lock = f"LOCK TABLES tests.session_tokens {mode}"
    with in_mariadb(mariadb, lock):
        trim_at_once(repository, date(clock, 5))
    assert keys(repository) == ["k001"]
    # Nothing is left behind on the connection.
    repository.trim(date(clock, 5))
    assert keys(repository) == []


def test_mysql_is_asked_as_it_understands(make, mariadb, clock):
    """It has no SET STATEMENT."""
    repository = make(mariadb.url)
    fill(repository, clock, 1, 9)
    asked = statements(repository)
    repository._database._engine().dialect.is_mariadb = False
    repository.trim(date(clock, 5))
    assert keys(repository) == ["k009"]
    assert not [sql for sql in asked if sql.startswith("SET STATEMENT")]
    assert any(sql.endswith("FOR UPDATE SKIP LOCKED") for sql in asked)


def test_a_file_that_another_writes_is_left_alone(make, path, clock):
    repository = make(f"sqlite:///{path}")
    fill(repository, clock, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        trim_at_once(repository, date(clock, 5))
        # Where nothing is to be removed, nothing is written.
        trim_at_once(repository, date(clock, 0))
        other.execute("ROLLBACK")
    assert keys(repository) == ["k001"]
    # Other methods wait as before.
    with repository._database.connection() as connection:
        patience = connection.exec_driver_sql("PRAGMA busy_timeout")
        assert patience.scalar_one() == LONG * 1000
    repository.trim(date(clock, 5))
    assert keys(repository) == []


def test_a_connection_is_not_waited_for(make, url, clock):
    repository = make(url, pool_size=1)
    fill(repository, clock, 1)
    with repository._database.connection():
        trim_at_once(repository, date(clock, 5))
    assert keys(repository) == ["k001"]
    repository.trim(date(clock, 5))
    assert keys(repository) == []


def test_the_first_use_of_a_repository_may_be_a_trim(make, url, clock):
    repository = make(url)
    repository.trim(date(clock))
    assert keys(repository) == []


def test_other_errors_are_outages(make, url, clock, monkeypatch):
    repository = make(url)
    fill(repository, clock, 1)
    with repository._database.connection() as connection:
        repository._sql.table.drop(connection)
    with pytest.raises(RepositoryUnavailable):
        repository.trim(date(clock, 5))


def test_many_trim_at_once(make, url, clock):
    """Each row is removed, and nobody fails."""
    repositories = [make(url, pool_size=1) for _ in range(8)]
    count = 200
    rows = [
        {
            "key": f"k{n:03}",
            "expires": clock.now(),
            "token": b"",
            "subject": None,
        }
        for n in range(count)
    ]
    repositories[0].get("key")
    with repositories[0]._database.connection() as connection:
        connection.execute(repositories[0]._sql.table.insert(), rows)
    start, faults = threading.Barrier(8), []
    until = time.monotonic() + LONG

    def work(repository):
        start.wait()
        try:
            while keys(repository) and time.monotonic() < until:
                repository.trim(date(clock))
        except Exception as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=work, args=[r]) for r in repositories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert keys(repositories[0]) == []


def test_only_errors_about_locks_are_passed_over():
    class Error(sa.exc.DBAPIError):
        def __init__(self, orig):
            self.orig = orig

    for orig, expected in [
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.OperationalError("no such table: a"), False),
        (psycopg.errors.LockNotAvailable(), True),
        (psycopg.errors.UndefinedTable("locked"), False),
        # As pg8000 raises it.
        (Exception({"C": "55P03", "M": "could not obtain lock"}), True),
        (Exception({"C": "42P01", "M": "no such relation"}), False),
    ]:
        assert module.is_locked(Error(orig)) is expected
