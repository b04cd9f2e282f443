"""For a while, sessions are believed while the repository is down."""

import logging
import time

import pytest
from pyramid.response import Response
from pyramid.security import remember
from support.outages import Flaky
from support.servers import wait_until
from support.stored import registering, store_of

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.policy.security_policy import POLICY
from pyramid_sessiontoken.repositories.memory import MemoryRepository

GRACE = 60
TTL = 5
HOUR = 3600


def revoke_all(request):
    request.sessiontoken.revoke_all(request.params.get("userid"))
    return Response()


def issue(request):
    request.sessiontoken.issue("alice")
    return Response()


def update(request):
    request.sessiontoken.update({"theme": "dark"})
    return Response()


def remember_me(request):
    return Response(headerlist=remember(request, "alice"))


def views(config):
    for view in (revoke_all, issue, update, remember_me):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)
    config.add_route("now", "/now")
    config.add_view(
        lambda request: Response(str(request.authenticated_userid)),
        route_name="now",
        sessiontoken_check="now",
    )


@pytest.fixture
def flaky(clock):
    return Flaky(clock)


@pytest.fixture
def serve(make, flaky):
    def serve_client(**given):
        settings = {
            "repository": "registered",
            "repository.grace": f"{GRACE}s",
            **{key.replace("__", "."): value for key, value in given.items()},
        }
        return make(
            settings,
            before=registering(flaky, ITokenRepository),
            setup=views,
        )

    return serve_client


CACHES = pytest.mark.parametrize("ttl", ["5s", "0"])
CARRIERS = pytest.mark.parametrize("carrier", ["header", "cookie"])


def signed_in(client, carrier="header", user="alice"):
    """Sign in; give what sends a request."""
    mine = client.fresh()
    shown = {}
    if carrier == "header":
        token = mine.swap(user)["access_token"]
        shown["Authorization"] = f"Session {token}"
    else:
        mine.post_json("/sign_in", {"userid": user})

    def send(method, path, body=b""):
        answer = mine._gen_request(
            method, path, body, headers=dict(shown), expect_errors=True
        )
        send.answer = answer
        return answer.status_int

    send.client, send.shown = mine, shown
    return send


def who(send):
    status = send("GET", "/identity")
    return send.answer.json["userid"] if status == 200 else status


@CACHES
@CARRIERS
def test_a_session_is_believed_for_its_time(serve, flaky, carrier, ttl):
    client = serve(repository__cache_ttl=ttl)
    alice = signed_in(client, carrier)
    assert who(alice) == "alice"
    flaky.down = True
    for _ in range(GRACE):
        assert who(alice) == "alice"
        client.clock.advance(1)
    assert who(alice) == 503
    # However often it was used.
    client.clock.advance(HOUR // 4)
    assert who(alice) == 503
    flaky.down = False
    assert who(alice) == "alice"
    # It counts anew.
    client.clock.advance(GRACE - 1)
    flaky.down = True
    assert who(alice) == "alice"


def test_a_memory_of_one_s_own_may_be_down(make, clock):
    class FlakyMemory(MemoryRepository):
        down = False

        def get(self, key):
            if self.down:
                raise RepositoryUnavailable("it is down")
            return super().get(key)

    repository = FlakyMemory(clock)
    client = make(
        {"repository": "registered", "repository.grace": f"{GRACE}s"},
        before=registering(repository, ITokenRepository),
        setup=views,
    )
    alice = signed_in(client)
    assert who(alice) == "alice"
    repository.down = True
    client.clock.advance(GRACE - 1)
    assert who(alice) == "alice"
    client.clock.advance(1)
    assert who(alice) == 503


def test_time_counts_from_the_answer_and_not_from_the_use(serve, flaky):
    client = serve()
    alice = signed_in(client)
    assert who(alice) == "alice"
    # The cache answers.
    client.clock.advance(TTL - 1)
    flaky.asked.clear()
    assert who(alice) == "alice"
    assert flaky.asked == []
    flaky.down = True
    client.clock.advance(GRACE - TTL)
    assert who(alice) == "alice"
    client.clock.advance(1)
    assert who(alice) == 503


def test_without_grace_there_is_none(serve, flaky):
    client = serve(repository__grace="0")
    alice = signed_in(client)
    assert who(alice) == "alice"
    flaky.down = True
    assert who(alice) == "alice"
    client.clock.advance(TTL)
    assert who(alice) == 503


@CACHES
def test_who_was_never_asked_about_is_not_believed(serve, flaky, ttl):
    client = serve(repository__cache_ttl=ttl)
    alice = signed_in(client)
    flaky.down = True
    assert who(alice) == 503


@CACHES
@CARRIERS
def test_what_is_known_to_have_ended_stays_refused(serve, flaky, carrier, ttl):
    client = serve(repository__cache_ttl=ttl)
    ended, all_ended, other = (
        signed_in(client, carrier, user) for user in ("alice", "bob", "carl")
    )
    sends = (ended, all_ended, other)
    assert [who(send) for send in sends] == ["alice", "bob", "carl"]
    cookie = ended.client.cookies.get("__Host-sessiontoken")
    assert ended("DELETE", "/token") == 204
    if cookie:
        ended.client.set_cookie("__Host-sessiontoken", cookie)
    assert all_ended("GET", "/revoke_all") == 200
    flaky.down = True
    for _ in range(2):
        assert [who(send) for send in sends] == [None, None, "carl"]
        client.clock.advance(TTL)


def test_another_process_that_ended_it_is_not_known(serve, flaky, caplog):
    """That is what the grace costs."""
    here, there = serve(), serve()
    alice = signed_in(here)
    assert who(alice) == "alice"
    there.delete("/token", headers=alice.shown)
    here.clock.advance(TTL)
    flaky.down = True
    assert who(alice) == "alice"
    assert "sessions are believed by sessiontoken.repository.grace" in (
        caplog.text
    )
    flaky.down = False
    assert who(alice) is None


# What is strict


@CACHES
def test_a_strict_request_is_given_no_grace(serve, flaky, ttl):
    client = serve(repository__cache_ttl=ttl, revocation__strict="unsafe")
    alice = signed_in(client)
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)
    assert who(alice) == "alice"
    assert alice("GET", "/now") == 503
    assert alice("POST", "/public") == 200  # It asks for nobody.
    assert alice("POST", "/identity") == 503
    assert alice("GET", "/token/status") == 503


def test_a_strict_request_counts_as_a_question(serve, flaky):
    client = serve(repository__cache_ttl="0")
    alice = signed_in(client)
    assert alice("GET", "/now") == 200
    flaky.down = True
    client.clock.advance(GRACE - 1)
    assert who(alice) == "alice"


# References


def test_a_reference_is_given_no_grace(serve, flaky):
    """The repository itself holds what it says."""
    client = serve(token__form="reference")
    alice = signed_in(client)
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)
    assert who(alice) == 503


# What a time of grace does not allow


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/token", None),
        ("POST", "/token", None),
        ("POST", "/token/renew", None),
        ("DELETE", "/token", None),
        ("GET", "/issue", None),
        ("GET", "/remember_me", None),
        ("GET", "/update", None),
        ("GET", "/revoke_all", None),
        ("POST", "/sign_in", b"{}"),
        ("POST", "/sign_out", None),
    ],
)
def test_what_would_change_something_is_503(serve, flaky, method, path, body):
    client = serve()
    alice = signed_in(client, "cookie" if "out" in path else "header")
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)
    assert who(alice) == "alice"
    assert alice(method, path, body or b"") == 503
    if path.startswith("/token"):
        assert alice.answer.headers["Retry-After"] == "5"
        assert alice.answer.json["error"] == "temporarily_unavailable"
    # The client keeps its token.
    flaky.down = False
    assert who(alice) == "alice"


@pytest.mark.parametrize("path", ["introspect", "revoke"])
def test_an_unknown_caller_or_token_is_503(serve, flaky, path):
    client = serve()
    alice, other = signed_in(client), signed_in(client)
    assert [who(alice), who(other)] == ["alice", "alice"]
    token = other.shown["Authorization"].split()[1]

    def ask(caller):
        body = f"token={token}".encode()
        return caller("POST", f"/token/{path}", body)

    alice.shown["Content-Type"] = "application/x-www-form-urlencoded"
    flaky.down = True
    client.clock.advance(TTL)
    assert ask(alice) == 503
    # A password needs no repository, the token does.
    alice.shown["Authorization"] = "Basic YWxpY2U6YWxpY2U="
    assert ask(alice) == 503
    flaky.down = False
    assert ask(alice) == 200


def test_a_cookie_is_not_exchanged_for_a_token(serve, flaky):
    client = serve(token__exchange="cookie basic")
    alice = signed_in(client, "cookie")
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)
    assert who(alice) == "alice"
    assert alice("POST", "/token") == 503
    flaky.down = False
    client.clock.advance(2)
    assert alice("POST", "/token") == 200


def test_status_is_told(serve, flaky):
    client = serve()
    alice = signed_in(client)
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)
    assert alice("GET", "/token/status") == 200
    assert alice.answer.json["active"]


# Renewal


@CACHES
@CARRIERS
def test_a_due_renewal_waits_and_does_not_fail(serve, flaky, carrier, ttl):
    client = serve(repository__cache_ttl=ttl)
    alice = signed_in(client, carrier)
    client.clock.advance(HOUR // 2 - 1)
    assert who(alice) == "alice"
    client.clock.advance(TTL)
    flaky.down = True
    flaky.asked.clear()
    assert who(alice) == "alice"
    for name in ("Session-Token", "Set-Cookie"):
        assert name not in alice.answer.headers
    # The request waited for the repository once.
    assert flaky.asked == ["get"]
    flaky.down = False
    client.clock.advance(2)
    assert who(alice) == "alice"
    name = "Session-Token" if carrier == "header" else "Set-Cookie"
    assert name in alice.answer.headers


@CARRIERS
def test_a_session_that_ended_meanwhile_is_not_renewed(serve, flaky, carrier):
    """The repository is back when the response is made."""
    here, there = (
        serve(
            repository__cache_ttl="0", token__exchange="basic session cookie"
        )
        for _ in range(2)
    )
    alice = signed_in(here, carrier)
    here.clock.advance(HOUR // 2 - 1)
    assert who(alice) == "alice"
    here.clock.advance(TTL)
    headers = dict(alice.shown)
    if carrier == "cookie":
        cookie = alice.client.cookies["__Host-sessiontoken"]
        headers["Cookie"] = f"__Host-sessiontoken={cookie}"
    there.delete("/token", headers=headers, status=204)
    for method, path, expected in (
        ("GET", "/identity", 200),
        ("POST", "/token", 401),
    ):
        flaky.fails = 1
        assert alice(method, path) == expected
        for name in ("Session-Token", "Set-Cookie"):
            assert name not in alice.answer.headers


def test_a_caller_whose_session_ended_meanwhile_is_unknown(serve, flaky):
    here, there = (serve(repository__cache_ttl="0") for _ in range(2))
    alice, other = signed_in(here), signed_in(here)
    assert [who(alice), who(other)] == ["alice", "alice"]
    there.delete("/token", headers=alice.shown, status=204)
    token = other.shown["Authorization"].split()[1]
    alice.shown["Content-Type"] = "application/x-www-form-urlencoded"
    body = f"token={token}".encode()
    flaky.fails = 1
    assert alice("POST", "/token/introspect", body) == 401
    # The other way round.
    other.shown["Content-Type"] = "application/x-www-form-urlencoded"
    token = alice.shown["Authorization"].split()[1]
    body = f"token={token}".encode()
    assert other("POST", "/token/introspect", body) == 200
    assert other.answer.json == {"active": False}


def test_an_ended_session_is_not_changed(serve, flaky):
    here, there = (serve(repository__cache_ttl="0") for _ in range(2))
    alice = signed_in(here)
    assert who(alice) == "alice"
    there.delete("/token", headers=alice.shown, status=204)
    flaky.fails = 1
    with pytest.raises(SessionTokenError, match="ended"):
        alice("GET", "/update")


# Servers


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
@pytest.mark.server
def test_a_server_may_be_down_for_a_while(make, request, kind):
    server = request.getfixturevalue(kind)
    url = server.tcp if kind == "redis" else server.url
    client = make(
        {
            "repository": "redis" if kind == "redis" else "sqlalchemy",
            "repository.url": url,
            "repository.grace": "60s",
        },
        setup=views,
    )
    alice, bob = signed_in(client), signed_in(client, "cookie", "bob")
    assert [who(alice), who(bob)] == ["alice", "bob"]
    client.clock.advance(TTL)
    server.end()
    try:
        assert [who(alice), who(bob)] == ["alice", "bob"]
        assert alice("GET", "/issue") == 503
        client.clock.advance(GRACE)
        assert [who(alice), who(bob)] == [503, 503]
    finally:
        server.start()
    assert [who(alice), who(bob)] == ["alice", "bob"]
    client.registry.getUtility(ITokenRepository).close()


@pytest.mark.server
def test_what_redis_told_is_not_believed(make, redis):
    """The session ends elsewhere, and then Redis is down."""
    settings = {
        "repository": "redis",
        "repository.url": redis.tcp,
        "repository.grace": "60s",
        "repository.cache_ttl": "1h",
        "repository.invalidation": "push",
    }
    here, there = make(settings), make(settings)
    alice, bob = signed_in(here), signed_in(here, user="bob")
    cache = store_of(here)._cache
    assert who(alice) == "alice"
    wait_until(lambda: time.monotonic() < cache._line.until)
    assert [who(alice), who(bob)] == ["alice", "bob"]
    version = cache.version
    there.delete("/token", headers=alice.shown, status=204)
    wait_until(lambda: cache.version > version)
    redis.end()
    try:
        wait_until(lambda: cache._line.until < 0)
        here.clock.advance(TTL)
        assert [who(alice), who(bob)] == [503, "bob"]
    finally:
        redis.start()
    for client in (here, there):
        client.registry.getUtility(ITokenRepository).close()


# The log


def test_the_log_says_it_once_a_minute(serve, flaky, caplog):
    caplog.set_level(logging.INFO)
    client = serve(repository__grace="10m")
    alice = signed_in(client)
    assert who(alice) == "alice"
    flaky.down = True
    client.clock.advance(TTL)

    def told():
        return [
            record.levelname
            for record in caplog.records
            if "are believed by" in record.getMessage()
        ]

    for _ in range(3):
        who(alice)
    assert told() == ["ERROR", "INFO", "INFO"]
    client.clock.advance(60)
    who(alice)
    assert told()[3:] == ["ERROR"]
    # A clock that is put back does not silence it.
    client.clock.advance(-50)
    who(alice)
    assert told()[4:] == ["ERROR"]


@CACHES
def test_a_session_that_began_with_an_access_token_is_believed(
    serve, flaky, ttl
):
    client = serve(
        authenticators="session basic access_token",
        token__exchange="basic access_token",
        repository__cache_ttl=ttl,
    )
    tokens = store_tokens(client)
    text, made = tokens.create("alice", "CI", {}, HOUR)
    shown = {"Authorization": f"Bearer {text}"}
    kept, ended = (
        client.post("/token", headers=shown).json["access_token"]
        for _ in range(2)
    )
    assert client.ask(kept).json["userid"] == "alice"
    flaky.down = True
    client.clock.advance(GRACE - 1)
    assert client.ask(kept).json["userid"] == "alice"
    # The access token itself is not.
    client.get("/now", headers=shown, status=503)
    flaky.down = False
    tokens.end(made)
    flaky.down = True
    # This process knows that it ended.
    assert client.ask(kept).json["userid"] is None
    client.clock.advance(GRACE)
    assert client.ask(ended).status_int == 503


def store_tokens(client):
    return client.registry[POLICY].rules.stored.access_tokens
