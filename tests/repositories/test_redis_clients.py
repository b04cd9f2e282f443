"""Redis behind Sentinel, as a cluster, with TLS, and as a user of few
rights.
"""

import re
import threading

import pytest
from support.acl import acl_of
from support.items import item_of, seconds_until_unavailable
from support.servers import RedisServer, is_whole, wait_until

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.repositories import redis_connections as connections

WAYS = pytest.mark.parametrize("way", ["server", "sentinel", "cluster"])


@WAYS
def test_with_tls_and_passwords_sessions_are_kept(
    make_redis, url_of, item, way
):
    repository = make_redis(url_of(way), timeout=5)
    repository.add_or_update(item)
    assert repository.get(item.key) == item
    assert repository.items_of(item.subject) == [item]
    assert repository.remove_all_of(item.subject) == 1


@WAYS
def test_an_unverifiable_certificate_is_refused(make_redis, url_of, way):
    url = url_of(way).replace("ssl_ca_certs", "ssl_cert_reqs=required&x")
    url = url.partition("&x")[0]
    with pytest.raises(RepositoryUnavailable):
        make_redis(url, timeout=5).get("key")
    plain = url.replace("rediss", "redis")
    plain = plain.replace("ssl_cert_reqs=required", "")
    with pytest.raises(RepositoryUnavailable):
        make_redis(plain, timeout=5).get("key")


@WAYS
def test_a_wrong_password_is_reported_without_quoting_it(
    make_redis, url_of, way
):
    url = url_of(way, user="alice:looking-hunter")
    with pytest.raises(RepositoryUnavailable) as outage:
        make_redis(url, timeout=5).get("key")
    assert "invalid username-password pair" in str(outage.value)
    assert "looking-hunter" not in str(outage.value)


def test_sentinels_may_need_their_own_password(make_redis, url_of):
    for wrong in ("sentinel_password=wrong-one", "sentinel_username=alice"):
        name, _, value = wrong.partition("=")
        url = url_of("sentinel")
        for right in ("bob", "looking-glass"):
            url = url.replace(f"{name}={right}", wrong)
        with pytest.raises(RepositoryUnavailable) as outage:
            make_redis(url, timeout=5).get("key")
        told = str(outage.value)
        assert "No master found for 'mymaster'" in told
        assert "AuthenticationError" in told
        assert "redis.client" not in told
        assert value not in str(outage.value) or value == "alice"


# Failovers


@pytest.fixture
def other_redis(server_folder):
    server = RedisServer(server_folder)
    server.start()
    yield server
    server.client.close()
    server.end()


def test_a_host_name_that_changes_its_address_is_followed(
    make_redis, redis, other_redis, proxy, clock
):
    """As after a failover by DNS, or by a load balancer."""
    between = proxy(redis.port)
    repository = make_redis(f"redis://127.0.0.1:{between.port}")
    one, two = item_of(clock, "k1"), item_of(clock, "k2")
    repository.add_or_update(one)
    redis.client.replicaof("127.0.0.1", other_redis.port)
    try:
        between.target = other_redis.port
        repository.add_or_update(two)
        assert repository.get("k2") == two
        assert not repository.renew(one, one.expires)
    finally:
        redis.client.replicaof("NO", "ONE")


def test_connections_to_a_demoted_server_are_dropped(
    make_redis, redis, other_redis, sentinel_of, item
):
    """Sentinel names another server by then; connections stay open."""
    sentinel = sentinel_of(redis.port)
    repository = make_redis(sentinel.url, timeout=5)
    repository.add_or_update(item)
    redis.client.replicaof("127.0.0.1", other_redis.port)
    try:
        execute = sentinel.client.execute_command
        execute("SENTINEL REMOVE", "mymaster")
        execute("SENTINEL MONITOR mymaster 127.0.0.1", other_redis.port, 1)
        repository.add_or_update(item)
        assert other_redis.client.exists("sessiontoken:key")
    finally:
        redis.client.replicaof("NO", "ONE")


# Firewalls


@pytest.fixture
def cluster_of(server_folder):
    """Make a cluster of one that names another port as its own."""
    made = []

    def make(proxy):
        server = RedisServer(server_folder, "--cluster-enabled", "yes")
        between = proxy(server.port)
        server.command += ["--cluster-announce-port", str(between.port)]
        server.start()
        made.append(server)
        server.client.execute_command("CLUSTER ADDSLOTS", *range(16384))
        wait_until(lambda: is_whole(server, 1))
        return between

    yield make
    for server in made:
        server.client.close()
        server.end()


@pytest.fixture(params=["server", "sentinel", "cluster"])
def behind_firewalls(request, redis, proxy):
    """Give a URL, and the firewalls on the way."""
    if request.param == "cluster":
        between = request.getfixturevalue("cluster_of")(proxy)
        return f"redis+cluster://127.0.0.1:{between.port}", [between]
    between = proxy(redis.port)
    if request.param == "server":
        return f"redis://127.0.0.1:{between.port}", [between]
    sentinel = request.getfixturevalue("sentinel_of")(between.port)
    before = proxy(sentinel.port)
    url = f"redis+sentinel://127.0.0.1:{before.port}/mymaster"
    return url, [between, before]


@pytest.mark.usefixtures("always_asked")
def test_connections_that_a_firewall_forgot_are_not_noticed(
    make_redis, behind_firewalls, clock
):
    url, firewalls = behind_firewalls
    repository = make_redis(url, pool_size=8, timeout=1)
    start, faults = threading.Barrier(8), []

    def work(number):
        start.wait()
        try:
            for _ in range(5):
                repository.add_or_update(item_of(clock, f"k{number}"))
        except RepositoryUnavailable as fault:
            faults.append(fault)

    def work_together():
        threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    work_together()
    for firewall in firewalls:
        firewall.forget()
    work_together()
    assert faults == []


def test_after_a_short_pause_no_ping_is_sent(
    make_redis, redis, item, monkeypatch
):
    monkeypatch.setattr(connections, "CHECK_AFTER", -1)
    repository = make_redis(redis.tcp)
    repository.add_or_update(item)
    before = redis.client.info("commandstats")["cmdstat_ping"]["calls"]
    assert repository.get(item.key) == item
    after = redis.client.info("commandstats")["cmdstat_ping"]["calls"]
    assert before == after


@pytest.mark.parametrize("way", ["server", "sentinel"])
def test_an_old_connection_is_not_used_again(
    make_redis, redis, sentinel_of, monkeypatch, way
):
    def count():
        return redis.client.info("stats")["total_connections_received"]

    monkeypatch.setattr(connections, "CHECK_AFTER", -1)
    url = redis.tcp if way == "server" else sentinel_of(redis.port).url
    repository = make_redis(url)
    repository.get("key")
    monkeypatch.setattr(connections, "OLD", -1)
    before = count()
    for _ in range(3):
        assert repository.get("key") is None
    assert count() >= before + 3


# A user of few rights


def use_all(repository, item):
    repository.add_or_update(item)
    assert repository.get(item.key) == item
    assert repository.renew(item, item.expires)
    assert repository.items_of(item.subject) == [item]
    assert list(repository.items()) == [item]
    assert repository.remove_all_of(item.subject) == 1
    repository.remove(item.key)


def refused(server):
    """Give the commands that a server refused. The client does not need
    CLIENT SETINFO; before Redis 7 the log does not name the subcommand.
    """
    return [
        entry["object"]
        for entry in server.client.execute_command("ACL LOG")
        if entry["object"] not in ("client", "client|setinfo")
    ]


@pytest.fixture
def rights():
    """Give rights to users of servers, and take them away at the end."""
    given = []

    def give(server, name, *more):
        execute = server.client.execute_command
        execute("ACL LOG RESET")
        execute(*acl_of(name), *more)
        given.append(execute)

    yield give
    for execute in given:
        execute("ACL DELUSER", "app")


@pytest.fixture
def always_asked(monkeypatch):
    """Send PING before each command."""
    monkeypatch.setattr(connections, "CHECK_AFTER", -1)
    monkeypatch.setattr(connections, "FORGOTTEN", -1)


@pytest.mark.usefixtures("always_asked")
@pytest.mark.parametrize("database", [0, 1])
def test_the_rights_of_the_docs_are_enough_for_a_server(
    make_redis, redis, rights, item, database
):
    rights(redis, "server", *(["+select"] if database else []))
    url = redis.tcp.replace("//", "//app:secret@")
    use_all(make_redis(f"{url}/{database}"), item)
    assert refused(redis) == []


def test_the_rights_of_the_docs_are_enough_for_a_cluster(
    make_redis, cluster_process, rights, item
):
    for server in cluster_process:
        server.client.flushall()
        rights(server, "server", "+cluster|slots", "+command")
    url = f"redis+cluster://app:secret@127.0.0.1:{cluster_process[0].port}"
    use_all(make_redis(url), item)
    assert [refused(server) for server in cluster_process] == [[], []]


def test_the_rights_of_the_docs_are_enough_for_sentinel(
    make_redis, redis, sentinel_process, rights, item
):
    rights(redis, "server")
    rights(sentinel_process, "sentinel")
    url = sentinel_process.url.replace("//", "//app:secret@")
    bob = "?sentinel_username=app&sentinel_password=secret2"
    use_all(make_redis(f"{url}{bob}"), item)
    assert refused(redis) == []
    assert refused(sentinel_process) == []


def test_each_right_of_the_docs_is_needed(make_redis, redis, rights, item):
    for right in acl_of("server"):
        if right[0] != "+" or right == "+ping":
            continue
        rights(redis, "server", f"-{right[1:]}")
        repository = make_redis(redis.tcp.replace("//", "//app:secret@"))
        with pytest.raises(RepositoryUnavailable) as outage:
            use_all(repository, item)
        # "can't run this command": a script that calls it.
        assert re.search(r"permissions|can't run", str(outage.value))


def test_the_log_quotes_no_command(make_redis, redis, sentinel_of, item):
    redis.client.lpush("sessiontoken:key", "x")
    for url in (redis.tcp, sentinel_of(redis.port).url):
        repository = make_redis(url, timeout=5)
        with pytest.raises(RepositoryUnavailable) as outage:
            repository.renew(item, item.expires)
        told = str(outage.value)
        assert "against a key holding the wrong kind of value" in told
        assert "alice" not in told
        assert "sessiontoken:key" not in told


@pytest.mark.usefixtures("always_asked")
def test_a_pool_has_its_connection_back_after_an_outage(
    make_redis, redis, sentinel_of
):
    repository = make_redis(f"{sentinel_of(redis.port).url}?db=1", pool_size=1)
    assert repository.get("key") is None
    redis.freeze()
    try:
        for _ in range(2):
            seconds_until_unavailable(lambda: repository.get("key"))
    finally:
        redis.thaw()
    assert repository.get("key") is None
