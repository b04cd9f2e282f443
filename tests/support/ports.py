"""Ports for servers that several test processes start at the same time."""

import atexit
import errno
import socket
from contextlib import ExitStack

#: Ports below those that systems give to outgoing connections (from 32,768
#: on Linux, from 49,152 elsewhere). The bus of a Redis cluster listens on the
#: port 10,000 above that of its server.
PORTS = range(10_100, 20_000)

_reserved = ExitStack()
atexit.register(_reserved.close)


def free_port():
    """Give a port on which nothing listens, nor on that 10,000 above.

    A UDP socket of the same number reserves the port until this process
    ends: another test process finds it bound, and takes the next port.
    """
    for port in PORTS:
        mark = socket.socket(type=socket.SOCK_DGRAM)
        if _bind(mark, port) and _is_free(port) and _is_free(port + 10_000):
            _reserved.enter_context(mark)
            return port
        mark.close()
    raise RuntimeError(f"no port is free from {PORTS[0]} to {PORTS[-1]}")


def listens(port):
    """Tell whether a server takes connections."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port):
    with socket.socket() as server:
        return _bind(server, port)


def _bind(bound, port):
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        # Windows excludes some ports, and says so with EACCES.
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return False
    return True
