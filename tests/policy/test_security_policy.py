"""A request is judged once, however often it is asked for."""

import pytest
from pyramid.request import Request
from pyramid.response import Response
from pyramid.testing import DummyRequest, setUp, tearDown
from support import check_password
from support.authenticators import Own

from pyramid_sessiontoken.errors import (
    SessionTokenError,
)
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity


def test_an_authenticator_is_asked_once_a_request(own):
    client = own(Identity("carol", {"a": 1}))
    assert client.get("/identity").json == {
        "userid": "carol",
        "signed_in": True,
        "claims": {"a": 1},
        "authenticator": "own",
        "failure": None,
    }
    assert client.own.asked == 1


def test_asking_for_the_identity_while_it_is_judged_is_an_error(own):
    client = own(lambda request: request.identity)
    with pytest.raises(SessionTokenError, match="which it helps to decide"):
        client.get("/identity")


def test_an_interrupted_judgement_leaves_no_answer_behind(own):
    class Interrupted(BaseException):
        """A BaseException, as the timeout of a green thread is."""

    state = {"fails": True}

    def interrupted(request):
        if state.pop("fails", False):
            raise Interrupted
        return Identity("carol")

    def twice(request):
        with pytest.raises(Interrupted):
            _ = request.identity
        return Response(request.authenticated_userid)

    def setup(config):
        config.add_route("twice", "/twice")
        config.add_view(twice, route_name="twice")

    assert own(interrupted, setup=setup).get("/twice").text == "carol"


def test_a_subscriber_to_a_refusal_may_ask_for_the_userid(make):
    asked = []

    def ask(event):
        asked.append((event.reason, event.request.authenticated_userid))

    client = make(
        setup=lambda config: config.add_subscriber(ask, CredentialRefused)
    )
    client.ask("junk")
    client.post(
        "/token", headers={"Authorization": "Session junk"}, status=401
    )
    assert [userid for _, userid in asked] == [None, None]


def test_each_request_is_judged_by_itself(make):
    """A subrequest and a copy are judged by their own credentials."""

    def setup(config):
        def outer(request):
            inner = Request.blank("/identity", base_url="https://localhost")
            copy = request.copy()
            del copy.headers["Authorization"]
            copy.path_info = "/identity"
            return {
                "outer": request.authenticated_userid,
                "inner": request.invoke_subrequest(inner).json["userid"],
                "copy": request.invoke_subrequest(copy).json["userid"],
            }

        config.add_route("outer", "/outer")
        config.add_view(outer, route_name="outer", renderer="json")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    assert client.ask(token, "/outer").json == {
        "outer": "alice",
        "inner": None,
        "copy": None,
    }


def test_an_autocommitting_configurator_works():
    config = setUp(
        settings={
            "sessiontoken.keys": "ephemeral",
            "sessiontoken.authenticators": "session own basic",
            "sessiontoken.basic.check": check_password,
        }
    )
    try:
        config.include("pyramid_sessiontoken")
        config.add_sessiontoken_authenticator("own", Own(Identity("carol")))
        request = Request.blank("/", base_url="https://localhost")
        request.registry = config.registry
        assert request.authenticated_userid == "carol"
        assert request.sessiontoken.issue("dave").expires_in == 3600
        dummy = DummyRequest()
        dummy.registry = config.registry
        assert dummy.authenticated_userid is None
    finally:
        tearDown()
