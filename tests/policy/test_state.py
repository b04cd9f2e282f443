"""Errors are raised where an exception view can answer them."""

import pytest
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.response import Response

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
)


def test_an_error_of_the_applications_code_reaches_exception_views(own):
    client = own(LookupError("bug"))
    response = client.get("/identity", status=500)
    assert response.text == "view, None"
    assert client.own.asked == 1
    assert client.post("/token", status=500).text == "view, None"
    with pytest.raises(LookupError):
        # Raised by the forbidden view itself, where no view is left.
        client.get("/forbidden")


def test_before_routing_an_error_is_nobody(own):
    """pyramid_tm asks where no exception view could answer."""
    client = own(
        LookupError("bug"),
        setup=lambda config: config.include("pyramid_tm"),
    )
    assert client.get("/public").text == "hello"
    assert client.get("/identity", status=500).text == "view, None"
    client.get("/admin", status=500)


def test_an_outage_inside_an_exception_view_is_nobody(own):
    def setup(config):
        config.add_exception_view(
            lambda exc, request: Response(f"sorry, {request.identity}"),
            context=HTTPServiceUnavailable,
        )

    client = own(RepositoryUnavailable("down"), setup=setup)
    assert client.get("/identity").text == "sorry, None"


def test_traversal_is_no_routing_and_errors_are_seen_there_too(own):
    def setup(config):
        config.add_view(
            lambda request: Response(str(request.identity)), name="here"
        )

    client = own(LookupError("bug"), setup=setup)
    assert client.get("/here", status=500).text == "view, None"
