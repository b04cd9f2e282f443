"""A session whose cookie reached no client is removed with its request."""

import pytest
import transaction
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.security import forget, remember
from pyramid_retry import RetryableException

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.interfaces import ITokenRepository

STORED = {
    "repository": "memory",
    "cookie.form": "reference",
    "token.form": "reference",
}


class FailsToCommit:
    """A data manager that votes against the transaction."""

    transaction_manager = transaction.manager
    abort = tpc_begin = commit = tpc_finish = tpc_abort = lambda self, txn: (
        None
    )

    def tpc_vote(self, txn):
        raise ArithmeticError("no commit")

    def sortKey(self):
        return "fails"


def dropped(request):
    remember(request, "alice")
    return Response("welcome")


def dropped_by_an_exception(request):
    remember(request, "alice")
    raise HTTPFound("/identity")


def too_big_for_a_cookie(request):
    remember(request, "alice", claims={"a": "x" * 9000})


def broken(request):
    remember(request, "alice")
    raise LookupError


def escapes(request):
    remember(request, "alice")
    raise KeyError


def not_committed(request):
    request.tm.get().join(FailsToCommit())
    return HTTPFound("/identity", headers=remember(request, "alice"))


def twice(request):
    remember(request, "alice")
    return HTTPFound("/identity", headers=remember(request, "alice"))


def changed_its_mind(request):
    remember(request, "alice")
    return HTTPFound("/identity", headers=forget(request))


def ended_by_itself(request):
    remember(request, "alice")
    request.sessiontoken.revoke_all()
    # Nothing is left to remove.
    request.registry.getUtility(ITokenRepository).remove = pytest.fail
    return Response("welcome")


def returned(request):
    return HTTPFound("/identity", headers=remember(request, "alice"))


def raised(request):
    raise HTTPFound("/identity", headers=remember(request, "alice"))


def with_other_attributes(request):
    response = HTTPFound("/identity", headers=remember(request, "alice"))
    [cookie] = response.headers.getall("Set-Cookie")
    response.headers["set-cookie"] = f"{cookie}; Priority=High"
    return response


def by_a_callback(request):
    headers = remember(request, "alice")
    request.add_response_callback(
        lambda request, response: response.headerlist.extend(headers)
    )
    return Response("welcome")


def in_a_callback(request):
    assert request.authenticated_userid is None

    def sign_in(request, response):
        response.headerlist.extend(remember(request, "alice"))

    request.add_response_callback(sign_in)
    return Response("welcome")


def in_a_subscriber(request):
    assert request.authenticated_userid is None
    request.signs_in = True
    return Response("welcome")


def sign_in_late(event):
    if getattr(event.request, "signs_in", False):
        headers = remember(event.request, "alice")
        event.response.headerlist.extend(headers)


LOST = (
    dropped,
    dropped_by_an_exception,
    too_big_for_a_cookie,
    broken,
    escapes,
    not_committed,
    changed_its_mind,
)
KEPT = (
    twice,
    returned,
    raised,
    with_other_attributes,
    by_a_callback,
    in_a_callback,
    in_a_subscriber,
)


def sorry(exc, request):
    return Response("sorry", status=500)


@pytest.fixture
def visit(make, caplog):
    """Visit a view; give the client."""

    def go(view, settings=STORED):
        def setup(config):
            config.include("pyramid_tm")
            config.add_route("view", "/view")
            config.add_view(view, route_name="view")
            config.add_subscriber(sign_in_late, NewResponse)
            for kind in (LookupError, ArithmeticError, ValueError):
                config.add_exception_view(sorry, context=kind)
            config.add_exception_view(
                lambda exc, request: _raise(exc), context=KeyError
            )

        client = make(settings, setup=setup)
        try:
            client.get("/view", expect_errors=True)
        except KeyError:
            assert view is escapes
        return client

    return go


def _raise(exc):
    raise exc


def tickets_in(client):
    items = client.registry.getUtility(ITokenRepository)._items
    return [key for key in items if key.startswith(("t", "l"))]


@pytest.mark.parametrize("view", LOST)
def test_a_session_that_no_client_got_is_removed(visit, view):
    assert tickets_in(visit(view)) == []


def test_a_session_that_was_ended_meanwhile_is_left_alone(visit):
    assert tickets_in(visit(ended_by_itself)) == []


@pytest.mark.parametrize("view", KEPT)
def test_a_session_that_a_client_got_lives(visit, view):
    client = visit(view)
    assert client.get("/identity").json["userid"] == "alice"
    assert len(tickets_in(client)) == 1


@pytest.mark.parametrize("settings", [STORED, {}])
def test_headers_that_were_dropped_are_a_warning(visit, caplog, settings):
    for view in (dropped, dropped_by_an_exception):
        visit(view, settings)
        [warning] = [
            r
            for r in caplog.records
            if r.levelname == "WARNING" and "remember()" in r.getMessage()
        ]
        assert "headers=remember(request, userid)" in warning.getMessage()
        caplog.clear()
    for view in (
        *KEPT,
        *(too_big_for_a_cookie, broken, escapes, not_committed),
        changed_its_mind,
    ):
        visit(view, settings)
        assert "remember()" not in caplog.text, view.__name__


def test_what_cannot_be_removed_is_said_and_fails_no_request(visit, caplog):
    def goes_down(request):
        remember(request, "alice")
        repository = request.registry.getUtility(ITokenRepository)

        def down(*args):
            raise RepositoryUnavailable("down")

        repository.remove = down
        return Response("welcome")

    client = visit(goes_down)
    assert len(tickets_in(client)) == 1
    assert "could not be removed: down" in caplog.text


def test_an_outage_within_remember_drops_no_headers(visit, caplog):
    """The application got none that it could drop."""

    def goes_down(request):
        repository = request.registry.getUtility(ITokenRepository)

        def down(*args):
            raise RepositoryUnavailable("down")

        repository.items_of = down
        return HTTPFound("/identity", headers=remember(request, "alice"))

    client = visit(goes_down, {**STORED, "sessions.limit": "2"})

    assert client.get("/identity").json["userid"] is None
    assert "down" in caplog.text
    assert "remember()" not in caplog.text


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_repeated_attempt_leaves_one_session(make, form):
    attempts = []

    def sign_in(request):
        headers = remember(request, "alice")
        token = request.sessiontoken.issue("alice").access_token
        attempts.append(token)
        if len(attempts) < 3:
            raise RetryableException
        response = Response(token)
        response.headerlist.extend(headers)
        return response

    def setup(config):
        config.add_settings({"retry.attempts": 3})
        config.include("pyramid_retry")
        config.add_route("view", "/view")
        config.add_view(sign_in, route_name="view")
        config.add_exception_view(sorry, context=RetryableException)

    client = make(
        {**STORED, "cookie.form": form, "token.form": form}, setup=setup
    )
    token = client.get("/view").text
    assert len(attempts) == 3
    assert client.get("/identity").json["userid"] == "alice"
    assert client.fresh().ask(token).json["userid"] == "alice"
    assert len(tickets_in(client)) == (2 if form == "reference" else 0)


def test_no_repository_is_needed(visit):
    client = visit(dropped, {})
    assert client.get("/identity").json["userid"] is None
