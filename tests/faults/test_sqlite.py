"""A file of SQLite is locked, full, read-only, or damaged."""

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa
from support.faults import choices, times
from support.people import Person
from support.sqlite import check_file

from pyramid_sessiontoken.interfaces import ITokenRepository

pytestmark = pytest.mark.server

ROUNDS = times(1, 20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions"


@pytest.fixture
def repository(path):
    return {"repository": "sqlalchemy", "repository.url": f"sqlite:///{path}"}


@contextmanager
def ruled(name, value, otherwise):
    """Give each connection a rule, as the disk or the system would."""

    def rule(connection, *args):
        connection.execute(f"PRAGMA {name} = {value}")

    def forget(connection, *args):
        connection.execute(f"PRAGMA {name} = {otherwise}")

    sa.event.listen(sa.Pool, "checkout", rule)
    try:
        yield
    finally:
        sa.event.remove(sa.Pool, "checkout", rule)
        sa.event.listen(sa.Pool, "checkout", forget)
        ruled.forget.append(forget)


ruled.forget = []


@pytest.fixture(autouse=True)
def rules():
    yield
    while ruled.forget:
        sa.event.remove(sa.Pool, "checkout", ruled.forget.pop())


def full(path):
    """No page more: SQLite answers as on a full disk."""
    return ruled("max_page_count", 1, 1 << 30)


def only_readable(path):
    return ruled("query_only", "ON", "OFF")


HOLD = """
import sqlite3, sys

database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path):
    """Another process writes, and does not commit."""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()


@pytest.mark.parametrize(
    "fault", [locked, full, only_readable], ids=lambda f: f.__name__
)
def test_what_only_reads_serves_and_confirms_no_change(
    people, path, fault, counted
):
    for _ in range(ROUNDS):
        leaving = Person(people.client)
        people.client.clock.advance(1801)
        with fault(path):
            for person in people.all:
                # The renewal that is due fails in silence.
                assert all(map(person.is_served, person.shown))
            fill(people, fault)
            stays = [not leaving.sign_out(each) for each in leaving.shown]
            # A sign-out that is not confirmed did not happen.
            assert [*map(leaving.lives, leaving.shown)] == stays
        people.check_recovered()
        assert [*map(leaving.lives, leaving.shown)] == stays
        for headers in leaving.shown:
            assert leaving.sign_out(headers)
            leaving.check_ended(headers)
        check_file(path)
        counted[f"a file that is {fault.__name__}"] += 1


def fill(people, fault):
    """Let users sign in as long as that is confirmed; then none is."""
    for person in people.all * 20:
        if people.form == "self-contained" or not person.sign_in():
            break
        assert fault is full
    else:
        pytest.fail("the file was not full")


@pytest.mark.parametrize("people", ["reference"], indirect=True)
def test_a_damaged_row_ends_one_session(people, path, counted):
    """Others live, and no answer is 500."""
    random = choices("rows")
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for _ in range(times(5, 200)):
            victim, other = Person(people.client), Person(people.client)
            [(key, token)] = database.execute(
                "SELECT key, token FROM session_tokens WHERE subject LIKE ?"
                " AND key LIKE 't%' LIMIT 1",
                [f"str:{victim.name}#%"],
            )
            token = damaged(token, random)
            database.execute(
                "UPDATE session_tokens SET token = ? WHERE key = ?",
                [token, key],
            )
            found = [
                victim.ask("GET", "/identity", headers).json["userid"]
                for headers in victim.shown
            ]
            assert sorted(found, key=str) == [None, victim.name]
            assert all(map(other.is_served, other.shown))
            assert victim.sign_in()
            counted["damaged rows"] += 1


def damaged(token, random):
    """Change a bit, cut, or replace."""
    token = bytearray(token)
    what = random.choice(["bit", "cut", "other"])
    if what == "bit":
        token[random.randrange(len(token))] ^= 1 << random.randrange(8)
    elif what == "cut":
        del token[random.randrange(len(token)) :]
    else:
        token[:] = random.randbytes(len(token))
    return bytes(token)


def test_a_damaged_file_is_an_outage(people, path, counted):
    """It ends with a restart, after a copy was put in its place: SQLite does
    not allow to replace a file that is in use.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (len(whole) - 100))
    for person in people.all:
        for headers in person.shown:
            assert not person.is_served(headers)
    people.client.registry.getUtility(ITokenRepository).close()
    path.write_bytes(whole)
    people.check_recovered()
    counted["damaged files"] += 1
