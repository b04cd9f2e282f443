"""The repository in Redis: what the contract does not test."""

import struct
import time
import traceback
from datetime import timedelta

import pytest
from support.items import item_of, seconds_until_unavailable

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.repositories import redis as module

PREFIX = b"sessiontoken:"


@pytest.fixture
def repository(make_redis, redis):
    return make_redis(redis.tcp)


# Items


@pytest.mark.parametrize(
    "key", ["", "a" * 201, "ä", "\ud800", "a\0", "a\n", "a b", "s/a"]
)
def test_an_invalid_key_never_reaches_redis(repository, item, key):
    assert repository.get(key) is None
    repository.remove(key)
    repository.add_or_update(item)
    assert repository.remove_all_of("str:alice", keep=[key, item.key]) == 0
    with pytest.raises(SessionTokenError, match=r"^the key of"):
        repository.add_or_update(item._replace(key=key))
    with pytest.raises(SessionTokenError, match=r"^the key of"):
        repository.renew(item._replace(key=key), item.expires)


def test_a_subject_is_any_text_of_at_most_300_characters(repository, item):
    strange = item._replace(subject="\ud800\0" * 150)
    repository.add_or_update(strange)
    assert repository.items_of(strange.subject) == [strange]
    assert repository.remove_all_of(strange.subject) == 1
    long = item._replace(subject="a" * 301)
    assert repository.items_of(long.subject) == []
    assert repository.remove_all_of(long.subject) == 0
    with pytest.raises(SessionTokenError, match=r"^the subject of"):
        repository.add_or_update(long)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"foreign",
        b"\x01",
        struct.pack(">Bq", 1, 4_000_000_000),
        struct.pack(">BqH", 2, 4_000_000_000, 0xFFFF) + b"token",
        struct.pack(">BqH", 1, 4_000_000_000, 99) + b"cut",
        struct.pack(">BqH", 1, 4_000_000_000, 1) + b"\xfftoken",
        struct.pack(">BqH", 1, 2**62, 0xFFFF) + b"token",
        struct.pack(">BqH", 1, -(2**62), 0xFFFF) + b"token",
    ],
)
def test_a_corrupt_value_is_absent(repository, redis, item, value):
    repository.add_or_update(item)
    redis.client.set(PREFIX + b"key", value)
    assert repository.get("key") is None
    assert repository.items_of("str:alice") == []
    assert repository.remove_all_of("str:alice") == 0
    assert repository.renew(item, item.expires) is False
    repository.add_or_update(item)
    assert repository.get("key") == item


def test_the_server_lets_an_item_expire(repository, redis, item):
    repository.add_or_update(item)
    assert 58 <= redis.client.ttl(PREFIX + b"key") <= 60
    later = item._replace(expires=item.expires + timedelta(hours=1))
    repository.renew(later, item.expires)
    assert 3650 <= redis.client.ttl(PREFIX + b"key") <= 3660
    repository.add_or_update(item_of(repository._clock, "key", -5))
    assert redis.client.get(PREFIX + b"key") is None


def test_items_are_stored_under_the_prefix(make_redis, redis, item):
    make_redis(redis.url, prefix="mine:").add_or_update(item)
    assert make_redis(redis.url).get("key") is None
    assert all(k.startswith(b"mine:") for k in redis.client.scan_iter())


def test_an_index_lives_as_long_as_its_last_item(repository, redis, clock):
    index = repository._index("str:alice")
    repository.add_or_update(item_of(clock, "long", 600))
    repository.add_or_update(item_of(clock, "short", 60))
    assert 590 <= redis.client.ttl(index) <= 600
    # An expired entry is removed when the index is next written.
    redis.client.zadd(index, {"old": clock.now() - 5})
    repository.add_or_update(item_of(clock, "another", 30))
    assert redis.client.zrange(index, 0, -1) == [
        b"another",
        b"short",
        b"long",
    ]
    repository.add_or_update(item_of(clock, "over", -60, "str:bob"))
    assert not redis.client.exists(repository._index("str:bob"))


def test_an_entry_never_expires_before_its_item(repository, redis, item):
    repository.add_or_update(item)
    index = repository._index("str:alice")
    before = redis.client.zscore(index, "key")
    sooner = item._replace(expires=item.expires - timedelta(seconds=30))
    assert not repository.renew(sooner, sooner.expires)
    assert redis.client.zscore(index, "key") == before


def test_the_server_itself_removes_expired_items(repository, item):
    repository.add_or_update(item)
    assert repository.remove_all_before(item.expires) == 0
    assert repository.get("key") == item


def test_items_are_listed_below_the_prefix_only(make_redis, redis, clock):
    strange = "a*[b]?^\\-c:"
    mine, other = (
        make_redis(redis.url, prefix=strange),
        make_redis(redis.tcp, prefix="a"),
    )
    for repository in (mine, other):
        repository.add_or_update(item_of(clock))
    redis.client.hset(strange + "hash", "foreign", 1)
    redis.client.set(strange + "text", "foreign")
    redis.client.set(strange + "no key", redis.client.get(strange + "key"))
    for repository in (mine, other):
        assert list(repository.items()) == [item_of(clock)]


@pytest.mark.parametrize("way", ["server", "sentinel"])
def test_many_items_are_listed(make_redis, redis, clock, request, way):
    url = redis.url
    if way == "sentinel":
        url = request.getfixturevalue("sentinel_process").url
    repository = make_redis(url)
    items = [item_of(clock, f"k{n}") for n in range(1_300)]
    pipeline = redis.client.pipeline()
    for item in items:
        pipeline.set(PREFIX + item.key.encode(), module._pack(item))
    pipeline.execute()
    assert {item.key for item in repository.items()} == {i.key for i in items}


# Outages


def test_a_server_that_restarts_is_used_again(make_redis, redis, item):
    for url in (redis.tcp, redis.url):
        repository = make_redis(url)
        repository.add_or_update(item)
        redis.end()
        for call in (
            lambda r=repository: r.get("key"),
            lambda r=repository: r.add_or_update(item),
            lambda r=repository: r.renew(item, item.expires),
            lambda r=repository: r.items_of("str:alice"),
            lambda r=repository: r.remove_all_of("str:alice"),
            lambda r=repository: list(r.items()),
        ):
            assert seconds_until_unavailable(call) < 1
        redis.start()
        assert repository.get("key") is None


def test_a_server_that_does_not_answer_is_given_up_after_the_timeout(
    repository, redis, clock, item
):
    other = item_of(clock, "other")
    repository.add_or_update(item)
    repository.add_or_update(other)
    redis.freeze()
    try:
        for _ in range(2):
            waited = seconds_until_unavailable(lambda: repository.get("key"))
            assert 0.2 < waited < 1
    finally:
        redis.thaw()
    # Each answer belongs to its command.
    assert repository.get("other") == other
    assert repository.get("key") == item


def test_a_key_of_another_program_and_type_is_an_outage(
    repository, redis, item
):
    repository.add_or_update(item)
    redis.client.delete(PREFIX + b"key")
    redis.client.lpush(PREFIX + b"key", "foreign")
    for call in (
        lambda: repository.get("key"),
        lambda: repository.renew(item, item.expires),
        lambda: repository.items_of("str:alice"),
        lambda: repository.remove_all_of("str:alice"),
    ):
        seconds_until_unavailable(call)
    redis.client.set(repository._index("str:bob"), "foreign")
    seconds_until_unavailable(lambda: repository.items_of("str:bob"))


def test_writing_to_a_full_server_is_an_outage(repository, redis, item):
    repository.add_or_update(item)
    redis.client.config_set("maxmemory", 1)
    try:
        later = item._replace(expires=item.expires + timedelta(hours=1))
        for call in (
            lambda: repository.add_or_update(later),
            lambda: repository.add_or_update(later._replace(subject=None)),
            lambda: repository.renew(later, item.expires),
        ):
            seconds_until_unavailable(call)
        assert repository.get("key") == item
        # Sessions can still be ended.
        repository.remove("key")
        assert repository.get("key") is None
    finally:
        redis.client.config_set("maxmemory", 0)


def test_all_sessions_can_be_ended_on_a_full_server(repository, redis, item):
    repository.add_or_update(item)
    redis.client.config_set("maxmemory", 1)
    try:
        assert repository.remove_all_of("str:alice") == 1
    finally:
        redis.client.config_set("maxmemory", 0)


def test_writing_to_a_replica_is_an_outage(repository, redis, item):
    redis.client.replicaof("127.0.0.1", 1)
    try:
        seconds_until_unavailable(lambda: repository.add_or_update(item))
        seconds_until_unavailable(lambda: repository.remove("key"))
        assert repository.get("key") is None
    finally:
        redis.client.replicaof("NO", "ONE")


def test_no_message_has_the_password(make_redis, redis):
    wrong = redis.tcp.replace("//", "//alice:hunter2@")
    nobody = "//alice:hunter2@127.0.0.1:1"
    for url in (
        wrong,
        f"redis:{nobody}",
        f"redis+sentinel:{nobody}/mymaster",
        f"redis+cluster:{nobody}",
    ):
        with pytest.raises(RepositoryUnavailable) as outage:
            make_redis(url).get("key")
        told = "".join(traceback.format_exception(outage.value))
        assert "hunter2" not in told


def test_a_password_is_used(make_redis, redis, item):
    redis.client.config_set("requirepass", "hunter2")
    try:
        seconds_until_unavailable(lambda: make_redis(redis.tcp).get("key"))
        mine = make_redis(redis.tcp.replace("//", "//:hunter2@"))
        mine.add_or_update(item)
        assert mine.get("key") == item
    finally:
        redis.client.config_set("requirepass", "")


# Processes


def test_parent_and_child_have_connections_of_their_own(
    repository, clock, in_child
):
    mine, theirs = item_of(clock, "mine"), item_of(clock, "theirs")
    repository.add_or_update(mine)

    def call():
        repository.add_or_update(theirs)
        return repository.get("mine") == mine

    assert in_child(call) == "True"
    assert repository.get("theirs") == theirs
    assert repository.get("mine") == mine


# Cluster and Sentinel


def test_a_cluster_that_restarts_is_used_again(
    make_redis, cluster_process, item
):
    one, two = cluster_process
    port = f"127.0.0.1:{one.port}"
    repository = make_redis(f"redis+cluster://nowhere.invalid,{port}?db=0")
    repository.add_or_update(item)
    for server in cluster_process:
        server.freeze()
    try:
        waited = seconds_until_unavailable(lambda: repository.get("key"))
        assert waited < 3
    finally:
        for server in cluster_process:
            server.thaw()
    assert_found(repository, item)
    for server in cluster_process:
        server.end()
    assert seconds_until_unavailable(lambda: repository.get("key")) < 3
    fresh = make_redis(f"redis+cluster://{port},127.0.0.1:{two.port}")
    assert seconds_until_unavailable(lambda: fresh.get("key")) < 3
    for server in cluster_process:
        server.start()
    for each in (repository, fresh):
        assert_found(each, None)


def assert_found(repository, item):
    """Wait until the servers of the cluster are connected again."""
    until = time.monotonic() + 15
    while True:
        try:
            assert repository.get("key") == item
            return
        except RepositoryUnavailable:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_an_outage_of_the_sentinel_is_an_outage(
    make_redis, sentinel_process, redis
):
    url = sentinel_process.url.replace("mymaster", "nobody")
    with pytest.raises(RepositoryUnavailable, match="MasterNotFoundError"):
        make_redis(url).get("key")
    repository = make_redis(sentinel_process.url)
    redis.freeze()
    try:
        assert seconds_until_unavailable(lambda: repository.get("key")) < 2
    finally:
        redis.thaw()
    assert repository.get("key") is None
