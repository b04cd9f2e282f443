"""Headers for one client, on a response that is used again."""

import pytest
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid.threadlocal import manager

from pyramid_sessiontoken.policy.private_headers import PrivateHeaders


def sent(response, request):
    """Give the headers that are sent to the client of a request."""
    found = []

    def start_response(status, headers, exc_info=None):
        found.extend(headers)

    b"".join(response(request.environ, start_response))
    return found


def private():
    return PrivateHeaders(
        replaced={"Cache-Control": "no-store"},
        added=[("Set-Cookie", "a=b")],
    )


@pytest.mark.parametrize("make", [Response, lambda: HTTPFound("/next")])
def test_private_headers_are_sent_with_their_own_request_only(make):
    response = make()
    mine, others = Request.blank("/"), Request.blank("/")
    before = sent(response, others)

    private().put_on(mine, response)

    assert sent(response, others) == before
    for _ in range(2):
        assert sent(response, mine)[-2:] == [
            ("Cache-Control", "no-store"),
            ("Set-Cookie", "a=b"),
        ]
    assert sent(response, others) == before
    assert isinstance(response, type(make()))
    assert type(response).__name__ == type(make()).__name__


def test_headers_for_shared_caches_are_removed_beside_private_ones():
    """It beats Cache-Control (RFC 9213, section 2.1)."""
    words = (
        "CDN-Cache-Control",
        "cloudflare-cdn-cache-control",
        "Surrogate-Control",
        "X-Accel-Expires",
    )
    for kept in ([], [("X-Other", "max-age=60")]):
        headers = [(name, "max-age=60") for name in words]
        assert private().apply([*headers, *kept])[:-2] == kept
        public = PrivateHeaders(added=[("A", "b")])
        assert public.apply([*headers, *kept]) == [
            *headers,
            *kept,
            ("A", "b"),
        ]


def test_headers_added_to_the_response_later_are_sent_too():
    response, request = Response(), Request.blank("/")
    private().put_on(request, response)
    response.headers["X-Later"] = "yes"

    assert ("X-Later", "yes") in sent(response, request)
    assert ("Set-Cookie", "a=b") in sent(response, request)


def test_another_response_to_the_same_request_gets_no_private_headers():
    """The first is thrown away where an attempt is repeated."""
    first, second = Response(), Response()
    request = Request.blank("/")
    private().put_on(request, first)
    private().put_on(request, second)

    assert ("Set-Cookie", "a=b") not in sent(first, request)
    assert ("Set-Cookie", "a=b") in sent(second, request)


def test_a_response_may_get_private_headers_twice():
    first, second = Response(), Response()
    request = Request.blank("/")
    private().put_on(request, first)
    PrivateHeaders(replaced={"A": "b"}).put_on(request, first)

    headers = sent(first, request)
    assert ("A", "b") in headers
    assert headers.count(("Set-Cookie", "a=b")) == 1
    private().put_on(request, second)
    headers = sent(second, request)
    assert ("A", "b") not in headers
    assert headers.count(("Set-Cookie", "a=b")) == 1


def test_the_response_of_the_request_gets_private_headers_at_once():
    request = Request.blank("/")
    request.response = response = Response()
    private().put_on(request, response)

    assert response.headers["Set-Cookie"] == "a=b"
    assert type(response) is Response


def test_the_response_to_a_subrequest_belongs_to_the_request_around_it():
    request, response = Request.blank("/"), Response()
    manager.push({"request": request})
    manager.push({"request": request})
    try:
        private().put_on(request, response)
    finally:
        manager.pop()
        manager.pop()

    assert response.headers["Set-Cookie"] == "a=b"


def test_a_response_of_another_class_gets_private_headers_at_once():
    class Slotted:
        __slots__ = ("headerlist",)

    response = Slotted()
    response.headerlist = [("cache-control", "public"), ("X-Other", "kept")]
    private().put_on(Request.blank("/"), response)

    assert response.headerlist == [
        ("X-Other", "kept"),
        ("Cache-Control", "no-store"),
        ("Set-Cookie", "a=b"),
    ]


def test_dropped_headers_are_not_sent():
    headers = PrivateHeaders(dropped=lambda header: header[0] == "X-Old")
    assert not headers.is_empty
    assert headers.apply([("X-Old", "1"), ("X-New", "2")]) == [("X-New", "2")]
