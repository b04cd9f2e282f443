import gc
import math
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import psycopg
import pytest

from pyramid_sessiontoken.repositories import sqlalchemy_limits as module
from pyramid_sessiontoken.repositories.sqlalchemy_limits import (
    connector,
    limits,
)


@pytest.mark.parametrize(
    ("driver", "given"),
    [
        ("psycopg", {"connect_timeout": 2, "prepare_threshold": None}),
        ("psycopg2", {"connect_timeout": 2}),
        ("pg8000", {}),
        ("pysqlite", {"timeout": 0.25, "check_same_thread": False}),
        (
            "pymysql",
            {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1},
        ),
    ],
)
def test_every_driver_has_its_own_options(driver, given):
    assert limits(driver, 0.25, {}) == given


def test_options_of_the_url_are_kept():
    assert limits("pysqlite", 0.25, {"timeout": "5"}) == {
        "check_same_thread": False
    }
    assert limits("psycopg2", 5, {"connect_timeout": "9"}) == {}
    assert limits("pymysql", 5, {"read_timeout": "9"}) == {
        "connect_timeout": 5,
        "write_timeout": 5,
    }


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        (None, 0.25),
        ("-csearch_path=auth", 0.25),
        ("-c statement_timeout=5s", 5),
        ("-cstatement_timeout=300", 0.3),
        ("--statement-timeout=1min -c statement_timeout=2000ms", 2),
        ("-c statement_timeout=0", math.inf),
        ("-c statement_timeout='5 s'", 0.25),
    ],
)
def test_a_statement_timeout_in_the_url_counts(options, seconds):
    said = {} if options is None else {"options": options}
    assert module._longest(0.25, said) == seconds


class OperationalError(Exception):
    pass


class Driver:
    """A server that refuses options, or has another fault."""

    OperationalError = OperationalError
    dbapi = None

    def __init__(self, *faults):
        self.dbapi = self
        self.faults, self.seen = list(faults), []

    def connect(self, **words):
        self.seen.append(words)
        if self.faults:
            raise OperationalError(self.faults.pop())
        return "connection"


OURS = "-c lock_timeout=250 -c statement_timeout=250"


@pytest.mark.parametrize(
    "refusal",
    [
        "FATAL:  unsupported startup parameter: options",
        "FATAL:  unsupported startup parameter in options: lock_timeout",
        "FATAL:  RDS Proxy currently doesn't support command-line options.",
    ],
)
def test_a_server_that_refuses_options_gets_none(refusal):
    driver = Driver(refusal)
    connect = connector("psycopg2", 0.25, {})
    for _ in range(2):
        assert connect(driver, None, [], {"host": "h"}) == "connection"
    assert driver.seen == [
        {"host": "h", "options": OURS},
        {"host": "h"},
        {"host": "h"},
    ]


def test_options_of_the_url_come_after_ours():
    driver = Driver("unsupported startup parameter: options")
    words = {"options": "-csearch_path=auth"}
    connect = connector("psycopg2", 0.25, words)
    assert connect(driver, None, [], words) == "connection"
    assert driver.seen == [
        {"options": f"{OURS} -csearch_path=auth"},
        words,
    ]


def test_another_error_is_passed_on():
    driver = Driver("FATAL: too many connections")
    connect = connector("psycopg2", 0.25, {})
    with pytest.raises(OperationalError, match="too many"):
        connect(driver, None, [], {})
    assert driver.seen == [{"options": OURS}]


def message(kind, content):
    """Write a message of PostgreSQL's protocol, version 3.0."""
    return kind + struct.pack(">i", 4 + len(content)) + content


#: AuthenticationOk, and ReadyForQuery.
WELCOME = message(b"R", bytes(4)) + message(b"Z", b"I")

#: The head of a row that never ends.
ROW = b"D" + struct.pack(">i", 1_000_000)

#: Far more than come within the time limit of the test, each after so long.
PIECES, PAUSE = 400, 0.005


@contextmanager
def server_that_answers_in_pieces():
    """Let a server answer the first query with bytes that come one by one."""
    gone = threading.Event()

    def answer(listening):
        client, _ = listening.accept()
        # It closes the connection when the test is over.
        with client, suppress(ConnectionError):
            client.recv(1000)
            client.sendall(WELCOME)
            client.recv(1000)
            client.sendall(ROW)
            for _ in range(PIECES):
                if gone.wait(PAUSE):
                    break
                client.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            gone.set()
            thread.join()


@pytest.fixture
def no_collector():
    """Nothing is freed but what is in no reference cycle."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_an_attempt_that_is_given_up_leaves_no_connection():
    connect = connector("psycopg", 0.05, {})
    words = {"user": "u", "sslmode": "disable", "gssencmode": "disable"}
    words |= {"host": "127.0.0.1", "connect_timeout": 2}
    dialect = SimpleNamespace(dbapi=psycopg)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(psycopg.OperationalError) as raised:
            connect(dialect, None, [], {**words, "port": port})
        server, _ = listening.accept()
        with server:
            server.settimeout(10)
            # The packet with which a connection begins, and then its end.
            assert server.recv(1000)
            assert server.recv(1000) == b""
    assert "timeout" in str(raised.value)


def test_an_answer_that_comes_in_pieces_is_given_up():
    """A server that sends something all the time does not reset the limit."""
    connect = connector("psycopg", 0.05, {})
    words = {"host": "127.0.0.1", "user": "u", "autocommit": True}
    words |= {"sslmode": "disable", "gssencmode": "disable"}
    with server_that_answers_in_pieces() as port:
        connection = connect(None, None, [], {**words, "port": port})
        with pytest.raises(psycopg.OperationalError, match="no answer in"):
            connection.execute("SELECT 1")
        assert connection.closed
