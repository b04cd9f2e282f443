"""requests and httpx, with the authentications that the docs show."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
import requests

from pyramid_sessiontoken.events import SessionIssued

EXPIRED = (
    'Session realm="session", error="invalid_token",'
    ' error_description="The token expired"'
)


@pytest.fixture
def with_requests(page, service):
    """Give what asks, and the authentication."""
    auth = page.SessionToken(service.url, "alice", "alice")
    with requests.Session() as session:
        session.trust_env = False
        session.auth = auth

        def ask(path, **options):
            return session.get(f"{service.url}{path}", **options)

        yield ask, auth


@pytest.fixture
def with_httpx(page, service):
    auth = page.SessionTokenAuth(service.url, "alice", "alice")
    options = {"base_url": service.url, "auth": auth, "trust_env": False}
    with httpx.Client(**options) as client:
        yield client.get, auth


@pytest.fixture
def with_async_httpx(page, service):
    auth = page.SessionTokenAuth(service.url, "alice", "alice")
    options = {"base_url": service.url, "auth": auth, "trust_env": False}

    def ask(path, **more):
        async def ask_once():
            async with httpx.AsyncClient(**options) as client:
                return await client.get(path, **more)

        return asyncio.run(ask_once())

    return ask, auth


@pytest.fixture(params=["with_requests", "with_httpx", "with_async_httpx"])
def client(request):
    return request.getfixturevalue(request.param)


def test_a_password_is_swapped_once_and_the_token_shown(client, service):
    ask, auth = client
    answers = [ask("/identity") for _ in range(3)]
    assert [a.json()["userid"] for a in answers] == ["alice"] * 3
    assert {a.json()["authenticator"] for a in answers} == {"session"}
    shown = {a.request.headers["Authorization"] for a in answers}
    assert shown == {f"Session {auth.token}"}
    assert ask("/admin").text == "hello"


def test_a_renewed_token_is_the_token_from_then_on(client, service):
    ask, auth = client
    first = ask("/token/status").json()
    assert first["active"] is True
    before = auth.token
    service.clock.advance(first["renews_in"])
    assert ask("/identity").json()["userid"] == "alice"
    renewed = auth.token
    assert renewed != before
    service.clock.advance(3000)
    assert ask("/admin").status_code == 200
    status = ask("/token/status").json()
    # The same session, with the same end.
    assert status["session_expires_in"] == 36000 - first["renews_in"] - 3000
    assert auth.token != renewed


MANY = 6


def in_threads(page, url):
    """Send many requests with requests; give their statuses each time."""
    auth = page.SessionToken(url, "alice", "alice")

    def ask(_):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{url}/admin", auth=auth).status_code

    while True:
        with ThreadPoolExecutor(MANY) as threads:
            yield set(threads.map(ask, range(MANY)))


def in_threads_of_httpx(page, url):
    auth = page.SessionTokenAuth(url, "alice", "alice")
    with httpx.Client(auth=auth, trust_env=False, timeout=20) as client:

        def ask(_):
            return client.get(f"{url}/admin").status_code

        while True:
            with ThreadPoolExecutor(MANY) as threads:
                yield set(threads.map(ask, range(MANY)))


def in_tasks(page, url):
    auth = page.SessionTokenAuth(url, "alice", "alice")

    async def ask():
        async with httpx.AsyncClient(
            auth=auth, trust_env=False, timeout=20
        ) as client:
            asked = (client.get(f"{url}/admin") for _ in range(MANY))
            answers = await asyncio.gather(*asked)
        return {answer.status_code for answer in answers}

    with closing(asyncio.new_event_loop()) as loop:
        while True:
            yield loop.run_until_complete(ask())


@pytest.mark.parametrize("ask", [in_threads, in_threads_of_httpx, in_tasks])
def test_many_requests_at_once_swap_once(page, serve, ask):
    issued = []
    service = serve(
        setup=lambda config: config.add_subscriber(
            issued.append, SessionIssued
        )
    )
    answers = ask(page, service.url)

    assert next(answers) == {200}
    assert len(issued) == 1
    service.clock.advance(2 * 3600)
    assert next(answers) == {200}
    assert len(issued) == 2
    answers.close()


def test_an_expired_token_is_replaced(client, service):
    ask, auth = client
    assert ask("/admin").status_code == 200
    before = auth.token
    service.clock.advance(2 * 3600)
    answer = ask("/admin")
    assert (answer.status_code, answer.text) == (200, "hello")
    assert auth.token != before
    assert ask("/token/status").json()["session_expires_in"] == 36000


def test_a_403_is_passed_on_without_another_swap(page, service, client):
    """A 403 is no reason to swap the password again."""
    ask, auth = client
    assert ask("/identity").status_code == 200
    before = auth.token
    assert ask("/forbidden").status_code == 403
    assert auth.token == before


def test_a_wrong_password_is_an_error(page, service):
    auth = page.SessionToken(service.url, "alice", "wrong")
    with pytest.raises(requests.HTTPError, match="401"):
        requests.get(f"{service.url}/identity", auth=auth, timeout=20)
    auth = page.SessionTokenAuth(service.url, "alice", "wrong")
    with (
        httpx.Client(auth=auth, trust_env=False) as session,
        pytest.raises(httpx.HTTPStatusError, match="401"),
    ):
        session.get(f"{service.url}/identity")


def test_a_token_is_not_sent_to_another_host(page, service, serve):
    """Another host answers 401 as well, to learn the token."""
    other = serve()
    auth = page.SessionToken(service.url, "alice", "alice")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{service.url}/identity", auth=auth)
        assert answer.json()["userid"] == "alice"
        answer.url = answer.request.url = f"{other.url}/admin"
        answer.status_code = 401
        before = auth.token
        assert auth.answered(answer) is answer
    assert auth.token == before


def test_clients_can_tell_an_expired_token_from_other_refusals(service):
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        answer = client.post("/token", auth=("alice", "alice"))
        headers = {"Authorization": f"Session {answer.json()['access_token']}"}
        nothing = client.get("/admin")
        junk = client.get("/admin", headers={"Authorization": "Session junk"})
        service.clock.advance(2 * 3600)
        expired = client.get("/admin", headers=headers)
    answers = [nothing, junk, expired]
    assert [answer.status_code for answer in answers] == [401] * 3
    said = [
        [c for c in a.headers.get_list("WWW-Authenticate") if "Session" in c]
        for a in answers
    ]
    assert said == [
        ['Session realm="session"'],
        ['Session realm="session", error="invalid_token"'],
        [EXPIRED],
    ]
