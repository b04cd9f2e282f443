"""Which requests ask the repository itself: see also stories/test_strict.py"""

import pytest
from pyramid.request import Request

from pyramid_sessiontoken.policy.strict import is_unsafe


@pytest.mark.parametrize(
    ("method", "path", "headers", "unsafe"),
    [
        ("GET", "/", {}, False),
        ("HEAD", "/", {}, False),
        ("OPTIONS", "/", {}, False),
        ("TRACE", "/", {}, False),
        ("POST", "/", {}, True),
        ("PUT", "/", {}, True),
        ("PATCH", "/", {}, True),
        ("DELETE", "/", {}, True),
        ("PROPFIND", "/", {}, True),
        ("get", "/", {}, True),
        ("GET", "/", {"Upgrade": "websocket"}, True),
        ("GET", "/", {"Upgrade": "h2c, WebSocket"}, True),
        ("GET", "/", {"Upgrade": "h2c"}, False),
        ("GET", "/token", {}, True),
        ("HEAD", "/token/status", {}, True),
        ("GET", "/tokens", {}, False),
    ],
)
def test_which_requests_are_strict(client, method, path, headers, unsafe):
    request = Request.blank(path, method=method, headers=headers)
    request.registry = client.registry
    assert is_unsafe(request) is unsafe
