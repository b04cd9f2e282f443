"""A request is cross-site where another site made the browser send it."""

import pytest
from pyramid.config import Configurator
from pyramid.request import Request

from pyramid_sessiontoken.policy import cross_site

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "get", "")
TRUSTED = """
    trusted.example
    .wild.example  ported.example:8443
    .deep.example:8443
    Upper.Example
"""


def make_request(
    method="POST",
    base_url="https://localhost",
    trusted=None,
    **headers,
):
    request = Request.blank("/", base_url=base_url, method=method)
    for name, value in headers.items():
        request.environ[f"HTTP_{name.upper()}"] = value
    settings = {}
    if trusted is not None:
        settings["pyramid.csrf_trusted_origins"] = trusted
    request.registry = Configurator(settings=settings).registry
    return request


def is_cross_site(request):
    answer = cross_site.is_cross_site(request)
    assert type(answer) is bool
    return answer


@pytest.mark.parametrize("method", SAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example"},
        {"sec_fetch_site": "cross-site", "origin": "null"},
    ],
)
def test_requests_with_safe_methods_are_never_cross_site(method, headers):
    """RFC 9110, section 9.2.1."""
    assert not is_cross_site(make_request(method, **headers))


@pytest.mark.parametrize("method", UNSAFE)
def test_every_other_method_is_unsafe(method):
    """Methods are case-sensitive (RFC 9110, section 9.1)."""
    assert is_cross_site(make_request(method, sec_fetch_site="cross-site"))
    assert is_cross_site(make_request(method, origin="https://evil.example"))
    assert not is_cross_site(make_request(method))


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize(
    "origin", [None, "https://localhost", "https://evil.example", "null"]
)
def test_same_origin_and_user_initiated_requests_are_no_cross_site(
    site, origin
):
    """No script can forge Sec-Fetch-Site, so it counts before Origin."""
    headers = {} if origin is None else {"origin": origin}

    assert not is_cross_site(make_request(sec_fetch_site=site, **headers))


@pytest.mark.parametrize(
    "site",
    [
        "cross-site",
        "same-site",
        "",
        "Same-Origin",
        "NONE",
        "same-origin ",
        "same-origin, none",
        "none;x",
        "future-value",
    ],
)
@pytest.mark.parametrize(
    "origin", [None, "https://localhost", "https://evil.example", "null"]
)
def test_any_other_sec_fetch_site_is_cross_site(site, origin):
    headers = {} if origin is None else {"origin": origin}
    request = make_request(trusted=TRUSTED, sec_fetch_site=site, **headers)

    assert is_cross_site(request)
    trusted = make_request(
        trusted=TRUSTED,
        sec_fetch_site=site,
        origin="https://trusted.example",
    )
    assert not is_cross_site(trusted)


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://localhost", "https://localhost"),
        ("https://localhost:443", "https://localhost"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("http://localhost", "http://localhost"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:6543", "http://localhost:6543"),
        ("https://[::1]", "https://[::1]"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_our_own_origin_is_not_cross_site(base_url, origin):
    assert not is_cross_site(make_request(base_url=base_url, origin=origin))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost",
        "https://localhost:8443",
        "https://sub.localhost",
        "https://localhost.evil.example",
        "https://evil.example/https://localhost",
        "https://localhost@evil.example",
        "https://evil.example https://localhost",
        "wss://localhost",
        "null",
        "",
        "localhost",
        "//localhost",
        "https:",
        "https://",
        "https:///",
        "https://[::1",
        "https://]",
        "https://\u2100.example",
        "\xff",
        "*",
    ],
)
def test_any_other_or_malformed_origin_is_cross_site(origin):
    """A sandboxed frame and a file have the origin null (RFC 6454, 7.3)."""
    assert is_cross_site(make_request(origin=origin))
    assert is_cross_site(make_request(trusted=TRUSTED, origin=origin))


@pytest.mark.parametrize("trusted", [TRUSTED, TRUSTED.split()])
@pytest.mark.parametrize(
    "origin",
    [
        "https://trusted.example",
        "https://wild.example",
        "https://a.wild.example",
        "https://b.a.wild.example",
        "https://ported.example:8443",
        "https://deep.example:8443",
        "https://a.deep.example:8443",
        "https://upper.example",
    ],
)
def test_an_origin_that_pyramid_trusts_is_trusted(trusted, origin):
    assert not is_cross_site(make_request(trusted=trusted, origin=origin))
    assert is_cross_site(make_request(origin=origin))


@pytest.mark.parametrize(
    "origin",
    [
        "https://sub.trusted.example",
        "https://trusted.example:8443",
        "https://trusted.example.evil.example",
        "https://nottrusted.example",
        "https://notwild.example",
        "https://a.wild.example:8443",
        "https://wild.example.evil.example",
        "https://ported.example",
        "https://ported.example:8444",
        "https://a.ported.example:8443",
        "https://deep.example",
        "https://a.deep.example",
        "http://trusted.example",
        "trusted.example",
        "//trusted.example",
    ],
)
def test_a_lookalike_of_a_trusted_origin_is_not_trusted(origin):
    assert is_cross_site(make_request(trusted=TRUSTED, origin=origin))


def test_over_plain_http_a_trusted_origin_is_one_of_plain_http():
    plain = {"base_url": "http://localhost", "trusted": TRUSTED}

    for scheme, expected in (("http", False), ("https", True)):
        request = make_request(origin=f"{scheme}://trusted.example", **plain)
        assert is_cross_site(request) is expected


def handshake(upgrade="websocket", **kw):
    return make_request("GET", upgrade=upgrade, **kw)


@pytest.mark.parametrize(
    "upgrade", ["websocket", "WebSocket", "h2c, websocket", " websocket ,x"]
)
def test_a_handshake_of_a_websocket_is_unsafe(upgrade):
    """Browsers let any page open one, and send cookies along."""
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "https://localhost"},
    ):
        assert is_cross_site(handshake(upgrade, **headers))
    for headers in (
        {},
        {"origin": "https://localhost"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://trusted.example", "trusted": TRUSTED},
    ):
        assert not is_cross_site(handshake(upgrade, **headers))


@pytest.mark.parametrize("upgrade", ["h2c", "", "websockets", "x-websocket"])
def test_other_upgrades_are_no_websockets(upgrade):
    assert not is_cross_site(handshake(upgrade, origin="https://evil.example"))
    for method in ("HEAD", "OPTIONS"):
        request = make_request(
            method, upgrade="websocket", origin="https://evil.example"
        )
        assert not is_cross_site(request)


@pytest.mark.parametrize(
    ("base_url", "origin", "expected"),
    [
        ("wss://localhost", "https://localhost", False),
        ("wss://localhost:443", "https://localhost", False),
        ("wss://localhost:8443", "https://localhost:8443", False),
        ("wss://localhost", "http://localhost", True),
        ("wss://localhost", "https://trusted.example", False),
        ("wss://localhost", "http://trusted.example", True),
        ("ws://localhost:80", "http://localhost", False),
        ("ws://localhost", "https://localhost", True),
    ],
)
def test_wss_counts_as_https(base_url, origin, expected):
    """Some servers say so in ``wsgi.url_scheme``."""
    request = handshake(origin=origin, trusted=TRUSTED)
    scheme, _, host = base_url.partition("://")
    request.environ["wsgi.url_scheme"] = scheme
    request.environ["HTTP_HOST"] = host

    assert is_cross_site(request) is expected


def test_a_request_without_both_headers_is_not_cross_site():
    assert not is_cross_site(make_request())


def test_an_application_with_checks_of_its_own_is_left_alone():
    request = make_request(
        sec_fetch_site="cross-site", origin="https://evil.example"
    )

    assert cross_site.allow_all(request) is False
