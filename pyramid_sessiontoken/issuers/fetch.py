"""Fetch a small document within a time limit."""

from __future__ import annotations

import io
import ipaddress
import re
import socket
import ssl
import time
from contextlib import closing
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from .lookup import look_up

#: The most seconds that a fetch takes, from the first connection to the last
#: byte.
TIMEOUT = 3.0

_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_OK = 200


def check_url(url: str) -> str:
    """Give a URL back that may be fetched: ``https``, or ``http`` on this host
    itself.

    :raises ValueError: for every other URL.
    """
    if _PRINTABLE.fullmatch(url) is None:
        raise ValueError(
            "the URL must contain printable ASCII characters only"
        )
    parts = urlsplit(url)
    if parts.port == 0 or not parts.hostname:
        raise ValueError("the URL must name a host")
    if "@" in parts.netloc or "#" in url:
        raise ValueError("the URL must not have a user or a fragment")
    if parts.scheme == "https":
        return url
    if parts.scheme == "http" and _is_loopback(parts.hostname):
        return url
    raise ValueError("the URL must begin with https://")


def fetch(url: str, limit: int, timeout: float = TIMEOUT) -> bytes:
    """Give the document at a URL. Redirects are not followed, and compressed
    answers are refused.

    :param limit: the most bytes.
    :param timeout: the most seconds, for all of it.
    :raises OSError: if the server does not answer in time.
    :raises http.client.HTTPException: for an answer that is not HTTP.
    :raises ValueError: for an answer without the document.
    """
    deadline = time.monotonic() + timeout
    parts = urlsplit(url)
    with closing(_connect(url, deadline)) as sock:
        target = (parts.path or "/") + (parts.query and f"?{parts.query}")
        request = (
            f"GET {target} HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\n"
            "Accept: application/jwk-set+json, application/json\r\n"
            "Accept-Encoding: identity\r\n"
            "User-Agent: pyramid_sessiontoken\r\n"
            "Connection: close\r\n\r\n"
        )
        sock.sendall(request.encode("ascii"))
        received: Any = _Received(sock, deadline)
        with HTTPResponse(received, method="GET") as response:
            response.begin()
            return _read(response, limit)


def _read(response: HTTPResponse, limit: int) -> bytes:
    if response.status != _OK:
        raise ValueError(f"the status of the answer is {response.status}")
    if response.getheader("Content-Encoding", "identity") != "identity":
        raise ValueError("the answer is compressed")
    body = response.read(limit + 1)
    if len(body) > limit:
        raise ValueError(f"the answer is larger than {limit} bytes")
    return body


def _connect(url: str, deadline: float) -> socket.socket:
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    left = _seconds_left(deadline)
    sock = _connect_to_one(look_up(host, port, left), deadline)
    if not secure:
        return sock
    sock.settimeout(_seconds_left(deadline))
    context = ssl.create_default_context()
    # If the handshake fails, this closes the socket.
    return context.wrap_socket(sock, server_hostname=host)


def _connect_to_one(addresses: list[Any], deadline: float) -> socket.socket:
    """Connect to the first address that answers."""
    refused: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_seconds_left(deadline))
            sock.connect(address)
        except OSError as error:
            sock.close()
            refused = error
        else:
            return sock
    raise refused


class _Received(io.RawIOBase):
    """The bytes that a socket receives until a deadline. The timeout of the
    socket itself is not enough: it begins again with every byte.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_seconds_left(self._deadline))
        return self._sock.recv_into(buffer)


def _seconds_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the answer takes too long")
    return left


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
