"""Whether a request is for the token endpoint, as its path says."""

import pytest
from pyramid.config import Configurator
from pyramid.request import Request

from pyramid_sessiontoken.policy import endpoint


def make_request(path, pattern="/token", **environ):
    config = Configurator()
    if pattern is not None:
        config.add_route(endpoint.TOKEN, pattern)
    config.commit()
    request = Request.blank("/", environ={"PATH_INFO": path, **environ})
    request.registry = config.registry
    return request


@pytest.mark.parametrize(
    ("path", "pattern", "is_token", "is_below"),
    [
        ("/token", "/token", True, False),
        ("/token/", "/token", False, True),
        ("/token/revoke", "/token", False, True),
        ("/token/google/logout", "/token", False, False),
        ("/tokens", "/token", False, False),
        ("/other/token", "/token", False, False),
        ("", "/token", False, False),
        ("/", "/token", False, False),
        ("/auth/token", "/auth/token", True, False),
        ("/red/token", "/{tenant}/token", True, False),
        ("/red/token/status", "/{tenant}/token", False, True),
        ("/token\xff", "/token", False, False),
        ("/token", None, False, False),
    ],
)
def test_requests_to_the_endpoint_are_recognised_by_their_path(
    path, pattern, is_token, is_below
):
    request = make_request(path, pattern, SCRIPT_NAME="/app")

    assert endpoint.is_for_token(request) is is_token
    assert endpoint.is_below_token(request) is is_below
    assert endpoint.is_for_endpoint(request) is (is_token or is_below)


def test_an_application_without_routes_has_no_endpoint():
    request = Request.blank("/token")
    request.registry = Configurator().registry

    assert not endpoint.is_for_endpoint(request)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [("https", "https"), ("http", "http"), ("wss", "https"), ("ws", "http")],
)
def test_the_scheme_of_a_websocket_is_that_of_its_page(scheme, expected):
    request = make_request("/", **{"wsgi.url_scheme": scheme})

    assert endpoint.scheme_of(request) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/token", True),
        ("/token/introspect", True),
        ("/token/revoke", True),
        ("/token/status", False),
        ("/introspect", False),
        ("/other/revoke", False),
        ("/page", False),
    ],
)
def test_basic_credentials_are_form_encoded_at_these_paths(path, expected):
    request = make_request(path)
    request.method = "POST"
    request.content_type = "application/x-www-form-urlencoded"
    request.body = b"grant_type=client_credentials"

    assert endpoint.takes_form_encoded(request) is expected
    request.method = "GET"
    assert endpoint.takes_form_encoded(request) is (
        expected and path != "/token"
    )
