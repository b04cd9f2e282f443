"""Access tokens say no more than the user who makes them: see also
stories/test_access_tokens.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.response import Response
from pyramid.scripting import prepare
from pyramid.security import remember
from pyramid_retry import RetryableException
from support.access_tokens import Application, basic, session
from support.outages import Flaky

from pyramid_sessiontoken.errors import ClaimsError, SessionTokenError
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.policy.access_tokens import narrowed
from pyramid_sessiontoken.policy.authorization import principals_of

OWN = {
    "roles": ["admin", "user"],
    "scope": "read write",
    "plan": "gold",
    "limits": {"a": 1, "b": 2},
    "number": 1,
    "nothing": None,
}


def test_without_claims_all_are_taken():
    assert narrowed(OWN, None) == OWN


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"roles": ["user"]},
        {"roles": ["user", "admin"]},
        {"roles": []},
        {"scope": "write"},
        {"scope": " write  read "},
        {"scope": ""},
        {"plan": "gold", "number": 1},
        {"limits": {"b": 2, "a": 1}},
        {"nothing": None},
        OWN,
    ],
)
def test_a_part_is_taken(chosen):
    assert narrowed(OWN, chosen) == chosen


@pytest.mark.parametrize(
    "chosen",
    [
        {"tenant": "x"},
        {"roles": ["root"]},
        {"roles": ["admin", "root"]},
        {"roles": "admin"},
        {"roles": None},
        {"scope": "read admin"},
        {"scope": ["read"]},
        {"scope": None},
        {"plan": "gol"},
        {"plan": ["gold"]},
        {"limits": {"a": 1}},
        {"number": True},
        {"number": 1.0},
        {"number": 0},
        {"nothing": False},
        {"iss": "x"},
        [],
        "roles",
        7,
    ],
)
def test_anything_else_is_refused(chosen):
    with pytest.raises(ClaimsError):
        narrowed(OWN, chosen)


def test_the_words_of_another_claim_are_one_text():
    with pytest.raises(ClaimsError):
        narrowed({"tags": "a b"}, {"tags": "a"})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("ab ", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab", min_size=1), inner, max_size=2)
    ),
    max_leaves=5,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["roles", "groups", "scope", "x"]), VALUES, max_size=4
)


@given(CLAIMS, CLAIMS)
def test_nobody_gets_more_principals(own, chosen):
    try:
        claims = narrowed(own, chosen)
    except ClaimsError:
        return
    theirs = principals_of(Identity("alice", own))
    assert set(principals_of(Identity("alice", claims))) <= set(theirs)
    assert claims.keys() <= own.keys()


@given(CLAIMS)
def test_what_a_user_has_can_be_taken(own):
    assert narrowed(own, own) == narrowed(own, None) == own


@pytest.fixture
def flaky(make, clock):
    repository = Flaky(clock)
    app = Application(
        make,
        {"repository": "registered"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    return app, repository


def test_one_that_no_user_saw_is_removed(flaky, caplog):
    """The repository fails when it is asked whether the session goes on."""
    app, repository = flaky
    token = app.client.fresh().swap()["access_token"]
    added = repository._inner.add_or_update

    def add(item):
        added(item)
        if item.key.startswith("p"):
            repository.fails = 1

    repository._inner.add_or_update = add
    app.create(headers=session(token), status=503)

    assert app.list() == []
    assert "could not be removed" not in caplog.text


def test_one_that_cannot_be_removed_is_told_in_the_log(flaky, caplog):
    app, repository = flaky
    token = app.client.fresh().swap()["access_token"]
    added = repository._inner.add_or_update

    def add(item):
        added(item)
        repository.down = item.key.startswith("p")

    repository._inner.add_or_update = add
    app.create(headers=session(token), status=503)

    assert "an access token that no user saw could not be rem" in caplog.text
    repository.down = False
    assert len(app.list()) == 1


def test_what_ends_all_at_the_same_time_ends_this_one(flaky):
    """``revoke_all`` does not see it: its record is not there yet."""
    app, repository = flaky
    token = app.client.fresh().swap()["access_token"]
    added, raised = repository._inner.add_or_update, []

    def add(item):
        if item.key.startswith("p") and not raised:
            raised.append(True)
            stored = app.client.registry[
                "pyramid_sessiontoken.policy"
            ].rules.stored
            stored.end_all("alice")
            stored.access_tokens.end_all("alice")
        added(item)

    repository._inner.add_or_update = add
    app.create(headers=session(token), status=403)

    assert raised
    assert app.list() == []


def test_no_cache_keeps_the_response_that_shows_one(make):
    def show(request):
        text = request.sessiontoken.create_access_token("CI")
        return Response(text, cache_control="public, max-age=60")

    def setup(config):
        config.add_route("show", "/show")
        config.add_view(show, route_name="show")

    client = Application(make, setup=setup).client
    response = client.get("/show", headers=basic())

    assert response.headers.getall("Cache-Control") == ["private, no-store"]


@pytest.mark.parametrize("has_view", [False, True])
def test_a_request_that_is_repeated_leaves_one(make, has_view):
    attempts = []

    def does(request):
        attempts.append(request.sessiontoken.create_access_token("x"))
        if len(attempts) == 1:
            raise RetryableException

    def setup(config):
        config.include("pyramid_retry")
        if has_view:
            config.add_exception_view(
                lambda request: Response("squashed"),
                context=RetryableException,
            )

    app = Application(make, setup=setup)
    app.do(does)

    assert len(attempts) == 2
    assert not app.lives(attempts[0])
    assert app.lives(attempts[1])
    assert len(app.list()) == 1


def test_of_a_view_that_fails_none_is_left(make):
    def does(request):
        request.sessiontoken.create_access_token("x")
        raise LookupError

    app = Application(make)
    with pytest.raises(LookupError):
        app.do(does)

    assert app.list() == []


def test_outside_of_a_router_it_stays(make):
    app = Application(make)
    app.create()
    with prepare(registry=app.client.registry) as env:
        request = env["request"]
        request.environ["wsgi.url_scheme"] = "https"
        remember(request, "carol")
        request.sessiontoken.create_access_token("x")
    assert len(app.list("carol")) == 1


def test_while_a_request_is_judged_none_is_made(make):
    """The user loader asks for what it helps to decide."""

    def load(identity, request):
        with pytest.raises(SessionTokenError, match="helps"):
            request.sessiontoken.create_access_token("x")
        return identity

    app = Application(make, {"user_loader": load})
    assert app.list() == []
