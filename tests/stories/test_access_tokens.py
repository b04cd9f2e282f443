"""Users make access tokens for their programs: once, named, listed, narrowed
and revoked.
"""

import json
import logging
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from pyramid.response import Response
from pyramid.security import remember
from support import START
from support.access_tokens import (
    SETTINGS,
    Application,
    basic,
    bearer,
    session,
)
from support.application import FourVerbs
from support.outages import Flaky

from pyramid_sessiontoken.errors import (
    ClaimsError,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.events import SessionEnded, SessionIssued
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import VALID, ITokenRepository, Times

DAY = 86400


@pytest.fixture
def app(make):
    return Application(make)


def test_a_user_makes_one_and_a_program_shows_it(app):
    text = app.create()

    assert text.startswith("pat_")
    assert len(text) == 4 + 43 + 6
    who = app.who(bearer(text))
    assert who["userid"] == "alice"
    assert who["claims"] == {"roles": ["admin"]}
    assert who["authenticator"] == "access_token"
    admin = app.client.fresh().get("/admin", headers=bearer(text))
    assert admin.text == "hello"


def test_it_is_listed_until_it_is_revoked(app):
    text = app.create("laptop")
    other = app.create("CI", lifetime="7d")
    app.create("bob's", headers=basic("bob"))

    first, second = sorted(app.list(), key=lambda info: info.expires)

    assert (first.name, second.name) == ("CI", "laptop")
    began = datetime.fromtimestamp(START, timezone.utc)
    assert first.created == second.created == began
    assert first.expires == began + timedelta(days=7)
    assert second.expires == began + timedelta(days=90)
    assert second.claims == {"roles": ["admin"]}
    assert app.revoke(second.id) is True
    assert app.revoke(second.id) is False
    assert [info.name for info in app.list()] == ["CI"]
    assert not app.lives(text)
    assert app.lives(other)


def test_the_latest_is_listed_first(app):
    for name in ("first", "second", "third"):
        app.create(name)
        app.client.clock.advance(1)

    names = [info.name for info in app.list()]
    assert names == ["third", "second", "first"]


@pytest.mark.parametrize("userid", ["bob", 42, uuid.UUID(int=42)])
def test_a_user_of_each_type(make, userid):
    check = {"basic.check": lambda name, password, request: userid}
    app = Application(make, check)

    text = app.create()

    [info] = app.list()
    who = app.do(lambda r: r.authenticated_userid, bearer(text))
    assert who == userid
    assert type(who) is type(userid)
    assert [i.id for i in app.list(userid)] == [info.id]
    assert app.revoke(info.id, userid) is True


def test_a_number_and_a_text_are_two_users(make):
    ids = {"text": "42", "number": 42}
    check = {"basic.check": lambda name, password, request: ids[name]}
    app = Application(make, check)
    text = app.create(headers=basic("text"))
    number = app.create(headers=basic("number"))

    [info] = app.list("42")
    assert app.revoke(info.id, 42) is False
    assert app.revoke(info.id, "42") is True
    assert not app.lives(text)
    assert app.lives(number)


def test_nobody_revokes_that_of_another_user(app):
    text = app.create()
    [info] = app.list()

    assert app.revoke(info.id, headers=basic("bob")) is False
    assert app.lives(text)


@pytest.mark.parametrize("wrong", ["", "x", "x" * 24, "\0" * 24, 7, None])
def test_an_unknown_id_revokes_nothing(app, wrong):
    text = app.create()
    assert app.revoke(wrong) is False
    assert app.lives(text)


def test_it_expires(app):
    text = app.create(lifetime=60)
    app.client.clock.advance(59)
    assert app.lives(text)
    app.client.clock.advance(1)

    answer = app.client.fresh().get("/admin", headers=bearer(text), status=401)

    assert app.list() == []
    told = answer.headers.getall("WWW-Authenticate")
    assert (
        'Bearer realm="session", error="invalid_token",'
        ' error_description="The token expired"'
    ) in told


def test_a_revoked_one_is_told_no_reason(app):
    text = app.create()
    [info] = app.list()
    app.revoke(info.id)

    answer = app.client.fresh().get("/admin", headers=bearer(text), status=401)

    told = answer.headers.getall("WWW-Authenticate")
    assert 'Bearer realm="session", error="invalid_token"' in told
    assert "Authorization" in answer.headers["Vary"]
    assert text not in answer.text


# Who makes them.


def test_a_session_that_began_with_a_password_makes_one(app):
    token = app.client.fresh().swap()["access_token"]
    assert app.lives(app.create(headers=session(token)))


def test_the_cookie_makes_one(app):
    client = app.client.fresh()
    client.post_json("/sign_in", {"userid": "alice"})
    text = app.do(
        lambda r: r.sessiontoken.create_access_token("x"),
        {"Origin": "https://localhost"},
        client=client,
    )
    assert app.lives(text)


def test_in_the_request_of_the_sign_in(app):
    def sign_in(request):
        request.response.headerlist += remember(request, "carol")
        return request.sessiontoken.create_access_token("x")

    text = app.do(sign_in, {"X-No": "credential"})
    assert app.who(bearer(text))["userid"] == "carol"


@pytest.mark.parametrize("seconds", [0, 2000])
@pytest.mark.parametrize("form", ["self-contained", "reference"])
@pytest.mark.parametrize("carrier", ["header", "cookie"])
def test_a_user_who_gave_a_role_up_makes_one_without_it(
    make, carrier, form, seconds
):
    """Also where the session is due: the response carries the change."""
    app = Application(make, {"token.form": form, "cookie.form": form})
    client, shown = app.client.fresh(), {}
    if carrier == "header":
        shown = session(client.swap("alice")["access_token"])
    else:
        client.post_json("/sign_in", {"claims": {"roles": ["admin"]}})
    app.client.clock.advance(seconds)

    def give_up(request):
        request.sessiontoken.update({"roles": []})
        text = request.sessiontoken.create_access_token("CI")
        return text, dict(request.sessiontoken.claims)

    app._does = give_up
    response = client.post("/do", headers=shown)

    text, claims = app._gave
    assert claims == {"roles": []}
    assert app.who(bearer(text))["claims"] == {"roles": []}
    if "Session-Token" in response.headers:
        shown = session(response.headers["Session-Token"])
    assert client.get("/identity", headers=shown).json["claims"] == claims


def test_an_access_token_makes_none(app):
    app.create(headers=bearer(app.create()), status=403)
    assert len(app.list()) == 1


def test_nobody_makes_none(app):
    app.create(headers={"X-No": "credential"}, status=401)


def test_an_api_key_makes_none_nor_a_session_that_began_with_one(make):
    app = Application(
        make,
        {
            "authenticators": "session api_key access_token basic",
            "api_key.check": lambda key, request: "alice",
        },
    )
    key = {"X-Api-Key": "key"}
    token = app.client.fresh().post("/token", headers=key).json

    app.create(headers=key, status=403)
    app.create(headers=session(token["access_token"]), status=403)

    assert app.list() == []


def test_a_session_that_began_with_an_access_token_makes_none(make):
    app = Application(make, {"token.exchange": "basic access_token"})
    swapped = app.client.fresh().post("/token", headers=bearer(app.create()))

    app.create(headers=session(swapped.json["access_token"]), status=403)


def test_who_acts_for_another_makes_none(make):
    app = Application(
        make,
        {
            "impersonation.principals": "role:admin",
            "impersonation.check": lambda *args: True,
        },
    )
    token = app.client.fresh().swap()["access_token"]
    acting = app.do(
        lambda r: r.sessiontoken.act_as("bob", "ticket 7"), session(token)
    )

    app.create(headers=session(acting.access_token), status=403)

    assert app.list("bob") == []


def test_where_none_are_accepted_none_are_made(make):
    app = Application(make, {"authenticators": "session cookie basic"})
    for does in (
        lambda s: s.create_access_token("x"),
        lambda s: s.access_tokens(),
        lambda s: s.revoke_access_token("x" * 24),
        lambda s: s.revoke_all(access_tokens=True),
    ):
        with pytest.raises(SessionTokenError, match="does not list"):
            app.do(lambda request, does=does: does(request.sessiontoken))


def test_a_session_that_was_ended_elsewhere_makes_none(make):
    """The first-level cache does not know it yet."""
    app = Application(make)
    token = app.client.fresh().swap()["access_token"]
    assert app.who(session(token))["userid"] == "alice"
    stored = app.client.registry["pyramid_sessiontoken.policy"].rules.stored
    sid = app.do(lambda r: r.sessiontoken.ticket.sid, session(token))
    marks = stored.revocations.past_cache()
    marks._cache = type(stored.revocations._cache)(100, 5)
    marks.end(sid)
    assert app.who(session(token))["userid"] == "alice"

    app.create(headers=session(token), status=401)

    assert app.list("alice") == []


# Names and lifetimes.


@pytest.mark.parametrize(
    "name", ["", "x" * 101, "line\n", "nul\0", "\ud800", None, 7, b"x"]
)
def test_a_name_is_printable_text(app, name):
    with pytest.raises(ValueError, match="1 to 100 printable"):
        app.create(name)
    assert app.list() == []


@pytest.mark.parametrize("name", ["x", "x" * 100, "caf\xe9 \u2615"])
def test_a_name_is_listed_as_it_is(app, name):
    app.create(name)
    assert app.list()[0].name == name


@pytest.mark.parametrize(
    "lifetime", [0, -1, "0", "91d", 90 * DAY + 1, "soon", "", True, 1.5]
)
def test_a_lifetime_is_at_most_that_of_the_settings(app, lifetime):
    with pytest.raises(ValueError, match="lifetime"):
        app.create(lifetime=lifetime)
    assert app.list() == []


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [(None, 90 * DAY), (1, 1), ("90", 90), ("2h", 7200), ("90d", 90 * DAY)],
)
def test_a_lifetime_is_written_as_in_the_settings(app, lifetime, seconds):
    app.create(lifetime=lifetime)
    [info] = app.list()
    assert info.expires - info.created == timedelta(seconds=seconds)


# Claims.


def test_claims_are_narrowed(make):
    claims = {
        "sub": "alice",
        "roles": ["admin", "user"],
        "scope": "read write",
        "plan": "gold",
    }
    app = Application(make, {"basic.check": lambda *args: dict(claims)})
    chosen = {"roles": ["user"], "scope": "read"}

    text = app.create(claims=chosen)

    assert app.who(bearer(text))["claims"] == chosen
    app.client.fresh().get("/admin", headers=bearer(text), status=403)
    with pytest.raises(ClaimsError, match="roles"):
        app.create(claims={"roles": ["root"]})
    with pytest.raises(ClaimsError, match="tenant"):
        app.create(claims={"tenant": "x"})
    assert len(app.list()) == 1


def test_what_the_creator_loses_later_its_tokens_keep(make):
    claims = {"sub": "alice", "roles": ["admin"]}
    app = Application(make, {"basic.check": lambda *args: dict(claims)})
    text = app.create()

    claims["roles"] = []

    assert app.who(bearer(text))["claims"] == {"roles": ["admin"]}


def test_the_transformer_runs_for_the_creator_alone(make):
    seen = []

    class Transformer:
        def transform(self, identity, request):
            seen.append(identity.authenticator)
            return Identity(identity.userid, {"seen": len(seen)})

    app = Application(make, {"claims_transformer": Transformer()})
    text = app.create()
    assert seen == ["basic"]

    who = app.who(bearer(text))

    assert who["claims"] == {"seen": 1}
    assert seen == ["basic"]


def test_the_user_loader_runs(make):
    barred = set()
    app = Application(
        make,
        {
            "user_loader": lambda identity, request: (
                None if identity.userid in barred else identity
            )
        },
    )
    text = app.create()
    assert app.lives(text)

    barred.add("alice")

    assert not app.lives(text)
    barred.clear()
    assert app.lives(text)


# Told.


def test_subscribers_are_told(app):
    text = app.create("x", lifetime=60)

    [issued] = [e for e in app.told if isinstance(e, SessionIssued)]
    [info] = app.list()
    assert issued.authenticator == "access_token"
    assert issued.identity.userid == "alice"
    assert issued.ticket.sid == info.id
    assert issued.issued.access_token == text
    assert issued.issued.token_type == "Bearer"
    assert issued.issued.expires_in == 60
    assert text not in repr(issued)
    app.told.clear()

    app.revoke(info.id)

    [ended] = app.told
    assert isinstance(ended, SessionEnded)
    assert (ended.reason, ended.sid) == ("revoked", info.id)
    assert (ended.userid, ended.actor) == ("alice", "alice")
    assert ended.authenticator == "access_token"


def test_of_that_of_another_user_the_actor_is_told(app):
    app.create(headers=basic("bob"))
    [info] = app.list("bob")
    app.told.clear()

    app.revoke(info.id, "bob")

    [ended] = app.told
    assert (ended.userid, ended.actor) == ("bob", "alice")
    assert ended.identity is None


def test_the_audit_has_its_lines(make, caplog):
    caplog.set_level(logging.INFO, "pyramid_sessiontoken.audit")
    app = Application(make, {"audit": "on"})
    text = app.create()
    [info] = app.list()
    app.revoke(info.id)
    app.who(bearer(text))

    lines = [
        json.loads(r.getMessage())
        for r in caplog.records
        if r.name == "pyramid_sessiontoken.audit"
    ]

    told = [(e["event"], e["authenticator"], e.get("reason")) for e in lines]
    assert told == [
        ("issued", "access_token", None),
        ("ended", "access_token", "revoked"),
        ("refused", "access_token", "wrong_access_token"),
    ]
    assert lines[0]["sid"] == lines[1]["sid"] == info.id
    assert text not in caplog.text


# With sessions.


def test_they_are_no_sessions(make):
    app = Application(
        make,
        {
            "token.form": "reference",
            "cookie.form": "reference",
            "sessions.limit": "1",
        },
    )
    token = app.client.fresh().swap()["access_token"]
    text, other = app.create(), app.create()

    sessions = app.do(lambda r: r.sessiontoken.sessions())

    assert len(sessions) == 1
    assert app.who(session(token))["userid"] == "alice"
    app.client.fresh().swap()
    assert app.who(session(token))["userid"] is None
    assert app.lives(text)
    assert app.lives(other)


def test_they_outlive_revoke_all_but_where_it_names_them(app):
    text = app.create()
    bobs = app.create(headers=basic("bob"))
    app.client.clock.advance(60)
    app.told.clear()

    app.revoke_all()
    assert app.lives(text)
    [told] = app.told
    assert (told.reason, told.authenticator) == ("revoked_all", None)
    app.told.clear()

    app.revoke_all(access_tokens=True)
    assert not app.lives(text)
    assert app.list() == []
    assert app.lives(bobs)
    assert [
        (e.reason, e.userid, e.sid, e.authenticator)
        for e in app.told
        if isinstance(e, SessionEnded)
    ] == [
        ("revoked_all", "alice", None, None),
        ("revoked_all", "alice", None, "access_token"),
    ]


def test_a_text_that_is_a_number_too_means_the_user_who_has_some(make):
    app = Application(
        make, {"basic.check": lambda name, password, request: 42}
    )
    text = app.create()

    app.revoke_all("42", headers={"X-No": "one"}, access_tokens=True)

    assert not app.lives(text)


def test_they_are_not_swapped_by_default(app):
    text = app.create()
    answer = app.client.fresh().post(
        "/token", headers=bearer(text), status=401
    )
    assert answer.json["error"] == "invalid_client"


@pytest.fixture(params=["self-contained", "reference"])
def swapping(make, request):
    return Application(
        make,
        {
            "token.exchange": "session basic access_token",
            "token.form": request.param,
            "cookie.form": request.param,
        },
    )


def swap(app, text):
    return app.client.fresh().post("/token", headers=bearer(text)).json


def test_a_session_that_began_with_one_ends_with_it(swapping):
    app = swapping
    text = app.create()
    token = swap(app, text)["access_token"]
    other = app.client.fresh().swap()["access_token"]
    assert app.who(session(token))["userid"] == "alice"
    [info] = app.list()

    app.revoke(info.id)

    assert app.who(session(token))["userid"] is None
    assert app.who(session(other))["userid"] == "alice"
    assert len(app.do(lambda r: r.sessiontoken.sessions())) <= 1


def test_a_session_that_began_with_one_ends_with_all(swapping):
    text = swapping.create()
    token = swap(swapping, text)["access_token"]

    swapping.revoke_all(access_tokens=True)

    assert swapping.who(session(token))["userid"] is None


def test_a_session_that_began_with_one_expires_with_it(swapping):
    app = swapping
    answer = swap(app, app.create(lifetime=900))
    assert answer["session_expires_in"] == 900
    token = answer["access_token"]
    app.client.clock.advance(899)
    assert app.who(session(token))["userid"] == "alice"
    app.client.clock.advance(1)
    assert app.who(session(token))["userid"] is None


def test_a_renewal_moves_no_end(swapping):
    app = swapping
    token = swap(app, app.create(lifetime=5400))["access_token"]
    app.client.clock.advance(2000)
    answer = app.client.fresh().post("/token", headers=session(token)).json
    assert answer["session_expires_in"] == 3400
    token = answer["access_token"]
    app.client.clock.advance(3399)
    assert app.who(session(token))["userid"] == "alice"
    app.client.clock.advance(1)
    assert app.who(session(token))["userid"] is None


@pytest.mark.parametrize("amr", [None, "otp"])
@pytest.mark.parametrize("as_identity", [False, True])
def test_a_session_that_a_view_begins_ends_with_it(swapping, amr, as_identity):
    app = swapping
    text = app.create()

    def begin(request):
        own = request.sessiontoken.identity
        user = own if as_identity else own.userid
        return request.sessiontoken.issue(user, amr=amr)

    issued = app.do(begin, bearer(text))
    other = app.do(
        lambda r: r.sessiontoken.issue("bob", amr=amr), bearer(text)
    )

    app.revoke_all(access_tokens=True)
    app.client.clock.advance(1)

    assert app.who(session(issued.access_token))["userid"] is None
    assert app.who(session(other.access_token))["userid"] == "bob"


def test_a_session_of_such_a_session_ends_with_it_too(swapping):
    app = swapping
    token = swap(app, app.create(lifetime=7200))["access_token"]
    issued = app.do(
        lambda r: r.sessiontoken.issue(r.sessiontoken.identity),
        session(token),
    )
    assert issued.session_expires_in == 7200
    [info] = app.list()

    app.revoke(info.id)

    assert app.who(session(issued.access_token))["userid"] is None


def test_the_cookie_that_a_view_sets_ends_with_it(swapping):
    app = swapping
    client = app.client.fresh()
    app.do(
        lambda r: remember(r, "alice"),
        bearer(app.create()),
        client=client,
    )
    assert client.cookies == {}
    headers = app.do(
        set_cookie, bearer(app.create(lifetime=60)), client=client
    )
    assert headers
    assert client.get("/identity").json["userid"] == "alice"
    app.client.clock.advance(60)
    assert client.get("/identity").json["userid"] is None


def set_cookie(request):
    headers = remember(request, "alice")
    request.add_response_callback(
        lambda request, response: response.headerlist.extend(headers)
    )
    return headers


# The endpoint.


def form(text):
    return {"token": text}


def test_it_may_end_itself_at_revoke(app):
    """What finds leaked secrets has nothing else."""
    text = app.create()
    app.told.clear()

    app.client.fresh().post(
        "/token/revoke", form(text), headers=bearer(text), status=200
    )

    assert not app.lives(text)
    [ended] = [e for e in app.told if isinstance(e, SessionEnded)]
    assert (ended.reason, ended.actor) == ("revoked", "alice")
    assert ended.authenticator == "access_token"


def test_a_user_ends_an_own_one_at_revoke(app):
    text = app.create()
    app.client.fresh().post("/token/revoke", form(text), headers=basic())
    assert not app.lives(text)


def test_that_of_another_user_stays_at_revoke(app):
    text = app.create()
    app.client.fresh().post(
        "/token/revoke", form(text), headers=basic("bob"), status=200
    )
    assert app.lives(text)


@pytest.mark.parametrize("wrong", ["pat_", "pat_x", "pat_" + "x" * 49])
def test_no_token_at_revoke_is_no_error(app, wrong):
    app.client.fresh().post(
        "/token/revoke", form(wrong), headers=basic(), status=200
    )


def test_a_revoked_one_is_no_caller(app):
    text = app.create()
    app.revoke(app.list()[0].id)
    app.client.fresh().post(
        "/token/revoke", form(text), headers=bearer(text), status=401
    )


def test_introspection_tells_nothing_of_it(make):
    app = Application(make, {"token.introspectors": "role:admin"})
    text = app.create()
    for caller in (basic(), bearer(text)):
        answer = app.client.fresh().post(
            "/token/introspect", form(text), headers=caller
        )
        assert answer.json == {"active": False}


def test_it_may_introspect_a_session_of_its_user(app):
    text = app.create()
    token = app.client.fresh().swap()["access_token"]
    answer = app.client.fresh().post(
        "/token/introspect", form(token), headers=bearer(text)
    )
    assert answer.json["active"] is True


@pytest.mark.parametrize("scheme", ["Session", "Bearer"])
def test_it_has_no_session_to_end(make, scheme):
    app = Application(make, {"token.scheme": scheme})
    text = app.create()
    app.client.fresh().delete("/token", headers=bearer(text), status=401)
    app.client.fresh().post("/token/renew", headers=bearer(text), status=401)
    answer = app.client.fresh().get("/token/status", headers=bearer(text))
    assert answer.json == {"active": False}
    assert app.lives(text)


def test_with_one_scheme_for_all_each_goes_to_its_own(make):
    app = Application(make, {"token.scheme": "Bearer"})
    text = app.create()
    token = app.client.fresh().swap()["access_token"]
    assert app.lives(text)
    assert app.who(bearer(token))["authenticator"] == "session"
    failure = app.who(bearer("garbage"))["failure"]
    assert failure.startswith("access_token refused")


# Views that ask for more.


def test_no_view_that_asks_for_a_sign_in_lets_it_in(make):
    def setup(config):
        config.add_route("fresh", "/fresh")
        config.add_view(
            lambda request: {},
            route_name="fresh",
            renderer="json",
            sessiontoken_max_age=300,
        )

    app = Application(make, setup=setup)
    text = app.create()
    app.client.fresh().get("/fresh", headers=basic())
    app.client.fresh().get("/fresh", headers=bearer(text), status=401)
    assert app.do(lambda r: r.sessiontoken.auth_time, bearer(text)) is None
    amr = app.do(lambda r: r.sessiontoken.amr, bearer(text))
    assert amr == ("access_token",)


def end_elsewhere(app):
    """Remove all access tokens as another process does."""
    repository = app.client.registry.getUtility(ITokenRepository)
    for info in app.list():
        repository.remove("p" + info.id)


def test_a_revocation_elsewhere_is_noticed_within_five_seconds(app):
    text = app.create()
    assert app.lives(text)
    end_elsewhere(app)
    assert app.lives(text)
    app.client.clock.advance(5)
    assert not app.lives(text)


def test_a_strict_view_asks_the_repository_itself(make):
    def setup(config):
        config.add_route("now", "/now")
        config.add_view(
            lambda request: {"userid": request.authenticated_userid},
            route_name="now",
            renderer="json",
            sessiontoken_check="now",
        )

    app = Application(make, setup=setup)
    text = app.create()
    who = app.client.fresh().get("/now", headers=bearer(text)).json
    assert who == {"userid": "alice"}
    assert app.lives(text)
    end_elsewhere(app)
    assert app.lives(text)

    app.client.fresh().get("/now", headers=bearer(text), status=401)


def test_what_was_judged_before_is_judged_anew(make):
    def setup(config):
        config.add_route("now", "/now")
        config.add_view(
            lambda request: {"userid": request.authenticated_userid},
            route_name="now",
            renderer="json",
            sessiontoken_check="now",
        )

    def root(request):
        return request.authenticated_userid

    app = Application(make, setup=setup, root_factory=root)
    text = app.create()
    who = app.client.fresh().get("/now", headers=bearer(text)).json
    assert who == {"userid": "alice"}
    end_elsewhere(app)

    app.client.fresh().get("/now", headers=bearer(text), status=401)


def test_a_strict_request_asks_the_repository_itself(make):
    app = Application(make, {"revocation.strict": "unsafe"})
    text = app.create()
    assert app.lives(text)
    end_elsewhere(app)

    assert app.do(lambda r: r.authenticated_userid, bearer(text)) is None


# The stamp.


def stamped(make, stamps, **settings):
    return Application(
        make, {"stamp": lambda userid, request: stamps[userid], **settings}
    )


def test_another_stamp_leaves_it_alone_and_none_refuses_it(make):
    stamps = {"alice": "1"}
    app = stamped(make, stamps)
    text = app.create()
    token = app.client.fresh().swap()["access_token"]

    stamps["alice"] = "2"
    app.client.clock.advance(300)
    assert app.who(session(token))["userid"] is None
    assert app.lives(text)

    stamps["alice"] = None
    assert app.lives(text)
    app.client.clock.advance(300)
    assert not app.lives(text)
    assert app.who(bearer(text))["failure"].startswith("access_token refused")

    stamps["alice"] = "3"
    app.client.clock.advance(300)
    assert app.lives(text)


def test_the_endpoint_and_strict_requests_ask_for_the_stamp(make):
    stamps = {"alice": "1"}
    app = stamped(make, stamps, **{"revocation.strict": "unsafe"})
    text = app.create()
    assert app.lives(text)
    stamps["alice"] = None

    assert app.lives(text)
    assert app.do(lambda r: r.authenticated_userid, bearer(text)) is None
    assert not app.lives(text)


def test_what_the_stamp_raises_a_view_sees(make):
    stamps = {"alice": "1"}
    app = stamped(make, stamps, **{"stamp.every": "0"})
    text = app.create()
    del stamps["alice"]
    with pytest.raises(KeyError):
        app.lives(text)


def test_a_session_with_another_stamp_makes_none(make):
    stamps = {"alice": "1"}
    app = stamped(make, stamps)
    token = app.client.fresh().swap()["access_token"]
    stamps["alice"] = "2"
    assert app.who(session(token))["userid"] == "alice"

    app.create(headers=session(token), status=401)
    assert app.list() == []


# The last use.


def test_the_last_use_is_noted_once_a_day(app):
    text = app.create()
    [info] = app.list()
    assert info.last_used is None

    def used():
        assert app.lives(text)
        return app.list()[0].last_used.timestamp() - START

    assert used() == 0
    app.client.clock.advance(DAY - 1)
    assert used() == 0
    app.client.clock.advance(1)
    assert used() == DAY
    app.client.clock.advance(10 * DAY)
    assert used() == 11 * DAY
    [last] = app.list()
    assert (last.id, last.expires) == (info.id, info.expires)


def test_one_that_is_used_each_day_expires_at_its_time(app):
    text = app.create(lifetime="30d")
    for _ in range(29):
        app.client.clock.advance(DAY)
        assert app.lives(text)
    app.client.clock.advance(DAY - 1)
    assert app.lives(text)
    app.client.clock.advance(1)
    assert not app.lives(text)
    assert app.list() == []


def test_what_was_revoked_elsewhere_is_not_brought_back_by_its_use(app):
    text = app.create()
    assert app.lives(text)
    app.client.clock.advance(DAY - 1)
    assert app.lives(text)
    end_elsewhere(app)
    app.client.clock.advance(1)

    app.lives(text)
    app.client.clock.advance(5)

    assert not app.lives(text)
    assert app.list() == []


# Outages, and repositories without powers.


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


def test_an_outage_is_503(flaky):
    app, repository = flaky
    text = app.create()
    token = app.client.fresh().swap()["access_token"]
    [info] = app.list()
    repository.down = True
    fresh = app.client.fresh

    app.create(status=503)
    app.create(headers=session(token), status=503)
    fresh().get("/admin", headers=bearer(text), status=503)
    fresh().post("/token/revoke", form(text), headers=basic(), status=503)
    for does in (
        lambda s: s.access_tokens(),
        lambda s: s.revoke_access_token(info.id),
        lambda s: s.revoke_all(access_tokens=True),
    ):
        app.do(lambda r, does=does: does(r.sessiontoken), status=503)

    repository.down = False
    assert app.lives(text)
    assert [i.id for i in app.list()] == [info.id]


def test_a_use_that_cannot_be_noted_fails_no_request(flaky, caplog):
    app, repository = flaky
    text = app.create()
    renew = repository._inner.renew

    def fail(*args):
        raise RepositoryUnavailable("it is down")

    repository._inner.renew = fail
    assert app.lives(text)
    assert "the use of an access token was not noted" in caplog.text
    repository._inner.renew = renew
    assert app.lives(text)
    assert app.list()[0].last_used is not None


@pytest.fixture
def four_verbs(make, clock):
    return Application(
        make,
        {
            "repository": "registered",
            "token.exchange": "basic access_token",
            "token.form": "reference",
        },
        before=lambda config: config.registry.registerUtility(
            FourVerbs(clock), ITokenRepository
        ),
    )


def test_with_four_verbs_they_are_made_used_and_revoked(four_verbs):
    app = four_verbs
    text = app.create()
    assert app.lives(text)
    token = swap(app, text)["access_token"]
    assert app.who(session(token))["userid"] == "alice"
    [issued] = [
        e
        for e in app.told
        if isinstance(e, SessionIssued)
        and e.authenticator == "access_token"
        and e.issued.token_type == "Bearer"
    ]

    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        app.list()
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        app.revoke_all(access_tokens=True)
    assert app.who(session(token))["userid"] == "alice"
    assert app.revoke(issued.ticket.sid) is True

    assert not app.lives(text)
    assert app.who(session(token))["userid"] is None


def test_the_repository_holds_no_credential_and_no_claim(app):
    text = app.create("a name", claims={"roles": ["admin"]})
    repository = app.client.registry.getUtility(ITokenRepository)
    items = [i for i in repository.items() if i.key.startswith("p")]
    [item] = items
    whole = repr(item)
    for secret in (text, text[4:], text[4:47], "a name", "admin", "alice"):
        assert secret not in whole


def test_without_subscribers_nothing_is_told(make):
    texts = []

    def view(request):
        texts.append(request.sessiontoken.create_access_token("x"))
        [info] = request.sessiontoken.access_tokens()
        request.sessiontoken.revoke_access_token(info.id)
        return Response()

    def setup(config):
        config.add_route("do", "/do")
        config.add_view(view, route_name="do")

    client = make(SETTINGS, setup=setup)
    client.post("/do", headers=basic(), status=200)
    client.get("/admin", headers=bearer(texts[0]), status=401)


def test_an_expiry_policy_of_its_own_moves_no_end(make, clock):
    """Whatever the policy says, the session ends with the access token."""

    class Endless(ExpiryPolicy):
        def judge(self, ticket, now):
            return VALID

        def renew(self, ticket, now):
            return Times(now, now + 10**6, now + 10**6)

    app = Application(
        make,
        {
            "token.exchange": "session basic access_token",
            "expiry.policy": Endless(36000, 3600),
        },
    )
    text = app.create(lifetime=100)
    token = swap(app, text)["access_token"]
    clock.advance(50)
    renewed = app.client.fresh().post("/token", headers=session(token)).json
    assert renewed["session_expires_in"] == 50
    clock.advance(50)
    for each in (token, renewed["access_token"]):
        assert app.who(session(each))["userid"] is None


@pytest.mark.parametrize("uses", [False, True])
def test_it_lives_while_the_keys_rotate(make, uses):
    app = Application(make, {"keys.rotate": "7d"})
    text = app.create(lifetime="90d")
    for _ in range(89):
        app.client.clock.advance(DAY)
        assert not uses or app.lives(text)
    app.client.clock.advance(DAY - 1)
    assert app.lives(text)
    assert len(app.list()) == 1
    app.client.clock.advance(1)
    assert not app.lives(text)


def test_a_session_with_two_ends_has_the_earlier_one(make):
    app = Application(
        make,
        {
            "combine": "true",
            "token.header": "X-Token",
            "token.exchange": "session basic access_token",
        },
    )
    token = swap(app, app.create(lifetime=900))["access_token"]
    both = {**bearer(app.create(lifetime=1800)), "X-Token": token}

    issued = app.do(
        lambda r: r.sessiontoken.issue(r.sessiontoken.identity), both
    )

    assert issued.session_expires_in == 900


def test_a_password_beside_a_session_of_another_user_makes_none(make):
    app = Application(
        make,
        {
            "combine": "true",
            "token.header": "X-Token",
            "impersonation.principals": "role:admin",
            "impersonation.check": lambda *args: True,
        },
    )
    token = app.client.fresh().swap()["access_token"]
    acting = app.do(
        lambda r: r.sessiontoken.act_as("bob", "ticket 7"), {"X-Token": token}
    )
    both = {"X-Token": acting.access_token, **basic("bob")}
    assert app.do(lambda r: r.authenticated_userid, both) == "bob"

    app.create(headers=both, status=403)
