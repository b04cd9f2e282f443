"""Redis is stopped, full, read-only, failed over, or refuses commands."""

import os
import socket
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.faults import times
from support.network import Network
from support.people import People, Person, views
from support.servers import RedisServer, stopped, wait_until

pytestmark = pytest.mark.server

ROUNDS = times(1, 20)

REDIS = {"repository": "redis", "repository.cache_ttl": "0"}


@pytest.fixture(scope="module")
def server(server_folder):
    """A server of this file alone, that tests may ruin."""
    made = RedisServer(server_folder, "--repl-diskless-sync-delay", "0")
    made.start()
    yield made
    made.client.close()
    made.end()


@pytest.fixture
def repository(server):
    server.client.flushall()
    return {**REDIS, "repository.url": server.tcp}


@contextmanager
def set_to(server, **values):
    """Configure a server otherwise, for a while."""
    names = {name: name.replace("_", "-") for name in values}
    before = {n: server.client.config_get(n)[n] for n in names.values()}
    for name, value in values.items():
        server.client.config_set(names[name], value)
    try:
        yield
    finally:
        for name, value in before.items():
            server.client.config_set(name, value)


# What answers nothing


@contextmanager
def gone(server):
    server.client.save()
    server.end()
    try:
        yield
    finally:
        server.start()


@contextmanager
def secretive(server):
    """It wants a password that the application does not know."""
    with set_to(server, requirepass="secret"):
        # Connections that are open stay what they are.
        server.client.execute_command("CLIENT KILL TYPE normal SKIPME yes")
        yield


@contextmanager
def forbidding(server):
    """The application may do nothing any more."""
    import redis

    server.client.acl_setuser(
        "admin", enabled=True, nopass=True, commands=["+@all"]
    )
    admin = redis.Redis(port=server.port, username="admin", password="any")
    with closing(admin):
        admin.execute_command("ACL SETUSER default -@all")
        try:
            yield
        finally:
            admin.execute_command("ACL SETUSER default +@all")
    server.client.acl_deluser("admin")


#: Slow enough for requests to come meanwhile; microseconds.
SLOWLY = ["--key-load-delay", "40000"]


@contextmanager
def loading(server):
    """It reads its data from the disk, which takes long."""
    # It looks at requests after each 2 MB.
    server.client.mset({f"{n}": os.urandom(1 << 18) for n in range(160)})
    server.client.save()
    server.end()
    server.command += SLOWLY
    server.ready = lambda: is_loading(server)
    try:
        server.start()
        yield
    finally:
        del server.command[-len(SLOWLY) :]
        server.ready = server.is_ready
        server.end()
        server.start()
        server.client.delete(*map(str, range(160)))


def is_loading(server):
    # redis-py would wait until it has its data.
    try:
        with socket.create_connection(("127.0.0.1", server.port), 1) as way:
            way.sendall(b"PING\r\n")
            return way.recv(100).startswith(b"-LOADING")
    except OSError:
        return False


OUTAGES = [stopped, gone, secretive, forbidding, loading]


@pytest.mark.parametrize("fault", OUTAGES, ids=lambda f: f.__name__)
def test_an_outage_is_told_and_passes(people, server, fault, counted):
    for _ in range(ROUNDS):
        said = f"a Redis that is {fault.__name__}"
        people.go_through(fault(server), counted, said)


# What reads, and does not write


@contextmanager
def full(server):
    with set_to(server, maxmemory=1):
        yield


@contextmanager
def following(server):
    """Another server writes."""
    server.client.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        server.client.replicaof("NO", "ONE")


@contextmanager
def without_a_disk(server):
    """It cannot save (MISCONF), so it takes no writes."""
    file = Path(server.path, "dump.rdb")
    file.unlink(missing_ok=True)
    # No file can take the name of a folder that holds something.
    (file / "x").mkdir(parents=True)
    with set_to(server, save="3600 1"):
        server.client.bgsave()
        wait_until(lambda: has_saved(server, "err"))
        try:
            yield
        finally:
            (file / "x").rmdir()
            file.rmdir()
            server.client.bgsave()
            wait_until(lambda: has_saved(server, "ok"))


def has_saved(server, how):
    info = server.client.info("persistence")
    return (
        not info["rdb_bgsave_in_progress"]
        and info["rdb_last_bgsave_status"] == how
    )


@pytest.mark.parametrize(
    "fault", [full, following, without_a_disk], ids=lambda f: f.__name__
)
def test_what_only_reads_serves_and_confirms_no_change(
    people, server, fault, counted
):
    for _ in range(ROUNDS):
        people.check_reading(fault(server))
        counted[f"a Redis that is {fault.__name__}"] += 1


def test_a_failover_is_followed(make, server, server_folder, counted):
    """A name leads to another server, once the first one only reads."""
    server.client.flushall()
    other = RedisServer(server_folder, "--repl-diskless-sync-delay", "0")
    other.start()
    network = Network(server.port)
    with closing(network), closing(other.client):
        client = make(
            {
                **REDIS,
                "repository.url": f"redis://127.0.0.1:{network.port}",
                "token.form": "reference",
                "cookie.form": "reference",
            },
            setup=views,
        )
        people = People(client)
        leaving = Person(client)
        servers = [server, other]
        try:
            for _ in range(times(2, 20)):
                former, latter = servers
                latter.client.replicaof("127.0.0.1", former.port)
                wait_until(lambda s=latter: is_in_step(s))
                for headers in leaving.shown:
                    assert leaving.sign_out(headers)
                wait_until(lambda f=former, s=latter: is_level(f, s))
                former.client.replicaof("127.0.0.1", latter.port)
                assert not any(person.sign_in() for person in people.all)
                network.target = latter.port
                latter.client.replicaof("NO", "ONE")
                people.check_recovered()
                for headers in leaving.shown:
                    leaving.check_ended(headers)
                leaving = Person(client)
                servers.reverse()
                counted["failovers of Redis"] += 1
        finally:
            server.client.replicaof("NO", "ONE")
            other.end()


def is_in_step(server):
    return server.client.info("replication")["master_link_status"] == "up"


def is_level(former, latter):
    return (
        former.client.info("replication")["master_repl_offset"]
        <= latter.client.info("replication")["slave_repl_offset"]
    )


def test_data_that_is_lost_brings_nothing_back(make, server, counted):
    """Stored sessions end. What the records of revocations ended is not
    remembered, so self-contained tokens are believed again.
    """
    for form in ("reference", "self-contained"):
        client = make(
            {
                **REDIS,
                "repository.url": server.tcp,
                "token.form": form,
                "cookie.form": form,
            },
            setup=views,
        )
        staying, leaving = Person(client), Person(client)
        assert leaving.sign_out(leaving.header)
        leaving.check_ended(leaving.header)
        server.client.flushall()
        if form == "reference":
            for person in (staying, leaving):
                for headers in person.shown:
                    person.check_ended(headers)
        else:
            # Said in docs/explanation/faults.rst.
            assert leaving.is_served(leaving.header)
        assert staying.sign_in()
        counted["a Redis that lost all data"] += 1
