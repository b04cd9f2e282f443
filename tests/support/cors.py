"""Pages of other origins, and what they may read (CORS)."""

import base64

APP = "https://app.example"
EVIL = "https://evil.example"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"bob:bob").decode()}
#: What a browser adds to a request of a page.
OF_PAGE = {
    "Origin": APP,
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "cors",
}
ASKS = {"Access-Control-Request-Method": "POST"}
ORIGIN = "Access-Control-Allow-Origin"
EXPOSED = "Access-Control-Expose-Headers"


def vary(response):
    return [name.strip() for name in response.headers["Vary"].split(",")]


def assert_readable(response):
    """Assert that a browser lets the page read an answer."""
    assert response.headers.getall(ORIGIN) == [APP]
    assert (
        response.headers[EXPOSED]
        == "Session-Token, WWW-Authenticate, Retry-After"
    )
    assert "Origin" in vary(response)
    assert "Access-Control-Allow-Credentials" not in response.headers
    return response


def assert_unreadable(response):
    assert "Origin" in vary(response)
    assert not [n for n in response.headers if n.startswith("Access-Control")]
    return response


def assert_silent(response):
    """Assert that nothing is said of other origins."""
    assert not [n for n in response.headers if n.startswith("Access-Control")]
    assert "Origin" not in response.headers.get("Vary", "")
