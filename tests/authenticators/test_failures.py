"""Failures are counted in memory or in a storage, for some time."""

import socket
import sys

import limits.storage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START

from pyramid_sessiontoken.authenticators import failures
from pyramid_sessiontoken.authenticators.failures import (
    MemoryFailures,
    StoredFailures,
    read_rate,
)
from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.testing import ManualClock

RATE = read_rate("5/minute")


@pytest.fixture
def memory(clock):
    return MemoryFailures(60, clock)


def add(counting, key, times):
    for _ in range(times):
        counting.add(key)


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [
        ("5/minute", 5, 60),
        ("1/second", 1, 1),
        ("10/5 minutes", 10, 300),
        ("3 per hour", 3, 3600),
        ("100 / 2 days", 100, 172800),
    ],
)
def test_a_rate_has_the_syntax_of_limits(text, amount, seconds):
    rate = read_rate(text)

    assert (rate.amount, rate.get_expiry()) == (amount, seconds)


# In memory.


def test_each_key_is_counted_separately(memory):
    add(memory, "alice", 3)
    add(memory, "bob", 1)

    assert [memory.count(k) for k in ("alice", "bob", "eve")] == [3, 1, 0]


def test_the_time_begins_with_the_first_failure(memory, clock):
    add(memory, "alice", 2)
    clock.advance(40)
    add(memory, "alice", 1)

    assert (memory.count("alice"), memory.seconds("alice")) == (3, 20)
    clock.advance(19)
    assert (memory.count("alice"), memory.seconds("alice")) == (3, 1)
    clock.advance(1)
    assert (memory.count("alice"), memory.seconds("alice")) == (0, 0)


def test_after_its_time_the_count_begins_anew(memory, clock):
    add(memory, "alice", 5)
    clock.advance(60)
    add(memory, "alice", 1)

    assert (memory.count("alice"), memory.seconds("alice")) == (1, 60)


def test_failures_from_the_future_are_not_counted(memory, clock):
    """The clock was ahead, and is set back: no user is locked out until it
    has caught up.
    """
    clock.advance(86400)
    add(memory, "alice", 5)
    clock.advance(-86400)

    assert memory.count("alice") == 0
    memory.add("alice")
    assert (memory.count("alice"), memory.seconds("alice")) == (1, 60)


def test_old_failures_take_no_memory(memory, clock):
    for number in range(100):
        memory.add(f"early {number}")
    clock.advance(59)
    memory.add("late")
    clock.advance(1)

    memory.add("now")

    assert list(memory._kept) == ["late", "now"]


def test_the_memory_of_failures_is_bounded(memory, monkeypatch):
    monkeypatch.setattr(failures, "MOST_KEYS", 10)

    for number in range(25):
        memory.add(str(number))
        memory.add(str(number))

    assert [*memory._kept] == [str(number) for number in range(15, 25)]
    assert all(memory.count(key) == 2 for key in memory._kept)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 90)), max_size=50
    )
)
def test_the_count_is_that_of_a_list_of_all_failures(steps):
    clock = ManualClock(START)
    memory = MemoryFailures(60, clock)
    windows = {}
    for key, seconds in steps:
        clock.advance(seconds)
        now = clock.now()
        first, count = windows.get(key, (now, 0))
        if now >= first + 60:
            first, count = now, 0
        windows[key] = first, count + 1

        memory.add(key)

        assert memory.count(key) == count + 1
        assert memory.seconds(key) == first + 60 - now


# In Redis.


@pytest.fixture
def stored(redis):
    return StoredFailures(RATE, redis.tcp, 2)


def keys_of(server):
    return [key.decode() for key in server.client.scan_iter()]


def test_failures_in_redis_are_shared(stored, redis):
    add(stored, "alice", 3)
    add(StoredFailures(RATE, f"redis+{redis.url}", 2), "alice", 1)

    assert stored.count("alice") == 4
    assert stored.count("bob") == 0
    assert 1 <= stored.seconds("alice") <= 60
    (key,) = keys_of(redis)
    assert "sessiontoken/alice" in key


def test_failures_in_redis_expire_with_the_first_one(
    stored,
    redis,
):
    add(stored, "alice", 1)
    (key,) = keys_of(redis)
    redis.client.expire(key, 30)
    add(stored, "alice", 4)

    assert 0 < redis.client.ttl(key) <= 30
    assert 1 <= stored.seconds("alice") <= 31
    redis.client.expire(key, 0)
    assert stored.count("alice") == 0


def test_a_silent_storage_is_given_up_after_the_timeout(
    redis,
):
    counting = StoredFailures(RATE, redis.tcp, 0.05)
    redis.freeze()
    try:
        for verb in (counting.count, counting.seconds, counting.add):
            with pytest.raises(RepositoryUnavailable, match="TimeoutError"):
                verb("alice")
    finally:
        redis.thaw()
    options = counting._storage.get_connection().get_connection_kwargs()
    assert options["socket_timeout"] == 0.05
    assert options["socket_connect_timeout"] == 0.05


def test_a_storage_that_is_gone_is_an_outage():
    counting = StoredFailures(RATE, "redis://:hunter2@127.0.0.1:1", 1)

    with pytest.raises(RepositoryUnavailable) as caught:
        counting.count("alice")

    assert str(caught.value) == (
        "sessiontoken.throttle.storage could not be asked: ConnectionError"
    )


# Other storages.


def test_a_silent_memcached_is_given_up_after_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        counting = StoredFailures(RATE, f"memcached://{host}:{port}", 0.05)

        with pytest.raises(RepositoryUnavailable):
            counting.count("alice")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("memroy://hunter2", "not a URL that"),
        ("hunter2", "not a URL that"),
        ("", "not a URL that"),
        ("redis://:hunter2@localhost:port", "cannot be opened"),
        ("redis+sentinel://:hunter2@localhost:1", "not a URL that"),
        ("redis+cluster://:hunter2@127.0.0.1:1", "cannot be opened"),
        ("async+memory://hunter2", "asyncio"),
    ],
)
def test_a_bad_storage_url_is_refused_without_quoting_it(url, why):
    with pytest.raises(ValueError, match=why) as caught:
        StoredFailures(RATE, url, 0.05)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


class NotInstalled:
    """Hide a package, as if it were not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pymemcache":
            raise ImportError(name)


def test_a_client_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [NotInstalled(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "pymemcache", raising=False)

    with pytest.raises(ValueError, match=r"pip install 'limits\[memcached"):
        StoredFailures(RATE, "memcached://localhost:1", 1)


def test_a_storage_of_another_kind_gets_no_options_of_redis():
    """Every storage that ``limits`` knows by its scheme can be used."""

    class Drawer(limits.storage.MemoryStorage):
        STORAGE_SCHEME = ["drawer"]  # noqa: RUF012

        def __init__(self, uri, **options):
            assert options == {}
            super().__init__(uri, **options)

    counting = StoredFailures(RATE, "drawer://", 1)
    add(counting, "alice", 2)

    assert counting.count("alice") == 2
    assert 1 <= counting.seconds("alice") <= 61
    counting._storage.timer.cancel()
