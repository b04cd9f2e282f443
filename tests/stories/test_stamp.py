"""What the application changes about a user ends the user's sessions."""

import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.response import Response
from pyramid.security import remember
from support import KEY, OTHER_KEY
from support.stored import Drawer, FourVerbs, registering

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
)
from pyramid_sessiontoken.events import CredentialRefused, SessionEnded
from pyramid_sessiontoken.interfaces import (
    IClock,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.repositories.memory import MemoryRepository

HALF = 1800
THIRD_KEY = encode_base64url(bytes(range(128, 192)))
FORMS = ["self-contained", "reference"]
CARRIERS = ["header", "cookie"]


class Users:
    """The passwords of users, which ``stamp`` gives.

    :ivar asked: the users for whom the library asked.
    """

    def __init__(self):
        self.passwords = {}
        self.asked = []

    def stamp(self, userid, request):
        self.asked.append(userid)
        password = self.passwords.get(userid, "first")
        if isinstance(password, Exception):
            raise password
        return password

    def change(self, userid="alice", password="second"):
        self.passwords[userid] = password

    def since(self):
        """Give for whom was asked since the last call."""
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def users():
    return Users()


def begin(request):
    """Sign in whoever is named, as an application does by itself."""
    userid = READ[request.params["type"]](request.params["userid"])
    try:
        if "cookie" in request.params:
            headers = remember(request, userid)
            return HTTPSeeOther("/identity", headers=headers)
        token = request.sessiontoken.issue(userid)
        return Response(json=token.as_dict())
    except InvalidCredential as error:
        return Response(json={"refused": error.code}, status=400)


READ = {"str": str, "int": int, "uuid": uuid.UUID}


@pytest.fixture
def app(make, users):
    """Make an application with a stamp; with a repository, unless told."""

    def make_app(settings=(), setup=None, **more):
        every = {
            "repository": "memory",
            "stamp": users.stamp,
            "token.introspectors": "role:admin",
            **dict(settings),
        }

        def set_up(config):
            config.add_route("begin", "/begin")
            config.add_view(begin, route_name="begin")
            if setup is not None:
                setup(config)

        return make(every, setup=set_up, **more)

    return make_app


def with_four_verbs(config):
    clock = config.registry.getUtility(IClock)
    config.registry.registerUtility(FourVerbs(clock), ITokenRepository)


def forms(form):
    return {"token.form": form, "cookie.form": form}


def sign_in(client, carrier, userid="alice", kind="str"):
    """Sign a user in; give what shows the session."""
    params = {"userid": str(userid), "type": kind}
    if carrier == "header":
        token = client.fresh().post("/begin", params).json["access_token"]
        return {"Authorization": f"Session {token}"}
    other = client.fresh()
    other.post("/begin", {**params, "cookie": "1"})
    return cookie_of(other)


def cookie_of(client):
    [(name, value)] = client.cookies.items()
    return {"Cookie": f"{name}={value}"}


def renewed(client, shown, way="use"):
    """Renew a session by use, or at the endpoint; give what shows it then."""
    browser = client.fresh()
    if way != "use":
        answer = browser.post(way, headers=shown)
        if "access_token" in answer.json:
            token = answer.json["access_token"]
            return {"Authorization": f"Session {token}"}
        return cookie_of(browser)
    response = browser.get("/identity", headers=shown)
    assert response.json["userid"] is not None
    if "Session-Token" in response.headers:
        token = response.headers["Session-Token"]
        return {"Authorization": f"Session {token}"}
    cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
    return {"Cookie": cookie} if cookie else shown


def user_of(client, shown):
    return client.fresh().get("/identity", headers=shown).json["userid"]


def watch(client, *kinds):
    told = []
    for kind in kinds:
        client.registry.registerHandler(told.append, (kind,))
    return told


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
def test_a_change_ends_the_sessions_within_the_time(app, users, form, carrier):
    client = app(forms(form))
    told = watch(client, SessionEnded)
    shown = sign_in(client, carrier)
    other = sign_in(client, carrier, "bob")
    client.clock.advance(10)
    users.change()
    assert user_of(client, shown) == "alice"
    client.clock.advance(290)
    assert user_of(client, shown) is None
    assert user_of(client, other) == "bob"
    users.change(password="first")
    assert user_of(client, shown) is None
    [event] = told
    assert (event.reason, event.userid) == ("stamp", "alice")
    assert event.sid == event.ticket.sid == event.identity.ticket.sid
    assert event.actor is None


def test_a_process_asks_for_a_session_once_in_the_time(app, users):
    client = app()
    one, two = (sign_in(client, "header") for _ in range(2))
    assert users.since() == ["alice"] * 2  # At the sign-ins.
    for _ in range(5):
        client.clock.advance(59)
        assert user_of(client, one) == user_of(client, two) == "alice"
    assert users.since() == []
    client.clock.advance(5)
    for _ in range(5):
        assert user_of(client, one) == user_of(client, two) == "alice"
    assert users.since() == ["alice"] * 2


def test_a_request_that_does_not_ask_for_the_user_asks_for_no_stamp(
    app, users
):
    client = app({"stamp.every": "0"})
    shown = sign_in(client, "header")
    users.since()
    assert client.get("/public", headers=shown).text == "hello"
    client.get("/identity")
    assert users.since() == []


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
def test_it_is_asked_at_every_renewal(app, users, form, carrier):
    client = app({**forms(form), "stamp.every": "10h"})
    shown = sign_in(client, carrier)
    users.since()
    for _ in range(3):
        client.clock.advance(HALF)
        shown = renewed(client, shown)
        assert users.since() == ["alice"]
        assert user_of(client, shown) == "alice"
        assert users.since() == []
    client.clock.advance(HALF)
    users.change()
    assert user_of(client, shown) is None


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({}, {"Session-Slide": "no"}),
        ({}, {"Sec-Purpose": "prefetch"}),
        ({"expiry.renew_on": "unsafe"}, {}),
    ],
)
def test_where_nothing_is_renewed_a_session_that_is_due_asks_no_more(
    app, users, settings, headers
):
    client = app({"stamp.every": "10h", **settings})
    shown = sign_in(client, "header")
    users.since()
    client.clock.advance(HALF)
    assert user_of(client, {**shown, **headers}) == "alice"
    assert users.since() == []


@pytest.mark.parametrize("path", ["/token", "/token/status"])
def test_it_is_asked_at_the_endpoint(app, users, path):
    client = app()
    shown = sign_in(client, "header")
    users.since()
    for _ in range(2):
        client.get(path, headers=shown)
        assert users.since() == ["alice"]
    users.change()
    answer = client.get(path, headers=shown, expect_errors=True)
    if path == "/token":
        assert (answer.status_code, answer.json["error"]) == (
            401,
            "invalid_client",
        )
    else:
        assert answer.json == {"active": False}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
def test_it_is_asked_in_strict_requests(app, users, form, carrier):
    """Also where the request was judged before it was known to be strict."""

    def setup(config):
        config.add_route("pay", "/pay")
        config.add_view(
            lambda request: Response(request.authenticated_userid),
            route_name="pay",
            sessiontoken_check="now",
        )

    client = app({**forms(form), "revocation.strict": "unsafe"}, setup)
    told = watch(client, SessionEnded)
    shown = sign_in(client, carrier)
    other = sign_in(client, carrier, "bob")
    users.since()
    for _ in range(2):
        assert user_of(client, shown) == "alice"
        assert users.since() == []
        assert client.fresh().get("/pay", headers=shown).text == "alice"
        assert users.since() == ["alice"]
        client.fresh().post("/identity", headers=shown)
        assert users.since() == ["alice"]
    users.change()
    users.change("bob")
    assert user_of(client, shown) == "alice"
    client.fresh().get("/pay", headers=shown, status=401)
    answer = client.fresh().post("/identity", headers=other)
    assert answer.json["userid"] is None
    assert [event.userid for event in told] == ["alice", "bob"]


def test_zero_asks_in_each_request(app, users):
    client = app({"stamp.every": "0"})
    shown = sign_in(client, "cookie")
    users.since()
    for _ in range(3):
        assert user_of(client, shown) == "alice"
        assert users.since() == ["alice"]
    users.change()
    assert user_of(client, shown) is None


def test_requests_at_once_are_all_judged_and_the_end_is_told_once(app, users):
    client = app({"repository": None, "stamp.every": "0"})
    told = watch(client, SessionEnded)
    shown = sign_in(client, "header")
    meeting = threading.Barrier(8)

    def ask(_):
        meeting.wait()
        return user_of(client, shown)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == ["alice"] * 8
        users.change()
        assert list(pool.map(ask, range(8))) == [None] * 8
    assert len(told) == 1


# Digests.


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
def test_switching_it_on_signs_everybody_out_once(
    app, users, clock, form, carrier
):
    shared = registering(MemoryRepository(clock), ITokenRepository)
    settings = {**forms(form), "repository": "registered"}
    before = app({**settings, "stamp": None}, before=shared)
    shown = sign_in(before, carrier)
    after = app(settings, before=shared)
    told = watch(after, SessionEnded)
    assert user_of(before, shown) == "alice"
    assert user_of(after, shown) is None
    assert [event.reason for event in told] == ["stamp"]
    assert user_of(after, sign_in(after, carrier)) == "alice"
    # Switched off, a digest is not looked at.
    assert user_of(before, sign_in(after, carrier)) == "alice"


@pytest.mark.parametrize(
    ("carrier", "way"),
    [
        ("header", "use"),
        ("cookie", "use"),
        ("header", "/token/renew"),
        ("cookie", "/token/renew"),
        ("header", "/token"),
        ("cookie", "/token"),
    ],
)
def test_a_session_lives_through_a_change_of_keys(make, users, carrier, way):
    """Header tokens have a ring of their own; the digest is made with the
    other one.
    """

    def with_keys(keys):
        def setup(config):
            config.add_route("begin", "/begin")
            config.add_view(begin, route_name="begin")

        return make(
            {
                "keys": keys,
                "token.keys": THIRD_KEY,
                "stamp": users.stamp,
                "stamp.every": "0",
                "token.exchange": "session cookie",
            },
            setup=setup,
        )

    old, both, new = map(with_keys, (KEY, f"{OTHER_KEY} {KEY}", OTHER_KEY))
    shown = sign_in(old, carrier)
    assert user_of(both, shown) == "alice"
    old.clock.advance(HALF)
    later = renewed(both, shown, way)
    assert user_of(old, shown) == "alice"
    assert user_of(new, later) == "alice"
    assert user_of(new, shown) is None
    users.change()
    assert user_of(new, later) is None


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("way", ["use", "/token/renew"])
def test_so_does_a_session_that_the_server_keeps(
    app, users, clock, carrier, way
):
    shared = registering(MemoryRepository(clock), ITokenRepository)

    def with_keys(keys):
        settings = {
            **forms("reference"),
            "keys": keys,
            "repository": "registered",
            "stamp.every": "0",
        }
        return app(settings, before=shared)

    old, both, new = map(with_keys, (KEY, f"{OTHER_KEY} {KEY}", OTHER_KEY))
    shown = sign_in(old, carrier)
    clock.advance(HALF)
    shown = renewed(both, shown, way)
    assert user_of(new, shown) == "alice"
    users.change()
    assert user_of(new, shown) is None


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_key_that_another_process_read_first_ends_nothing(
    app, users, tmp_path, carrier
):
    """A process that was started just now signs with the new key at once."""
    file = tmp_path / "keys"
    file.write_text(KEY)
    settings = {
        "keys": f"file:{file}",
        "token.keys": THIRD_KEY,
        "repository": None,
        "stamp.every": "0",
    }
    old = app(settings)
    assert user_of(old, sign_in(old, carrier)) == "alice"
    file.write_text(f"{OTHER_KEY}\n{KEY}\n")
    new = app(settings)
    shown = sign_in(new, carrier)
    assert user_of(old, shown) == "alice"


def test_a_digest_is_of_one_user_and_tells_nothing(app, users):
    client = app({"stamp": users.stamp})
    alice, bob = (
        sign_in(client, "header", name)["Authorization"].split()[1]
        for name in ("alice", "bob")
    )
    stamps = [
        jwt.decode(token, options={"verify_signature": False})["stamp"]
        for token in (alice, bob)
    ]
    assert stamps[0] != stamps[1]
    assert all("first" not in each and len(each) == 32 for each in stamps)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    ("kind", "userid"),
    [
        ("int", 42),
        ("str", "42"),
        ("uuid", uuid.UUID("12345678123456781234567812345678")),
    ],
)
def test_userids_of_every_type_are_asked_as_they_are(
    app, users, kind, userid, carrier
):
    client = app({"stamp.every": "0"})
    told = watch(client, SessionEnded)
    shown = sign_in(client, carrier, userid, kind)
    assert str(user_of(client, shown)) == str(userid)
    assert users.since() == [userid] * 2
    others = {"42": 42, 42: "42"}
    users.change(others.get(userid, str(userid)))
    assert str(user_of(client, shown)) == str(userid)
    users.change(userid)
    assert user_of(client, shown) is None
    assert [type(event.userid) for event in told] == [type(userid)]


# What the application answers.


def test_no_session_begins_for_a_user_who_is_gone(app, users):
    client = app()
    refused = watch(client, CredentialRefused)
    users.change(password=None)
    for more in ({}, {"cookie": "1"}):
        params = {"userid": "alice", "type": "str", **more}
        answer = client.post("/begin", params, status=400)
        assert answer.json == {"refused": "user_gone"}
        assert "Set-Cookie" not in answer.headers
    client.authorization = ("Basic", ("alice", "alice"))
    answer = client.post("/token", status=401)
    assert answer.json == {
        "error": "invalid_client",
        "error_description": "The credential was refused",
    }
    assert "WWW-Authenticate" in answer.headers
    [event] = refused
    assert (event.authenticator, event.code) == ("basic", "user_gone")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_sessions_of_a_user_who_is_gone_end(app, users, carrier):
    client = app()
    shown = sign_in(client, carrier)
    told = watch(client, SessionEnded)
    users.change(password=None)
    client.clock.advance(300)
    assert user_of(client, shown) is None
    assert [event.reason for event in told] == ["stamp"]


@pytest.mark.parametrize("answer", [b"bytes", 42, True, ["text"]])
def test_an_answer_of_another_type_is_an_error_of_the_application(
    app, users, answer
):
    client = app({"stamp.every": "0"})
    shown = sign_in(client, "cookie")
    users.change(password=answer)
    wrong = f"sessiontoken.stamp gave {type(answer).__name__}, not a text"
    with pytest.raises(TypeError, match=wrong):
        client.get("/identity", headers=shown)
    with pytest.raises(TypeError, match=wrong):
        sign_in(client, "cookie")
    users.change(password="first")
    assert user_of(client, shown) == "alice"


@pytest.mark.parametrize(
    "error", [LookupError("no table"), InvalidCredential("mine")]
)
def test_a_view_that_asks_sees_what_it_raises(app, users, error):
    client = app({"stamp.every": "0"})
    told = watch(client, SessionEnded, CredentialRefused)
    shown = sign_in(client, "header")
    users.change(password=error)
    with pytest.raises(type(error), match=str(error)):
        client.get("/identity", headers=shown)
    assert client.get("/public", headers=shown).text == "hello"
    assert told == []
    users.change(password="first")
    assert user_of(client, shown) == "alice"


# Where the server keeps nothing.


@pytest.mark.parametrize("carrier", CARRIERS)
def test_without_a_repository_it_is_refused_wherever_it_is_looked_at(
    app, users, carrier, caplog
):
    client = app({"repository": None, "stamp.every": "0"})
    told = watch(client, SessionEnded)
    shown = sign_in(client, carrier)
    users.change()
    caplog.set_level(logging.INFO, "pyramid_sessiontoken")
    said = client.fresh().get("/identity", headers=shown).json
    assert said["userid"] is None
    assert "stamp" in said["failure"]
    for _ in range(3):
        assert user_of(client, shown) is None
        status = client.fresh().get("/token/status", headers=shown)
        assert status.json == {"active": False}
        swapped = client.fresh().post("/token", headers=shown, status=401)
        assert swapped.json["error"] == "invalid_client"
    assert [event.reason for event in told] == ["stamp"]
    ended = [r for r in caplog.messages if "the user's stamp changed" in r]
    assert len(ended) == 1


def test_without_a_repository_the_old_stamp_counts_again(app, users):
    """Nothing remembers that the session ended."""
    client = app({"repository": None})
    shown = sign_in(client, "header")
    users.change()
    client.clock.advance(300)
    assert user_of(client, shown) is None
    users.change(password="first")
    assert user_of(client, shown) is None
    client.clock.advance(300)
    assert user_of(client, shown) == "alice"


@pytest.mark.parametrize(
    ("form", "repository"),
    [
        ("self-contained", None),
        ("self-contained", "memory"),
        ("reference", "memory"),
    ],
)
def test_introspection_looks_at_the_stamp(app, users, form, repository):
    client = app({**forms(form), "repository": repository})
    told = watch(client, SessionEnded)
    token = sign_in(client, "header", "bob")["Authorization"].split()[1]
    admin = client.swap("alice")["access_token"]

    def is_active():
        answer = client.fresh().post(
            "/token/introspect",
            {"token": token},
            headers={"Authorization": f"Session {admin}"},
        )
        return answer.json["active"]

    assert is_active()
    users.change("bob")
    assert not is_active()
    assert [event.userid for event in told] == ["bob"]
    assert user_of(client, {"Authorization": f"Session {token}"}) is None


# Where it keeps much, or little.


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
def test_a_session_ended_by_one_process_has_ended_in_all(
    app, users, clock, form, carrier
):
    shared = registering(MemoryRepository(clock), ITokenRepository)
    settings = {**forms(form), "repository": "registered"}
    one, two = (app(settings, before=shared) for _ in range(2))
    told = [watch(client, SessionEnded) for client in (one, two)]
    shown = sign_in(one, carrier)
    assert user_of(two, shown) == "alice"
    users.change()
    clock.advance(299)
    assert user_of(two, shown) == "alice"
    clock.advance(1)
    assert user_of(one, shown) is None
    # The other process has not noticed that, and asks by itself.
    assert user_of(two, shown) is None
    assert [len(events) for events in told] == [1, 0]


@pytest.mark.parametrize("revocation", ["on", "off"])
@pytest.mark.parametrize("form", FORMS)
def test_a_repository_of_four_verbs_is_enough(app, users, form, revocation):
    client = app(
        {**forms(form), "repository": "registered", "revocation": revocation},
        before=with_four_verbs,
    )
    told = watch(client, SessionEnded)
    shown = sign_in(client, "header")
    users.change()
    client.clock.advance(300)
    for _ in range(2):
        assert user_of(client, shown) is None
        client.clock.advance(301)
    assert len(told) == 1
    users.change(password="first")
    ends = revocation == "on" or form == "reference"
    assert user_of(client, shown) == (None if ends else "alice")


def test_a_store_of_the_applications_own_carries_the_digest(app, users):
    client = app(
        {**forms("reference"), "repository": None},
        before=registering(Drawer(), ISessionStore),
    )
    shown = sign_in(client, "header")
    client.clock.advance(300)
    assert user_of(client, shown) == "alice"
    client.clock.advance(300)
    users.change()
    assert user_of(client, shown) is None


def test_where_the_repository_fails_the_session_is_refused_all_the_same(
    app, users, clock, caplog
):
    repository = MemoryRepository(clock)
    client = app(
        {"repository": "registered"},
        before=registering(repository, ITokenRepository),
    )
    told = watch(client, SessionEnded)
    shown = sign_in(client, "header")
    users.change()
    client.clock.advance(300)
    add = repository.add_or_update

    def fail(item):
        raise RepositoryUnavailable("no disk")

    repository.add_or_update = fail
    for _ in range(2):
        assert user_of(client, shown) is None
    assert "could not be ended in the repository: no disk" in caplog.text
    assert told == []
    repository.add_or_update = add
    assert user_of(client, shown) is None
    assert len(told) == 1


# Beside other credentials, and at sign-out.


def test_an_ended_session_in_a_header_is_replaced_by_no_cookie(app, users):
    client = app()
    header = sign_in(client, "header", "bob")
    cookie = sign_in(client, "cookie", "alice")
    users.change("bob")
    client.clock.advance(300)
    assert user_of(client, {**header, **cookie}) is None
    assert user_of(client, cookie) == "alice"


def test_an_ended_cookie_hides_no_other_ambient_credential(app, users):
    client = app({"authenticators": "cookie remote_user"})
    cookie = sign_in(client, "cookie", "bob")
    users.change("bob")
    client.clock.advance(300)
    other = client.fresh(REMOTE_USER="alice")
    assert other.get("/identity", headers=cookie).json["userid"] == "alice"


def test_combined_identities_are_judged_each(app, users):
    client = app({"combine": "true"})
    header = sign_in(client, "header")
    cookie = sign_in(client, "cookie")
    assert user_of(client, {**header, **cookie}) == "alice"
    users.change()
    client.clock.advance(300)
    assert user_of(client, {**header, **cookie}) is None


def test_a_session_that_its_stamp_ended_can_be_signed_out(app, users):
    client = app()
    header = sign_in(client, "header")
    cookie = sign_in(client, "cookie")
    users.change()
    client.clock.advance(300)
    client.fresh().delete("/token", headers=header, status=204)
    answer = client.fresh().delete("/token", headers=cookie, status=204)
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


def test_an_ended_cookie_is_ignored_and_not_deleted(app, users):
    client = app()
    cookie = sign_in(client, "cookie")
    users.change()
    client.clock.advance(300)
    answer = client.fresh().get("/identity", headers=cookie)
    assert answer.headers.getall("Set-Cookie") == []


def test_a_cookie_of_another_site_is_not_asked_about(app, users):
    client = app({"stamp.every": "0"})
    told = watch(client, SessionEnded)
    cookie = sign_in(client, "cookie")
    users.since()
    users.change()
    client.fresh().post(
        "/identity", headers={**cookie, "Sec-Fetch-Site": "cross-site"}
    )
    assert users.since() == []
    assert told == []


def test_a_stamp_must_not_ask_who_the_user_is(app):
    client = app(
        {"stamp": lambda userid, request: str(request.identity)},
        setup=lambda config: None,
    )
    with pytest.raises(Exception, match="a stamp or a user loader asked"):
        sign_in_then_ask(client)


def sign_in_then_ask(client):
    shown = sign_in(client, "cookie")
    client.clock.advance(300)
    client.get("/identity", headers=shown)


def test_subscribers_may_ask_who_the_user_is(app, users):
    client = app()
    asked = []
    client.registry.registerHandler(
        lambda event: asked.append(event.request.identity), (SessionEnded,)
    )
    shown = sign_in(client, "cookie")
    users.change()
    client.clock.advance(300)
    assert user_of(client, shown) is None
    assert asked == [None]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_who_changes_the_password_signs_in_anew_and_stays(app, users, carrier):
    """All other sessions of the user end."""

    def change(request):
        assert request.authenticated_userid == "alice"
        users.change()
        if carrier == "cookie":
            headers = remember(request, "alice")
            return HTTPSeeOther("/identity", headers=headers)
        token = request.sessiontoken.issue("alice")
        return Response(json=token.as_dict())

    def setup(config):
        config.add_route("change", "/change")
        config.add_view(change, route_name="change")

    client = app(setup=setup)
    elsewhere = sign_in(client, carrier)
    here = sign_in(client, carrier)
    browser = client.fresh()
    answer = browser.post("/change", headers=here)
    if carrier == "cookie":
        now = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    else:
        now = {"Authorization": f"Session {answer.json['access_token']}"}
    client.clock.advance(300)
    assert user_of(client, now) == "alice"
    assert user_of(client, elsewhere) is None
    assert user_of(client, here) is None


# Who acts for another.


def act(request):
    try:
        answer = request.sessiontoken.act_as("bob", "to look")
    except HTTPForbidden as error:
        return Response(json={"refused": str(error)}, status=403)
    if isinstance(answer, list):
        return Response(headerlist=answer)
    return Response(json=answer.as_dict())


@pytest.fixture
def acting(app):
    """Make an application in which alice, an admin, may act for bob."""

    def make_acting(settings=()):
        def setup(config):
            config.add_route("act", "/act")
            config.add_view(act, route_name="act")

        every = {
            "impersonation.principals": "alice",
            "impersonation.check": lambda identity, userid, request: True,
            **dict(settings),
        }
        return app(every, setup)

    return make_acting


def act_as(client, carrier):
    """Let alice act for bob; give what shows that session."""
    own = sign_in(client, carrier)
    browser = client.fresh()
    answer = browser.post("/act", headers=own)
    if carrier == "header":
        token = answer.json["access_token"]
        return {"Authorization": f"Session {token}"}
    cookies = answer.headers.getall("Set-Cookie")
    pairs = [each.partition(";")[0] for each in cookies]
    return {"Cookie": "; ".join(pairs)}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "change", [("alice", "second"), ("alice", None), ("bob", None)]
)
def test_while_acting_the_stamps_of_both_are_asked(
    acting, users, form, carrier, change
):
    client = acting(forms(form))
    shown = act_as(client, carrier)
    users.since()
    client.clock.advance(300)
    assert user_of(client, shown) == "bob"
    assert users.since()[:2] == ["bob", "alice"]
    users.change(*change)
    client.clock.advance(300)
    assert user_of(client, shown) != "bob"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_nobody_acts_for_a_user_who_is_gone(acting, users, carrier):
    client = acting()
    own = sign_in(client, carrier)
    users.change("bob", None)
    answer = client.fresh().post("/act", headers=own, status=403)
    assert "Set-Cookie" not in answer.headers
    assert user_of(client, own) == "alice"
