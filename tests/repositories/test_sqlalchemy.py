"""The repository in a database: what the contract does not test."""

import sqlite3
import threading
import traceback
from contextlib import closing

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from support.items import item_of, seconds_until_unavailable

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.interfaces import TokenItem
from pyramid_sessiontoken.repositories import sqlalchemy as module
from pyramid_sessiontoken.repositories.sqlalchemy import (
    SQLAlchemyRepository,
    table,
)

COLUMNS = "(key TEXT PRIMARY KEY, expires BIGINT, token BLOB, subject TEXT)"


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


@pytest.fixture
def path(tmp_path):
    return f"{tmp_path}/sessions.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


# Start


def test_no_connection_is_opened_before_the_first_use(clock, tmp_path):
    SQLAlchemyRepository(f"sqlite:///{tmp_path}/a.db", clock)
    assert list(tmp_path.iterdir()) == []


def test_the_table_can_be_created_by_a_migration(make, url, item):
    metadata = sa.MetaData()
    mine = table(metadata, "mine")
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    assert [c.name for c in mine.columns] == list(TokenItem._fields)
    indices = sa.inspect(engine).get_indexes("mine")
    indexed = {index["column_names"][0] for index in indices}
    assert indexed == {"expires", "subject"}
    repository = make(url, table="mine")
    repository.add_or_update(item)
    assert sa.inspect(engine).get_table_names() == ["mine"]
    engine.dispose()


@pytest.mark.parametrize("option", ["schema", "search_path"])
def test_the_table_is_found_in_its_schema(make, postgresql, item, option):
    url, options = postgresql.url, {"schema": "auth"}
    if option == "search_path":
        url, options = f"{url}?options=-csearch_path%3Dauth", {}
    repository = make(url, **options)
    with pytest.raises(RepositoryUnavailable, match="schema"):
        repository.get(item.key)
    postgresql.execute("CREATE SCHEMA auth")
    make(url, **options).add_or_update(item)
    assert repository.get(item.key) == item
    assert postgresql.execute(
        "SELECT tablename, count(*) FROM pg_indexes"
        " WHERE schemaname = 'auth' GROUP BY tablename"
    ) == [("session_tokens", 3)]
    [[public]] = postgresql.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    )
    assert public == 0


def test_our_options_are_added_to_those_of_the_url(make, postgresql):
    def shown(url, name):
        with make(url)._database.connection() as connection:
            return connection.exec_driver_sql(f"SHOW {name}").scalar()

    url = f"{postgresql.url}?options=-csearch_path%3Dpublic"
    assert shown(url, "search_path") == "public"
    assert shown(url, "lock_timeout") == "250ms"
    url = f"{postgresql.url}?options=-clock_timeout%3D3s"
    assert shown(url, "lock_timeout") == "3s"
    assert shown(url, "statement_timeout") == "250ms"


def test_a_statement_timeout_of_the_url_is_kept(make, postgresql):
    url = f"{postgresql.url}?options=-cstatement_timeout%3D20s"
    with make(url)._database.connection() as connection:
        # Longer than ours, twice.
        connection.exec_driver_sql("SELECT pg_sleep(0.6)")


def test_two_processes_may_create_the_table_at_once(make, url, item):
    slow, fast = make(url), make(url)
    sa.event.listen(
        slow._statements.table,
        "before_create",
        lambda *args, **kw: fast.add_or_update(item),
    )
    assert slow.get(item.key) == item


def test_many_processes_may_create_the_table_at_once(make, postgresql, item):
    many = [make(postgresql.url, timeout=5) for _ in range(8)]
    start, faults = threading.Barrier(8), []

    def run(repository):
        start.wait()
        try:
            repository.add_or_update(item)
        except RepositoryUnavailable as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=[r]) for r in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_table_that_cannot_be_created_is_an_outage(make, path):
    sqlite3.connect(path).close()
    repository = make(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(RepositoryUnavailable, match="OperationalError"):
        repository.get("key")
    repository = make(path_url(path))
    assert repository.get("key") is None


def path_url(path):
    return f"sqlite:///{path}"


# Items


@pytest.mark.parametrize(
    "key", ["", "a" * 201, "ä", "\ud800", "a\0", "a\n", "a b", "a/b"]
)
def test_an_invalid_key_never_reaches_the_database(make, url, item, key):
    repository = make(url)
    assert repository.get(key) is None
    repository.remove(key)
    repository.add_or_update(item)
    assert repository.remove_all_of("str:alice", keep=[key, item.key]) == 0
    with pytest.raises(SessionTokenError, match=r"^the key of"):
        repository.add_or_update(item._replace(key=key))
    with pytest.raises(SessionTokenError, match=r"^the key of"):
        repository.renew(item._replace(key=key), item.expires)


@pytest.mark.parametrize("subject", ["a" * 301, "\ud800", "a\0"])
def test_a_subject_that_databases_cannot_store_is_refused(
    make, url, item, subject
):
    repository = make(url)
    assert repository.items_of(subject) == []
    assert repository.remove_all_of(subject) == 0
    with pytest.raises(SessionTokenError, match=r"^the subject of"):
        repository.add_or_update(item._replace(subject=subject))


@pytest.mark.parametrize(
    ("expires", "token"),
    [
        ("garbage", b"token"),
        (b"garbage", b"token"),
        (4e9 + 0.5, b"token"),
        (10**18, b"token"),
        (None, b"token"),
        (4_000_000_000, "text"),
        (4_000_000_000, 10**12),
        (4_000_000_000, None),
    ],
)
def test_a_corrupt_row_is_absent(make, path, item, expires, token):
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(f"CREATE TABLE session_tokens {COLUMNS}")
        raw.execute(
            "INSERT INTO session_tokens VALUES (?, ?, ?, ?)",
            (item.key, expires, token, item.subject),
        )
    repository = make(path_url(path))
    assert repository.get(item.key) is None
    assert repository.items_of(item.subject) == []
    late = moment(4_000_000_000)
    assert repository.renew(item, late) is False
    repository.add_or_update(item)
    assert repository.get(item.key) == item


@pytest.mark.parametrize("row", ["'garbage', x'00'", "4000000000, 'text'"])
def test_sqlite_itself_refuses_a_corrupt_row(make, url, path, row):
    make(url).get("key")
    with (
        closing(sqlite3.connect(path)) as raw,
        pytest.raises(sqlite3.IntegrityError),
    ):
        raw.execute(f"INSERT INTO session_tokens VALUES ('k', {row}, NULL)")  # noqa: S608


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("mariadb", marks=pytest.mark.server),
    ]
)
def any_url(request):
    if request.param == "sqlite":
        return request.getfixturevalue("url")
    return request.getfixturevalue(request.param).url


def test_a_purge_goes_on_in_batches(make, any_url, clock):
    repository = make(any_url, timeout=5)
    repository.get("key")
    engine = repository._database._engine()
    with engine.connect() as connection:
        rows = [
            module._row(item_of(clock, f"k{n}", 1 + n % 2))
            for n in range(5_000)
        ]
        connection.execute(repository._sql.table.insert(), rows)
    deleted = []
    sa.event.listen(
        engine,
        "after_cursor_execute",
        lambda _c, cursor, sql, *_: (
            deleted.append(cursor.rowcount) if sql.startswith("DEL") else None
        ),
    )
    date = item_of(clock, seconds=1).expires
    assert repository.remove_all_before(date) == 2_500
    assert deleted == [1_000, 1_000, 500]
    assert repository.remove_all_before(date) == 0
    assert len(repository.items_of("str:alice")) == 2_500
    # The list is read in batches, too, and has each item once.
    listed = [item.key for item in repository.items()]
    assert len(listed) == len(set(listed)) == 2_500


def test_a_purge_begins_with_the_oldest(make, any_url, clock, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    repository = make(any_url, timeout=5)
    for seconds in (30, 10, 50, 20, 40):
        repository.add_or_update(item_of(clock, f"k{seconds}", seconds))
    left = [
        (gone, sorted(item.key for item in repository.items()))
        for gone in repository.purge(item_of(clock, seconds=40).expires)
    ]
    assert left == [(2, ["k30", "k40", "k50"]), (2, ["k50"])]


@pytest.mark.parametrize("other", ["str:alice ", "str:Alice", "str:älice"])
def test_subjects_are_compared_exactly(make, any_url, clock, other):
    """MySQL and MariaDB take blanks at the end for nothing."""
    repository = make(any_url, timeout=5)
    mine = item_of(clock, "mine", subject="str:alice")
    theirs = item_of(clock, "theirs", subject=other)
    repository.add_or_update(mine)
    repository.add_or_update(theirs)
    assert repository.items_of(mine.subject) == [mine]
    assert repository.items_of(other) == [theirs]
    assert repository.remove_all_of(other) == 1
    assert repository.remove_all_of(other) == 0
    assert repository.get("mine") == mine


def test_a_time_is_a_whole_number_in_the_table(make, any_url, item):
    repository = make(any_url, timeout=5)
    repository.add_or_update(item)
    with repository._database.connection() as connection:
        row = connection.exec_driver_sql("SELECT * FROM session_tokens").one()
    seconds = int(item.expires.timestamp())
    assert row._mapping == {**item._asdict(), "expires": seconds}


# Outages


def test_a_locked_file_can_be_read_and_a_write_gives_up_soon(make, url, item):
    repository = make(url)
    repository.add_or_update(item)
    with closing(sqlite3.connect(url[10:])) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert repository.get(item.key) == item
        waited = seconds_until_unavailable(lambda: repository.remove(item.key))
        assert 0.2 < waited < 1
    repository.remove(item.key)
    assert repository.get(item.key) is None


def test_a_file_that_is_no_database_is_an_outage(make, path):
    with open(path, "wb") as file:
        file.write(b"This is no database. " * 500)
    with pytest.raises(RepositoryUnavailable, match="DatabaseError"):
        make(path_url(path)).get("key")


def test_an_exhausted_pool_is_an_outage(make, url):
    repository = make(url, pool_size=1)
    with repository._database.connection():
        assert seconds_until_unavailable(lambda: repository.get("key")) < 1
    assert repository.get("key") is None


def test_an_error_that_the_driver_does_not_convert_is_an_outage(make, url):
    repository = make(url)
    repository._clock.advance(10**30)
    with pytest.raises(RepositoryUnavailable, match="OverflowError"):
        repository.get("key")


def test_a_locked_table_is_given_up_soon(make, postgresql, item):
    import psycopg

    repository = make(postgresql.url)
    repository.add_or_update(item)
    with psycopg.connect(postgresql.where) as other:
        other.execute("LOCK TABLE session_tokens")
        waited = seconds_until_unavailable(lambda: repository.get(item.key))
        assert 0.2 < waited < 1
    assert repository.get(item.key) == item


def test_a_server_that_restarts_is_used_again(make, postgresql, item):
    repository = make(postgresql.url)
    repository.add_or_update(item)
    postgresql.end()
    assert seconds_until_unavailable(lambda: repository.get(item.key)) < 1
    assert seconds_until_unavailable(lambda: repository.remove("k")) < 1
    postgresql.start()
    assert repository.get(item.key) == item


def test_a_restart_between_two_statements_is_not_noticed(
    make, postgresql, item
):
    repository = make(postgresql.url)
    repository.add_or_update(item)
    postgresql.end()
    postgresql.start()
    assert repository.get(item.key) == item


def test_a_server_that_does_not_answer_is_given_up(make, postgresql, item):
    repository = make(postgresql.url)
    repository.add_or_update(item)
    postgresql.freeze()
    try:
        # Twice 250 ms for the ping, libpq's 2 s for a new connection.
        for _ in range(2):
            waited = seconds_until_unavailable(
                lambda: repository.get(item.key)
            )
            assert waited < 4
    finally:
        postgresql.thaw()
    assert repository.get(item.key) == item


def test_no_message_has_the_password(make, postgresql):
    where = postgresql.url.replace("tests@", "alice:hunter2@")
    for url in (where, "postgresql+psycopg://alice:hunter2@127.0.0.1:1/d"):
        with pytest.raises(RepositoryUnavailable) as outage:
            make(url).get("key")
        told = "".join(traceback.format_exception(outage.value))
        assert "hunter2" not in told
        assert "OperationalError" in str(outage.value)


@pytest.fixture
def of_mariadb(make, mariadb, item):
    repository = make(mariadb.url)
    repository.add_or_update(item)
    return repository


def test_a_mariadb_that_restarts_is_used_again(of_mariadb, mariadb, item):
    mariadb.end()
    assert seconds_until_unavailable(lambda: of_mariadb.get(item.key)) < 2
    mariadb.start()
    assert of_mariadb.get(item.key) == item
    mariadb.end()
    mariadb.start()
    # The repository does not see what happens between two requests.
    assert of_mariadb.get(item.key) == item


def test_a_mariadb_that_does_not_answer_is_given_up(of_mariadb, mariadb, item):
    mariadb.freeze()
    try:
        for _ in range(2):
            waited = seconds_until_unavailable(
                lambda: of_mariadb.get(item.key)
            )
            assert waited < 4
    finally:
        mariadb.thaw()
    assert of_mariadb.get(item.key) == item


def test_a_row_that_another_locks_is_given_up_soon(of_mariadb, mariadb, item):
    with closing(mariadb.connect()) as other:
        cursor = other.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM tests.session_tokens FOR UPDATE")
        assert of_mariadb.get(item.key) == item
        for call in (
            lambda: of_mariadb.remove(item.key),
            lambda: of_mariadb.remove_all_of(item.subject),
            lambda: of_mariadb.renew(item, item.expires),
        ):
            assert seconds_until_unavailable(call) < 3
    of_mariadb.remove(item.key)
    assert of_mariadb.get(item.key) is None


def test_a_wrong_password_is_not_in_the_error(make, mariadb):
    url = mariadb.url.replace("root@", "alice:hunter2@")
    with pytest.raises(RepositoryUnavailable) as outage:
        make(url).get("key")
    assert "hunter2" not in "".join(traceback.format_exception(outage.value))


# Processes


def test_parent_and_child_have_connections_of_their_own(
    make, any_url, clock, in_child
):
    repository = make(any_url, timeout=5)
    mine, theirs = item_of(clock, "mine"), item_of(clock, "theirs")
    repository.add_or_update(mine)

    def call():
        repository.add_or_update(theirs)
        return repository.get("mine") == mine

    assert in_child(call) == "True"
    assert repository.get("theirs") == theirs
    assert repository.get("mine") == mine


# Dialects without a server in the tests


def test_the_sql_for_mysql_and_mariadb_compiles():
    for name in ("mysql", "mariadb"):
        sql = module._Statements("t", None, name)
        dialect = mysql.dialect()
        assert "ON DUPLICATE KEY UPDATE expires = VALUES(expires)" in str(
            sql.put.compile(dialect=dialect)
        )
        ddl = str(sa.schema.CreateTable(sql.table).compile(dialect=dialect))
        assert "MEDIUMBLOB" in ddl
        assert "ascii_bin" in ddl
        assert "typeof" not in ddl
