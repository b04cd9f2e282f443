"""What stands between a client and its server: a proxy, and a pooler."""

import contextlib
import os
import selectors
import shutil
import socket
import tempfile
import threading

import pytest

from support.ports import free_port
from support.programs import lack
from support.servers import Server, unprivileged


class Proxy:
    """Pass TCP connections on; forget them as a firewall does: what comes
    from then on is dropped, and neither side is told.

    :ivar port: where clients connect.
    """

    def __init__(self, target):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.accepted = 0
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._sockets, self._forgotten = set(), set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def forget(self):
        """Forget the connections there are; new ones are passed on."""
        with self._lock:
            self._forgotten |= self._sockets

    def cut(self):
        """Break the connections there are, and refuse new ones."""
        with self._lock:
            self._is_cut = True
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self._is_cut = False

    def close(self):
        self._waker.close()
        self._thread.join()
        for each in (*self._sockets, self._listener, self._woken):
            each.close()
        self._selector.close()

    def _run(self):
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._pass(key.fileobj, key.data)

    def _accept(self):
        client, _ = self._listener.accept()
        if self._is_cut:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        self.accepted += 1
        with self._lock:
            self._sockets |= {client, server}
        self._selector.register(client, selectors.EVENT_READ, server)
        self._selector.register(server, selectors.EVENT_READ, client)

    def _pass(self, source, sink):
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        with self._lock:
            forgotten = source in self._forgotten
        if data and not forgotten:
            with contextlib.suppress(OSError):
                sink.sendall(data)
            return
        if data:
            return
        self._selector.unregister(source)
        if not forgotten:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy():
    """Make proxies to ports of this machine."""
    made = []

    def make(port):
        made.append(Proxy(port))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["refuses options", "ignores options"])
def pgbouncer(request, server_folder, postgresql):
    """A PgBouncer before PostgreSQL, that pools transactions."""
    program = shutil.which("pgbouncer")
    if program is None:
        lack("pgbouncer")
    user = unprivileged()
    path = tempfile.mkdtemp(dir=server_folder)
    port = free_port()
    ignored = "extra_float_digits"
    if request.param == "ignores options":
        ignored += ", options"
    with open(f"{path}/users.txt", "w") as users:
        users.write('"tests" ""\n')
    with open(f"{path}/pgbouncer.ini", "w") as config:
        config.write(
            "[databases]\n"
            f"postgres = host=127.0.0.1 port={postgresql.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\n"
            f"unix_socket_dir =\nauth_type = trust\n"
            f"auth_file = {path}/users.txt\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n"
            f"ignore_startup_parameters = {ignored}\n"
        )
    if user:
        os.chown(path, user["user"], user["group"])

    def is_ready():
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    server = Server([program, f"{path}/pgbouncer.ini"], is_ready, **user)
    server.crash = "SIGTERM"
    server.port = port
    server.start()
    yield server
    server.end()
