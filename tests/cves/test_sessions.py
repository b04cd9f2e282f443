"""Attacks on sessions, and on what keeps them, repeated."""

import os
import pickle

import pytest
from pyramid.response import Response
from support import OTHER_KEY

from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.keys.base64url import decode_base64url

NAME = "__Host-sessiontoken"
LEEWAY = 30
KEPT = {
    "repository": "memory",
    "token.form": "reference",
    "cookie.form": "reference",
}


@pytest.fixture(params=["self-contained", "reference"])
def form(request):
    return {"token.form": request.param, "cookie.form": request.param}


def show(client, **cookies):
    line = "; ".join(f"{k}={v}" for k, v in cookies.items())
    return client.fresh().get("/identity", headers={"Cookie": line})


def items_of(client):
    return client.registry.getUtility(ITokenRepository)._items


def sign_in(client, userid="alice"):
    """Sign a browser in; give its cookie."""
    client.post_json("/sign_in", {"userid": userid})
    return client.cookies[NAME]


# Fixation, and sign-in anew.


def test_cve_2022_25896_and_cve_2018_1000519_session_is_kept_at_sign_in(
    make, form
):
    """A sign-in makes another id, and ends the session that was there."""
    client = make({**form, "repository": "memory"})
    planted = sign_in(client)
    own = sign_in(client)
    assert own != planted
    assert show(client, **{NAME: planted}).json["userid"] is None
    assert show(client, **{NAME: own}).json["userid"] == "alice"


def test_cve_2023_6787_sign_in_anew_as_another_user(make, form):
    client = make({**form, "repository": "memory"})
    first = sign_in(client)
    second = sign_in(client, "bob")
    assert show(client, **{NAME: second}).json["userid"] == "bob"
    assert show(client, **{NAME: first}).json["userid"] is None


def test_cve_2015_5143_and_cve_2015_5963_records_made_by_strangers(make):
    """Neither an unknown session nor a sign-out without one is stored."""
    client = make(KEPT)
    for number in range(5):
        text = f"pst_{number:043}"
        assert client.fresh().ask(text).json["userid"] is None
        got = show(client, **{NAME: f"0.{text}"})
        assert got.json["userid"] is None
        headers = {"Cookie": f"{NAME}=0.{text}"}
        client.fresh().post("/sign_out", headers=headers)
    client.fresh().post("/sign_out")
    assert len(items_of(client)) == 0


def test_flask_session_0_7_unknown_id_is_not_adopted(make):
    """An id that the client chose is never that of a session."""
    client = make(KEPT)
    planted = "pst_" + "A" * 43
    client.set_cookie(NAME, f"0.{planted}")
    assert sign_in(client) != f"0.{planted}"
    assert client.fresh().ask(planted).json["userid"] is None


# The end of a session.


def test_cve_2018_1000814_expiry_only_in_the_browser(make, form):
    client = make({**form, "repository": "memory"})
    cookie = sign_in(client)
    client.clock.advance(3600 + LEEWAY)
    assert show(client, **{NAME: cookie}).json["userid"] is None


def test_cve_2023_20862_sign_out_is_not_saved(make, form):
    client = make({**form, "repository": "memory"})
    cookie = sign_in(client)
    assert show(client, **{NAME: cookie}).json["userid"] == "alice"
    client.post("/sign_out")
    assert show(client, **{NAME: cookie}).json["userid"] is None


def test_cve_2025_46336_session_comes_back_after_its_end(make):
    """A slow request that renews the session does not bring it back."""
    ends = []

    def slow(config):
        config.add_route("slow", "/slow")
        config.add_view(view, route_name="slow")

    def view(request):
        assert request.authenticated_userid == "alice"
        ends.pop()()
        return Response("late")

    client = make(KEPT, setup=slow)
    cookie = sign_in(client)
    shown = {"Cookie": f"{NAME}={cookie}"}
    client.clock.advance(1800)
    ends.append(lambda: client.fresh().post("/sign_out", headers=shown))
    late = client.fresh().get("/slow", headers=shown)
    assert late.text == "late"
    renewed = [
        line.partition(";")[0]
        for line in late.headers.getall("Set-Cookie")
        if "Max-Age=0" not in line
    ]
    assert renewed == []
    assert show(client, **{NAME: cookie}).json["userid"] is None


def test_cve_2026_9802_end_is_forgotten_after_a_restart(make, form, tmp_path):
    settings = {
        **form,
        "repository": "sqlalchemy",
        "repository.url": f"sqlite:///{tmp_path / 'sessions.db'}",
    }
    before = make(settings)
    ended, lives = sign_in(before), None
    before.post("/sign_out")
    lives = sign_in(before)
    after = make(settings)
    assert show(after, **{NAME: ended}).json["userid"] is None
    assert show(after, **{NAME: lives}).json["userid"] == "alice"
    # A repository in memory forgets, so older sessions end with the process.
    client = make({**form, "repository": "memory"})
    cookie = sign_in(client)
    client.clock.advance(60)
    restarted = make({**form, "repository": "memory"})
    assert show(restarted, **{NAME: cookie}).json["userid"] is None


def test_ghsa_xg6x_h9c9_2m83_what_is_remembered_outlives_the_session(make):
    """What a process remembers of a session ends with the session."""
    client = make({**KEPT, "repository.cache_ttl": "1h"})
    cookie = sign_in(client)
    for _ in range(2):
        assert show(client, **{NAME: cookie}).json["userid"] == "alice"
    client.post("/sign_out")
    assert show(client, **{NAME: cookie}).json["userid"] is None


def test_cve_2024_22513_user_who_is_gone(make, form):
    gone = set()

    def load(identity, request):
        return None if identity.userid in gone else identity.userid

    client = make({**form, "repository": "memory", "user_loader": load})
    cookie, token = sign_in(client), client.swap()["access_token"]
    assert show(client, **{NAME: cookie}).json["userid"] == "alice"
    gone.add("alice")
    assert show(client, **{NAME: cookie}).json["userid"] is None
    assert client.fresh().ask(token).json["userid"] is None
    basic = {"Authorization": "Basic YWxpY2U6YWxpY2U="}
    client.fresh().post("/token", headers=basic, status=401)


# What is stored.


def test_cve_2019_16782_id_is_looked_up_as_it_is_sent(make):
    """The repository has digests, and none of them signs in."""
    client = make(KEPT)
    cookie, token = sign_in(client), client.swap()["access_token"]
    sent = {token, cookie.partition(".")[2]}
    sent.add(decode_base64url(cookie.partition(".")[2])[9:-32].decode())
    assert token.startswith("pst_")
    for item in items_of(client).values():
        for text in sent:
            assert text not in item.key
            assert text.encode() not in item.token
        for key in (item.key, f"pst_{item.key}"):
            assert client.fresh().ask(key).json["userid"] is None


class Canary:
    """Sets a variable of the environment where it is unpickled."""

    def __reduce__(self):
        return os.putenv, ("CANARY", "dead")


def test_cve_2021_33026_and_cve_2013_7489_pickle_in_the_repository(
    make, monkeypatch
):
    def load(*args, **kw):
        raise AssertionError("something was unpickled")

    client = make({**KEPT, "repository.cache_size": "0"})
    token = client.swap()["access_token"]
    items = items_of(client)
    monkeypatch.setattr("pickle.loads", load)
    monkeypatch.setattr("pickle.load", load)
    for planted in (
        pickle.dumps(Canary()),
        pickle.dumps({"userid": "alice"}),
        b"",
        b"\x80\x04.",
        b"{}",
    ):
        for key, item in list(items.items()):
            items[key] = item._replace(token=planted)
        assert client.fresh().ask(token).json["userid"] is None


def test_cve_2023_20866_id_in_the_log(make, caplog):
    caplog.set_level("DEBUG")
    client = make(KEPT)
    cookie, token = sign_in(client), client.swap()["access_token"]
    client.clock.advance(1800)
    show(client, **{NAME: cookie})
    client.fresh().ask(token)
    client.post("/sign_out")
    show(client, **{NAME: cookie})
    client.fresh().ask(token + "x")
    client.clock.advance(40_000)
    client.fresh().ask(token)
    reference = decode_base64url(cookie.partition(".")[2])[9:-32].decode()
    assert "refused" in caplog.text
    for secret in (cookie, token, reference):
        assert secret not in caplog.text
        assert secret[-30:] not in caplog.text


def test_session_of_another_ring_is_not_read(make):
    """The record of one application is nothing to another one."""
    client = make(KEPT)
    token = client.swap()["access_token"]
    other = make({**KEPT, "keys": OTHER_KEY})
    items_of(other).update(items_of(client))
    assert other.ask(token).json["userid"] is None
