"""Connections to Redis, which threads share."""

import threading
import time

import pytest
from support.items import item_of, seconds_until_unavailable

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.repositories import redis_connections as connections


@pytest.fixture
def repository(make_redis, redis):
    return make_redis(redis.tcp)


def test_a_thread_needs_one_connection_and_many_stay_within_the_pool(
    make_redis, redis, clock
):
    def count():
        return len(redis.client.client_list()) - before

    before = len(redis.client.client_list())
    repository = make_redis(redis.tcp, pool_size=3, timeout=10)
    for _ in range(5):
        assert repository.get("key") is None
        assert count() == 1
    start, faults = threading.Barrier(12), []

    def work(number):
        item = item_of(clock, f"k{number}")
        start.wait()
        for _ in range(50):
            repository.add_or_update(item)
            if repository.get(item.key) != item:
                faults.append(number)

    threads = [threading.Thread(target=work, args=[n]) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert 1 < count() <= 3
    repository.close()
    repository.close()
    assert repository.get("k0") == item_of(clock, "k0")


def test_a_restart_between_two_commands_is_not_noticed(
    make_redis, redis, item, monkeypatch
):
    monkeypatch.setattr(connections, "CHECK_AFTER", -1)
    repository = make_redis(redis.tcp)
    repository.add_or_update(item)
    redis.end()
    redis.start()
    assert repository.get(item.key) is None
    repository.add_or_update(item)
    assert repository.get(item.key) == item


def test_an_unexpected_answer_is_never_given_to_another_command(
    repository, item, monkeypatch
):
    monkeypatch.setattr(connections, "CHECK_AFTER", -1)
    repository.add_or_update(item)
    (opened,) = repository._opened.values()
    connection, _ = opened._idle[-1]
    connection.send_command("PING")
    assert connection.can_read(timeout=5)
    assert repository.get(item.key) == item


def test_an_interrupted_command_leaves_no_answer_behind(
    repository, item, monkeypatch
):
    repository.add_or_update(item)
    (opened,) = repository._opened.values()
    connection, _ = opened._idle[-1]

    def interrupt(*args, **kw):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(connection, "read_response", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repository.get("other")
    assert repository.get(item.key) == item


def test_an_exhausted_pool_is_an_outage(make_redis, redis):
    repository = make_redis(redis.tcp, pool_size=1)
    assert repository.get("key") is None
    (opened,) = repository._opened.values()
    free = opened._idle.pop()
    waited = seconds_until_unavailable(lambda: repository.get("key"))
    assert 0.2 < waited < 1
    opened._idle.append(free)
    assert repository.get("key") is None


def start_to_wait(repository, opened, results):
    """Ask in a thread, while no connection is free."""

    def ask():
        try:
            results.append(repository.get("key"))
        except RepositoryUnavailable as error:
            results.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not opened._waiting:
        time.sleep(0.001)
    return thread


def test_a_connection_that_comes_at_the_last_moment_is_used(make_redis, redis):
    repository = make_redis(redis.tcp, pool_size=1)
    assert repository.get("key") is None
    (opened,) = repository._opened.values()
    free, results = opened._idle.pop(), []
    thread = start_to_wait(repository, opened, results)
    # Where one thread serves all (gevent), the time of one that waits may be
    # over before it hears that a connection is free.
    opened._idle.append(free)
    thread.join()
    assert results == [None]


def test_one_that_stops_waiting_leaves_the_connection_to_another(
    make_redis, redis, monkeypatch
):
    repository = make_redis(redis.tcp, pool_size=1, timeout=20)
    assert repository.get("key") is None
    (opened,) = repository._opened.values()
    free, results = opened._idle.pop(), []
    thread = start_to_wait(repository, opened, results)

    def interrupt(seconds):
        """Come just after a connection was free, and this one was told."""
        opened._idle.append(free)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(opened._returned, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repository.get("key")
    thread.join(5)
    assert results == [None]
    thread.join()


def test_connections_are_closed_while_others_take_them(repository, item):
    repository.add_or_update(item)
    (opened,) = repository._opened.values()
    connection, _ = opened._idle[-1]
    others = list(opened._idle)[:-1]

    def take_all():
        opened._idle.clear()
        connection.__class__.disconnect(connection)

    connection.disconnect = take_all
    opened.close()
    assert not opened._idle
    opened._idle.extend(others)
    assert repository.get(item.key) == item
