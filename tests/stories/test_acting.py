"""Support signs in as a user: allowed, on the record, and never for longer
than the session that began it.
"""

import json
import logging
import uuid

import jwt
import pytest
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.security import forget, remember
from support.application import FourVerbs
from zope.interface import implementer

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.events import (
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    RENEW,
    IClaimsTransformer,
    IExpiryPolicy,
    ITokenRepository,
    Times,
)
from pyramid_sessiontoken.keys.lookup import CurrentRing
from pyramid_sessiontoken.policy.security_policy import POLICY
from pyramid_sessiontoken.policy.stamp import Stamp
from pyramid_sessiontoken.repositories.memory import MemoryRepository

ROLES = {
    "alice": ["support", "user"],
    "bob": ["user"],
    "carol": ["user"],
    "root": ["admin", "user"],
    "sally": ["support", "user"],
}

KINDS = {
    "str": lambda name: name,
    "int": lambda name: sorted(ROLES).index(name),
    "uuid": lambda name: uuid.UUID(int=sorted(ROLES).index(name)),
}


@implementer(IClaimsTransformer)
class Roles:
    """Give each user the roles of the table."""

    def __init__(self, kind="str"):
        self.names = {KINDS[kind](name): name for name in ROLES}
        self.seen = []

    def transform(self, identity, request):
        self.seen.append(identity)
        name = self.names.get(identity.userid)
        if name is None:
            raise InvalidCredential("no such user")
        claims = {"roles": ROLES[name], **identity.claims}
        return Identity(identity.userid, claims)


class Application:
    """An application in which alice and sally may act for users.

    :ivar told: the events that were sent.
    """

    def __init__(self, make, settings, kind="str", setup=None):
        self.id_of = KINDS[kind]
        self.told = []
        self.roles = Roles(kind)
        self.raised = None
        every = {
            "impersonation.principals": "role:support",
            "basic.check": self.check,
            "claims_transformer": self.roles,
            **settings,
        }

        def set_up(config):
            for event in (SessionIssued, SessionRenewed, SessionEnded):
                config.add_subscriber(self.told.append, event)
            for name in ("act", "leave", "who", "begin", "many"):
                config.add_route(name, f"/{name}")
                config.add_view(
                    getattr(self, name), route_name=name, renderer="json"
                )
            if setup is not None:
                setup(config)

        self.client = make(every, setup=set_up)

    def check(self, username, password, request):
        if username != password or username not in ROLES:
            return None
        return {"sub": self.id_of(username)}

    def act(self, request):
        """Act for a user; put what is raised into the answer."""
        given = json.loads(request.body)
        given.setdefault("reason", "ticket 4711")
        given["userid"] = self.id_of(given["userid"])
        try:
            answer = request.sessiontoken.act_as(**given)
        except (SessionTokenError, ValueError, HTTPForbidden) as error:
            return {"raised": type(error).__name__, "says": str(error)}
        who = self.who(request)
        if isinstance(answer, list):
            request.response.headerlist.extend(answer)
            return who
        return {**answer.as_dict(), **who}

    def leave(self, request):
        headers = forget(request)
        user = request.authenticated_userid
        headers = [*headers, ("X-Who", str(user))]
        if "drop" in request.GET:
            return {}
        return HTTPSeeOther("/who", headers=headers)

    def begin(self, request):
        headers = remember(request, self.id_of(request.GET["as"]))
        request.response.headerlist.extend(headers)
        return self.who(request)

    def many(self, request):
        request.response.headerlist.extend(
            request.sessiontoken.act_as(self.id_of("bob"), "to look")
        )
        request.response.headerlist.extend(forget(request))
        return self.who(request)

    def who(self, request):
        session = request.sessiontoken
        identity = session.identity
        return {
            "userid": None if identity is None else str(identity.userid),
            "actor": None if session.actor is None else str(session.actor),
            "roles": session.claims.get("roles"),
        }


STORES = {
    "nowhere": {},
    "self-contained": {"repository": "memory"},
    "reference": {
        "repository": "memory",
        "token.form": "reference",
        "cookie.form": "reference",
    },
    "four verbs": {
        "repository": "registered",
        "token.form": "reference",
        "cookie.form": "reference",
    },
}
KEPT = [name for name in STORES if name != "nowhere"]


@pytest.fixture
def make_app(make, clock):
    def make_application(
        store="self-contained", kind="str", setup=None, **settings
    ):
        def set_up(config):
            if store == "four verbs":
                config.registry.registerUtility(
                    FourVerbs(clock), ITokenRepository
                )
            if setup is not None:
                setup(config)

        settings = {k.replace("__", "."): v for k, v in settings.items()}
        every = {**STORES[store], **settings}
        return Application(make, every, kind, set_up)

    return make_application


class Browser:
    """It keeps its session in the cookie."""

    def __init__(self, app, name="alice"):
        self.app = app
        self.client = app.client.fresh()
        self.client.get(f"/begin?as={name}")

    def act(self, userid="bob", **given):
        return self.client.post_json("/act", {"userid": userid, **given}).json

    def who(self, **kw):
        answer = self.client.get("/who", **kw).json
        return answer["userid"], answer["actor"]

    def leave(self, **kw):
        return self.client.post("/leave", **kw)

    def delete(self):
        return self.client.delete("/token", expect_errors=True)

    def copy(self):
        """Give a browser with copies of the cookies."""
        other = object.__new__(Browser)
        other.app, other.client = self.app, self.app.client.fresh()
        for cookie in self.client.cookiejar:
            other.client.set_cookie(cookie.name, cookie.value)
        return other

    @property
    def names(self):
        return set(self.client.cookies)


class Script:
    """It shows its token in a header.

    :ivar own: its own token; ``shown`` is the one that it shows.
    """

    def __init__(self, app, name="alice"):
        self.app, self.client = app, app.client.fresh()
        self.own = self.shown = self.client.swap(name)["access_token"]

    def act(self, userid="bob", **given):
        answer = self.client.post_json(
            "/act", {"userid": userid, **given}, headers=self.headers
        ).json
        self.shown = answer.get("access_token", self.shown)
        return answer

    def who(self, **kw):
        answer = self.client.get("/who", headers=self.headers, **kw).json
        return answer["userid"], answer["actor"]

    def leave(self):
        self.shown = self.own

    def delete(self):
        return self.client.delete(
            "/token", headers=self.headers, expect_errors=True
        )

    @property
    def headers(self):
        return {"Authorization": f"Session {self.shown}"}


CLIENTS = [Browser, Script]


# Who may.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_support_acts_as_a_user_and_leaves(make_app, store, kind, make_client):
    app = make_app(store, kind)
    alice, bob = str(app.id_of("alice")), str(app.id_of("bob"))
    client = make_client(app)
    del app.told[:]

    answer = client.act()

    assert client.who() == (bob, alice)
    (event,) = app.told
    assert event.ticket.userid == app.id_of("bob")
    assert event.ticket.actor == app.id_of("alice")
    assert type(event.ticket.actor) is type(app.id_of("alice"))
    assert event.ticket.amr == ("application",)
    assert event.reason == "ticket 4711"
    assert event.authenticator == "application"
    if make_client is Script:
        assert answer["expires_in"] == answer["session_expires_in"] == 1800
        assert answer["userid"] == alice
    else:
        # request.identity is at once the new one.
        assert (answer["userid"], answer["actor"]) == (bob, alice)
        assert answer["roles"] == ["user"]
    client.leave()
    assert client.who() == (alice, None)


@pytest.mark.parametrize("store", KEPT)
def test_forget_ends_a_session_in_the_header_in_which_somebody_acts(
    make_app, store
):
    app = make_app(store)
    script = Script(app)
    script.act()
    acting = script.shown
    del app.told[:]

    script.client.post("/leave", headers=script.headers)

    [event] = app.told
    assert (event.userid, event.actor) == ("bob", "alice")
    assert event.reason == "signed_out"
    assert script.who() == (None, None)
    script.leave()
    assert script.who() == ("alice", None)
    # A session in the header in which its user acts is not forget's.
    script.client.post("/leave", headers=script.headers)
    assert script.who() == ("alice", None)
    assert script.shown != acting


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_sign_in_tells_one_actor_of_all_that_it_replaces(
    make_app, store, make_client
):
    app = make_app(store)
    client = make_client(app)
    client.act()
    del app.told[:]

    client.client.get(
        "/begin?as=carol", headers=getattr(client, "headers", {})
    )

    ended = [each for each in app.told if isinstance(each, SessionEnded)]
    assert {each.userid for each in ended} == {"alice", "bob"}
    assert {each.actor for each in ended} == {"carol"}


@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize(
    ("actor", "userid", "allowed"),
    [
        ("alice", "bob", True),
        ("alice", "sally", True),
        # She is more than alice is.
        ("alice", "root", False),
        ("alice", "alice", False),
        ("bob", "carol", False),
        ("root", "bob", False),
    ],
)
def test_only_support_acts_and_only_for_users_who_are_no_more(
    make_app, make_client, actor, userid, allowed
):
    client = make_client(make_app(), actor)

    answer = client.act(userid)

    if allowed:
        assert client.who() == (userid, actor)
    else:
        assert answer["raised"] == "HTTPForbidden"
        assert client.who() == (actor, None)


def test_the_log_tells_who_acts_and_why(make_app, caplog):
    script = Script(make_app("nowhere"))
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        script.act("root")
        script.act("bob", reason="so\xf1a")

    assert caplog.messages == [
        "'alice' may not act for 'root': the user also is 'role:admin'",
        "'alice' acts for 'bob' until 2027-01-15 08:30:00+00:00: 'so\xf1a'",
    ]


def test_claims_of_the_session_to_be_are_judged_too(make_app):
    """The transformer keeps claims, so nobody may ask for more of them."""
    app = make_app()
    for make_client in CLIENTS:
        client = make_client(app)

        answer = client.act(claims={"roles": ["user", "admin"]})
        assert answer["raised"] == "HTTPForbidden"

        answer = client.act(claims={"roles": ["support"], "note": 1})
        assert client.who() == ("bob", "alice")
        client.leave()
        assert client.act(claims={"act": {"sub": "x"}})["raised"] == (
            "ClaimsError"
        )


def test_what_the_user_loader_says_counts(make_app):
    """It sees who would act, and may say that the user is gone."""
    seen, gone = [], set()

    def load(identity, request):
        seen.append(identity)
        return None if identity.userid in gone else identity

    client = Script(make_app(user_loader=load))
    del seen[:]
    client.act()
    acting = [i for i in seen if i.userid == "bob"]
    assert acting[0].ticket.actor == "alice"
    assert acting[0].authenticator == "session"
    gone.add("carol")
    client.leave()

    assert client.act("carol")["raised"] == "HTTPForbidden"
    gone.add("bob")
    client.shown = client.own
    assert client.act()["raised"] == "HTTPForbidden"


def test_whom_the_transformer_refuses_nobody_acts_for(make_app):
    app = make_app()
    client = Script(app)
    app.roles.names.pop("carol")

    assert client.act("carol")["raised"] == "HTTPForbidden"


@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_check_of_the_application_decides(make_app, make_client):
    asked = []

    def check(identity, userid, request):
        asked.append((identity, userid))
        return userid == "root"

    app = make_app(impersonation__check=check)
    client = make_client(app)

    assert client.act("bob")["raised"] == "HTTPForbidden"
    client.act("root")

    assert client.who() == ("root", "alice")
    assert [userid for _, userid in asked] == ["bob", "root"]
    assert asked[0][0].userid == "alice"
    assert asked[0][0].claims["roles"] == ROLES["alice"]
    # It opens no way to oneself, nor to who is gone.
    client.leave()
    assert client.act("alice")["raised"] == "HTTPForbidden"
    assert len(asked) == 2
    assert make_client(app, "bob").act("root")["raised"] == "HTTPForbidden"
    assert len(asked) == 2


def test_oneself_in_another_spelling_is_oneself(make_app):
    app = make_app("self-contained", "int", impersonation__check=max)
    client = Script(app)
    app.id_of = str
    app.roles.names["0"] = "bob"

    assert client.act("0")["says"] == "You may not act for this user."


@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize(
    "reason", ["", " ", "x" * 301, "a\nb", "a\x00", None, 7, ["x"]]
)
def test_a_reason_is_needed(make_app, make_client, reason):
    client = make_client(make_app())

    answer = client.act(reason=reason)

    assert answer["raised"] == "SessionTokenError"
    assert "a reason is needed" in answer["says"]
    assert client.who() == ("alice", None)


def test_the_longest_reason_is_kept_whole(make_app):
    app = make_app()
    reason = "ö" * 300
    Script(app).act(reason=reason)

    assert app.told[-1].reason == reason


@pytest.mark.parametrize("make_client", CLIENTS)
def test_nobody_acts_in_a_chain(make_app, make_client):
    client = make_client(make_app(impersonation__check=lambda *args: True))
    client.act("sally")

    answer = client.act("bob")

    assert answer["raised"] == "SessionTokenError"
    assert client.who() == ("sally", "alice")


def test_a_session_of_ones_own_beside_it_is_no_way_round(make_app):
    """With combine, both vouch for the user."""
    app = make_app(combine="true")
    browser, script = Browser(app), Script(app, "sally")
    browser.act("sally")
    who = browser.client.get("/who", headers=script.headers).json
    assert (who["userid"], who["actor"]) == ("sally", "alice")

    answer = browser.client.post_json(
        "/act", {"userid": "bob"}, headers=script.headers
    ).json

    assert answer["raised"] == "SessionTokenError"
    assert "acts for another already" in answer["says"]


def test_without_the_setting_nobody_acts(make_app):
    answer = Script(make_app(impersonation__principals=None)).act()

    assert answer["raised"] == "SessionTokenError"
    assert "impersonation.principals is not set" in answer["says"]


def test_a_session_of_ones_own_is_needed(make_app):
    app = make_app()
    client = app.client.fresh()
    for authorization in (None, ("Basic", ("alice", "alice"))):
        client.authorization = authorization
        answer = client.post_json("/act", {"userid": "bob"}).json
        assert answer["raised"] == "SessionTokenError"
        assert "session came with this request" in answer["says"]


@pytest.mark.parametrize(
    "userid", [True, 1.5, None, "", "role:x", "a\0", b"a"]
)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_userid_that_no_token_can_carry_is_refused(
    make_app, make_client, userid
):
    app = make_app(impersonation__check=lambda *args: True)
    app.roles.transform = lambda identity, request: identity
    client = make_client(app)
    client.app.id_of = lambda name: userid

    assert client.act()["raised"] == "ClaimsError"


def test_over_plain_http_nobody_acts(make_app):
    app = make_app()
    script = Script(app)
    answer = script.client.post_json(
        "/act",
        {"userid": "bob"},
        headers=script.headers,
        extra_environ={"wsgi.url_scheme": "http"},
    ).json

    assert answer["raised"] == "HTTPForbidden"
    assert "plain HTTP" in answer["says"]


def test_an_outage_while_the_actor_is_judged_is_503(make_app):
    app = make_app("reference")
    script = Script(app)

    def fail(*args):
        raise RepositoryUnavailable("gone")

    app.client.registry.getUtility(ITokenRepository).get = fail
    script.client.post_json(
        "/act", {"userid": "bob"}, headers=script.headers, status=503
    )


# How long.


@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [("10m", 600), (90, 90), ("90", 90), ("1h", 3600), ("9d", 36000)],
)
def test_it_ends_after_its_lifetime_however_it_is_used(
    make_app, clock, make_client, lifetime, seconds
):
    client = make_client(make_app(expiry__sliding="5m"))
    answer = client.act(lifetime=lifetime)
    if make_client is Script:
        assert answer["session_expires_in"] == seconds
    begun = clock.now()

    while clock.now() < begun + seconds:
        headers = {"X-Used": "yes"}
        answer = client.client.get(
            "/who",
            headers={**headers, **getattr(client, "headers", {})},
        )
        client.shown = answer.headers.get(
            "Session-Token", getattr(client, "shown", None)
        )
        assert answer.json["userid"] == "bob"
        clock.advance(min(200, begun + seconds - clock.now()))

    assert client.who() == (None, None)


@pytest.mark.parametrize("lifetime", [0, "0", -1, "", "soon", True, None, 1.5])
def test_a_lifetime_is_a_duration(make_app, lifetime):
    answer = Script(make_app()).act(lifetime=lifetime)

    assert answer["raised"] == "ValueError"
    assert answer["says"].startswith("lifetime: ")


@pytest.mark.parametrize("make_client", CLIENTS)
def test_it_outlives_no_session_of_the_actor(make_app, clock, make_client):
    client = make_client(make_app("nowhere", expiry__sliding="off"))
    clock.advance(36000 - 60)
    client.act()
    assert client.who() == ("bob", "alice")

    clock.advance(60)

    assert client.who() == (None, None)


def test_a_policy_of_ones_own_makes_it_no_longer_than_absolute(
    make_app, clock
):
    browser = Browser(
        make_app(expiry__policy=lambda *args: ExpiryPolicy(30 * 86400))
    )
    browser.act(lifetime="20d")
    clock.advance(36000 - 1)
    assert browser.who() == ("bob", "alice")

    clock.advance(1)

    assert browser.who() == (None, None)
    browser.leave()
    assert browser.who() == ("alice", None)


@implementer(IExpiryPolicy)
class Forever(ExpiryPolicy):
    """A policy that lets every session live on."""

    def judge(self, ticket, now):
        return RENEW

    def renew(self, ticket, now):
        return Times(now, now + 9000, now + 9000)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_no_expiry_policy_lets_it_pass_its_end(
    make, make_app, clock, make_client, store
):
    app = make_app(store, expiry__policy=lambda *args: Forever(36000, 3600))
    client = make_client(app)
    client.act()
    for _ in range(6):
        clock.advance(299)
        answer = client.client.get(
            "/who", headers=getattr(client, "headers", {})
        )
        client.shown = answer.headers.get(
            "Session-Token", getattr(client, "shown", None)
        )
        assert answer.json["userid"] == "bob"
    if make_client is Script:
        renewed = client.client.post("/token", headers=client.headers).json
        client.shown = renewed["access_token"]
        assert renewed["session_expires_in"] == 6

    clock.advance(6)

    assert client.who() == (None, None)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_change_of_claims_keeps_who_acts_and_the_end(
    make_app, clock, make_client, store
):
    def change(request):
        request.sessiontoken.update({"note": 1})
        return {}

    app = make_app(
        store,
        expiry__policy=lambda *args: Forever(36000, 3600),
        setup=lambda config: _add_view(config, change),
    )
    client = make_client(app)
    client.act()
    clock.advance(1799)
    answer = client.client.get("/keep", headers=getattr(client, "headers", {}))
    client.shown = answer.headers.get(
        "Session-Token", getattr(client, "shown", None)
    )
    assert client.who() == ("bob", "alice")

    clock.advance(1)

    assert client.who() == (None, None)


def test_the_limit_of_sessions_does_not_count_it(make_app, clock):
    app = make_app("reference", sessions__limit="1")
    bob, alice = Browser(app, "bob"), Browser(app)
    assert "order" in app.told[-1].ticket.began
    alice.act()
    assert set(app.told[-1].ticket.began) == {"at", "actor", "actor_at"}
    clock.advance(1)
    alice.leave()
    alice.act()

    assert bob.who() == ("bob", None)
    assert alice.who() == ("bob", "alice")
    again = Browser(app, "bob")
    assert again.who() == ("bob", None)
    assert alice.who() == ("bob", "alice")
    assert bob.who() == (None, None)


def test_it_is_never_persistent(make_app):
    browser = Browser(make_app(cookie__persistent="true"))

    answer = browser.client.post_json("/act", {"userid": "bob"})

    cookies = answer.headers.getall("Set-Cookie")
    assert len(cookies) == 2
    assert not any("Max-Age" in cookie for cookie in cookies)
    # The own cookie comes back as it was.
    assert any(
        "Max-Age" in cookie and "Max-Age=0" not in cookie
        for cookie in browser.leave().headers.getall("Set-Cookie")
    )


# It ends with the session that began it.


@pytest.mark.parametrize("form", ["self-contained", "reference"])
@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize("end", ["one", "all"])
def test_the_end_in_one_process_is_noticed_in_another(
    make_app, clock, make_client, form, end
):
    repository = MemoryRepository(clock)

    def share(config):
        config.registry.registerUtility(repository, ITokenRepository)

    settings = {
        "repository": "registered",
        "token__form": form,
        "cookie__form": form,
    }
    here, there = (make_app(setup=share, **settings) for _ in range(2))
    client = make_client(here)
    sid = here.told[-1].ticket.sid
    client.act()
    client.client.app = there.client.app
    assert client.who() == ("bob", "alice")

    if end == "one":
        _stored(here).end(sid)
    else:
        _stored(here).end_all("alice")

    clock.advance(5)
    assert client.who() == (None, None)


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_renewal_under_way_brings_nothing_back(
    make_app, clock, make_client, store
):
    """The session of the actor ends while a response renews the other one."""
    app = make_app(store, expiry__sliding="10m")
    client = make_client(app)
    sid = app.told[-1].ticket.sid
    client.act()
    clock.advance(400)
    repository = app.client.registry.getUtility(ITokenRepository)
    name = "renew" if store == "reference" else "add_or_update"
    write = getattr(repository, name)
    stored = _stored(app)

    def end_first(*args):
        setattr(repository, name, write)
        stored.end(sid)
        return write(*args)

    setattr(repository, name, end_first)
    answer = client.client.get("/who", headers=getattr(client, "headers", {}))
    client.shown = answer.headers.get(
        "Session-Token", getattr(client, "shown", None)
    )
    setattr(repository, name, write)
    stored.end(sid)

    assert client.who() == (None, None)


@pytest.mark.parametrize("path", ["/act", "/leave", "/begin?as=carol"])
def test_in_an_outage_nothing_begins_and_nothing_ends(make_app, path):
    app = make_app("reference")
    browser = Browser(app)
    if path != "/act":
        browser.act()
    before = browser.who()
    repository = app.client.registry.getUtility(ITokenRepository)
    verbs = ("get", "add_or_update", "add")

    def fail(*args):
        raise RepositoryUnavailable("gone")

    for verb in verbs:
        setattr(repository, verb, fail)
    browser.client.post_json(path, {"userid": "bob"}, status=503)
    for verb in verbs:
        delattr(repository, verb)

    assert browser.who() == before


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize("end", ["revoke", "revoke_all", "elsewhere"])
def test_it_ends_with_the_session_of_the_actor(
    make_app, clock, make_client, store, end
):
    app = make_app(store)
    client = make_client(app)
    sid = app.told[-1].ticket.sid
    clock.advance(10)
    client.act()
    assert client.who() == ("bob", "alice")
    stored = _stored(app)

    if end == "revoke":
        stored.end(sid)
    elif end == "revoke_all":
        stored.end_all("alice")
    else:
        other = make_client(app)
        stored.end_all("alice", keep=app.told[-1].ticket.sid)
        assert other.who() == ("alice", None)

    assert client.who() == (None, None)
    # Other sessions go on, those of the user among them.
    assert make_client(app, "bob").who() == ("bob", None)
    again = make_client(app)
    again.act()
    assert again.who() == ("bob", "alice")


def _stored(app):
    return app.client.registry[POLICY].rules.stored


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_session_that_is_kept_keeps_what_it_began(
    make_app, make_client, store
):
    app = make_app(store)
    client = make_client(app)
    sid = app.told[-1].ticket.sid
    client.act()

    _stored(app).end_all("alice", keep=sid)

    assert client.who() == ("bob", "alice")


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_session_begun_after_all_were_ended_may_act_at_once(
    make_app, make_client, store
):
    """Also within the second of the mark, whose time is ahead of the clock."""
    app = make_app(store)
    for _ in range(3):
        _stored(app).end_all("alice")
        _stored(app).end_all("bob")
        client = make_client(app)
        client.act()
        assert client.who() == ("bob", "alice")

    _stored(app).end_all("alice")
    assert client.who() == (None, None)


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_it_ends_with_the_sessions_of_the_user(make_app, make_client, store):
    app = make_app(store)
    client = make_client(app)
    client.act()

    _stored(app).end_all("bob")

    assert client.who() == (None, None)
    client.leave()
    # A cookie whose session was ended does not tell who acted in it.
    still = "alice" if make_client is Script else None
    assert client.who() == (still, None)


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("make_client", CLIENTS)
def test_delete_ends_both(make_app, make_client, store):
    app = make_app(store)
    client = make_client(app)
    own = client.copy() if make_client is Browser else None
    client.act()
    copy = client.copy() if make_client is Browser else None
    del app.told[:]

    assert client.delete().status_code == 204

    reasons = [(e.userid, e.actor, e.reason) for e in app.told]
    assert reasons == [
        ("bob", "alice", "signed_out"),
        ("alice", "alice", "signed_out"),
    ]
    assert client.who() == (None, None)
    if make_client is Browser:
        assert not client.names
        assert copy.who() == own.who() == (None, None)
    else:
        client.shown = client.own
        assert client.who() == (None, None)


@pytest.mark.parametrize("store", STORES)
def test_remember_ends_both(make_app, store):
    app = make_app(store)
    browser = Browser(app)
    own = browser.copy()
    browser.act()
    acting = browser.copy()
    del app.told[:]

    browser.client.get("/begin?as=carol")

    assert browser.who() == ("carol", None)
    assert browser.names == {"__Host-sessiontoken"}
    if store != "nowhere":
        assert own.who() == acting.who() == (None, None)
    ended = [e for e in app.told if isinstance(e, SessionEnded)]
    assert [(e.userid, e.actor, e.reason) for e in ended] == [
        ("bob", "carol", "replaced"),
        ("alice", "carol", "replaced"),
    ]


@pytest.mark.parametrize("store", KEPT)
def test_remember_ends_both_in_the_header_too(make_app, store):
    app = make_app(store)
    script = Script(app)
    script.act()

    script.client.get("/begin?as=carol", headers=script.headers)

    assert script.client.get("/who").json["userid"] == "carol"
    assert script.who() == (None, None)
    script.leave()
    assert script.who() == (None, None)


WAYS_OUT = {
    "forget": lambda browser: browser.leave(),
    "DELETE": lambda browser: browser.delete(),
    "remember": lambda browser: browser.client.get("/begin?as=carol"),
}


@pytest.mark.parametrize("store", KEPT)
@pytest.mark.parametrize("way", WAYS_OUT)
def test_what_was_put_aside_ends_where_acting_was_ended_before(
    make_app, store, way
):
    """The cookie of the own session is deleted, so its copies end, too."""
    app = make_app(store)
    browser = Browser(app)
    own = browser.copy()
    browser.act()
    app.client.app.registry[POLICY].rules.stored.end_all("bob")
    assert browser.who() == (None, None)
    assert own.who() == ("alice", None)

    WAYS_OUT[way](browser)

    assert not {name for name in browser.names if name.endswith("-own")}
    assert own.who() == (None, None)


@pytest.mark.parametrize("store", KEPT)
def test_another_site_ends_nothing_that_was_put_aside(make_app, store):
    app = make_app(store)
    browser = Browser(app)
    own = browser.copy()
    browser.act()
    app.client.app.registry[POLICY].rules.stored.end_all("bob")

    browser.leave(headers={"Sec-Fetch-Site": "cross-site"})

    assert own.who() == ("alice", None)


def test_remember_leaves_a_token_of_ones_own_alone(make_app):
    script = Script(make_app())

    script.client.get("/begin?as=carol", headers=script.headers)

    assert script.who() == ("alice", None)


# The own cookie comes back.


@pytest.mark.parametrize("store", STORES)
def test_forget_ends_what_was_begun_and_nothing_else(make_app, store):
    app = make_app(store)
    browser = Browser(app)
    browser.act()
    acting = browser.copy()
    del app.told[:]

    answer = browser.leave()

    assert answer.headers["X-Who"] == "alice"
    assert browser.names == {"__Host-sessiontoken"}
    assert browser.who() == ("alice", None)
    (event,) = app.told
    assert (event.userid, event.actor) == ("bob", "alice")
    assert event.reason == "signed_out"
    if store != "nowhere":
        assert acting.who() == (None, None)
    browser.leave()
    assert browser.names == set()


def test_the_own_cookie_comes_back_on_any_response(make_app):
    """Sign-out holds, also where the application drops its headers."""
    browser = Browser(make_app("nowhere"))
    browser.act()

    browser.leave(params={}, status=303)
    browser.act()
    browser.client.post("/leave?drop=1")

    assert browser.who() == ("alice", None)
    assert browser.names == {"__Host-sessiontoken"}


@pytest.mark.parametrize("store", KEPT)
def test_an_own_session_that_ended_does_not_come_back(make_app, store):
    app = make_app(store)
    browser = Browser(app)
    sid = app.told[-1].ticket.sid
    browser.act()
    _stored(app).end(sid)

    browser.leave()

    assert browser.names == set()
    assert browser.who() == (None, None)


def test_an_own_session_that_expired_does_not_come_back(make_app, clock):
    browser = Browser(make_app(expiry__sliding="20m"))
    browser.act(lifetime="1h")
    for _ in range(3):
        clock.advance(600)
        assert browser.who() == ("bob", "alice")

    browser.leave()

    assert browser.who() == (None, None)
    assert browser.names == set()


@pytest.mark.parametrize("store", STORES)
def test_an_own_session_that_is_due_is_renewed_before(make_app, clock, store):
    """Else it could expire while its user acts."""
    app = make_app(store)
    browser = Browser(app)
    clock.advance(3000)
    browser.act()
    assert [type(e) for e in app.told[1:]] == [SessionRenewed, SessionIssued]
    assert app.told[1].identity.userid == "alice"
    clock.advance(1700)

    browser.leave()

    assert browser.who() == ("alice", None)


def test_an_own_session_that_another_request_renewed_comes_back_as_well(
    make_app, clock
):
    app = make_app("reference")
    browser = Browser(app)
    clock.advance(3000)
    # As where another request was faster.
    repository = app.client.registry.getUtility(ITokenRepository)
    repository.renew = lambda item, was: False

    browser.act()
    assert [type(e) for e in app.told[1:]] == [SessionIssued]
    browser.leave()

    assert browser.who() == ("alice", None)


@pytest.mark.parametrize("store", STORES)
def test_after_the_end_of_acting_forget_still_brings_it_back(
    make_app, clock, store
):
    browser = Browser(make_app(store))
    browser.act(lifetime="10m")
    clock.advance(600)
    assert browser.who() == (None, None)

    browser.leave()

    # A stored session that expired tells nothing any more.
    if store in {"nowhere", "self-contained"}:
        assert browser.who() == ("alice", None)


def test_a_cookie_of_another_user_does_not_come_back(make_app):
    """Another host of the domain can set a cookie of any name."""
    app = make_app()
    browser, other = Browser(app), Browser(app, "sally")
    browser.act()
    planted = other.client.cookies["__Host-sessiontoken"]
    for value in (planted, "junk", "0.junk", "9.x"):
        browser.client.set_cookie("__Host-sessiontoken-own", value)
        copy = browser.copy()
        copy.act()
        copy.leave()
        assert copy.who() == (None, None)
        assert copy.names == set()
        browser = Browser(app)
        browser.act()


def test_the_cookie_that_is_put_aside_signs_nobody_in(make_app):
    browser = Browser(make_app())
    browser.act()
    browser.client.set_cookie("__Host-sessiontoken", "")

    assert browser.who() == (None, None)


def test_another_site_cannot_bring_it_back(make_app):
    app = make_app()
    browser = Browser(app)
    browser.act()
    acting = browser.copy()

    browser.leave(headers={"Sec-Fetch-Site": "cross-site"})

    assert browser.names == set()
    assert acting.who() == ("bob", "alice")


def test_acting_and_leaving_in_one_request_changes_nothing(make_app):
    app = make_app()
    browser = Browser(app)

    answer = browser.client.get("/many").json

    assert answer["userid"] == "alice"
    assert browser.who() == ("alice", None)
    assert browser.names == {"__Host-sessiontoken"}


def test_two_cookies_that_no_request_can_carry_are_refused(make_app):
    app = make_app("nowhere")
    note = {"note": "x" * 2000}
    browser = Browser(app)
    app.roles.transform = lambda identity, request: Identity(
        identity.userid, {"roles": ROLES[identity.userid], **note}
    )
    browser.client.get("/begin?as=alice")

    answer = browser.act("bob", claims={})
    assert browser.who() == ("bob", "alice")
    browser.leave()
    note["note"] = "x" * 3000
    browser.client.get("/begin?as=alice")

    answer = browser.act("bob")

    assert answer["raised"] == "ClaimsError"
    assert "cookie.form = reference" in answer["says"]
    assert browser.who() == ("alice", None)


# What is told.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", KEPT)
def test_token_status_and_introspection_tell_who_acts(make_app, kind, store):
    app = make_app(store, kind)
    script = Script(app)
    client = script.client
    headers = {"Authorization": f"Session {script.own}"}
    assert "actor" not in client.get("/token/status", headers=headers).json
    script.act()
    actor = app.id_of("alice")

    status = client.get("/token/status", headers=script.headers).json
    told = client.post(
        "/token/introspect", {"token": script.shown}, headers=script.headers
    ).json

    assert (status["sub"], status["actor"]) == (
        str(app.id_of("bob")),
        str(actor),
    )
    kinds = {} if kind == "str" else {"sub_type": kind}
    assert told["act"] == {"sub": str(actor), **kinds}
    if store == "self-contained":
        said = jwt.decode(script.shown, options={"verify_signature": False})
        assert said["act"] == told["act"]
    own = client.post(
        "/token/introspect", {"token": script.own}, headers=headers
    ).json
    assert "act" not in own


def test_the_sessions_of_a_user_tell_who_acts(make_app):
    app = make_app("reference")
    Script(app, "bob")
    Script(app).act()

    infos = _stored(app).of("bob", None)

    assert {info.actor for info in infos} == {"alice", None}
    assert len(infos) == 2


def test_a_swap_keeps_who_acts_and_the_end(make_app, clock):
    app = make_app("nowhere", token__exchange="session cookie")
    browser = Browser(app)
    browser.act(lifetime="10m")
    clock.advance(300)

    swapped = browser.client.post("/token").json

    assert swapped["session_expires_in"] == 300
    client = app.client.fresh()
    assert client.ask(swapped["access_token"], "/who").json["actor"] == "alice"
    clock.advance(299)
    assert client.ask(swapped["access_token"], "/who").json["actor"] == "alice"
    clock.advance(1)
    assert client.ask(swapped["access_token"], "/who").json["userid"] is None


def test_an_identity_of_such_a_session_begins_no_other(make_app):
    """Else whoever acts would stay signed in as the user."""
    raised = []

    def keep(request):
        session = request.sessiontoken
        for begin in (
            lambda: session.issue(session.identity),
            lambda: remember(request, session.identity),
        ):
            with pytest.raises(SessionTokenError, match="acts for the user"):
                begin()
            raised.append(session.actor)
        return {}

    app = make_app(setup=lambda config: _add_view(config, keep))
    for make_client in CLIENTS:
        client = make_client(app)
        client.act()
        client.client.get("/keep", headers=getattr(client, "headers", {}))
    assert raised == ["alice"] * 4


def test_such_a_session_begins_no_other_behind_one_of_the_user(make_app):
    """The session of the user comes first, and tells of nobody who acts."""
    raised = []

    def keep(request):
        session = request.sessiontoken
        for begin in (
            lambda: session.issue(session.identity),
            lambda: remember(request, session.identity),
        ):
            with pytest.raises(SessionTokenError, match="acts for the user"):
                begin()
            raised.append(session.actor)
        return {}

    app = make_app(
        setup=lambda config: _add_view(config, keep),
        authenticators="cookie session basic",
        combine="true",
    )
    script = Script(app)
    script.act()
    script.client.get("/begin?as=bob")

    script.client.get("/keep", headers=script.headers)

    assert raised == ["alice"] * 2


def _add_view(config, view):
    config.add_route("keep", "/keep")
    config.add_view(view, route_name="keep", renderer="json")


@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize(
    "option", [{"max_age": 300}, {"amr": "pwd"}, {"amr": "application"}]
)
def test_no_view_that_asks_for_a_sign_in_lets_it_pass(
    make_app, make_client, option
):
    options = {f"sessiontoken_{name}": v for name, v in option.items()}

    def setup(config):
        config.add_route("strict", "/strict")
        config.add_view(
            lambda request: {"auth_time": request.sessiontoken.auth_time},
            route_name="strict",
            renderer="json",
            **options,
        )
        config.add_route("when", "/when")
        config.add_view(
            lambda request: {"auth_time": request.sessiontoken.auth_time},
            route_name="when",
            renderer="json",
        )

    client = make_client(make_app(setup=setup))
    headers = getattr(client, "headers", {})
    assert client.client.get("/when", headers=headers).json["auth_time"]
    client.act()

    headers = getattr(client, "headers", {})
    client.client.get("/strict", headers=headers, status=401)
    assert client.client.get("/when", headers=headers).json == {
        "auth_time": None
    }


def test_the_audit_tells_purpose_and_actor(make_app, caplog):
    caplog.set_level(logging.INFO, "pyramid_sessiontoken.audit")
    app = make_app("nowhere", "int", audit="on")
    browser = Browser(app)
    browser.act()
    browser.leave()

    lines = [
        json.loads(record.message)
        for record in caplog.records
        if record.name == "pyramid_sessiontoken.audit"
    ]
    _, issued, ended = lines
    assert issued["purpose"] == "ticket 4711"
    alice, bob = str(app.id_of("alice")), str(app.id_of("bob"))
    for line in (issued, ended):
        assert (line["sub"], line["actor"]) == (bob, alice)
    assert (issued["event"], ended["event"]) == ("issued", "ended")


# The stamps of both.


class Stamps:
    """The stamps of users; ``None`` for one that is gone."""

    def __init__(self):
        self.of = {}
        self.asked = []

    def __call__(self, userid, request):
        self.asked.append(str(userid))
        return self.of.get(str(userid), "first")


@pytest.fixture
def stamps():
    return Stamps()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize("changed", ["alice", "bob"])
@pytest.mark.parametrize("to", ["second", None])
def test_it_ends_when_a_stamp_of_one_of_both_changes(  # noqa: PLR0917
    make_app, stamps, clock, store, make_client, kind, changed, to
):
    app = make_app(store, kind, stamp=stamps, stamp__every="1m")
    alice, bob = str(app.id_of("alice")), str(app.id_of("bob"))
    client = make_client(app)
    client.act()
    del stamps.asked[:]
    clock.advance(60)
    assert client.who() == (bob, alice)
    assert stamps.asked == [bob, alice]
    stamps.of[str(app.id_of(changed))] = to
    assert client.who() == (bob, alice)

    clock.advance(60)

    assert client.who() == (None, None)
    stamps.of.clear()
    if store != "nowhere":
        assert client.who() == (None, None)


@pytest.mark.parametrize("make_client", CLIENTS)
def test_a_renewal_keeps_the_stamps_of_both(
    make_app, stamps, clock, make_client
):
    client = make_client(
        make_app("nowhere", stamp=stamps, expiry__sliding="4m")
    )
    client.act()
    for _ in range(4):
        clock.advance(150)
        answer = client.client.get(
            "/who", headers=getattr(client, "headers", {})
        )
        client.shown = answer.headers.get(
            "Session-Token", getattr(client, "shown", None)
        )
        assert answer.json["userid"] == "bob"
    stamps.of["alice"] = "second"
    clock.advance(150)

    assert client.who() == (None, None)


@pytest.mark.parametrize("make_client", CLIENTS)
@pytest.mark.parametrize("gone", ["alice", "bob"])
def test_nobody_acts_for_one_who_is_gone_or_is_gone_already(
    make_app, stamps, make_client, gone
):
    """Although the change was not noticed yet."""
    app = make_app(stamp=stamps)
    client = make_client(app)
    stamps.of[gone] = None

    assert client.act()["raised"] == "HTTPForbidden"

    assert client.who() == ("alice" if gone == "bob" else None, None)
    ended = [e.reason for e in app.told if isinstance(e, SessionEnded)]
    assert ended == ([] if gone == "bob" else ["stamp"])


def test_a_session_from_before_the_setting_lacks_a_stamp(make_app, stamps):
    """It has one digest for two users, or none."""
    app = make_app()
    Script(app).act()
    ticket = app.told[-1].ticket
    stamp = Stamp(stamps, CurrentRing(app.client.registry), 60)
    alone = stamp.begin(None, "bob")
    both = stamp.begin_acting(None, "bob", stamp.begin(None, "alice"))
    for digest, holds in (
        (None, False),
        (alone, False),
        (both, True),
        (both + "." + alone, False),
        ("." + both, False),
        (".", False),
    ):
        renewed = stamp._renewed(None, ticket._replace(stamp=digest))
        assert (renewed is not None) == holds
    assert stamp._renewed(None, ticket._replace(stamp=both, actor=None)) is (
        None
    )
