"""The answer to ``SessionLimitReached``."""

import pytest
from pyramid.response import Response
from support import stored

from pyramid_sessiontoken.errors import SessionLimitReached

DESCRIPTION = "The user has too many sessions: end one of them first"


def views(config):
    def fail(request):
        raise SessionLimitReached("as many")

    config.add_route("fail", "/fail")
    config.add_view(fail, route_name="fail")


def test_it_is_403_as_at_the_endpoint(make):
    response = make(setup=views).get("/fail", status=403)
    assert response.json == {
        "error": "session_limit",
        "error_description": DESCRIPTION,
    }
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_told_in_a_page(make):
    headers = {"Accept": "text/html"}
    response = make(setup=views).get("/fail", headers=headers, status=403)
    assert response.content_type == "text/html"
    assert DESCRIPTION in response.text


@pytest.mark.parametrize("view", ["on", "off"])
def test_an_own_view_wins(make, view):
    def own(config):
        views(config)
        config.add_view(
            lambda error, request: Response(f"own {error}"),
            context=SessionLimitReached,
        )

    client = make({"forbidden_view": view}, setup=own)
    assert client.get("/fail").text == "own as many"


def test_it_is_answered_without_a_forbidden_view(make):
    client = make({"forbidden_view": "off"}, setup=views)
    assert client.get("/fail", status=403).json["error"] == "session_limit"


def test_the_endpoint_answers_alike(make):
    settings = {
        "repository": "memory",
        **stored.REFERENCES,
        "sessions.limit": "1",
        "sessions.over_limit": "refuse",
    }
    client = make(settings)
    client.swap()
    body = client.swap(status=403)
    assert body == {
        "error": "session_limit",
        "error_description": DESCRIPTION,
    }
