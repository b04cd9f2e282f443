"""The fields of a 401, for views of an application's own."""

import pytest
from pyramid.httpexceptions import HTTPUnauthorized
from pyramid.request import Request
from pyramid.security import forget
from pyramid.testing import DummySecurityPolicy

from pyramid_sessiontoken import challenges

BOTH = ['Session realm="session"', 'Basic realm="session", charset="UTF-8"']


def fields(response):
    return response.headers.getall("WWW-Authenticate")


@pytest.fixture(params=[challenges, forget], ids=lambda f: f.__name__)
def idiomatic(make, request):
    """An application with Pyramid's idiom as its forbidden view."""
    seen = []

    def setup(config):
        config.add_forbidden_view(
            lambda asked: HTTPUnauthorized(headers=request.param(asked))
        )
        config.add_view(
            lambda asked: seen.append(request.param(asked)) or "",
            name="known",
            renderer="string",
        )

    client = make(setup=setup)
    client.seen = seen
    return client


def test_a_401_of_an_own_view_gets_the_same_challenges(idiomatic):
    assert fields(idiomatic.get("/admin", status=401)) == BOTH
    script = {"X-Requested-With": "XMLHttpRequest"}
    assert (
        fields(idiomatic.get("/admin", headers=script, status=401))
        == (BOTH[:1])
    )
    refused = idiomatic.ask("no token", "/admin")
    assert fields(refused)[0] == (
        'Session realm="session", error="invalid_token"'
    )


def test_sign_out_of_a_known_user_gets_no_challenge(client):
    client.post_json("/sign_in", {})
    assert fields(client.post("/sign_out")) == []
    # Now nobody is signed in.
    assert fields(client.post("/sign_out")) == BOTH


def test_the_cookie_is_deleted_before_the_challenges(make):
    names = []

    def setup(config):
        config.add_view(
            lambda request: names.extend(n for n, _ in forget(request)) or "",
            name="out",
            renderer="string",
        )

    make(setup=setup).get("/out")
    assert names == ["Set-Cookie", "WWW-Authenticate", "WWW-Authenticate"]


def test_a_user_loader_that_signs_out_is_not_called_again(make):
    """It decides who the user is: nobody can be asked meanwhile."""

    def load(identity, request):
        assert [name for name, _ in forget(request)] == ["Set-Cookie"]

    client = make({"user_loader": load})
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] is None


def test_an_outage_gets_no_challenge(make):
    """Nor does an error of the application's own make one."""
    fails = []

    def load(identity, request):
        if fails:
            raise LookupError
        return identity

    client = make({"user_loader": load})
    client.post_json("/sign_in", {})
    fails.append(True)
    assert fields(client.post("/sign_out")) == []


def test_another_security_policy_gets_no_challenges(make):
    def setup(config):
        config.commit()
        config.set_security_policy(DummySecurityPolicy())

    client = make(setup=setup)
    request = Request.blank("/")
    request.registry = client.registry
    assert challenges(request) == []
    del client.registry["pyramid_sessiontoken.policy"]
    assert challenges(request) == []
