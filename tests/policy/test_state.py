"""Errors are raised where an exception view can answer them."""

import pytest
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.request import Request
from pyramid.response import Response
from pyramid.testing import DummyRequest
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.state import Status
from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.interfaces import RENEW
from pyramid_sessiontoken.policy.state import Judged, PolicyState
from pyramid_sessiontoken.sessions.shown import ShownToken


def test_an_error_of_the_applications_code_reaches_exception_views(own):
    client = own(LookupError("bug"))
    response = client.get("/identity", status=500)
    assert response.text == "view, None"
    assert client.own.asked == 1
    assert client.post("/token", status=500).text == "view, None"
    with pytest.raises(LookupError):
        # Raised by the forbidden view itself, after all other views.
        client.get("/forbidden")


def test_before_routing_an_error_leaves_the_user_unknown(own):
    """pyramid_tm asks when no exception view could answer."""
    client = own(
        LookupError("bug"),
        setup=lambda config: config.include("pyramid_tm"),
    )
    assert client.get("/public").text == "hello"
    assert client.get("/identity", status=500).text == "view, None"
    client.get("/admin", status=500)


def test_an_outage_inside_an_exception_view_leaves_the_user_unknown(own):
    def setup(config):
        config.add_exception_view(
            lambda exc, request: Response(f"sorry, {request.identity}"),
            context=HTTPServiceUnavailable,
        )

    client = own(RepositoryUnavailable("down"), setup=setup)
    assert client.get("/identity").text == "sorry, None"


def test_an_error_is_raised_under_traversal_too(own):
    def setup(config):
        config.add_view(
            lambda request: Response(str(request.identity)), name="here"
        )

    client = own(LookupError("bug"), setup=setup)
    assert client.get("/here", status=500).text == "view, None"


# One by one.


ERROR = LookupError("bug")


def test_an_answer_without_an_error_raises_nothing():
    Judged(Identity("alice")).raise_where_answerable(DummyRequest())


@pytest.mark.parametrize(
    ("known", "raises"),
    [
        # Before routing, in an exception view, and in views.
        ({}, False),
        ({"exception": KeyError(), "matched_route": "route"}, False),
        ({"matched_route": "route"}, True),
        ({"context": "found by traversal"}, True),
    ],
)
def test_an_error_is_raised_where_a_view_can_answer_it(known, raises):
    request = Request.blank("/")
    request.__dict__.update({"matched_route": None, "exception": None})
    request.__dict__.update(known)
    judged = Judged(error=ERROR)

    if raises:
        with pytest.raises(LookupError, match="bug"):
            judged.raise_where_answerable(request)
    else:
        judged.raise_where_answerable(request)


@pytest.mark.parametrize(
    ("identity", "status"),
    [(Identity("alice"), Status.SET), (None, Status.DELETE)],
)
def test_sign_in_and_sign_out_replace_earlier_judgements(identity, status):
    state = PolicyState(rules=None)
    state.judged["session",] = Judged(error=ERROR)
    assert not state.decided

    state.sign_in(identity)

    assert state.decided
    assert state.status is status
    assert state.signed_in is identity
    assert state.judged == {}


@pytest.mark.parametrize("status", [Status.RENEW, Status.DISCARD])
def test_a_renewal_or_a_useless_cookie_decides_nothing(status):
    state = PolicyState(rules=None)
    state.status = status

    assert not state.decided


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (Status.RENEW, Status.NONE),
        (Status.DISCARD, Status.DISCARD),
        (Status.NONE, Status.NONE),
    ],
)
def test_sessions_that_are_forgotten_leave_other_credentials(status, after):
    state = PolicyState(rules=None)
    ticket = make_ticket()
    alice = identity_of(ticket, "session")
    shown = ShownToken(alice, ticket, None, "text", RENEW)
    own = shown._replace(identity=identity_of(ticket, "own"))
    state.tokens = (shown, own)
    state.beside = (shown,)
    state.status = status
    state.answers = {"session": alice, "basic": Identity("bob")}
    state.judged["session",] = Judged(Identity("alice"))

    state.forget_sessions()

    assert state.answers == {"basic": Identity("bob")}
    assert state.tokens == state.beside == ()
    assert state.judged == {}
    assert state.status is after
