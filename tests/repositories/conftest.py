"""The clock of the servers, an item, repositories in Redis, and forks."""

import os
import tempfile
import time

import pytest
from support.items import item_of
from support.servers import RedisServer

from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.testing import ManualClock


@pytest.fixture
def clock():
    """Give a clock that begins at the present time, like those of servers."""
    return ManualClock(int(time.time()))


@pytest.fixture
def item(clock):
    return item_of(clock)


@pytest.fixture
def make_redis(clock):
    """Make repositories whose connections are closed at the end."""
    made = []

    def make_repository(url, **kw):
        made.append(RedisRepository(url, clock, **kw))
        return made[-1]

    yield make_repository
    for repository in made:
        repository.close()


@pytest.fixture
def in_child():
    """Run a function in a fork; give its result as a text."""

    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")

    def run(call):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writing, repr(call()).encode())
            except BaseException as error:  # noqa: BLE001
                os.write(writing, repr(error).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
        os.waitpid(pid, 0)
        return text

    return run


@pytest.fixture
def url_of(secured_process, authority, request):
    """Give the URL of a way; each has TLS, and alice's password."""

    def make(way, query="", user="alice:hunter2"):
        ca = f"ssl_ca_certs={authority.path}{query}"
        if way == "sentinel":
            sentinel = request.getfixturevalue("secured_sentinel")
            bob = "sentinel_username=bob&sentinel_password=looking-glass"
            return (
                f"rediss+sentinel://{user}@{sentinel.at}/mymaster?{bob}&{ca}"
            )
        if way == "cluster":
            cluster = request.getfixturevalue("secured_cluster")
            return f"rediss+cluster://{user}@{cluster.at}?{ca}"
        return f"rediss://{user}@{secured_process.at}?{ca}"

    return make


@pytest.fixture
def sentinel_of(server_folder):
    """Make sentinels that name a port as that of the master."""
    made = []

    def make(port):
        path = tempfile.mkdtemp(dir=server_folder)
        with open(f"{path}/sentinel.conf", "w") as config:
            config.write(f"sentinel monitor mymaster 127.0.0.1 {port} 1\n")
        words = (f"{path}/sentinel.conf", "--sentinel")
        server = RedisServer(server_folder, *words)
        server.url = f"redis+sentinel://127.0.0.1:{server.port}/mymaster"
        server.start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.client.close()
        server.end()
