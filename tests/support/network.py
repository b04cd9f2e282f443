"""A slow and lossy network between a client and its server."""

import contextlib
import socket
import threading


class Fault:
    """What happens to the bytes that a server answers: they pass."""

    def accept(self):
        """Tell whether a new connection is passed on."""
        return True

    def change(self, data, passed, wait):
        """Give the bytes to pass; ``None`` to break the connection.

        :param passed: how many bytes of this connection passed before.
        :param wait: waits for some seconds.
        """
        return data


class Delay(Fault):
    """Each answer comes late."""

    def __init__(self, seconds):
        self._seconds = seconds

    def change(self, data, passed, wait):
        wait(self._seconds)
        return data


class Cut(Fault):
    """Each connection breaks after so many bytes."""

    def __init__(self, length):
        self._length = length

    def change(self, data, passed, wait):
        left = self._length - passed
        return data[:left] if left > 0 else None


class Hole(Fault):
    """All answers vanish, and the connections stay open."""

    def change(self, data, passed, wait):
        return b""


class Refuse(Fault):
    """There is no way to the server."""

    def accept(self):
        return False

    def change(self, data, passed, wait):
        return None


class Trickle(Fault):
    """An answer comes in small pieces, one after the other."""

    def __init__(self, length, seconds):
        self._length, self._seconds = length, seconds

    def change(self, data, passed, wait):
        wait(self._seconds)
        return data[: self._length]


class Lossy(Fault):
    """Some answers vanish, some come late, and some connections break."""

    def __init__(self, random, seconds):
        self._random, self._seconds = random, seconds

    def change(self, data, passed, wait):
        what = self._random.random()
        if what < 0.03:
            return None
        if what < 0.06:
            return b""
        if what < 0.2:
            wait(self._random.uniform(0, self._seconds))
        return data


class Network:
    """Pass TCP connections on to a port of this machine.

    :ivar port: where clients connect.
    :ivar target: the port of the server; another one for new connections.
    :ivar fault: what happens to the answers; ``fault_free`` for nothing.
    """

    fault_free = Fault()

    def __init__(self, target):
        self.target, self.fault = target, self.fault_free
        self._over = threading.Event()
        self._sockets, self._lock = set(), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = []
        self._start(self._accept)

    def close(self):
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for each in self._sockets:
                _shut(each)
        for thread in self._threads:
            thread.join()

    def leave(self):
        """Break all connections."""
        with self._lock:
            for each in self._sockets:
                _shut(each)

    def _start(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                if not self.fault.accept():
                    raise OSError
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets |= {client, server}
            self._start(self._pass, client, server)

    def _pass(self, client, server):
        """Pass one connection on; close it at its end."""
        back = threading.Thread(target=self._answer, args=(server, client))
        back.start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        _shut(server)
        back.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _answer(self, server, client):
        passed = 0
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                while data:
                    piece = self.fault.change(data, passed, self._over.wait)
                    if piece is None:
                        data = b""
                        _shut(client)
                        break
                    client.sendall(piece)
                    passed += len(piece)
                    # A hole swallows all; a cut goes on with the rest.
                    data = data[len(piece) :] if piece else b""
        _shut(client)


def _shut(each):
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
