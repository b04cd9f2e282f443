"""An application uses one response object for many requests."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.security import forget, remember

PRIVATE = ("Set-Cookie", "Session-Token", "Cache-Control")


@pytest.fixture(params=[Response, lambda: HTTPFound("/identity")])
def shared(request):
    return request.param()


@pytest.fixture
def site(make, shared):
    """The recipe for robots.txt of Pyramid's cookbook, and pages that sign in
    and out and give the same response.
    """

    def robots(request):
        request.authenticated_userid  # noqa: B018
        return shared

    def leave(request):
        forget(request)
        return shared

    def setup(config):
        config.add_route("robots", "/robots.txt")
        config.add_view(robots, route_name="robots")
        config.add_route("plain", "/plain")
        config.add_view(lambda request: shared, route_name="plain")
        config.add_route("leave", "/leave")
        config.add_view(leave, route_name="leave")
        config.add_route("enter", "/enter")
        config.add_view(
            lambda request: Response(headers=remember(request, "alice")),
            route_name="enter",
        )

    return make(setup=setup)


def private_headers(response):
    return {
        name: response.headers.getall(name)
        for name in PRIVATE
        if name in response.headers
    }


@pytest.mark.parametrize("path", ["/robots.txt", "/plain"])
def test_a_renewed_cookie_reaches_its_own_client_only(site, path):
    stranger = site.fresh()
    site.get("/enter")
    site.clock.advance(2000)

    assert "Set-Cookie" in private_headers(site.get("/robots.txt"))
    assert private_headers(stranger.get(path)) == {}
    assert stranger.get("/identity").json["userid"] is None
    assert site.get("/identity").json["userid"] == "alice"


@pytest.mark.parametrize("path", ["/robots.txt", "/plain"])
def test_a_renewed_token_reaches_its_own_client_only(site, path):
    token = site.swap()["access_token"]
    site.clock.advance(2000)

    renewed = site.ask(token, "/robots.txt")
    assert renewed.headers["Session-Token"] != token
    assert private_headers(site.fresh().get(path)) == {}


@pytest.mark.parametrize("path", ["/robots.txt", "/plain"])
def test_a_deletion_reaches_its_own_client_only(site, path):
    site.get("/enter")
    other = site.fresh()
    other.get("/enter")

    assert "Max-Age=0" in site.get("/leave").headers["Set-Cookie"]
    assert private_headers(other.get(path)) == {}
    assert other.get("/identity").json["userid"] == "alice"


def test_a_request_in_between_gets_no_cookie_and_no_token(site, shared):
    """The response was completed for one client, and is not sent yet."""
    answers = []
    stranger = site.fresh()

    def visit(event):
        if event.request.path == "/robots.txt" and not answers:
            answers.append(None)
            answers[0] = stranger.get("/plain")

    site.registry.registerHandler(visit, (NewResponse,))
    site.get("/enter")
    site.clock.advance(2000)

    mine = site.get("/robots.txt")
    assert "Set-Cookie" in private_headers(mine)
    assert private_headers(answers[0]) == {}


def test_parallel_requests_get_their_own_cookies_and_tokens(site):
    clients = []
    for number in range(8):
        client = site.fresh()
        if number % 2:
            client.get("/enter")
        clients.append(client)
    site.clock.advance(2000)
    barrier = threading.Barrier(len(clients))

    def visit(client):
        barrier.wait(30)
        return [client.get("/robots.txt") for _ in range(20)]

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(visit, clients))
    for number, given in enumerate(answers):
        cookies = [a for a in given if "Set-Cookie" in a.headers]
        assert len(cookies) == (1 if number % 2 else 0)
