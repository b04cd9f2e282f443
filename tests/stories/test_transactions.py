"""Under pyramid_tm and pyramid_retry, and when an exception view answers."""

import pytest
import transaction
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.security import forget, remember
from pyramid_retry import RetryableException

from pyramid_sessiontoken.events import SessionRenewed
from pyramid_sessiontoken.interfaces import IUserLoader

NAME = "__Host-sessiontoken"


class Recorder:
    """A data manager that notes the end of the transaction."""

    def __init__(self, log):
        self.log = log
        self.transaction_manager = transaction.manager

    def commit(self, txn):
        self.log.append("commit")

    def abort(self, txn):
        self.log.append("abort")

    tpc_begin = tpc_vote = tpc_finish = tpc_abort = lambda self, txn: None

    def sortKey(self):
        return "recorder"


@pytest.fixture
def log():
    return []


@pytest.fixture
def tm(make, log):
    """An application whose every request is a transaction, with sign-in by a
    returned and by a raised redirect.
    """

    def joined(request):
        request.tm.get().join(Recorder(log))

    def returned(request):
        joined(request)
        return HTTPFound("/identity", headers=remember(request, "alice"))

    def raised(request):
        joined(request)
        raise HTTPFound("/identity", headers=remember(request, "alice"))

    def raised_out(request):
        joined(request)
        raise HTTPFound("/identity", headers=forget(request))

    def broken_out(request):
        forget(request)
        raise LookupError

    def setup(config):
        for view in (returned, raised, raised_out, broken_out):
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__)
        config.add_exception_view(
            lambda exc, request: Response(
                f"sorry, {request.authenticated_userid}", status=500
            ),
            context=LookupError,
        )
        config.include("pyramid_tm")

    return make(setup=setup)


def test_a_returned_redirect_commits_and_signs_in(tm, log):
    tm.get("/returned")
    assert log == ["commit"]
    assert tm.get("/identity").json["userid"] == "alice"


def test_a_raised_redirect_aborts_and_still_signs_in(tm, log):
    tm.get("/raised")
    assert log == ["abort"]
    assert tm.get("/identity").json["userid"] == "alice"
    tm.clock.advance(2000)
    response = tm.get("/raised_out")
    [cookie] = response.headers.getall("Set-Cookie")
    assert "Max-Age=0" in cookie
    assert tm.get("/identity").json["userid"] is None


def test_sign_out_holds_though_an_exception_view_answers(tm):
    tm.get("/returned")
    tm.clock.advance(2000)
    response = tm.get("/broken_out", status=500)
    assert response.text == "sorry, None"
    [cookie] = response.headers.getall("Set-Cookie")
    assert "Max-Age=0" in cookie


def test_requests_for_static_files_and_404s_are_judged_too(tm):
    """pyramid_tm asks for the user before any route matches."""
    tm.get("/returned")
    response = tm.get("/nowhere", status=404)
    assert response.headers["Vary"] == "Authorization, Cookie"
    tm.get("/nowhere", headers={"Cookie": f"{NAME}=junk"}, status=404)


def test_a_renewal_under_pyramid_tm_comes_after_the_commit(tm):
    tm.get("/returned")
    tm.clock.advance(1800)
    response = tm.get("/identity")
    assert len(response.headers.getall("Set-Cookie")) == 1


@pytest.fixture
def retried(make, log):
    """Views that fail twice with a retryable error, and exception views that
    answer it.
    """
    attempts = []

    def fails_twice(request):
        attempts.append(request.authenticated_userid)
        if len(attempts) < 3:
            raise RetryableException
        return Response("at last")

    def always_fails(request):
        assert request.authenticated_userid == "alice"
        raise RetryableException

    def loads(identity, request):
        log.append(identity.userid)
        return identity

    def setup(config):
        config.add_settings({"retry.attempts": 3})
        config.include("pyramid_retry")
        config.add_route("fails", "/fails")
        config.add_view(fails_twice, route_name="fails")
        config.add_route("always_fails", "/always_fails")
        config.add_view(always_fails, route_name="always_fails")
        config.add_exception_view(
            lambda exc, request: Response("squashed", status=200),
            context=RetryableException,
        )
        config.registry.registerUtility(loads, IUserLoader)
        config.add_subscriber(
            lambda event: log.append("renewed"), SessionRenewed
        )

    client = make(setup=setup)
    client.attempts = attempts
    return client


def test_a_response_that_is_thrown_away_renews_nothing(retried, log):
    token = retried.swap()["access_token"]
    log.clear()
    retried.clock.advance(1800)
    response = retried.ask(token, "/fails")
    assert response.text == "at last"
    assert retried.attempts == ["alice"] * 3
    assert log == ["alice", "alice", "alice", "renewed"]
    assert "Session-Token" in response.headers


def test_the_last_attempt_is_not_thrown_away(retried, log):
    token = retried.swap()["access_token"]
    log.clear()
    retried.clock.advance(1800)
    response = retried.ask(token, "/always_fails")
    assert response.text == "squashed"
    assert log == ["alice", "alice", "alice", "renewed"]
    assert "Session-Token" in response.headers
