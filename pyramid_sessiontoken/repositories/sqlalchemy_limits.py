"""Time limits of connections to a database, in the words of its driver."""

from __future__ import annotations

import math
import re
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Any

#: What poolers answer to options that a connection begins with: PgBouncer
#: ("unsupported startup parameter: options"), RDS Proxy ("... doesn't support
#: command-line options").
_REFUSED_OPTIONS = re.compile("startup parameter|command-line options")

_MILLISECONDS = {"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_STATEMENT_TIMEOUT = re.compile(
    r"(?:-c\s*|--)statement[_-]timeout=(\d+)(ms|s|min|h|)(?=\s|$)"
)


#: Words of URLs that stand in place of a timeout. Those of the drivers are
#: numbers; ``options`` may be anything.
_LIMITS = {
    "pysqlite": ("timeout",),
    "psycopg": ("connect_timeout",),
    "psycopg2": ("connect_timeout",),
    "pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "mysqldb": ("connect_timeout", "read_timeout", "write_timeout"),
}
_LIMITS_OF_POSTGRESQL = re.compile(
    r"(?:lock|statement)[_-]timeout=\d+(?:ms|s|min|h|)(?=\s|$)"
)


def limits_of_url(driver: str, said: Mapping[str, Any]) -> str:
    """Write the time limits that a URL sets, for people."""
    words = [
        f"{word}={said[word]}"
        for word in _LIMITS.get(driver, ())
        if word in said
    ]
    options = str(said.get("options", ""))
    return " ".join([*words, *_LIMITS_OF_POSTGRESQL.findall(options)])


def limits(driver: str, timeout: float, said: Mapping[str, Any]) -> Any:
    """Give what ``connect`` gets besides what the URL says. What the URL
    says stands.
    """
    value: float = max(1, math.ceil(timeout))
    if driver == "pysqlite":
        # SQLite's busy_timeout.
        value = timeout
    elif driver in {"psycopg", "psycopg2"}:
        # The least that libpq allows.
        value = max(2, value)
    mine: dict[str, Any] = {
        word: value for word in _LIMITS.get(driver, ()) if word not in said
    }
    if driver == "pysqlite":
        # Threads share connections, one after the other.
        mine["check_same_thread"] = False
    elif driver == "psycopg":
        # Behind a pooler of transactions, such as PgBouncer, the next
        # statement may reach a server that did not prepare it, or that
        # prepared another one under that name.
        mine["prepare_threshold"] = None
    return mine


def connector(
    driver: str, timeout: float, said: Mapping[str, Any]
) -> Callable[..., Any] | None:
    """Give what makes connections, for SQLAlchemy's ``do_connect``; ``None``
    where the driver's own way will do.
    """
    if driver == "psycopg":
        return _Connector(timeout, said, _psycopg(_longest(timeout, said)))
    if driver == "psycopg2":
        return _Connector(timeout, said)
    return None


class _Connector:
    """Make connections to PostgreSQL that begin with time limits, or, where
    a pooler refuses these, without.
    """

    def __init__(
        self,
        timeout: float,
        said: Mapping[str, Any],
        connect: Callable[..., Any] | None = None,
    ) -> None:
        self._connect = connect
        ms = max(1, round(timeout * 1000))
        mine = f"-c lock_timeout={ms} -c statement_timeout={ms}"
        # Of two options of one name, PostgreSQL takes the last.
        self._options = f"{mine} {said.get('options', '')}".strip()
        self._refused = False

    def __call__(
        self, dialect: Any, record: Any, args: Any, words: dict[str, Any]
    ) -> Any:
        connect = self._connect or dialect.dbapi.connect
        if not self._refused:
            mine = {**words, "options": self._options}
            try:
                return connect(*args, **mine)
            except dialect.dbapi.OperationalError as error:
                if not _REFUSED_OPTIONS.search(str(error)):
                    raise
                self._refused = True
        return connect(*args, **words)


def _longest(timeout: float, said: Mapping[str, Any]) -> float:
    """Give the time for a statement, in seconds: ours, or the URL's."""
    found = _STATEMENT_TIMEOUT.findall(str(said.get("options", "")))
    if not found:
        return timeout
    number, unit = found[-1]
    return int(number) * _MILLISECONDS[unit] / 1000 or math.inf


def _psycopg(timeout: float) -> Callable[..., Any]:
    """Make connections that give up a server that does not answer: what is
    stopped or hangs does not obey its ``statement_timeout``.
    """
    import psycopg

    class Connection(psycopg.Connection[Any]):
        def wait(self, gen: Any, *args: Any, **kw: Any) -> Any:
            return super().wait(self._hurry(gen), *args, **kw)

        def _hurry(self, gen: Any) -> Generator[Any, Any, Any]:
            until = time.monotonic() + 2 * timeout
            try:
                state = next(gen)
                while True:
                    # Nothing, ten times a second, while nothing comes.
                    ready = yield state
                    state = gen.send(ready)
                    # An answer may also come in pieces, and never end.
                    if time.monotonic() > until:
                        self.pgconn.finish()
                        raise psycopg.OperationalError("no answer in time")
            except StopIteration as stop:
                return stop.value

    def connect(*args: Any, **words: Any) -> Any:
        try:
            return Connection.connect(*args, **words)
        except psycopg.Error as error:
            _free(error, psycopg.Error)
            raise

    return connect


def _free(error: BaseException | None, kind: type[Exception]) -> None:
    """Close the connection of an attempt that was given up.

    psycopg leaves it in the frames of its errors, and these in a reference
    cycle. Until Python's garbage collector comes, it would take one of the
    places that the server has.

    :param kind: of these errors. Others are those of the application.
    """
    while isinstance(error, kind):
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
