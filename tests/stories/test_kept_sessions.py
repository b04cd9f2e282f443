"""Sessions that the server keeps, lists and ends."""

import base64
import threading

import pytest
from pyramid.response import Response
from pyramid.security import forget, remember
from support import KEY, OTHER_KEY

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.events import SessionEnded
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository

NAME = "__Host-sessiontoken"

FORMS = ["self-contained", "reference"]


class Flaky:
    """A repository with outages."""

    def __init__(self, clock):
        self.inner = MemoryRepository(clock)
        self.down = False

    def __getattr__(self, name):
        if name not in ITokenRepository.names():
            raise AttributeError(name)

        def verb(*args, **kw):
            if self.down:
                raise RepositoryUnavailable("down")
            return getattr(self.inner, name)(*args, **kw)

        return verb


def list_sessions(request):
    return [
        {
            "sid": info.sid,
            "current": info.current,
            "agent": info.device.get("user_agent"),
            "address": info.device.get("address"),
            "by": info.authenticator,
            "ends": info.ends.isoformat(),
        }
        for info in request.sessiontoken.sessions()
    ]


def revoke(request):
    request.sessiontoken.revoke(request.params["sid"])
    return Response()


def revoke_all(request):
    keep = "keep" in request.params
    request.sessiontoken.revoke_all(
        request.params.get("userid"), keep_current=keep
    )
    return Response()


def kept_views(config):
    config.add_route("sessions", "/sessions")
    config.add_view(list_sessions, route_name="sessions", renderer="json")
    config.add_route("revoke", "/revoke")
    config.add_view(revoke, route_name="revoke")
    config.add_route("revoke_all", "/revoke_all")
    config.add_view(revoke_all, route_name="revoke_all")


@pytest.fixture
def keeping(make):
    """Make clients whose server keeps sessions in memory."""

    def make_keeping(settings=(), setup=None, **kw):
        def set_up(config):
            kept_views(config)
            if setup is not None:
                setup(config)

        settings = {"repository": "memory", **dict(settings)}
        return make(settings, setup=set_up, **kw)

    return make_keeping


@pytest.fixture(params=FORMS)
def server(keeping, request):
    """A server whose tokens and cookies are of one form or the other."""
    return keeping({"token.form": request.param, "cookie.form": request.param})


def bearer(token):
    return {"Authorization": f"Session {token}"}


def test_a_reference_contains_no_data(keeping):
    server = keeping({"token.form": "reference", "cookie.form": "reference"})
    token = server.swap()["access_token"]
    assert token.startswith("pst_")
    assert len(token) == 4 + 43
    assert server.ask(token).json["claims"] == {"roles": ["admin"]}
    server.post_json("/sign_in", {"claims": {"word": "secret"}})
    assert server.get("/identity").json["claims"] == {"word": "secret"}
    repository = server.registry.getUtility(ITokenRepository)
    for item in repository._items.values():
        for text in (token, "secret", "admin", "pst_"):
            assert text not in item.key
            assert text.encode() not in item.token
        # The link of a session has the digest of its sid.
        assert item.subject.startswith(("str:alice#", "sid:"))


def test_both_forms_are_accepted_whichever_is_written(make, keeping):
    writes_all = keeping()
    token = writes_all.swap()["access_token"]
    writes_all.post_json("/sign_in", {})
    points = keeping(
        {
            "token.form": "reference",
            "cookie.form": "reference",
            "repository": "registered",
        },
        before=lambda config: config.registry.registerUtility(
            writes_all.registry.getUtility(ITokenRepository), ITokenRepository
        ),
    )
    assert points.ask(token).json["userid"] == "alice"
    points.set_cookie(NAME, writes_all.cookies[NAME])
    assert points.get("/identity").json["userid"] == "alice"
    reference = points.swap()["access_token"]
    assert writes_all.ask(reference).json["userid"] == "alice"
    # A server that keeps no sessions refuses references.
    assert make().ask(reference).json["userid"] is None


def test_a_session_slides_and_ends_for_good(server):
    server.post_json("/sign_in", {})
    token = server.swap()["access_token"]
    lived = 0
    while True:
        response = server.ask(token)
        by_cookie = server.fresh()
        by_cookie.cookiejar = server.cookiejar
        who = by_cookie.get("/identity").json["userid"]
        assert who == response.json["userid"]
        if who is None:
            break
        token = response.headers.get("Session-Token", token)
        server.clock.advance(1800)
        lived += 1800
    assert lived == 36000


def test_delete_ends_the_session_that_is_shown(server):
    token = server.swap()["access_token"]
    response = server.delete("/token", headers=bearer(token), status=204)
    assert response.body == b""
    assert response.headers["Cache-Control"] == "private, no-store"
    assert server.ask(token).json["userid"] is None
    # Also if it had ended or expired; but a token must be shown.
    server.delete("/token", headers=bearer(token), status=204)
    server.clock.advance(7200)
    server.delete("/token", headers=bearer(token), status=204)
    server.delete("/token", headers=bearer("junk"), status=401)
    server.delete("/token", status=401)
    allow = server.put("/token", status=405).headers["Allow"]
    assert allow == "DELETE, GET, POST"


def test_delete_ends_a_cookies_session_and_deletes_the_cookie(server):
    server.post_json("/sign_in", {})
    value = server.cookies[NAME]
    headers = {"Sec-Fetch-Site": "cross-site"}
    server.delete("/token", headers=headers, status=401)
    response = server.delete("/token", status=204)
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    replay = server.fresh()
    replay.set_cookie(NAME, value)
    assert replay.get("/identity").json["userid"] is None


def test_sign_out_ends_a_copied_cookie(server):
    server.post_json("/sign_in", {})
    copy = server.fresh()
    copy.set_cookie(NAME, server.cookies[NAME])
    assert copy.get("/identity").json["userid"] == "alice"
    server.post("/sign_out")
    response = copy.get("/identity")
    assert response.json["userid"] is None
    # A cookie whose session was ended is ignored.
    assert "Set-Cookie" not in response.headers


def test_a_new_sign_in_ends_the_one_before(keeping):
    ended = []
    server = keeping(
        setup=lambda config: config.add_subscriber(ended.append, SessionEnded)
    )
    server.post_json("/sign_in", {"userid": "alice"})
    copy = server.fresh()
    copy.set_cookie(NAME, server.cookies[NAME])
    server.post_json("/sign_in", {"userid": "bob"})
    assert [event.identity.userid for event in ended] == ["alice"]
    assert copy.get("/identity").json["userid"] is None
    assert server.get("/identity").json["userid"] == "bob"


def test_a_session_that_ends_in_the_request_that_began_it(keeping):
    def in_and_out(request):
        cookie = remember(request, "alice")[0][1]
        forget(request)
        return Response(cookie.partition(";")[0].partition("=")[2])

    def setup(config):
        config.add_route("in_and_out", "/in_and_out")
        config.add_view(in_and_out, route_name="in_and_out")

    server = keeping(setup=setup)
    server.post_json("/sign_in", {})
    copy = server.fresh()
    copy.set_cookie(NAME, server.get("/in_and_out").text)
    assert copy.get("/identity").json["userid"] is None


def test_a_user_sees_and_ends_sessions(keeping):
    server = keeping({"token.form": "reference", "cookie.form": "reference"})
    server.post_json(
        "/sign_in",
        {},
        headers={"User-Agent": "Browser\x07 ü"},
        extra_environ={"REMOTE_ADDR": "192.0.2.7"},
    )
    server.clock.advance(5)
    token = server.swap()["access_token"]
    server.swap("bob")
    newest, oldest = server.get("/sessions").json
    assert oldest["current"]
    assert oldest["address"] == "192.0.2.7"
    assert oldest["agent"].startswith("Browser")
    assert oldest["by"] == "application"
    assert newest["by"] == "basic"
    assert not newest["current"]
    assert newest["ends"] == "2027-01-15T18:00:05+00:00"
    assert token not in server.get("/sessions").text
    server.post("/revoke", {"sid": newest["sid"]})
    assert server.ask(token).json["userid"] is None
    assert [s["sid"] for s in server.get("/sessions").json] == [oldest["sid"]]


def test_device_data_is_kept_only_where_configured(keeping):
    server = keeping({"cookie.form": "reference", "sessions.device": "no"})
    server.post_json("/sign_in", {}, headers={"User-Agent": "Browser"})
    [info] = server.get("/sessions").json
    assert info["agent"] is None


def test_sign_out_everywhere_spares_later_sessions(server):
    """Also in the same second; and one session may be kept."""
    tokens = [server.swap()["access_token"] for _ in range(3)]
    other = server.swap("bob")["access_token"]
    server.post("/revoke_all", {"keep": "1"}, headers=bearer(tokens[1]))
    alive = [server.ask(t).json["userid"] for t in tokens]
    assert alive == [None, "alice", None]
    server.post("/revoke_all", headers=bearer(tokens[1]))
    new = server.swap()["access_token"]
    assert server.ask(tokens[1]).json["userid"] is None
    assert server.ask(new).json["userid"] == "alice"
    assert server.ask(other).json["userid"] == "bob"
    # Once more in the same second.
    server.post("/revoke_all", headers=bearer(new))
    assert server.ask(new).json["userid"] is None
    server.post("/revoke_all", {"userid": "bob"})
    assert server.ask(other).json["userid"] is None


def test_sessions_of_an_unknown_user_are_an_error(keeping, make):
    server = keeping()
    with pytest.raises(SessionTokenError, match="no user is signed in"):
        server.get("/sessions")
    without = make(setup=kept_views)
    without.post_json("/sign_in", {})
    with pytest.raises(SessionTokenError, match="repository is not set"):
        without.get("/sessions")


def test_a_token_by_reference_is_renewed_in_place(keeping):
    server = keeping({"token.form": "reference"})
    token = server.swap()["access_token"]
    server.clock.advance(1800)
    response = server.post("/token", headers=bearer(token))
    assert response.json["access_token"] == token
    assert response.json["expires_in"] == 3600
    # A second renewal in one second gives the same token.
    response = server.post("/token", headers=bearer(token))
    assert response.json["access_token"] == token


def test_a_cookies_session_can_be_swapped_for_a_reference(keeping):
    server = keeping(
        {
            "token.form": "reference",
            "token.exchange": "session cookie",
        }
    )
    server.post_json("/sign_in", {})
    token = server.post("/token").json["access_token"]
    assert server.ask(token).json["userid"] == "alice"
    # Both belong to one session: sign-out ends both.
    server.post("/sign_out")
    assert server.ask(token).json["userid"] is None


def test_fifty_parallel_requests_renew_a_stored_session_once(keeping):
    server = keeping({"token.form": "reference"})
    token = server.swap()["access_token"]
    repository = server.registry.getUtility(ITokenRepository)
    renewed, answers = [], []
    renew = repository.renew
    repository.renew = lambda *args: renewed.append(renew(*args))
    server.clock.advance(1800)
    barrier = threading.Barrier(50)

    def use():
        client = server.fresh()
        barrier.wait()
        answers.append(client.ask(token).json["userid"])

    threads = [threading.Thread(target=use) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["alice"] * 50
    assert renewed.count(True) <= 1


def test_a_removed_key_ends_the_sessions_stored_under_it(keeping):
    server = keeping({"token.form": "reference"})
    token = server.swap()["access_token"]
    repository = server.registry.getUtility(ITokenRepository)

    def shares(config):
        config.registry.registerUtility(repository, ITokenRepository)

    rotated = keeping(
        {"keys": f"{OTHER_KEY} {KEY}", "repository": "registered"},
        before=shares,
    )
    assert rotated.ask(token).json["userid"] == "alice"
    retired = keeping(
        {"keys": OTHER_KEY, "repository": "registered"}, before=shares
    )
    assert retired.ask(token).json["userid"] is None


def test_a_sign_out_elsewhere_is_noticed_within_the_cache_time(keeping):
    """Another process notices a sign-out within repository.cache_ttl."""
    one = keeping({"token.form": "reference", "repository.cache_ttl": "5s"})
    repository = one.registry.getUtility(ITokenRepository)

    def shares(config):
        config.registry.registerUtility(repository, ITokenRepository)

    other = keeping({"repository": "registered"}, before=shares)
    never_stale = keeping(
        {"repository": "registered", "repository.cache_ttl": "0"},
        before=shares,
    )
    for form in ("reference", "self-contained"):
        if form == "self-contained":
            token = other.swap()["access_token"]
        else:
            token = one.swap()["access_token"]
        for process in (one, other, never_stale):
            assert process.ask(token).json["userid"] == "alice"
        one.delete("/token", headers=bearer(token))
        assert one.ask(token).json["userid"] is None
        assert never_stale.ask(token).json["userid"] is None
        one.clock.advance(4)
        assert other.ask(token).json["userid"] == "alice"
        one.clock.advance(1)
        assert other.ask(token).json["userid"] is None


@pytest.fixture(params=FORMS)
def flaky(make, clock, request):
    repository = Flaky(clock)
    client = make(
        {
            "repository": "registered",
            "repository.cache_ttl": "0",
            "token.form": request.param,
            "cookie.form": request.param,
        },
        setup=kept_views,
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    client.repository = repository
    return client


def test_an_outage_is_503_and_the_cookie_is_kept(flaky):
    flaky.post_json("/sign_in", {})
    token = flaky.swap()["access_token"]
    basic = base64.b64encode(b"alice:alice").decode()
    flaky.repository.down = True
    for response in (
        flaky.get("/identity", status=503),
        flaky.get("/admin", status=503),
        flaky.ask(token),
        flaky.post("/sign_out", status=503),
        flaky.post_json("/sign_in", {}, status=503),
        flaky.post("/revoke", {"sid": "x" * 22}, status=503),
        flaky.get("/token/status", status=503),
        flaky.delete("/token", headers=bearer(token), status=503),
        flaky.fresh().post(
            "/token", headers={"Authorization": f"Basic {basic}"}, status=503
        ),
        flaky.fresh().post(
            "/token/introspect",
            {"token": token},
            headers={"Authorization": f"Basic {basic}"},
            status=503,
        ),
        flaky.fresh().post(
            "/token/revoke",
            {"token": token},
            headers={"Authorization": f"Basic {basic}"},
            status="*",
        ),
    ):
        assert response.status_code in (200, 503)
        assert "Set-Cookie" not in response.headers
        if response.status_code == 503:
            assert response.headers["Retry-After"]
    assert flaky.get("/public").text == "hello"
    flaky.repository.down = False
    assert flaky.get("/identity").json["userid"] == "alice"
    assert flaky.ask(token).json["userid"] == "alice"


def test_a_session_that_cannot_be_ended_is_an_error(make, clock):
    """The session is still in the cache, so only its end fails."""
    repository = Flaky(clock)
    client = make(
        {"repository": "registered"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"
    repository.down = True
    client.delete("/token", headers=bearer(token), status=503)
    client.post(
        "/token/revoke", {"token": token}, headers=bearer(token), status=503
    )
    repository.down = False
    assert client.ask(token).json["userid"] == "alice"


def test_a_renewal_that_cannot_be_written_is_skipped(make, clock):
    repository = Flaky(clock)
    client = make(
        {"repository": "registered", "token.form": "reference"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    token = client.swap()["access_token"]
    clock.advance(1798)
    assert client.ask(token).json["userid"] == "alice"
    clock.advance(3)
    repository.down = True
    response = client.ask(token)
    assert response.status_code == 200
    assert response.json["userid"] == "alice"
