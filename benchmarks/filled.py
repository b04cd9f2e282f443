"""Repositories with many sessions, of which most are copies.

A copy has the sealed content of a session that an application stored, under a
key and for a user of its own. So it takes the same space, in record and index.
No request shows it: the library could not open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from typing import Any, Protocol

import servers

#: What the library puts before its keys in Redis.
PREFIX = b"sessiontoken:"

#: Sessions that a script makes in one step.
STEP = 2_000

# ARGV: prefix, first, last, sessions of a user, the values to copy.
_COPY = """
local values = #ARGV - 4
for n = tonumber(ARGV[2]), tonumber(ARGV[3]) do
    local key = 't' .. string.sub(redis.sha1hex('session ' .. n), 1, 24)
    local value = ARGV[5 + n % values]
    local at = 0
    for i = 2, 9 do at = at * 256 + string.byte(value, i) end
    redis.call('SET', ARGV[1] .. key, value, 'EXAT', at)
    local user = math.floor(n / ARGV[4])
    local index = string.sub(redis.sha1hex('user ' .. user), 1, 24)
    redis.call('ZADD', ARGV[1] .. 's/' .. index, at, key)
    redis.call('EXPIREAT', ARGV[1] .. 's/' .. index, at)
end
"""

_COPY_ROWS = """
INSERT INTO {table} (key, expires, token, subject)
SELECT 't' || translate(left(encode(sha256(convert_to('session ' || n,
           'UTF8')), 'base64'), 24), '+/', '-_'),
       expires + n %% 36000, token,
       'str:copy-' || n / %(each)s || substr(subject, position('#' in subject))
FROM generate_series(1, %(count)s) AS n
JOIN (SELECT row_number() OVER () AS place, * FROM {table}
      WHERE subject IS NOT NULL) AS genuine
  ON place = 1 + n %% (SELECT count(*) FROM {table} WHERE subject IS NOT NULL)
"""


class Kept(Protocol):
    """Where sessions are kept.

    :ivar settings: of an application that keeps sessions there.
    :ivar version: of the server.
    """

    settings: dict[str, str]
    version: str

    def copy(self, count: int, each: int) -> None:
        """Add copies of what is there.

        :param each: the sessions of a user.
        """

    def processes(self) -> list[int]:
        """Give the ids of the server's processes."""

    def measure(self) -> float:
        """Give the bytes that all sessions take."""

    def count(self) -> int:
        """Give the number of keys, or of rows."""


class KeptInRedis:
    def __init__(self, url: str) -> None:
        import redis

        self.settings = {"repository": "redis", "repository.url": url}
        self.client: Any = redis.Redis.from_url(url, socket_timeout=600)
        info = self.client.info()
        self.version = f"Redis {info['redis_version']}"
        self._process = int(info["process_id"])
        self._before = self._used()

    def copy(self, count: int, each: int) -> None:
        names = self.client.scan_iter(PREFIX + b"t*", 1000)
        values = self.client.mget(list(names)[:100])
        for first in range(0, count, STEP):
            last = min(first + STEP, count) - 1
            self.client.eval(_COPY, 0, PREFIX, first, last, each, *values)

    def processes(self) -> list[int]:
        return [self._process]

    def measure(self) -> float:
        return self._used() - self._before

    def count(self) -> int:
        return int(self.client.dbsize())

    def _used(self) -> float:
        return float(self.client.info("memory")["used_memory"])


class KeptInPostgreSQL:
    def __init__(self, url: str, connection: Any) -> None:
        self.settings = {"repository": "sqlalchemy", "repository.url": url}
        self._connection = connection
        version = connection.info.server_version
        self.version = f"PostgreSQL {version // 10000}.{version % 10000}"

    def copy(self, count: int, each: int) -> None:
        statement = _COPY_ROWS.format(table="session_tokens")
        self._connection.execute(statement, {"count": count, "each": each})
        # As the server does of itself a while after that.
        self._connection.execute("VACUUM ANALYZE session_tokens")

    def processes(self) -> list[int]:
        # Those of the connections alone: what the others do is for all.
        found = self._connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database()"
            " AND backend_type = 'client backend'"
        )
        return [process for (process,) in found]

    def measure(self) -> float:
        return float(self._ask("pg_total_relation_size('session_tokens')"))

    def count(self) -> int:
        return int(self._ask("(SELECT count(*) FROM session_tokens)"))

    def _ask(self, what: str) -> Any:
        return self._connection.execute(f"SELECT {what}").fetchone()[0]


Make = Callable[[], Kept]


@contextmanager
def in_redis() -> Iterator[Make]:
    """Give what starts a server each time."""
    with ExitStack() as stack:

        def make() -> Kept:
            found = stack.enter_context(servers.keeping())
            kept = KeptInRedis(found[servers.REDIS])
            stack.enter_context(closing(kept.client))
            return kept

        yield make


@contextmanager
def in_postgresql() -> Iterator[Make]:
    """Start a server; give what makes a database there each time."""
    import psycopg

    with servers.postgresql() as server, ExitStack() as stack:

        def connect(name: str) -> Any:
            where = f"postgresql://{server}/{name}"
            made = psycopg.connect(where, autocommit=True)
            return stack.enter_context(made)

        def make() -> Kept:
            name = f"kept{next(numbers)}"
            first.execute(f"CREATE DATABASE {name}")
            url = f"postgresql+psycopg://{server}/{name}"
            return KeptInPostgreSQL(url, connect(name))

        numbers, first = count(), connect("postgres")
        yield make


KINDS = {"Redis": in_redis, "PostgreSQL": in_postgresql}
