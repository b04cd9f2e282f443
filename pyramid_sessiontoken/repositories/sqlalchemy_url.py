"""The URL of a database, proved as far as that goes without a server."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

Words = MutableMapping[str, Any]

#: What SQLite's own URIs may say, https://sqlite.org/uri.html
_OF_SQLITE = {"cache", "immutable", "mode", "modeof", "nolock", "psow", "vfs"}

_NOT_OF_SOCKETS = {"host", "hostaddr", "gssencmode"}

#: Numbers that libpq reads late: only when it has found the server.
_NUMBERS_OF_LIBPQ = (
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
)


def prove(url: str) -> tuple[sa.URL, sa.Dialect, Words]:
    """Give a URL, its dialect, and what the driver's ``connect`` is given.

    :raises ValueError: for a URL that cannot serve. The text names words of
        it, no value: a value may be a password.
    :raises ImportError: where the driver is not installed.
    """
    try:
        parsed = sa.make_url(url)
        kind = parsed.get_dialect()
    except (ArgumentError, ValueError):
        # Not chained: it may quote the password.
        raise ValueError(
            "it is not a URL that SQLAlchemy knows, such as"
            " postgresql+psycopg://host/database"
        ) from None
    if kind.name not in {"sqlite", "postgresql", "mysql", "mariadb"}:
        raise ValueError(
            "it must be a URL of SQLite, PostgreSQL, MySQL or MariaDB"
        )
    if kind.is_async:
        raise ValueError(f"it needs a synchronous driver, not {kind.driver}")
    # One stands before the host. Behind another one is a part of a password.
    if kind.name != "sqlite" and url.count("@") > (
        parsed.username is not None
    ):
        raise ValueError("write an @ in a user or a password as %40")
    kind.import_dbapi()
    try:
        return _prove(parsed)
    except Exception:  # noqa: BLE001
        # Whatever a driver raises, and it may quote the password.
        said = _words_at_fault(parsed)
    raise ValueError(f"the driver {kind.driver} cannot use {said}")


def _words_at_fault(url: sa.URL) -> str:
    """Name the word without which the rest is right, or else all that are
    wrong alone.
    """
    words = set(url.query)
    for word in url.query:
        if _is_right(url, words - {word}):
            return word
    wrong = [word for word in url.query if not _is_right(url, {word})]
    return ", ".join(wrong) if _is_right(url, set()) else "it"


def _is_right(url: sa.URL, words: set[str]) -> bool:
    query = {k: v for k, v in url.query.items() if k in words}
    try:
        _prove(url.set(query=query))
    except Exception:  # noqa: BLE001
        return False
    return True


def _prove(url: sa.URL) -> tuple[sa.URL, sa.Dialect, Words]:
    for word, value in url.query.items():
        # Only of hosts may there be several.
        if not isinstance(value, str) and word != "host":
            raise ValueError
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    dialect = engine.dialect
    args, words = dialect.create_connect_args(engine.url)
    driver: Any = dialect.dbapi
    _check_names(driver, args, words)
    check = _CHECKS.get(dialect.driver)
    if check is not None:
        check(driver, words, engine.url.query)
    return engine.url, dialect, words


def _check_names(driver: Any, args: Any, words: Words) -> None:
    try:
        signature = inspect.signature(driver.connect)
    except ValueError:  # Of some that are written in C.
        return
    signature.bind(*args, **words)


def _check_sqlite(driver: Any, words: Words, said: Mapping[str, Any]) -> None:
    allowed = {"uri", "timeout", "cached_statements", "check_same_thread"}
    if words.get("uri"):
        allowed |= _OF_SQLITE
    # Threads share connections, one after the other.
    shared = "check_same_thread" not in said or not words["check_same_thread"]
    if said.keys() - allowed or not shared:
        raise ValueError


def _check_psycopg(driver: Any, words: Words, said: Mapping[str, Any]) -> None:
    from psycopg.conninfo import make_conninfo
    from psycopg.pq import PGconn

    _check_libpq(driver, words, said)
    # SQLAlchemy adds some for Python, such as a context.
    others = (
        inspect.signature(driver.connect).parameters.keys() | _NOT_OF_SOCKETS
    )
    own = {k: v for k, v in words.items() if k not in others}
    with tempfile.TemporaryDirectory() as empty:
        # libpq reads all words, and then looks for a socket in this folder.
        hosts = [empty] * (str(words.get("host", "")).count(",") + 1)
        info = make_conninfo(**own, host=",".join(hosts))
        connection = PGconn.connect_start(info.encode())
        message = connection.get_error_message()
        connection.finish()
    if empty not in message:
        raise ValueError


def _check_psycopg2(
    driver: Any, words: Words, said: Mapping[str, Any]
) -> None:
    _check_libpq(driver, words, said)
    driver.extensions.make_dsn(**words)


def _check_libpq(driver: Any, words: Words, said: Mapping[str, Any]) -> None:
    # Python's own parameters want numbers, classes and the like.
    if said.keys() & inspect.signature(driver.connect).parameters.keys():
        raise ValueError
    for word in _NUMBERS_OF_LIBPQ:
        int(words.get(word, 0))


def _check_pymysql(driver: Any, words: Words, said: Mapping[str, Any]) -> None:
    # "false" would be true to it, and the last wants a mapping.
    if said.keys() & {"ssl", "ssl_disabled", "auth_plugin_map"}:
        raise ValueError
    parameters = inspect.signature(driver.connect).parameters
    for word in said.keys() & words.keys():
        default = parameters[word].default
        wants_text = default is None or isinstance(default, str)
        if isinstance(words[word], str) and not wants_text:
            raise ValueError
    # It reads the files that are named.
    driver.connect(**words, defer_connect=True)


_CHECKS: dict[str, Callable[..., None]] = {
    "pysqlite": _check_sqlite,
    "psycopg": _check_psycopg,
    "psycopg2": _check_psycopg2,
    "pymysql": _check_pymysql,
}
