"""A repository in Redis: one server, behind Sentinel, or a cluster.

It wants Redis 6.2 or later, or what speaks as that does.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis.cluster
import redis.sentinel
from redis import BlockingConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool
from zope.interface import implementer

from ..errors import RepositoryUnavailable, SessionTokenError
from ..interfaces import (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    TokenItem,
)
from .redis_connections import Client, Command, Connections

# It types some of its calls, in some versions.
_redis: Any = redis

_KEY = re.compile("[A-Za-z0-9_:.-]{1,200}")
_MAX_SUBJECT = 300

_OUTAGES = (RedisError, RedisClusterException, OSError)

# A value: the version 1, when it expires (seconds since the epoch), how many
# bytes the subject has, the subject, the token.
_HEAD = struct.Struct(">Bq")
_LENGTH = struct.Struct(">H")
_HEAD_AND_LENGTH = struct.Struct(">BqH")
_VERSION = 1
_NOBODY = 0xFFFF

# Every script and command touches one key, so each stands in one slot of a
# cluster. The item's key cannot share its slot with the index of its subject:
# who asks for an item knows its key only. So the index promises less, and
# that order alone can keep: whatever lives is in it (the index is written
# first, scores only rise, nothing leaves it before its time). An entry whose
# item is gone does no harm. Without a cluster, MULTI makes them one step.

# KEYS: item. ARGV: head, new value, seconds since the epoch.
_RENEW = """
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
"""

# KEYS: item. ARGV: version, bytes before the subject, now, new value, seconds
# since the epoch. What _unpack does not read may be replaced.
_ADD = """
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, 1) == ARGV[1] and #value >= tonumber(ARGV[2])
then
    local expires = 0
    for i = 2, 9 do expires = expires * 256 + string.byte(value, i) end
    if expires > tonumber(ARGV[3]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[4], 'EXAT', ARGV[5])
return 1
"""

# KEYS: item. ARGV: head's length, version, subject with its length.
_DROP = """
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, 1) ~= ARGV[2] then return 0 end
local subject = string.sub(value, ARGV[1] + 1, ARGV[1] + #ARGV[3])
if subject ~= ARGV[3] then return 0 end
return redis.call('DEL', KEYS[1])
"""

# KEYS: index. ARGV: key, when it expires. By the clock of the server, which
# lets the items expire, too.
_NOTE = """
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then redis.call('EXPIREAT', KEYS[1], last) end
return 1
"""


@implementer(
    IAddingRepository,
    IRenewingRepository,
    ISubjectRepository,
    IListingRepository,
    IPurgingRepository,
)
class RedisRepository:
    """For all processes that share a Redis, which lets items expire.

    :param url: ``redis://``, ``rediss://``, ``unix://``,
        ``redis+sentinel://h1:26379,h2:26379/mymaster`` or
        ``redis+cluster://h1:6379,h2:6379``; before the hosts of all may
        stand ``user:password@`` (for the servers, not for Sentinel), after
        them options of redis-py, say ``?db=1``.
    :param clock: an ``IClock``; the server's own should agree with it.
    :param prefix: of every key in Redis.
    :param timeout: how long to wait for a connection of the pool, to connect
        and for an answer, in seconds each. Nothing is tried twice.
    :param pool_size: how many connections at most, in each process; in a
        cluster, to each server.
    :raises ValueError: for a URL that cannot serve; its text is not told.
    """

    def __init__(
        self,
        url: str,
        clock: Any,
        prefix: str = "sessiontoken:",
        timeout: float = 0.25,
        pool_size: int = 10,
    ) -> None:
        self._open = _opener(url, timeout, pool_size)
        self._clock = clock
        self._prefix = prefix.encode()
        # One for each process: connections do not survive a fork, and those
        # of the parent are not the child's to close.
        self._opened: dict[int, Connections | Client] = {}

    def add_or_update(self, item: TokenItem) -> None:
        _check(item)
        key, at = self._name(item.key), _at(item.expires)
        self._ask(*self._note(item), ("SET", key, _pack(item), "EXAT", at))

    def add(self, item: TokenItem) -> bool:
        _check(item)
        key, at = self._name(item.key), _at(item.expires)
        head = (bytes([_VERSION]), _HEAD_AND_LENGTH.size, self._clock.now())
        add = ("EVAL", _ADD, 1, key, *head, _pack(item), at)
        return bool(self._ask(*self._note(item), add)[-1] == 1)

    def get(self, key: str) -> TokenItem | None:
        if not _KEY.fullmatch(key):
            return None
        (value,) = self._ask(("GET", self._name(key)))
        return self._live(key, value)

    def remove(self, key: str) -> None:
        if _KEY.fullmatch(key):
            self._ask(("DEL", self._name(key)))

    def remove_all_before(self, date: datetime) -> int:
        """Do nothing: the server lets them expire. Give 0."""
        return 0

    def purge(self, date: datetime) -> tuple[int, ...]:
        """Do nothing, in no step."""
        return ()

    def renew(self, item: TokenItem, was: datetime) -> bool:
        _check(item)
        if _seconds(was) <= self._clock.now():
            return False
        key, at = self._name(item.key), _at(item.expires)
        head = _HEAD.pack(_VERSION, _seconds(was))
        renew = ("EVAL", _RENEW, 1, key, head, _pack(item), at)
        return bool(self._ask(*self._note(item), renew)[-1] == 1)

    def items_of(self, subject: str) -> list[TokenItem]:
        keys = self._keys_of(subject)
        values = self._ask(*[("GET", self._name(key)) for key in keys])
        found = map(self._live, keys, values)
        return [item for item in found if item and item.subject == subject]

    def remove_all_of(self, subject: str, keep: Collection[str] = ()) -> int:
        ours = (_HEAD.size, bytes([_VERSION]), _pack_subject(subject))
        keys = set(self._keys_of(subject)).difference(keep)
        drops = [("EVAL", _DROP, 1, self._name(key), *ours) for key in keys]
        return sum(self._ask(*drops))

    def items(self) -> Iterator[TokenItem]:
        begin = len(self._prefix)
        # Of a pattern, these would mean something.
        pattern = re.sub(rb"([][*?\\^-])", rb"\\\1", self._prefix) + b"*"
        try:
            for names in self._way().scan(pattern):
                keys = [
                    name[begin:].decode("ascii", "replace") for name in names
                ]
                values = self._ask(*[("GET", name) for name in names])
                for key, value in zip(keys, values, strict=True):
                    item = self._live(key, value)
                    if item is not None and _KEY.fullmatch(key):
                        yield item
        except _OUTAGES as e:
            raise _unavailable(e) from e

    def _note(self, item: TokenItem) -> list[Command]:
        if item.subject is None:
            return []
        index = self._index(item.subject)
        return [("EVAL", _NOTE, 1, index, item.key, _at(item.expires))]

    def _keys_of(self, subject: str) -> list[str]:
        if len(subject) > _MAX_SUBJECT:
            return []
        (found,) = self._ask(("ZRANGE", self._index(subject), 0, -1))
        return [key.decode("ascii", "replace") for key in found]

    def _live(self, key: str, value: bytes | None) -> TokenItem | None:
        if value is None:
            return None
        return _unpack(key, value, self._clock.now())

    def _name(self, key: str) -> bytes:
        return self._prefix + key.encode()

    def _index(self, subject: str) -> bytes:
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass"))
        # No key has a slash.
        return self._prefix + b"subject/" + digest.hexdigest().encode()

    def _ask(self, *commands: Command) -> list[Any]:
        """Give the answers, in order. They are one step and one round trip
        but in a cluster, where they are run one after the other.
        """
        if not commands:
            return []
        try:
            return self._way().ask(commands)
        except _OUTAGES as e:
            raise _unavailable(e) from e

    def _way(self) -> Connections | Client:
        pid = os.getpid()
        opened = self._opened.get(pid)
        if opened is None:
            opened = self._opened.setdefault(pid, self._open())
        return opened

    def close(self) -> None:
        """Close the connections of this process; the next use opens new
        ones.
        """
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            opened.close()


def _unavailable(error: Exception) -> RepositoryUnavailable:
    return RepositoryUnavailable(
        f"Redis could not be asked: {type(error).__name__}"
    )


def _check(item: TokenItem) -> None:
    if not _KEY.fullmatch(item.key):
        raise SessionTokenError("it is no key of a TokenItem")
    if item.subject is not None and len(item.subject) > _MAX_SUBJECT:
        raise SessionTokenError("it is no subject of a TokenItem")


def _pack(item: TokenItem) -> bytes:
    head = _HEAD.pack(_VERSION, _seconds(item.expires))
    return head + _pack_subject(item.subject) + item.token


def _pack_subject(subject: str | None) -> bytes:
    if subject is None:
        return _LENGTH.pack(_NOBODY)
    text = subject.encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text


def _unpack(key: str, value: bytes, now: int) -> TokenItem | None:
    """Give the item; ``None`` for one that has expired, and for what
    ``_pack`` did not write.
    """
    try:
        version, seconds, length = _HEAD_AND_LENGTH.unpack_from(value)
        if version != _VERSION or seconds <= now:
            return None
        expires = datetime.fromtimestamp(seconds, timezone.utc)
        subject = None
        begin = _HEAD_AND_LENGTH.size
        if length != _NOBODY:
            end = begin + length
            if len(value) < end:
                return None
            subject = value[begin:end].decode("utf-8", "surrogatepass")
            begin = end
    except (struct.error, ValueError, OverflowError, OSError):
        return None
    return TokenItem(key, expires, value[begin:], subject)


def _seconds(date: datetime) -> int:
    return math.floor(date.timestamp())


def _at(date: datetime) -> int:
    """Give a time that Redis takes: none before the epoch."""
    return max(1, _seconds(date))


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """A pool of Sentinel's that waits for a free connection."""


def _opener(
    url: str, timeout: float, pool_size: int
) -> Callable[[], Connections | Client]:
    """Give what makes the way to ask."""
    common = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
    }
    pool = {"max_connections": pool_size, "timeout": timeout}
    try:
        parts = urlsplit(url)
        if parts.scheme == "redis+sentinel":
            return _sentinel(parts, common, pool)
        if parts.scheme == "redis+cluster":
            return _cluster(parts, common, pool)
        return _server(url, {**common, **pool})
    except ValueError:
        # Not chained: it may quote the password.
        raise ValueError("it is no URL of Redis") from None


def _server(url: str, options: dict[str, Any]) -> Callable[[], Connections]:
    # RESP3 would push, and we ask.
    options |= {"protocol": 2} | _redis.connection.parse_url(url)
    return lambda: Connections(_redis.BlockingConnectionPool(**options))


def _sentinel(
    parts: SplitResult, common: dict[str, Any], pool: dict[str, Any]
) -> Callable[[], Client]:
    who, hosts = _hosts(parts, 26379)
    name = parts.path.strip("/")
    if not name:
        raise ValueError
    options = _redis.connection.parse_url(f"redis://{who}?{parts.query}")

    def open_client() -> Client:
        client = _redis.sentinel.Sentinel(
            hosts, sentinel_kwargs=common, **{**common, **options}
        ).master_for(name, connection_pool_class=_SentinelPool, **pool)
        return Client(client, in_one_step=True)

    return open_client


def _cluster(
    parts: SplitResult, common: dict[str, Any], pool: dict[str, Any]
) -> Callable[[], Client]:
    who, hosts = _hosts(parts, 6379)
    first = parts.netloc.rpartition("@")[2].partition(",")[0]
    url = f"redis://{who}{first}?{parts.query}"
    # Only where it is given an URL does it take a pool of another class.
    _redis.connection.parse_url(url)

    def open_client() -> Client:
        client = redis.RedisCluster(
            url=url,
            startup_nodes=[
                _redis.cluster.ClusterNode(*address) for address in hosts
            ],
            connection_pool_class=BlockingConnectionPool,
            **common,
            **pool,
        )
        return Client(client, in_one_step=False)

    return open_client


def _hosts(parts: SplitResult, port: int) -> tuple[str, list[tuple[str, int]]]:
    """Give ``user:password@``, and the hosts with their ports."""
    who, at, hosts = parts.netloc.rpartition("@")
    several = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(host.hostname for host in several):
        raise ValueError
    found = [(host.hostname or "", host.port or port) for host in several]
    return who + at, found
