"""Redis with TLS, users and passwords: a server, sentinels and a cluster."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support.programs import lack
from support.servers import RedisServer, is_whole, wait_until
from support.tls import Authority

HOST = "127.0.0.1"


def redis_with_tls():
    """Find a server that speaks TLS; that of a wheel does not."""
    for folder in os.get_exec_path():
        found = shutil.which("redis-server", path=folder)
        if found and b"tls-auth-clients" in Path(found).read_bytes():
            return found
    return lack("redis-server that speaks TLS")


class SecuredServer(RedisServer):
    """A server that speaks TLS alone, and knows alice by her password."""

    def __init__(self, folder, authority, *options):
        import redis

        program = redis_with_tls()
        super().__init__(folder, *options)
        pair = str(authority.pair(HOST))
        tls = (
            f"--port 0 --tls-port {self.port} --tls-cert-file {pair}"
            f" --tls-key-file {pair} --tls-ca-cert-file {authority.path}"
            " --tls-auth-clients no --tls-replication yes"
            " --tls-cluster yes"
        )
        self.command = [program, *self.command[1:], *tls.split()]
        self.client.close()
        self.client = redis.Redis(
            HOST, self.port, ssl=True, ssl_ca_certs=str(authority.path)
        )
        self.at = f"{HOST}:{self.port}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def secured_process(server_folder, authority):
    server = SecuredServer(server_folder, authority)
    server.start()
    server.client.execute_command(
        *"ACL SETUSER alice on >hunter2 ~* &* +@all".split()
    )
    yield server
    server.client.close()
    server.end()


@pytest.fixture(scope="session")
def secured_sentinel(server_folder, secured_process, authority):
    """A Sentinel that knows bob by his password."""
    path = tempfile.mkdtemp(dir=server_folder)
    with open(f"{path}/sentinel.conf", "w") as config:
        config.write(
            f"sentinel monitor mymaster {HOST} {secured_process.port} 1\n"
            "user bob on >looking-glass ~* &* +@all\n"
            "user default on nopass ~* &* -@all +ping\n"
        )
    server = SecuredServer(
        server_folder, authority, f"{path}/sentinel.conf", "--sentinel"
    )
    server.start()
    yield server
    server.client.close()
    server.end()


@pytest.fixture(scope="session")
def secured_cluster(server_folder, authority):
    """A cluster of one, with all slots."""
    server = SecuredServer(
        server_folder, authority, "--cluster-enabled", "yes"
    )
    server.start()
    execute = server.client.execute_command
    execute("CLUSTER ADDSLOTS", *range(16384))
    execute(*"ACL SETUSER alice on >hunter2 ~* &* +@all".split())
    wait_until(lambda: is_whole(server, 1))
    yield server
    server.client.close()
    server.end()
