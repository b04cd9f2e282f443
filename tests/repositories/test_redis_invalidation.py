"""Redis tells each process what changed elsewhere, and a line that breaks is
noticed.
"""

import gc
import logging
import threading
import time
import weakref

import pytest
from support.acl import acl_of
from support.items import item_of
from support.servers import RedisServer, is_whole, wait_until

from pyramid_sessiontoken.repositories import redis_invalidation as module

NAME = "sessiontoken.invalidation"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Ask, and try again, more often."""
    monkeypatch.setattr(module, "EVERY", 0.05)
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(module, "AGAIN", 0.05)
    monkeypatch.setattr(module, "AGAIN_AFTER_REFUSAL", 0.05)
    yield
    # The repositories are closed by now.
    for thread in threading.enumerate():
        if thread.name == NAME:
            thread.join(20)


class Told:
    """Notes what it is told, and what the log is told."""

    def __init__(self, clock, caplog):
        self._clock, self._caplog = clock, caplog
        self.keys = []
        self.cleared = 0
        self.forked = 0
        self.meant = True

    def forget(self, keys):
        self.keys.extend(keys)

    def clear(self):
        self.cleared += 1

    def is_meant(self):
        return self.meant

    def begin_anew(self):
        self.forked += 1

    def up(self, repository):
        """Open the line of a repository."""
        self.line = line = repository.listen(self)
        assert not is_up(line)
        line.start()
        wait_until(lambda: is_up(line))
        return line

    def change(self, repository, key="elsewhere"):
        """Change something; wait until that is told."""
        repository.add_or_update(item_of(self._clock, key))
        wait_until(lambda: key in self.keys)

    def said(self, level=logging.WARNING):
        return [
            record.getMessage()
            for record in self._caplog.records
            if record.name == "pyramid_sessiontoken"
            and record.levelno == level
        ]


@pytest.fixture
def told(clock, caplog):
    caplog.set_level(logging.INFO)
    return Told(clock, caplog)


def is_up(line):
    return time.monotonic() < line.until


# One server


@pytest.mark.parametrize("place", ["tcp", "url"])
def test_each_change_elsewhere_is_told(make_redis, redis, clock, told, place):
    """Also by a unix socket."""
    here, there = (make_redis(getattr(redis, place)) for _ in range(2))
    told.up(here)
    assert told.cleared == 1
    item = item_of(clock, "one", subject=None)
    for verb in (
        lambda: there.add_or_update(item),
        lambda: there.renew(item, item.expires),
        lambda: there.remove("one"),
        lambda: there.add(item),
        lambda: redis.client.delete("sessiontoken:one"),
        lambda: redis.client.set("sessiontoken:one", "x", px=300),
    ):
        told.keys.clear()
        verb()
        wait_until(lambda: "one" in told.keys)
    # It is told, too, when the server lets an item expire.
    told.keys.clear()
    wait_until(lambda: "one" in told.keys)
    told.change(there)


def test_other_prefixes_are_not_told(make_redis, redis, clock, told):
    told.up(make_redis(redis.tcp, prefix="mine:"))
    make_redis(redis.tcp, prefix="hers:").add_or_update(item_of(clock, "one"))
    redis.client.set("mine", "x")
    redis.client.set(b"mine:\xff", "x")
    told.change(make_redis(redis.tcp, prefix="mine:"), "two")
    index = [key for key in told.keys if key.startswith("s/")]
    assert len(index) == 1
    assert set(told.keys) - set(index) == {"\ufffd", "two"}


def test_a_server_that_is_emptied_tells_that(make_redis, redis, told):
    line = told.up(make_redis(redis.tcp))
    redis.client.flushall()
    wait_until(lambda: told.cleared == 2)
    assert is_up(line)


def test_a_line_that_holds_is_known_to_hold(make_redis, redis, told):
    """The server is asked again and again."""
    line = told.up(make_redis(redis.tcp))
    first = line.until
    wait_until(lambda: line.until > first + 0.2)
    assert line.until <= time.monotonic() + module.HOLDS


def test_a_line_is_opened_once(make_redis, redis, told):
    line = told.up(make_redis(redis.tcp))
    for _ in range(3):
        line.start()
    threads = [t for t in threading.enumerate() if t.name == NAME]
    held = [thread for thread in threads if line.is_held_by(thread)]
    assert len(held) == 1
    assert held[0].daemon


# A line that breaks


def test_a_line_that_breaks_is_opened_again(make_redis, redis, told):
    here = make_redis(redis.tcp)
    line = told.up(here)
    assert told.said() == []
    assert len(told.said(logging.INFO)) == 1
    redis.end()
    wait_until(lambda: not is_up(line))
    wait_until(told.said)
    assert told.cleared == 1
    redis.start()
    wait_until(lambda: is_up(line))
    # What was told meanwhile is not known.
    assert told.cleared == 2
    told.change(make_redis(redis.tcp))
    broke, *others, back = told.said()
    assert "cannot tell this process which sessions end elsewhere" in broke
    assert "within 5 s" in broke
    assert back.startswith("Redis tells this process at once")
    # Each kind of error is said once.
    assert len(others) <= 2


def test_a_server_that_is_down_at_the_start_is_found_later(
    make_redis, server_folder, told
):
    server = RedisServer(server_folder)
    line = make_redis(server.tcp).listen(told)
    line.start()
    wait_until(told.said)
    assert not is_up(line)
    assert told.cleared == 0
    server.start()
    try:
        wait_until(lambda: is_up(line))
    finally:
        server.client.close()
        server.end()


def test_a_line_that_dies_in_silence_is_noticed(
    make_redis, redis, told, proxy
):
    """A firewall forgot it: nothing comes, and no error."""
    between = proxy(redis.port)
    line = told.up(make_redis(f"redis://127.0.0.1:{between.port}"))
    between.forget()
    wait_until(lambda: told.cleared == 2)
    wait_until(lambda: is_up(line))
    told.change(make_redis(redis.tcp))
    assert "the server does not answer" in told.said()[0]


def test_a_server_that_hangs_is_noticed(make_redis, redis, told):
    line = told.up(make_redis(redis.tcp))
    redis.freeze()
    try:
        wait_until(lambda: line.until < 0)
    finally:
        redis.thaw()
    wait_until(lambda: is_up(line))
    assert told.cleared == 2


def test_what_is_not_known_any_more_does_not_hold(make_redis, redis, told):
    """Even where the thread does not run."""
    line = make_redis(redis.tcp).listen(told)
    line._thread = threading.current_thread()
    ears = module.Ears()
    line.hold(ears)
    assert is_up(line)
    assert line.until <= time.monotonic() + module.HOLDS
    # One that was closed meanwhile does not hold.
    line.close()
    line.hold(ears)
    assert not is_up(line)
    ears.close()
    ears.close()


def test_a_server_that_follows_another_one_is_left(make_redis, redis, told):
    """It is asked for its role, since its name may lead elsewhere by now."""
    line = told.up(make_redis(redis.tcp))
    redis.client.replicaof("127.0.0.1", 1)
    try:
        wait_until(lambda: line.until < 0)
        wait_until(told.said)
        assert "the server follows another one by now" in told.said()[0]
    finally:
        redis.client.replicaof("NO", "ONE")
    wait_until(lambda: is_up(line))


def test_the_right_that_is_lacking_is_named(make_redis, redis, clock, told):
    execute = redis.client.execute_command
    execute(*acl_of("server"))
    try:
        url = redis.tcp.replace("//", "//app:secret@")
        here = make_redis(url)
        here.add_or_update(item_of(clock))
        line = here.listen(told)
        line.start()
        wait_until(told.said)
        (refused,) = told.said()
        assert "its user lacks the right +client|tracking" in refused
        assert "secret" not in refused
        assert not is_up(line)
        execute("ACL SETUSER", "app", "+client|tracking")
        wait_until(lambda: is_up(line))
        told.change(here)
    finally:
        execute("ACL DELUSER", "app")


def test_a_wrong_password_is_not_in_the_log(make_redis, redis, told, caplog):
    url = redis.tcp.replace("//", "//app:hunter2@")
    line = make_redis(url).listen(told)
    line.start()
    wait_until(told.said)
    assert "invalid username-password pair" in told.said()[0]
    assert "hunter2" not in caplog.text


def test_another_repository_ends_the_line(make_redis, redis, told):
    """The application may register another one at any time."""
    line = told.up(make_redis(redis.tcp))
    told.meant = False
    wait_until(lambda: line.until < 0)
    wait_until(told.said)
    assert "another repository is registered by now" in told.said()[0]
    told.meant = True
    wait_until(lambda: is_up(line))


# The end of a line


def threads_of(line):
    return [t for t in threading.enumerate() if line.is_held_by(t)]


def test_a_repository_that_is_closed_ends_its_line(make_redis, redis, told):
    here = make_redis(redis.tcp)
    line = told.up(here)
    (thread,) = threads_of(line)
    here.close()
    assert not is_up(line)
    thread.join(20)
    assert not thread.is_alive()
    assert line.until < 0
    # The next use opens another.
    line.start()
    wait_until(lambda: is_up(line))


def test_a_line_that_is_closed_while_it_opens_stays_closed(
    make_redis, redis, told, monkeypatch
):
    line = make_redis(redis.tcp).listen(told)
    threads = []

    def close():
        line.close()
        threads.append(threading.current_thread())

    monkeypatch.setattr(told, "clear", close)
    line.start()
    wait_until(lambda: threads)
    threads[0].join(20)
    assert not threads[0].is_alive()
    assert not is_up(line)


def test_a_line_that_nobody_has_ends(make_redis, redis, told):
    line = told.up(make_redis(redis.tcp))
    (thread,) = threads_of(line)
    gone = weakref.ref(line)
    del line, told.line
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()
    gc.collect()
    assert gone() is None


def test_no_thread_starts_at_the_end_of_the_interpreter(
    make_redis, redis, told, monkeypatch
):
    def start(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    line = make_redis(redis.tcp).listen(told)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        line.start()
    assert not is_up(line)
    line.start()
    wait_until(lambda: is_up(line))


# Forks


def test_a_child_opens_a_line_of_its_own(make_redis, redis, told, in_child):
    here = make_redis(redis.tcp)
    line = told.up(here)

    def in_fork():
        before = is_up(line), told.forked
        line.start()
        wait_until(lambda: is_up(line))
        told.change(make_redis(redis.tcp), "child")
        return before

    assert in_child(in_fork) == "(False, 1)"
    # That of the parent still holds.
    assert is_up(line)
    wait_until(lambda: "child" in told.keys)
    assert told.forked == 0
    assert told.cleared == 1


def test_every_line_begins_anew_after_a_fork(make_redis, redis, told):
    line = told.up(make_redis(redis.tcp))
    module._begin_anew()
    assert told.forked == 1
    assert not is_up(line)
    line.start()
    wait_until(lambda: is_up(line))


def test_a_process_without_fork_hooks_is_told_by_its_id(
    make_redis, redis, told, monkeypatch
):
    line = told.up(make_redis(redis.tcp))
    monkeypatch.setattr(line, "_pid", -1)
    line.start()
    assert told.forked == 1
    wait_until(lambda: is_up(line))
    assert told.cleared == 2


# Sentinel


def test_a_failover_of_sentinel_is_followed(
    make_redis, redis, sentinel_of, told, server_folder
):
    other = RedisServer(server_folder)
    other.start()
    try:
        first = sentinel_of(redis.port)
        here = make_redis(first.url, timeout=5)
        line = told.up(here)
        told.change(make_redis(redis.tcp))
        # Commands go elsewhere by now, and the old server still answers.
        first.client.execute_command("SENTINEL REMOVE mymaster")
        first.client.execute_command(
            "SENTINEL MONITOR mymaster 127.0.0.1", other.port, 1
        )
        here._connections().client.connection_pool.get_master_address()
        wait_until(lambda: told.cleared == 2)
        wait_until(lambda: is_up(line))
        told.change(make_redis(other.tcp), "other")
        assert "commands go to another server" in told.said()[0]
    finally:
        other.client.close()
        other.end()


# Cluster


@pytest.fixture
def cluster(cluster_process):
    for server in cluster_process:
        server.client.flushall()
    return cluster_process


def whole(servers):
    return f"redis+cluster://127.0.0.1:{servers[0].port}"


def test_all_servers_of_a_cluster_tell(make_redis, cluster, told):
    here, there = (make_redis(whole(cluster)) for _ in range(2))
    told.up(here)
    for number in range(20):
        told.change(there, f"key{number}")
    assert all(server.client.dbsize() for server in cluster)


def test_a_server_of_a_cluster_that_breaks_breaks_the_line(
    make_redis, cluster, told
):
    line = told.up(make_redis(whole(cluster)))
    kill = "CLIENT KILL TYPE normal SKIPME yes"
    cluster[1].client.execute_command(*kill.split())
    wait_until(lambda: told.cleared == 2)
    wait_until(lambda: is_up(line))


@pytest.fixture
def growing(server_folder):
    """A cluster of one server with all slots, and another with none."""
    servers = [
        RedisServer(server_folder, "--cluster-enabled", "yes")
        for _ in range(2)
    ]
    for server in servers:
        server.start()
    one, two = servers
    one.client.execute_command("CLUSTER ADDSLOTS", *range(16384))
    one.client.execute_command("CLUSTER MEET", "127.0.0.1", two.port)
    wait_until(lambda: all(map(is_whole, servers)))
    yield servers
    for server in servers:
        server.client.close()
        server.end()


def move_slot(slot, source, sink):
    """Move an empty slot from one server of a cluster to another."""
    names = [
        server.client.execute_command("CLUSTER MYID").decode()
        for server in (source, sink)
    ]
    sink.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[0])
    source.client.execute_command(
        "CLUSTER SETSLOT", slot, "MIGRATING", names[1]
    )
    for server in (sink, source):
        server.client.execute_command(
            "CLUSTER SETSLOT", slot, "NODE", names[1]
        )


def test_a_server_that_joins_a_cluster_is_heard(make_redis, growing, told):
    """The client of this process learns of it by its commands."""
    one, two = growing
    here = make_redis(whole(growing))
    line = told.up(here)
    told.change(make_redis(whole(growing)), "before")
    slot = one.client.execute_command("CLUSTER KEYSLOT", "sessiontoken:moved")
    move_slot(slot, one, two)
    wait_until(lambda: here.get("moved") is None and told.cleared == 2)
    wait_until(lambda: is_up(line))
    there = make_redis(whole(growing))
    told.change(there, "moved")
    told.change(there, "other")
    assert two.client.dbsize() == 1
    assert "commands go to another server" in told.said()[0]


# TLS


@pytest.mark.parametrize("way", ["server", "sentinel", "cluster"])
def test_with_tls_and_a_password_changes_are_told(
    make_redis, url_of, told, way
):
    here, there = (make_redis(url_of(way), timeout=5) for _ in range(2))
    line = told.up(here)
    for number in range(20):
        told.change(there, f"key{number}")
    assert is_up(line)
