"""The client of a phone, against the application."""

import threading

import httpx
import pytest
from tasks_client import make_client

from .conftest import PASSWORD

DAY = 24 * 3600
MANY = 8


@pytest.fixture
def phone(app, add_user):
    """A client, and how often it asked its user."""
    add_user("alice")
    asked = []

    def ask():
        asked.append("alice")
        return "alice", PASSWORD

    transport = httpx.WSGITransport(app)
    with make_client("https://tasks.example", ask, transport=transport) as it:
        yield it, asked


def at_once(client, count=MANY):
    """Send requests from threads that start together; give the statuses."""
    barrier, statuses = threading.Barrier(count), []

    def send():
        barrier.wait()
        statuses.append(client.get("/tasks").status_code)

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_many_requests_at_once_sign_in_once(phone, clock):
    client, asked = phone
    assert at_once(client) == [200] * MANY
    assert len(asked) == 1

    # The session expired; it is begun anew once.
    clock.advance(31 * DAY)
    assert at_once(client) == [200] * MANY
    assert len(asked) == 2


def test_a_phone_in_use_is_not_asked_for_a_month(phone, clock):
    client, asked = phone
    for _ in range(7):
        assert client.get("/tasks").status_code == 200
        clock.advance(4 * DAY)
    assert len(asked) == 1


def test_a_token_that_was_kept_is_good_after_a_restart(phone, app):
    client, asked = phone
    client.get("/tasks")
    token, transport = client.auth.token, httpx.WSGITransport(app)
    with make_client(
        "https://tasks.example", asked.clear, token, transport=transport
    ) as restarted:
        assert restarted.get("/tasks").status_code == 200
    assert len(asked) == 1


def test_a_wrong_password_is_told(phone):
    client, _ = phone
    client.auth.ask = lambda: ("alice", "a guess")
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        client.get("/tasks")
