"""From a URL to the connections of Redis: a server, Sentinel or a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import redis.cluster
import redis.sentinel
from redis import BlockingConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from .redis_connections import Client, Connections

#: Errors of redis-py that mean that Redis does not answer.
OUTAGES = (RedisError, RedisClusterException, OSError)

# Some versions of redis-py have types for some of their functions only.
_redis: Any = redis


class _SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """A pool for Sentinel, in which a thread waits for a free connection."""


def opener(
    url: str, timeout: float, pool_size: int
) -> Callable[[], Connections | Client]:
    """Give a function that makes the connections of a process. They connect
    when they are used.

    :param timeout: how long to wait for a free connection, to connect, and
        for an answer, in seconds each. No command is repeated.
    :param pool_size: the most connections; in a cluster, for each server.
    :raises ValueError: for a URL that is not one of Redis. The error does not
        contain the URL.
    """
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
        # Not chained: the first error may quote the password.
        raise ValueError(
            "it is not a URL of Redis, such as redis://host:6379/0"
        ) from None


def _server(url: str, options: dict[str, Any]) -> Callable[[], Connections]:
    # RESP2: with RESP3, the server may also send messages that are no answers.
    options |= {"protocol": 2} | _redis.connection.parse_url(url)
    return lambda: Connections(_redis.BlockingConnectionPool(**options))


def _sentinel(
    parts: SplitResult, common: dict[str, Any], pool: dict[str, Any]
) -> Callable[[], Client]:
    login, hosts = _login_and_hosts(parts, 26379)
    name = parts.path.strip("/")
    if not name:
        raise ValueError
    options = _redis.connection.parse_url(f"redis://{login}?{parts.query}")

    def open_client() -> Client:
        client = _redis.sentinel.Sentinel(
            hosts, sentinel_kwargs=common, **{**common, **options}
        ).master_for(name, connection_pool_class=_SentinelPool, **pool)
        return Client(client, in_one_step=True)

    return open_client


def _cluster(
    parts: SplitResult, common: dict[str, Any], pool: dict[str, Any]
) -> Callable[[], Client]:
    login, hosts = _login_and_hosts(parts, 6379)
    first = parts.netloc.rpartition("@")[2].partition(",")[0]
    # redis-py takes another class of pool only together with a URL.
    url = f"redis://{login}{first}?{parts.query}"
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


def _login_and_hosts(
    parts: SplitResult, port: int
) -> tuple[str, list[tuple[str, int]]]:
    """Give ``user:password@``, and each host with its port."""
    login, at, hosts = parts.netloc.rpartition("@")
    several = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(host.hostname for host in several):
        raise ValueError
    found = [(host.hostname or "", host.port or port) for host in several]
    return login + at, found
