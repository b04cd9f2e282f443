"""Many sessions: a cluster that loses a node, and a table of partitions."""

import pytest
from redis.crc import key_slot
from support.partitions import DAY, partition
from support.servers import RedisServer, wait_until

from pyramid_sessiontoken.interfaces import ISessionStore, ITokenRepository
from pyramid_sessiontoken.repositories.redis_connections import Connections

HOUR = 3600
SLOTS = [range(5461), range(5461, 10923), range(10923, 16384)]


class Node(RedisServer):
    """A node of a cluster that soon notices when another one is dead."""

    def __init__(self, folder):
        options = "--cluster-enabled yes --cluster-node-timeout 500"
        super().__init__(folder, *options.split())
        self.start()
        self.id = self.tell_node("CLUSTER MYID").decode()

    def tell_node(self, *words):
        return self.client.execute_command(*words)

    def meet(self, others):
        for each in others:
            self.tell_node("CLUSTER MEET", "127.0.0.1", each.port)

    def sees(self, count):
        info = self.client.cluster("INFO")
        return (
            info["cluster_state"] == "ok"
            and int(info["cluster_slots_ok"]) == 16384
            and int(info["cluster_known_nodes"]) == count
        )


@pytest.fixture
def nodes(server_folder):
    """Three nodes with slots, and a replica of the first one."""
    made = [Node(server_folder) for _ in range(4)]
    for node, slots in zip(made, SLOTS, strict=False):
        node.tell_node("CLUSTER ADDSLOTS", *slots)
    made[0].meet(made[1:])
    wait_until(lambda: all(node.sees(4) for node in made))
    made[3].tell_node("CLUSTER REPLICATE", made[0].id)
    wait_until(lambda: made[3].client.info()["role"] == "slave")
    yield made
    for node in made:
        node.client.close()
        node.end()


def shown(token):
    return {"Authorization": f"Session {token}"}


def lives(client, token):
    """Tell whether a session lives; ask again while the server is down."""
    answers = []

    def is_answered():
        answers.append(
            client.get("/token/status", headers=shown(token), status="*")
        )
        return answers[-1].status_code != 503

    wait_until(is_answered)
    return answers[-1].json["active"]


@pytest.mark.server
def test_a_node_of_a_cluster_dies_and_is_replaced(make, nodes, server_folder):
    """First one that has a replica, then one that has none."""
    one, two, three, replica = nodes
    client = make(
        {
            "repository": "redis",
            "repository.url": f"redis+cluster://127.0.0.1:{two.port},"
            f"127.0.0.1:{three.port}",
            "repository.timeout": "5s",
            "repository.cache_ttl": "0",
            "token.form": "reference",
        }
    )
    tokens = [client.swap(f"u{n}")["access_token"] for n in range(24)]
    assert all(lives(client, token) for token in tokens)
    # What was answered is soon on the replica, too.
    wait_until(lambda: replica.client.dbsize() == one.client.dbsize())

    one.end()
    wait_until(lambda: replica.client.info()["role"] == "master")
    wait_until(lambda: all(n.sees(4) for n in (two, three, replica)))
    assert all(lives(client, token) for token in tokens)
    assert client.swap("u99")["access_token"]

    # Without a replica, its third of the slots is lost.
    store = client.registry.getUtility(ISessionStore)
    repository = client.registry.getUtility(ITokenRepository)

    def is_on_two(name):
        return key_slot(name) in SLOTS[1]

    lost = {
        token
        for token in tokens
        if is_on_two(repository._name(store.names.ticket(token)))
    }
    assert 0 < len(lost) < len(tokens)
    two.end()
    fresh = Node(server_folder)
    nodes.append(fresh)
    for node in (three, replica):
        for dead in (one, two):
            node.tell_node("CLUSTER FORGET", dead.id)
    fresh.tell_node("CLUSTER ADDSLOTS", *SLOTS[1])
    fresh.tell_node("CLUSTER BUMPEPOCH")
    fresh.meet([three, replica])
    wait_until(lambda: all(n.sees(3) for n in (three, replica, fresh)))
    kept = {token for token in tokens if lives(client, token)}
    assert kept == set(tokens) - lost
    # Whoever lost a session signs in again, where the new node is asked.
    again = [client.swap(f"u{n}")["access_token"] for n in range(24)]
    assert all(lives(client, token) for token in again)
    assert fresh.client.dbsize() > 0

    # A session whose index is lost is not in the list of its user, and does
    # not end with the others; it ends by its own name.
    number, token = next(
        (number, token)
        for number, token in enumerate(tokens)
        if token in kept
        and is_on_two(
            repository._index(store.names.subject_of_user(f"u{number}"))
        )
    )
    ticket = store.retrieve(token)
    assert [*store.tickets_of(f"u{number}")] == [store.retrieve(again[number])]
    assert store.remove_all_of(f"u{number}") == 1
    assert store.retrieve(token) == ticket
    store.remove_session(ticket.sid)
    assert store.retrieve(token) is None
    repository.close()


@pytest.mark.server
def test_partitions_are_dropped_in_place_of_a_purge(make, postgresql):
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": postgresql.url,
            "repository.timeout": "10s",
            "repository.cache_ttl": "0",
            "repository.purge": "off",
            "token.form": "reference",
        }
    )
    partition(postgresql, client.clock.now(), days=3)

    def rows():
        found = postgresql.execute(
            "SELECT tableoid::regclass::text, count(*) FROM session_tokens"
            " GROUP BY 1"
        )
        return {name.removeprefix("session_tokens_"): n for name, n in found}

    first = [client.swap(f"u{n}")["access_token"] for n in range(3)]
    assert rows() == {"0": 3}
    client.clock.advance(DAY - HOUR - 600)
    evening = client.swap("u1")["access_token"]
    assert rows() == {"0": 4}
    client.clock.advance(HOUR - 600)
    # Its renewal moves it into the partition of the next day.
    headers = shown(evening)
    client.post("/token/renew", headers=headers)
    assert lives(client, evening)
    assert rows() == {"0": 3, "1": 1}
    client.clock.advance(1200)
    last = client.swap("u1")["access_token"]
    listed = client.registry.getUtility(ISessionStore).tickets_of("u1")
    assert len([*listed]) == 2

    # All that is in the first one has expired: it goes, with no DELETE.
    postgresql.execute("DROP TABLE session_tokens_0")
    assert rows() == {"1": 2}
    assert [lives(client, t) for t in (*first, evening, last)] == [
        *[False] * 3,
        True,
        True,
    ]
    # The next day comes before it begins. Marks of all sessions of a user
    # last 400 days, so they are in the partition for the rest.
    begin = client.clock.now() // DAY * DAY + 3 * DAY
    postgresql.execute(
        "CREATE TABLE session_tokens_9 PARTITION OF session_tokens"
        f" FOR VALUES FROM ({begin + DAY}) TO ({begin + 2 * DAY})"
    )
    client.delete("/token", headers=shown(last), status=204)
    assert not lives(client, last)
    assert lives(client, evening)
    client.registry.getUtility(ITokenRepository).close()


@pytest.fixture
def trips(monkeypatch):
    """Count the round trips to Redis."""
    counted, execute = [], Connections.execute

    def count(self, commands):
        counted.append(commands)
        return execute(self, commands)

    monkeypatch.setattr(Connections, "execute", count)
    return counted


@pytest.mark.server
def test_a_session_in_redis_is_small_and_costs_few_round_trips(
    make, redis, trips
):
    client = make(
        {
            "repository": "redis",
            "repository.url": redis.tcp,
            "repository.timeout": "5s",
            "repository.cache_ttl": "0",
            "token.form": "reference",
        }
    )

    def trips_of(call, *args, **kw):
        trips.clear()
        call(*args, **kw)
        return len(trips)

    browser = {"HTTP_USER_AGENT": "Mozilla/5.0 " + "x" * 100}
    assert trips_of(client.swap, "u0", extra_environ=browser) == 3
    for number in range(1, 30):
        client.swap(f"u{number // 3}", extra_environ=browser)

    names = [*redis.client.scan_iter()]
    assert len(names) == 30 + 10
    taken = sum(redis.client.memory_usage(name) for name in names)
    assert taken / 30 <= 600

    token = client.swap("u9")["access_token"]
    headers = shown(token)
    assert trips_of(client.get, "/token/status", headers=headers) == 1
    client.clock.advance(1800)
    assert trips_of(client.post, "/token/renew", headers=headers) == 5
    assert trips_of(client.delete, "/token", headers=headers) == 4
    store = client.registry.getUtility(ISessionStore)
    assert trips_of(list, store.tickets_of("u9")) == 2
    client.registry.getUtility(ITokenRepository).close()
