"""A session travels in a header or in a cookie."""

import re
from dataclasses import replace

import pytest
from pyramid.registry import Registry
from pyramid.request import Request
from support.keys import Rings
from support.tokens import AUDIENCE, FIRST, ISSUER, make_jwt

from pyramid_sessiontoken.cookies.codec import CookieCodec
from pyramid_sessiontoken.cookies.jar import Jar
from pyramid_sessiontoken.cookies.transforms import SignedTransform
from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IClock, IExpiryPolicy
from pyramid_sessiontoken.policy.carriers import CookieCarrier, HeaderCarrier
from pyramid_sessiontoken.policy.private_headers import PrivateHeaders
from pyramid_sessiontoken.sessions.forms import CookieForm, HeaderForm
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.references import References
from pyramid_sessiontoken.testing import ManualClock

NOW = 1_800_000_000
NAME = "__Host-sessiontoken"
ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
GONE = (
    "Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT;"
    " Secure; HttpOnly; SameSite=Lax"
)


@pytest.fixture
def registry():
    registry = Registry()
    registry.registerUtility(ManualClock(NOW), IClock)
    registry.registerUtility(ExpiryPolicy(36000, 3600), IExpiryPolicy)
    return registry


@pytest.fixture
def cookies(registry):
    """Make a carrier of up to three cookies of 100 bytes."""
    purpose = ("cookie", NAME, ISSUER, AUDIENCE)
    signed = SignedTransform(Rings(FIRST), *purpose)
    references = References(registry, None, "cookie")
    form = CookieForm(CookieCodec(lambda: signed), references, None)
    jar = Jar(NAME, chunk_size=100, max_chunks=3)
    return CookieCarrier(Sessions(registry, form, "Session"), jar)


@pytest.fixture
def make_header(registry):
    form = HeaderForm(make_jwt(FIRST), None, None)
    sessions = Sessions(registry, form, "Session")
    return lambda header: HeaderCarrier(
        sessions, form, "Authorization", header
    )


def make_request(*cookies):
    environ = {"HTTP_COOKIE": "; ".join(cookies)} if cookies else {}
    return Request.blank("/", environ=environ)


def sent_back(headers):
    """Give the request of a browser that got some headers."""
    return make_request(*(value.partition(";")[0] for _, value in headers))


def told(headers):
    """Give the name and the attributes of cookies, without the value."""
    return [re.sub("=[^;]*; ", ": ", value, count=1) for _, value in headers]


def issue(carrier, persistent=False, **claims):
    identity = Identity("alice", claims, "basic")
    return carrier.sessions.issue(identity, persistent=persistent)


def test_a_renewed_header_token_stands_in_the_header_of_the_settings(
    make_header,
):
    carrier = make_header("Session-Token")
    issued = issue(carrier)
    headers = PrivateHeaders()

    assert carrier.renews(None)
    assert carrier.put(make_request(), headers, issued, None)
    assert headers.apply([]) == [("Session-Token", issued.access_token)]
    assert (
        carrier.sessions.read(issued.access_token)[0].ticket == issued.ticket
    )


def test_a_renewed_token_replaces_the_header_of_the_response(make_header):
    carrier = make_header("Session-Token")
    issued = issue(carrier)
    headers = PrivateHeaders()

    carrier.put(make_request(), headers, issued, None)

    assert headers.apply([("session-token", "another")]) == [
        ("Session-Token", issued.access_token)
    ]


def test_a_header_token_is_not_renewed_without_a_renewal_header(make_header):
    carrier = make_header(None)
    issued = issue(carrier)
    assert not carrier.renews(None)
    headers = PrivateHeaders()
    assert not carrier.put(make_request(), headers, issued, None)
    assert headers.is_empty


def test_a_cookie_is_always_renewed(cookies):
    assert cookies.renews(None)


def test_a_session_in_a_cookie_is_read_back(cookies):
    issued = issue(cookies, roles=["admin"])

    headers = cookies.set_headers(make_request(), issued)

    assert told(headers) == [
        f"{NAME}: {ATTRIBUTES}",
        f"{NAME}.1: {ATTRIBUTES}",
    ]
    shown = cookies.jar.read(sent_back(headers).environ)
    assert shown.values == (issued.access_token,)
    identity, _ = cookies.sessions.read(*shown.values)
    assert identity.ticket == issued.ticket


def test_a_cookie_is_added_to_the_headers_of_the_response(cookies):
    """Other cookies stay: each one has a header line of its own."""
    before = [("Set-Cookie", "theme=dark"), ("X-Other", "kept")]
    issued = issue(cookies)
    headers = PrivateHeaders()

    assert cookies.put(make_request(), headers, issued, None)

    sets = cookies.set_headers(make_request(), issued)
    assert headers.apply(before) == before + sets


def test_a_cookie_ends_with_the_browser_by_default(cookies):
    [*headers] = cookies.set_headers(make_request(), issue(cookies))

    assert not [h for _, h in headers if "Max-Age" in h or "Expires" in h]


def test_a_persistent_cookie_is_kept_until_the_session_ends(cookies):
    """A renewed cookie is kept for the rest of the session."""
    issued = issue(cookies, persistent=True)
    assert issued.session_expires_in == 36000

    for passed in (0, 1800, 3600, 35999):
        left = replace(issued, session_expires_in=36000 - passed)
        headers = cookies.set_headers(make_request(), left)
        assert len(headers) == 2
        for _, header in headers:
            assert f"; Path=/; Max-Age={36000 - passed}; Secure" in header


def test_a_shorter_value_expires_the_chunks_it_does_not_need(cookies):
    long = cookies.set_headers(make_request(), issue(cookies, text="x" * 50))
    assert len(long) == 3
    request = sent_back(long)

    headers = cookies.set_headers(request, issue(cookies))

    assert told(headers) == [
        f"{NAME}: {ATTRIBUTES}",
        f"{NAME}.1: {ATTRIBUTES}",
        f"{NAME}.2: {GONE}",
    ]


def test_claims_that_do_not_fit_do_not_change_the_response(cookies):
    issued = issue(cookies, text="x" * 500)
    headers = PrivateHeaders()

    with pytest.raises(ClaimsError):
        cookies.put(make_request(), headers, issued, None)

    assert headers.is_empty


def test_deletion_expires_the_cookies_of_the_request(cookies):
    request = make_request(f"{NAME}=1.a", f"{NAME}.1=b", f"{NAME}.7=c", "d=e")

    assert told(cookies.delete_headers(request)) == [
        f"{NAME}: {GONE}",
        f"{NAME}.1: {GONE}",
        f"{NAME}.7: {GONE}",
    ]


def test_deletion_without_a_cookie_expires_the_first_one(cookies):
    assert told(cookies.delete_headers(make_request())) == [f"{NAME}: {GONE}"]
