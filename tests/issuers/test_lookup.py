"""A name server that hangs holds nobody for long."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyramid_sessiontoken.issuers import lookup
from pyramid_sessiontoken.issuers.lookup import look_up


class NameServer:
    """Stands for ``getaddrinfo``, and answers when it is told to."""

    def __init__(self):
        self.asked = []
        self.asks = threading.Event()
        self.answers = threading.Event()
        self.error = None

    def __call__(self, host, port, **kw):
        self.asked.append(host)
        self.asks.set()
        assert self.answers.wait(30)
        if self.error is not None:
            raise self.error
        return [(host, port)]


@pytest.fixture
def name_server(monkeypatch):
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.answers.set()


def finish(server):
    """Let the lookups that are under way end."""
    running = list(lookup._under_way.values())
    server.answers.set()
    for thread in running:
        thread.join(30)
    assert not lookup._under_way


def test_an_address_is_found():
    addresses = look_up("127.0.0.1", 443, 30)

    assert addresses[0][4] == ("127.0.0.1", 443)
    assert not lookup._under_way


def test_nobody_waits_for_a_lookup_that_is_late(name_server):
    """With a time limit of 30 seconds each, this test would take minutes."""
    with pytest.raises(TimeoutError, match=r"does not answer for 'a\.example"):
        look_up("a.example", 443, 0)

    for _ in range(10):
        with pytest.raises(TimeoutError):
            look_up("a.example", 443, 30)

    assert name_server.asked == ["a.example"]
    finish(name_server)
    assert look_up("a.example", 443, 30) == [("a.example", 443)]
    assert len(name_server.asked) == 2


def test_other_hosts_are_looked_up_meanwhile(name_server):
    with pytest.raises(TimeoutError):
        look_up("a.example", 443, 0)
    name_server.answers.set()

    assert look_up("b.example", 443, 30) == [("b.example", 443)]


def test_all_wait_for_one_lookup(name_server):
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(look_up, "a.example", 443, 30)]
        assert name_server.asks.wait(30)
        waiting += [
            pool.submit(look_up, "a.example", 443, 30) for _ in range(3)
        ]
        name_server.answers.set()

        found = [each.result(30) for each in waiting]

    assert found == [[("a.example", 443)]] * 4


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")]
)
def test_a_host_that_is_not_there_is_an_os_error(name_server, error):
    name_server.error = error
    name_server.answers.set()

    with pytest.raises(OSError, match=r"unknown|too long"):
        look_up("a.example", 443, 30)
    assert not lookup._under_way


def test_a_lookup_that_a_fork_lost_holds_up_no_child(name_server, monkeypatch):
    with pytest.raises(TimeoutError):
        look_up("a.example", 443, 0)
    monkeypatch.setattr(lookup.os, "getpid", lambda: 1)
    name_server.answers.set()

    assert look_up("a.example", 443, 30) == [("a.example", 443)]
