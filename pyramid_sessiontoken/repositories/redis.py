"""A repository in Redis: one server, behind Sentinel, or a cluster.

It needs Redis 6.2 or later, or a server that is compatible with it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
import weakref
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from zope.interface import implementer

from ..clock import moment
from ..errors import RepositoryUnavailable
from ..interfaces import (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    TokenItem,
)
from .item import MAX_SUBJECT, check_item, is_key, seconds_of
from .outages import tell
from .redis_clients import OUTAGES, Client, opener
from .redis_connections import Command, Connections
from .redis_invalidation import Line, Told
from .redis_url import read_url

# A value is: the version 1, the time when it expires (seconds since the
# epoch), the length of the subject in bytes, the subject, the token.
_HEAD = struct.Struct(">Bq")
_LENGTH = struct.Struct(">H")
_HEAD_AND_LENGTH = struct.Struct(">BqH")
_VERSION = 1
_NO_SUBJECT = 0xFFFF

#: Bytes of the digest of a subject in the name of its index: 144 bits, which
#: are 24 characters of base64url.
INDEX_BYTES = 18

# Every script and every command uses one key, so that a cluster can run it.
# An item and the index of its subject are two keys, in two slots: a request
# knows the key of the item, but not its subject. So they are not written in
# one step in a cluster, and the index promises less: each item that lives is
# in it. For that, the index is written first, its times only grow, and no
# entry is removed before its time. An entry without an item does no harm.
# Outside of a cluster, MULTI makes the two writes one step.

# KEYS: item. ARGV: head, new value, seconds since the epoch.
_RENEW = """
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
"""

# KEYS: item. ARGV: version, least length of a value, now, new value, seconds
# since the epoch. A value that _unpack does not read is replaced.
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

# KEYS: item. ARGV: length of the head, version, subject with its length.
_REMOVE_IF_OF_SUBJECT = """
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, 1, 1) ~= ARGV[2] then return 0 end
local subject = string.sub(value, ARGV[1] + 1, ARGV[1] + #ARGV[3])
if subject ~= ARGV[3] then return 0 end
return redis.call('DEL', KEYS[1])
"""

# KEYS: index. ARGV: key, time when it expires. The clock is that of the
# server, because the server lets the items expire.
_ADD_TO_INDEX = """
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
    """A repository for all processes that share a Redis. Redis removes
    expired items itself.

    :param url: ``redis://``, ``rediss://``, ``unix://``,
        ``redis+sentinel://h1:26379,h2:26379/mymaster`` or
        ``redis+cluster://h1:6379,h2:6379``; the last two with TLS as
        ``rediss+sentinel://`` and ``rediss+cluster://``. ``user:password@``
        may stand before the hosts; it is for the servers. For Sentinel,
        ``?sentinel_username=&sentinel_password=`` may follow, and options
        for all, such as ``?db=1``. Time limits in the URL are used instead
        of ``timeout``, and ``max_connections`` instead of ``pool_size``.
    :param clock: an ``IClock``; it should agree with the server's clock.
    :param prefix: stands before every key in Redis.
    :param timeout: how long to wait for a free connection, to connect, and
        for an answer, in seconds each.
    :param pool_size: the most connections of a process; in a cluster, to each
        server.
    :raises ValueError: for a URL that Redis cannot use. The error contains
        no value of the URL.
    """

    def __init__(
        self,
        url: str,
        clock: Any,
        prefix: str = "sessiontoken:",
        timeout: float = 0.25,
        pool_size: int = 10,
    ) -> None:
        read = read_url(url, timeout, pool_size)
        self._secrets = read.secrets
        #: What the URL says in place of the parameters, for people.
        self.said_in_url = read.said_of_limits
        self._open = opener(read)
        self._clock = clock
        self._prefix = prefix.encode()
        # By process id: connections do not survive a fork, and a child must
        # not close those of its parent.
        self._opened: dict[int, Connections | Client] = {}
        self._lines: weakref.WeakSet[Line] = weakref.WeakSet()

    def add_or_update(self, item: TokenItem) -> None:
        check_item(item)
        name, at = self._name(item.key), _expire_at(item.expires)
        put = ("SET", name, _pack(item), "EXAT", at)
        self._execute(*self._add_to_index(item), put)

    def add(self, item: TokenItem) -> bool:
        check_item(item)
        name, at = self._name(item.key), _expire_at(item.expires)
        head = (bytes([_VERSION]), _HEAD_AND_LENGTH.size, self._clock.now())
        add = ("EVAL", _ADD, 1, name, *head, _pack(item), at)
        answers = self._execute(*self._add_to_index(item), add)
        return bool(answers[-1] == 1)

    def get(self, key: str) -> TokenItem | None:
        if not is_key(key):
            return None
        (value,) = self._execute(("GET", self._name(key)))
        return self._read(key, value)

    def remove(self, key: str) -> None:
        if is_key(key):
            self._execute(("DEL", self._name(key)))

    def remove_all_before(self, date: datetime) -> int:
        """Do nothing and give 0: the server removes expired items."""
        return 0

    def purge(self, date: datetime) -> tuple[int, ...]:
        """Do nothing: the server removes expired items."""
        return ()

    def renew(self, item: TokenItem, was: datetime) -> bool:
        check_item(item)
        if seconds_of(was) <= self._clock.now():
            return False
        name, at = self._name(item.key), _expire_at(item.expires)
        head = _HEAD.pack(_VERSION, seconds_of(was))
        renew = ("EVAL", _RENEW, 1, name, head, _pack(item), at)
        answers = self._execute(*self._add_to_index(item), renew)
        return bool(answers[-1] == 1)

    def items_of(self, subject: str) -> list[TokenItem]:
        keys = self._keys_of(subject)
        values = self._execute(*[("GET", self._name(key)) for key in keys])
        found = map(self._read, keys, values)
        return [item for item in found if item and item.subject == subject]

    def remove_all_of(self, subject: str, keep: Collection[str] = ()) -> int:
        keys = set(self._keys_of(subject)).difference(keep)
        start = (_HEAD.size, bytes([_VERSION]), _pack_subject(subject))
        script = _REMOVE_IF_OF_SUBJECT
        removals = [
            ("EVAL", script, 1, self._name(key), *start) for key in keys
        ]
        return sum(self._execute(*removals))

    def items(self) -> Iterator[TokenItem]:
        begin = len(self._prefix)
        # The prefix may contain characters that mean something in a pattern.
        pattern = re.sub(rb"([][*?\\^-])", rb"\\\1", self._prefix) + b"*"
        try:
            for names in self._connections().scan(pattern):
                keys = [
                    name[begin:].decode("ascii", "replace") for name in names
                ]
                values = self._execute(*[("GET", name) for name in names])
                for key, value in zip(keys, values, strict=True):
                    item = self._read(key, value)
                    if item is not None and is_key(key):
                        yield item
        except OUTAGES as e:
            raise self._unavailable(e) from e

    def listen(self, told: Told) -> Line:
        """Give a line over which the server tells what changed."""
        line = Line(self._connections, self._prefix, self._secrets, told)
        self._lines.add(line)
        return line

    def close(self) -> None:
        """Close the connections of this process; the next use opens others."""
        for line in list(self._lines):
            line.close()
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            opened.close()

    def _add_to_index(self, item: TokenItem) -> list[Command]:
        """Give the command that adds an item to the index of its subject, if
        it has one.
        """
        if item.subject is None:
            return []
        index, at = self._index(item.subject), _expire_at(item.expires)
        return [("EVAL", _ADD_TO_INDEX, 1, index, item.key, at)]

    def _keys_of(self, subject: str) -> list[str]:
        if len(subject) > MAX_SUBJECT:
            return []
        (found,) = self._execute(("ZRANGE", self._index(subject), 0, -1))
        return [key.decode("ascii", "replace") for key in found]

    def _read(self, key: str, value: bytes | None) -> TokenItem | None:
        if value is None:
            return None
        return _unpack(key, value, self._clock.now())

    def _name(self, key: str) -> bytes:
        return self._prefix + key.encode()

    def _index(self, subject: str) -> bytes:
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass"))
        name = base64.urlsafe_b64encode(digest.digest()[:INDEX_BYTES])
        # The key of an item has no slash, so an index never has its name.
        return self._prefix + b"s/" + name

    def _execute(self, *commands: Command) -> list[Any]:
        """Give the answers, in order. The commands are one step and one round
        trip, except in a cluster, which runs them one after the other.
        """
        if not commands:
            return []
        try:
            return self._connections().execute(commands)
        except OUTAGES as e:
            raise self._unavailable(e) from e

    def _connections(self) -> Connections | Client:
        pid = os.getpid()
        opened = self._opened.get(pid)
        if opened is None:
            opened = self._opened.setdefault(pid, self._open())
        return opened

    def _unavailable(self, error: Exception) -> RepositoryUnavailable:
        # redis-py and Redis may quote the command, and with it an item.
        text = str(error).rpartition(" of pipeline caused error: ")[2]
        text = text.partition(", with args beginning with")[0]
        why = tell(error, text, self._secrets)
        return RepositoryUnavailable(
            f"Redis failed ({why}): check the server and"
            " sessiontoken.repository.url"
        )


def _pack(item: TokenItem) -> bytes:
    head = _HEAD.pack(_VERSION, seconds_of(item.expires))
    return head + _pack_subject(item.subject) + item.token


def _pack_subject(subject: str | None) -> bytes:
    if subject is None:
        return _LENGTH.pack(_NO_SUBJECT)
    text = subject.encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text


def _unpack(key: str, value: bytes, now: int) -> TokenItem | None:
    """Give the item; ``None`` if it has expired, or if ``_pack`` did not
    write the value.
    """
    try:
        version, seconds, length = _HEAD_AND_LENGTH.unpack_from(value)
        if version != _VERSION or seconds <= now:
            return None
        expires = moment(seconds)
        subject = None
        begin = _HEAD_AND_LENGTH.size
        if length != _NO_SUBJECT:
            end = begin + length
            if len(value) < end:
                return None
            subject = value[begin:end].decode("utf-8", "surrogatepass")
            begin = end
    except (struct.error, ValueError, OverflowError, OSError):
        return None
    return TokenItem(key, expires, value[begin:], subject)


def _expire_at(date: datetime) -> int:
    """Give a time for EXAT, which must be after the epoch."""
    return max(1, seconds_of(date))
