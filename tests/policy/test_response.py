"""What a response may carry, as its headers say."""

import pytest
from pyramid.httpexceptions import HTTPNotModified
from pyramid.response import Response
from support.renewal import is_renewed

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.policy.response import add_vary, is_cacheable


def test_a_plain_response_carries_the_renewed_token(respond):
    assert is_renewed(respond(lambda request: Response("ok")))


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_error_carries_no_renewed_token(respond, status):
    assert not is_renewed(
        respond(lambda request: Response("no", status=status))
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "public"},
        {"Cache-Control": "max-age=60"},
        {"Cache-Control": "no-transform, S-MaxAge=60"},
        {"Cache-Control": "no-transform, s-maxage=60"},
        {"Cache-Control": 'private, max-age="60"'},
        {"Cache-Control": "max-age=what"},
        {"Expires": "Sat, 15 Jan 2028 08:00:00 GMT"},
        {"CDN-Cache-Control": "max-age=60"},
        {"CDN-Cache-Control": "public"},
        {"Cloudflare-CDN-Cache-Control": "max-age=60"},
        {"Cache-Control": "no-store", "CDN-Cache-Control": "s-maxage=1"},
        {"Surrogate-Control": "max-age=3600+600"},
        {"Surrogate-Control": 'content="ESI/1.0", max-age=60'},
        {"X-Accel-Expires": "60"},
        {"X-Accel-Expires": "@1800001801"},
        {"X-Accel-Expires": "@soon"},
        {"X-Accel-Expires": "off"},
        {"Cache-Control": "no-store", "X-Accel-Expires": "1"},
    ],
)
def test_a_cacheable_response_carries_no_renewed_token(respond, headers):
    assert not is_renewed(
        respond(lambda request: Response("ok", headers=headers))
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "private, max-age=0"},
        {"Cache-Control": "no-cache"},
        {"Expires": "Fri, 14 Jan 2000 08:00:00 GMT"},
        {"Expires": "0"},
        {"CDN-Cache-Control": "no-store"},
        {"CDN-Cache-Control": "max-age=0"},
        {"Surrogate-Control": "no-store"},
        {"Surrogate-Control": 'content="ESI/1.0"'},
        {"X-Accel-Expires": "0"},
        {"X-Accel-Expires": "@1800001800"},
        {"X-Cache-Control": "max-age=60"},
    ],
)
def test_an_uncacheable_response_carries_the_renewed_token(respond, headers):
    assert is_renewed(respond(lambda request: Response("ok", headers=headers)))


def test_a_304_carries_no_renewed_token(respond):
    assert not is_renewed(respond(lambda request: HTTPNotModified()))


def test_a_request_may_ask_not_to_slide(respond):
    client = respond(lambda request: Response("ok"))
    assert not is_renewed(client, Session_Slide="No")
    assert is_renewed(client, Session_Slide="yes")


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose", "X-Moz"])
@pytest.mark.parametrize(
    "said", ["prefetch", "Prefetch", "prefetch;prerender", "prerender"]
)
def test_a_page_that_is_fetched_in_advance_does_not_slide(respond, name, said):
    """The user may never see it."""
    client = respond(lambda request: Response("ok"))
    assert not is_renewed(client, **{name: said})
    assert is_renewed(client, **{name: ""})
    assert is_renewed(client, **{name: "navigate"})


def test_a_response_with_an_unreadable_expires_is_cacheable(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.headers["Expires"] = "Fri, 31 Dec 99999 23:59:59 GMT"
    assert is_cacheable(request, response)


def test_every_line_of_cache_control_counts(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.headerlist.append(("Cache-Control", "public, max-age=100"))
    response.headerlist.append(("Cache-Control", "no-transform"))
    assert is_cacheable(request, response)


def test_expires_is_compared_with_the_clock_of_the_application(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.expires = client.registry.getUtility(IClock).now() + 1
    assert is_cacheable(request, response)
    client.clock.advance(2)
    assert not is_cacheable(request, response)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "Authorization, Cookie"),
        (["Accept"], "Accept, Authorization, Cookie"),
        (["accept, COOKIE"], "accept, COOKIE, Authorization"),
        (["Accept", "Origin"], "Accept, Origin, Authorization, Cookie"),
        (["*"], "*"),
        ([""], "Authorization, Cookie"),
    ],
)
def test_vary_is_merged_and_not_overwritten(before, after):
    response = Response("ok")
    response.headerlist.extend(("Vary", value) for value in before)
    add_vary(response, ("Authorization", "Cookie", "Authorization"))
    assert response.headers.getall("Vary") == [after]
