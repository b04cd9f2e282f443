"""A URL of Redis names a server, Sentinel or a cluster.

The clients are made but not used: no server listens at these addresses.
"""

import traceback

import pytest

from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.redis_url import opener


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "http://alice:hunter2@h",
        "redis://:hunt/er2@h",
        "redis://:hunter2@h:port",
        "redis+sentinel://:hunter2@h1,h2",
        "redis+sentinel://:hunter2@h1:port/mymaster",
        "redis+sentinel://:hunter2@h1,/mymaster",
        "redis+cluster://:hunter2@",
        "redis+cluster://:hunter2@h:99999",
        "redis+cluster://:hunter2@h?socket_timeout=hunter2",
    ],
)
def test_another_url_is_refused_and_the_error_does_not_show_it(clock, url):
    with pytest.raises(ValueError, match="it is not a URL of R") as refused:
        RedisRepository(url, clock)
    assert "hunt" not in "".join(traceback.format_exception(refused.value))


def options_of(url):
    """Give the pool that a URL leads to, and its options."""
    opened = opener(url, timeout=0.5, pool_size=3)()
    client = getattr(opened, "client", None)
    pool = client.connection_pool if client else opened.pool
    assert pool.max_connections == 3
    assert pool.timeout == 0.5
    kw = pool.connection_kwargs
    assert kw["socket_timeout"] == kw["socket_connect_timeout"] == 0.5
    assert kw["retry"].get_retries() == 0
    return pool, kw


def test_a_server_is_named_as_redis_py_does():
    _, kw = options_of("rediss://alice:p%40ss@h:1234/5")
    assert (kw["host"], kw["port"], kw["db"]) == ("h", 1234, 5)
    assert (kw["username"], kw["password"]) == ("alice", "p@ss")
    pool, _ = options_of("rediss://h")
    assert pool.connection_class.__name__ == "SSLConnection"
    _, kw = options_of("unix:///run/redis.sock?db=2")
    assert (kw["path"], kw["db"]) == ("/run/redis.sock", 2)


def test_sentinels_are_named_in_one_url():
    url = "redis+sentinel://alice:p%40ss@h1,h2:1234,[::1]:99/mymaster?db=3"
    pool, kw = options_of(url)
    assert (kw["username"], kw["password"]) == ("alice", "p@ss")
    assert kw["db"] == 3
    assert pool.service_name == "mymaster"
    sentinels = [
        s.connection_pool.connection_kwargs
        for s in pool.sentinel_manager.sentinels
    ]
    assert [(s["host"], s["port"]) for s in sentinels] == [
        ("h1", 26379),
        ("h2", 1234),
        ("::1", 99),
    ]
    assert {s["socket_timeout"] for s in sentinels} == {0.5}
    assert {s["password"] for s in sentinels} == {None}
