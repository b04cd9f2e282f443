"""A session that was ended stays ended, and no other one ends with it."""

import time

import pytest
from pyramid.httpexceptions import HTTPFound
from pyramid.security import forget
from support import KEY, OTHER_KEY

from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import (
    EXPIRED,
    VALID,
    IExpiryPolicy,
    ITokenRepository,
    Times,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

HOUR = 3600
DAY = 24 * HOUR


def revoke_all(request):
    request.sessiontoken.revoke_all(request.matchdict["userid"])
    return {}


def single_logout(request):
    headers = forget(request)
    if "userid" in request.params:
        request.sessiontoken.revoke_all(request.params["userid"])
    return HTTPFound("/identity", headers=headers)


def views(config):
    config.add_route("revoke_all", "/revoke_all/{userid}")
    config.add_view(revoke_all, route_name="revoke_all", renderer="json")
    config.add_route("single_logout", "/single_logout")
    config.add_view(single_logout, route_name="single_logout")


@pytest.fixture
def shared(make, clock):
    """Make applications that share a repository."""
    repository = MemoryRepository(clock)

    def make_one(**settings):
        every = {k.replace("__", "."): v for k, v in settings.items()}
        return make(
            {"repository": "registered", **every},
            setup=views,
            before=lambda config: config.registry.registerUtility(
                repository, ITokenRepository
            ),
        )

    return make_one


def userid(client, token):
    return client.fresh().ask(token).json["userid"]


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_two_applications_in_one_table_know_nothing_of_each_other(
    shared, form
):
    """They differ in their audience alone, and even have the same keys."""
    one, other = (
        shared(token__form=form, token__audience=audience)
        for audience in ("one", "other")
    )
    mine, others = (app.swap()["access_token"] for app in (one, other))
    assert userid(one, others) is None
    one.get("/revoke_all/alice")
    assert userid(one, mine) is None
    assert userid(other, others) == "alice"


@pytest.mark.parametrize("way", ["sign out", "revoke_all"])
@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_what_ended_stays_so_whatever_the_settings_of_who_ended_it(
    shared, way, form
):
    """Two applications are one by their issuer, and differ in lifetimes; or
    one setting was made shorter, and longer again.
    """
    settings = {"token__form": form, "expiry__sliding": "off"}
    long = shared(**settings, expiry__absolute="30d")
    short = shared(**settings, expiry__absolute="10h")
    token = long.swap()["access_token"]
    if way == "sign out":
        headers = {"Authorization": f"Session {token}"}
        short.delete("/token", headers=headers, status=204)
    else:
        short.get("/revoke_all/alice")
    for hours in (0, 13, 24 * 29):
        long.clock.advance(hours * HOUR)
        assert userid(long, token) is None


class ByUser(ExpiryPolicy):
    """Bob's sessions last a month, others' as the settings say."""

    def begin(self, now, identity=None, persistent=False):
        if identity.userid == "bob":
            return Times(now, now + 7 * DAY, now + 30 * DAY)
        return super().begin(now)

    def judge(self, ticket, now):
        if ticket.userid == "bob":
            return EXPIRED if now >= ticket.exp else VALID
        return super().judge(ticket, now)


def test_reported_times_are_those_of_the_user(make):
    client = make(
        {"repository": "memory", "token.introspectors": "role:admin"},
        before=lambda config: config.registry.registerUtility(
            ByUser(10 * HOUR, HOUR), IExpiryPolicy
        ),
    )
    admin = client.swap("alice")["access_token"]
    for user, life, session in (
        ("alice", HOUR, 10 * HOUR),
        ("bob", 7 * DAY, 30 * DAY),
    ):
        issued = client.swap(user)
        token = issued["access_token"]
        headers = {"Authorization": f"Session {token}"}
        status = client.get("/token/status", headers=headers).json
        for told in (issued, status):
            assert told["expires_in"] == life
            assert told["session_expires_in"] == session
        introspected = client.post(
            "/token/introspect",
            {"token": token},
            headers={"Authorization": f"Session {admin}"},
        ).json
        assert introspected["exp"] == client.clock.now() + life


def test_a_restart_brings_back_nothing_that_was_ended_in_memory(make):
    for revocation, lives in ((None, None), ("off", "alice")):
        settings = {"repository": "memory", "revocation": revocation}
        before = make(settings)
        token = before.swap()["access_token"]
        before.clock.advance(1)
        after = make(settings)
        assert userid(before, token) == "alice"
        assert userid(after, token) == lives
        assert userid(after, after.swap()["access_token"]) == "alice"


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_single_logout_from_another_site_names_the_user(make, form):
    """The cookie does not count there, so it is deleted and no more."""
    client = make({"repository": "memory", "cookie.form": form}, setup=views)
    client.post_json("/sign_in", {})
    [(name, value)] = client.cookies.items()
    copy = {"Cookie": f"{name}={value}"}
    for params, lives in (({}, "alice"), ({"userid": "alice"}, None)):
        response = client.fresh().post(
            "/single_logout",
            params,
            headers={**copy, "Sec-Fetch-Site": "cross-site"},
        )
        [deleted] = response.headers.getall("Set-Cookie")
        assert "Max-Age=0" in deleted
        said = client.fresh().get("/identity", headers=copy).json
        assert said["userid"] == lives


def test_a_key_file_that_is_half_written_deletes_no_cookie(
    make, tmp_path, clock
):
    # The present, by which files tell when they changed.
    clock.advance(int(time.time()) - clock.now())
    file = tmp_path / "keys"
    file.write_text(KEY)
    client = make({"keys": f"file:{file}"})
    client.post_json("/sign_in", {})
    # The old key stands second, and is not written yet.
    file.write_text(f"{OTHER_KEY}\n")
    client.clock.advance(1)
    response = client.get("/identity")
    assert response.json["userid"] == "alice"
    assert response.headers.getall("Set-Cookie") == []
    file.write_text(f"{OTHER_KEY}\n{KEY}\n")
    client.clock.advance(60)
    assert client.get("/identity").json["userid"] == "alice"
