"""Ways to put commands to Redis: connections of our own, or a client of
redis-py where there is more than one server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import redis.cluster
import redis.sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, SentinelConnectionPool

from .redis_connections import (
    SCAN_COUNT,
    Command,
    Connections,
    answers,
    listener,
)
from .redis_url import RedisURL

#: Errors of redis-py that mean that Redis does not answer.
OUTAGES = (RedisError, RedisClusterException, OSError)

# Some versions of redis-py have types for some of their functions only.
_redis: Any = redis

#: What redis-py says of a server behind Sentinel that writes no more.
_DEMOTED = "The previous master is now a slave"

_CLIENT = re.compile(r"<redis\.client.*?>\)>\)> - ")


class Client:
    """A client of redis-py, for Sentinel and for a cluster.

    :param in_one_step: whether the client can execute several commands in one
        step. If not, it executes one after the other.
    :param listeners: makes connections on which servers can tell what changed.
    :param view: gives what differs as soon as commands go to other servers.
    """

    def __init__(
        self,
        client: Any,
        *,
        in_one_step: bool,
        listeners: Callable[[], list[Any]],
        view: Callable[[], Any],
    ) -> None:
        self.client = client
        self._in_one_step = in_one_step
        self.listeners = listeners
        self.view = view
        self.close = client.close

    def execute(self, commands: tuple[Command, ...]) -> list[Any]:
        """Give the answers, in order."""
        try:
            return self._execute(commands)
        except (ReadOnlyError, redis.ConnectionError) as error:
            if not isinstance(error, ReadOnlyError) and _DEMOTED not in str(
                error
            ):
                raise
            # Nothing was written; ask the one that writes now.
            return self._execute(commands)

    def _execute(self, commands: tuple[Command, ...]) -> list[Any]:
        if not self._in_one_step or not commands[1:]:
            return [self.client.execute_command(*each) for each in commands]
        with self.client.pipeline(transaction=True) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = pipeline.execute()
            return answers

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Give the names of all texts that match, in batches."""
        found = self.client.scan_iter(pattern, SCAN_COUNT, _type="string")
        while names := list(islice(found, SCAN_COUNT)):
            yield names


class _Pool(_redis.BlockingConnectionPool):  # type: ignore[misc]
    """A pool that looks at what rested before it gives it away."""

    def get_connection(self, *args: Any, **kw: Any) -> Any:
        connection: Any = super().get_connection(*args, **kw)
        try:
            self._look_at(connection)
        except BaseException:
            connection.disconnect()
            self.release(connection)
            raise
        return connection

    def _look_at(self, connection: Any) -> None:
        since = getattr(connection, "rests_since", None)
        if since is None:
            connection.made = time.monotonic()
            return
        with suppress(RedisError, OSError):
            if answers(connection, since):
                return
        connection.disconnect()
        connection.connect()
        connection.made = time.monotonic()

    def release(self, connection: Any) -> None:
        connection.rests_since = time.monotonic()
        super().release(connection)


class _SentinelPool(SentinelConnectionPool, _Pool):
    """A pool of Sentinel's that waits for a free connection."""


class _Sentinel(_redis.sentinel.Sentinel):  # type: ignore[misc]
    """Sentinels, asked through new connections: it is asked seldom, and a
    firewall may have forgotten old ones.
    """

    def discover_master(self, service_name: str) -> Any:
        try:
            return super().discover_master(service_name)
        except MasterNotFoundError as error:
            # It shows each client with all options, and then its error.
            raise MasterNotFoundError(_CLIENT.sub("", str(error))) from None
        finally:
            for sentinel in self.sentinels:
                sentinel.connection_pool.disconnect(inuse_connections=False)


class _Cluster(_redis.RedisCluster):  # type: ignore[misc]
    """A cluster that closes all its connections, those of the nodes that it
    asked first for the others, too.
    """

    def close(self) -> None:
        super().close()
        nodes = self.nodes_manager.startup_nodes.values()
        for client in filter(None, [node.redis_connection for node in nodes]):
            client.connection_pool.disconnect()


def opener(url: RedisURL) -> Callable[[], Connections | Client]:
    """Give what makes the way to ask."""
    # RESP2: with RESP3, the server may also send messages that are no answers.
    common = {"protocol": 2, "retry": Retry(NoBackoff(), 0)}
    options = {**common, **url.options}
    if url.way == "sentinel":
        return _sentinel(url, options, {**common, **url.of_sentinels})
    if url.way == "cluster":
        return _cluster(url, options)
    return _server(url, options)


def _server(
    url: RedisURL, options: dict[str, Any]
) -> Callable[[], Connections]:
    connection = _redis.connection
    if url.way == "unix":
        options["connection_class"] = connection.UnixDomainSocketConnection
        options["path"] = url.place
    else:
        [(options["host"], options["port"])] = url.hosts
        if url.has_tls:
            options["connection_class"] = connection.SSLConnection
    options |= url.of_pool
    return lambda: Connections(_redis.BlockingConnectionPool(**options))


def _sentinel(
    url: RedisURL, options: dict[str, Any], of_sentinels: dict[str, Any]
) -> Callable[[], Client]:
    def open_client() -> Client:
        client = _Sentinel(
            url.hosts,
            sentinel_kwargs={**of_sentinels, "ssl": url.has_tls},
            **options,
            ssl=url.has_tls,
        ).master_for(
            url.place, connection_pool_class=_SentinelPool, **url.of_pool
        )
        pool = client.connection_pool

        def listeners() -> list[Any]:
            pool.get_master_address()
            return [listener(pool)]

        return Client(
            client,
            in_one_step=True,
            listeners=listeners,
            view=lambda: pool.master_address,
        )

    return open_client


def _cluster(url: RedisURL, options: dict[str, Any]) -> Callable[[], Client]:
    options.pop("db", None)  # It is 0.
    scheme = "rediss" if url.has_tls else "redis"
    host, port = url.hosts[0]
    first = (
        f"{scheme}://[{host}]:{port}"
        if ":" in host
        else f"{scheme}://{host}:{port}"
    )

    def make() -> Any:
        return _Cluster(
            # redis-py takes another class of pool only together with a URL.
            url=first,
            startup_nodes=[
                _redis.cluster.ClusterNode(*address) for address in url.hosts
            ],
            connection_pool_class=_Pool,
            **options,
            **url.of_pool,
        )

    def listeners() -> list[Any]:
        # The other client learns of new servers by a command that it sends.
        client = make()
        try:
            return [
                listener(client.get_redis_connection(node).connection_pool)
                for node in client.get_primaries()
            ]
        finally:
            client.close()

    def open_client() -> Client:
        client = make()
        return Client(
            client,
            in_one_step=False,
            listeners=listeners,
            view=lambda: frozenset(n.name for n in client.get_primaries()),
        )

    return open_client
