"""The session behind a session in which somebody acts."""

from dataclasses import replace

import pytest
from pyramid.request import Request

from pyramid_sessiontoken.events import SIGNED_OUT, SessionEnded
from pyramid_sessiontoken.policy.own_session import (
    Behind,
    behind,
    end_unseen,
    find_own,
    tickets_acting,
)
from pyramid_sessiontoken.policy.security_policy import policy_of


@pytest.fixture
def made(make):
    """Make a request, its state, and the own session of alice with one in
    which she acts.
    """

    def make_request(acts=True, **settings):
        settings = {k.replace("__", "."): v for k, v in settings.items()}
        if acts:
            settings["impersonation.principals"] = "role:admin"
        client = make(settings)
        client.registry.registerHandler((told := []).append, (SessionEnded,))
        client.post_json("/sign_in", {"userid": "alice"})
        [(name, value)] = client.cookies.items()
        request = Request.blank(
            "/",
            base_url="https://localhost",
            headers={"Cookie": f"{name}-own={value}"},
        )
        request.registry = client.registry
        state = policy_of(request).state(request)
        text = value.strip('"').partition(".")[2]
        own = state.rules.cookie.sessions.redeem(text).ticket
        rules = state.rules.impersonation
        digest = "x" if rules is None else rules.digest(own.sid)
        acting = own._replace(
            userid="bob",
            actor="alice",
            began={"actor": digest, "actor_at": own.auth_time},
        )
        return request, state, own, acting, told

    return make_request


def test_the_own_session_is_found_in_the_cookie_that_was_put_aside(made):
    request, state, own, acting, _ = made()

    assert find_own(request, state, acting).ticket == own
    assert find_own(request, state, own) is None


@pytest.mark.parametrize(
    "settings", [{"acts": False}, {"authenticators": "session basic"}]
)
def test_where_nobody_may_act_no_cookie_comes_back(make, made, settings):
    if "authenticators" in settings:
        request, state, _, acting, _ = made()
        state.rules = replace(state.rules, cookie=None)
    else:
        request, state, _, acting, _ = made(**settings)

    assert find_own(request, state, acting) is None


def test_a_bound_session_comes_back_with_its_certificate_alone(made):
    request, state, own, acting, _ = made()
    cookie = state.rules.cookie
    bound = own._replace(thumbprint="A" * 43)
    text = cookie.sessions._form.encode(bound)
    [(_, header)] = cookie.jar.write(text, None, None)
    request.headers["Cookie"] = header.partition(";")[0]

    assert find_own(request, state, acting) is None


def test_what_is_behind_is_found_in_the_cookie(made):
    request, state, own, acting, _ = made()

    found = behind(request, state, [acting])

    assert [ending.ticket for ending in found.endings] == [own]
    assert found.unseen == []


@pytest.mark.parametrize("carrier", ["cookie", "header"])
def test_what_is_behind_is_found_in_the_repository(made, carrier):
    request, state, own, acting, _ = made(
        repository="memory", cookie__form="reference"
    )
    request.headers.pop("Cookie")
    store = state.rules.stored._store
    if carrier == "header":
        for ticket in store.tickets_of("alice"):
            store.remove_session(ticket.sid)
        store.store(own._replace(carrier="header"))

    found = behind(request, state, [acting])

    [ending] = found.endings
    assert ending.ticket.sid == own.sid
    assert ending.identity.authenticator == (
        "session" if carrier == "header" else "cookie"
    )


@pytest.mark.parametrize("repository", [None, "memory"])
def test_what_is_found_nowhere_is_ended_by_its_mark(made, repository):
    request, state, own, acting, told = made(repository=repository)
    request.headers.pop("Cookie")
    found = behind(request, state, [acting])
    assert found == Behind([], [("alice", acting.began["actor"])])

    end_unseen(request, state, found, SIGNED_OUT)

    [event] = told
    assert (event.userid, event.actor) == ("alice", "alice")
    assert (event.sid, event.reason) == (None, "signed_out")
    if repository is not None:
        assert state.rules.stored.revocations.is_ended(own)


def test_a_token_that_does_not_say_what_is_behind_ends_nothing(made):
    request, state, _, acting, _ = made(repository="memory")

    found = behind(request, state, [acting._replace(began={})])

    assert found == Behind([], [])


def test_of_what_expired_only_acting_counts_and_never_cross_site(made):
    request, state, own, acting, _ = made()
    for ticket, count in ((own, 0), (acting, 1)):
        state.refuse("cookie", "the token expired", ticket=ticket)
        found = tickets_acting(request, state, [None], "cookie")
        assert len(found) == count
        assert tickets_acting(request, state, [], "session") == []
    state.refuse("cookie", "junk")
    assert tickets_acting(request, state, [], "cookie") == []
    state.refuse("cookie", "the token expired", ticket=acting)
    request.method = "POST"
    request.headers["Sec-Fetch-Site"] = "cross-site"

    assert tickets_acting(request, state, [], "cookie") == []
