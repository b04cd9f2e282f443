"""What a live session holds changes at once."""

import json
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.httpexceptions import HTTPBadRequest, HTTPFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import forget, remember
from pyramid_retry import RetryableException
from support import KEY, OTHER_KEY
from support.stored import (
    REFERENCES,
    Drawer,
    FourVerbs,
    kept_of,
    registering,
    repository_of,
)
from zope.interface import implementer

from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.events import SessionRenewed
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity.claims import RESERVED
from pyramid_sessiontoken.interfaces import (
    EXPIRED,
    VALID,
    IClaimsTransformer,
    IExpiryPolicy,
    ITokenRepository,
    Times,
)
from pyramid_sessiontoken.policy.security_policy import POLICY
from pyramid_sessiontoken.repositories.memory import MemoryRepository

NAME = "__Host-sessiontoken"
FORMS = ["self-contained", "reference"]


def change(request):
    """Do the steps that the test gives, in their order."""
    told = []
    for step in json.loads(request.params.get("steps", '["update"]')):
        if step == "update":
            request.sessiontoken.update(json.loads(request.params["claims"]))
        elif step == "remember":
            user = request.params.get("user", "alice")
            headers = remember(request, user, claims={"old": 1})
            request.response.headerlist.extend(headers)
        elif step == "forget":
            request.response.headerlist.extend(forget(request))
        elif step == "fail":
            raise LookupError("the view failed")
        elif step == "refuse":
            raise HTTPBadRequest
        elif step == "cache":
            request.response.cache_control.public = True
            request.response.cache_control.max_age = 60
        told.append(dict(request.sessiontoken.claims))
    request.response.content_type = "application/json"
    request.response.json_body = told
    return request.response


def views(config):
    config.add_route("change", "/change")
    config.add_view(change, route_name="change")
    config.add_view(
        lambda error, request: Response("failed", status=500),
        context=LookupError,
    )
    config.add_route("catch", "/catch")
    config.add_view(catch, route_name="catch", renderer="json")


def catch(request):
    """Try an update; tell what it raises, and what is said afterwards."""
    before = dict(request.sessiontoken.claims)
    try:
        request.sessiontoken.update(json.loads(request.params["claims"]))
    except SessionTokenError as error:
        raised = f"{type(error).__name__}: {error}"
    else:
        raised = None
    after = dict(request.sessiontoken.claims)
    return {"before": before, "after": after, "raised": raised}


def ask_of(claims, *steps, **more):
    words = {"claims": json.dumps(claims), **more}
    if steps:
        words["steps"] = json.dumps(steps)
    return words


class Browser:
    """A client with a cookie."""

    def __init__(self, client):
        self.client = client
        client.post_json("/sign_in", {"claims": {"roles": ["user"]}})

    def change(self, claims, *steps, **kw):
        return self.client.post("/change", ask_of(claims, *steps), **kw)

    def claims(self):
        return self.client.get("/identity").json["claims"]


class Script:
    """A client with a header token."""

    def __init__(self, client):
        self.client = client.fresh()
        self.token = client.swap("bob")["access_token"]

    def change(self, claims, *steps, **kw):
        response = self.client.post(
            "/change", ask_of(claims, *steps), headers=self.headers, **kw
        )
        self.token = response.headers.get("Session-Token", self.token)
        return response

    @property
    def headers(self):
        return {"Authorization": f"Session {self.token}"}

    def claims(self):
        return self.client.ask(self.token).json["claims"]


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


@pytest.fixture
def changing(make, form):
    def make_changing(settings=(), setup=None, **kw):
        def set_up(config):
            views(config)
            if setup is not None:
                setup(config)

        return make(
            {
                "repository": "memory",
                "token.form": form,
                "cookie.form": form,
                **dict(settings),
            },
            setup=set_up,
            **kw,
        )

    return make_changing


@pytest.fixture(params=[Browser, Script])
def user(changing, request):
    return request.param(changing())


def test_claims_are_put_over_those_of_the_session(user):
    response = user.change({"tenant": "acme", "plan": {"name": "gold"}})
    new = {"roles": ["user"], "tenant": "acme", "plan": {"name": "gold"}}
    assert response.json == [new]
    assert response.headers["Cache-Control"] == "private, no-store"
    assert user.claims() == new
    # Another value, and none.
    user.change({"tenant": "other", "plan": None, "never": None})
    assert user.claims() == {"roles": ["user"], "tenant": "other"}


def test_a_permission_follows_at_once(changing):
    client = changing()
    script = Script(client)
    response = client.fresh().ask(script.token, "/admin")
    assert response.status_code == 403
    script.change({"roles": ["admin"]})
    assert client.fresh().ask(script.token, "/admin").text == "hello"


def test_it_is_the_same_session_with_the_same_end(changing, clock):
    renewed = []
    client = changing(
        setup=lambda c: c.add_subscriber(renewed.append, SessionRenewed)
    )
    script = Script(client)

    def status():
        response = client.fresh().get("/token/status", headers=script.headers)
        return response.json

    began = status()
    clock.advance(100)
    script.change({"tenant": "acme"})
    after = status()
    assert after["expires_in"] == 3600
    assert after["session_expires_in"] == began["session_expires_in"] - 100
    (event,) = renewed
    assert event.identity.claims["tenant"] == "acme"
    assert event.ticket.claims["tenant"] == "acme"
    assert event.ticket.iat == clock.now()
    assert event.identity.ticket is event.ticket


def test_two_updates_in_one_request(user):
    user.change({"tenant": "acme"})
    response = user.change({"tenant": "new"}, "update", "update")
    assert response.json[0] == response.json[1]
    assert user.claims()["tenant"] == "new"


@pytest.mark.parametrize(
    ("step", "status"), [("fail", 500), ("refuse", 400), ("cache", 200)]
)
def test_any_response_carries_the_result(user, step, status):
    response = user.change({"tenant": "acme"}, "update", step, status=status)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert user.claims()["tenant"] == "acme"


def test_a_renewal_in_the_same_request_is_not_made_twice(user, clock):
    clock.advance(1800)
    response = user.change({"tenant": "acme"})
    assert len(response.headers.getall("Set-Cookie")) <= 1
    assert len(response.headers.getall("Session-Token")) <= 1
    clock.advance(3599)
    assert user.claims()["tenant"] == "acme"


def test_the_old_token_says_what_it_said(changing, form):
    """A reference does not; use references where it matters."""
    client = changing()
    script = Script(client)
    old = script.token
    script.change({"tenant": "acme"})
    new = client.fresh().ask(old).json["claims"].get("tenant")
    assert new == ("acme" if form == "reference" else None)
    assert (old == script.token) == (form == "reference")


# With sign-in and sign-out.


def test_after_forget_there_is_no_session(changing):
    browser = Browser(changing())
    with pytest.raises(SessionTokenError, match="no session"):
        browser.change({"tenant": "acme"}, "forget", "update")


def test_a_sign_out_after_it_wins(changing):
    browser = Browser(changing())
    cookie = browser.client.cookies[NAME]
    response = browser.change({"tenant": "acme"}, "update", "forget")
    (header,) = {
        header
        for header in response.headers.getall("Set-Cookie")
        if header.startswith(NAME)
    }
    assert "Max-Age=0" in header
    copy = browser.client.fresh()
    copy.set_cookie(NAME, cookie)
    assert copy.get("/identity").json["userid"] is None


def test_a_sign_in_after_it_wins(changing):
    browser = Browser(changing())
    response = browser.change({"tenant": "acme"}, "update", "remember")
    assert response.json[1] == {"old": 1}
    assert browser.claims() == {"old": 1}


@pytest.mark.parametrize("times", [1, 2])
def test_it_changes_what_remember_began(changing, caplog, times):
    browser = Browser(changing())
    steps = ["remember", *["update"] * times]
    response = browser.change({"tenant": "acme"}, *steps)
    new = {"old": 1, "tenant": "acme"}
    assert response.json[-1] == new
    cookies = response.headers.getall("Set-Cookie")
    assert len([c for c in cookies if c.startswith(NAME)]) == 1
    assert browser.claims() == new
    assert "remember() was called" not in caplog.text


def test_it_changes_what_remember_began_on_a_response_of_ones_own(
    changing, caplog
):
    """As views mostly return one."""

    def own(request):
        headers = remember(request, "alice")
        request.sessiontoken.update({"tenant": "acme"})
        return HTTPFound("/identity", headers=headers)

    def setup(config):
        config.add_route("own", "/own")
        config.add_view(own, route_name="own")

    client = changing(setup=setup)
    response = client.get("/own")
    assert len(response.headers.getall("Set-Cookie")) == 1
    assert client.get("/identity").json["claims"] == {"tenant": "acme"}
    assert "remember() was called" not in caplog.text


def test_a_partitioned_cookie_replaces_that_of_remember(make):
    """The cookie of before is deleted, as remember() does it."""
    settings = {"cookie.partitioned": "on", "cookie.samesite": "None"}
    browser = Browser(make(settings, setup=views))
    response = browser.change({"tenant": "acme"}, "remember", "update")
    headers = response.headers.getall("Set-Cookie")
    told = browser.change({"tenant": "acme"}, "remember")
    alone = told.headers.getall("Set-Cookie")
    assert [attributes_of(h) for h in headers] == [
        attributes_of(h) for h in alone
    ]
    assert len(headers) == 2
    assert browser.claims() == {"old": 1}


def attributes_of(header):
    name, _, rest = header.partition("=")
    return name, rest.partition(";")[2]


# Refused: nothing has changed.


def refused(user, claims):
    kw = {"headers": user.headers} if isinstance(user, Script) else {}
    before = user.claims()
    response = user.client.post("/catch", ask_of(claims), **kw)
    assert "Set-Cookie" not in response.headers
    assert "Session-Token" not in response.headers
    assert response.json["after"] == response.json["before"] == before
    assert user.claims() == before
    return response.json["raised"]


@pytest.mark.parametrize(
    "claims", [{"sub": "x"}, {"exp": 1}, {"act": {}}, {"began": {"order": 1}}]
)
def test_a_name_of_the_tokens_own_is_refused(user, claims):
    assert refused(user, claims).startswith("ClaimsError")


def test_claims_that_no_token_can_carry_are_refused(make):
    client = make(setup=views)
    browser, script = Browser(client), Script(client)
    assert refused(browser, {"x": "x" * 8000}).startswith("ClaimsError")
    assert refused(script, {"x": "x" * 8000}).startswith("ClaimsError")
    # It would fit into a token, and not into the header of a response.
    said = refused(script, {"x": "x" * 4000})
    assert said.startswith("ClaimsError: a response header cannot carry")


def test_a_value_that_is_no_json_is_refused(changing):
    def view(request):
        with pytest.raises(ClaimsError):
            request.sessiontoken.update({"x": object()})
        for claims in ("x", None, [], [("x", 1)]):
            with pytest.raises(ClaimsError, match="must be a mapping"):
                request.sessiontoken.update(claims)
        with pytest.raises(ClaimsError):
            request.sessiontoken.update({1: "x"})
        return Response()

    def setup(config):
        config.add_route("try", "/try")
        config.add_view(view, route_name="try")

    client = changing(setup=setup)
    client.get("/try", headers=Script(client).headers)


def test_the_endpoint_hands_no_token_over_where_no_header_does(changing, form):
    script = Script(changing({"token.renewal_header": "off"}))
    if form == "reference":
        script.change({"tenant": "acme"})
        assert script.claims()["tenant"] == "acme"
    else:
        said = refused(script, {"tenant": "acme"})
        assert said.startswith("SessionTokenError: no response carries")


def test_another_credential_has_no_session(changing):
    client = changing()
    client.authorization = ("Basic", ("alice", "alice"))
    said = client.post("/catch", ask_of({"tenant": "acme"})).json["raised"]
    assert said.startswith("SessionTokenError: the request has no session")
    client.authorization = None
    said = client.post("/catch", ask_of({"tenant": "acme"})).json["raised"]
    assert said.startswith("SessionTokenError: the request has no session")


def test_the_session_beside_another_credential_changes(changing):
    """With combine, claims of both make one identity."""
    client = changing({"combine": "on"})
    Browser(client)
    client.authorization = ("Basic", ("alice", "alice"))
    response = client.post("/change", ask_of({"tenant": "acme"}))
    assert response.json[0]["tenant"] == "acme"
    client.authorization = None
    assert client.get("/identity").json["claims"]["tenant"] == "acme"


def test_after_the_response_a_self_contained_token_stays(changing, form):
    raised = []

    def late(request):
        def finish(request):
            try:
                request.sessiontoken.update({"tenant": "late"})
            except SessionTokenError as error:
                raised.append(str(error))

        request.add_finished_callback(finish)
        return Response(str(request.authenticated_userid))

    def setup(config):
        config.add_route("late", "/late")
        config.add_view(late, route_name="late")

    script = Script(changing(setup=setup))
    script.client.get("/late", headers=script.headers)
    if form == "reference":
        assert script.claims()["tenant"] == "late"
    else:
        assert "tenant" not in script.claims()
        assert raised == [
            "the response is made already, and can carry no new token"
        ]


# The claims transformer.


@implementer(IClaimsTransformer)
class Transformer:
    def __init__(self):
        self.seen = []

    def transform(self, identity, request):
        self.seen.append(identity)
        if identity.claims.get("tenant") == "barred":
            raise InvalidCredential("barred")
        claims = {**identity.claims, "times": len(self.seen)}
        return type(identity)("another", claims, "own")


def test_the_transformer_is_given_the_merged_claims(changing):
    transformer = Transformer()
    client = changing({"claims_transformer": transformer})
    script = Script(client)
    response = script.change({"tenant": "acme"})
    seen = transformer.seen[-1]
    assert seen.claims["tenant"] == "acme"
    assert seen.claims["roles"] == ["user"]
    assert seen.authenticator == "basic"
    assert seen.ticket is None
    assert response.json[0]["times"] == len(transformer.seen)
    # The session stays that of its user.
    who = client.fresh().ask(script.token).json
    assert who["userid"] == "another" == seen.userid
    said = refused(script, {"tenant": "barred"})
    assert said == "InvalidCredential: barred"


def test_a_user_loader_is_asked_anew(changing):
    def load(identity, request):
        return {"tenant": identity.claims.get("tenant")}

    seen = []

    def view(request):
        seen.append(request.identity)
        request.sessiontoken.update({"tenant": "acme"})
        seen.append(request.identity)
        return Response()

    def setup(config):
        config.add_route("see", "/see")
        config.add_view(view, route_name="see")

    client = changing({"user_loader": load}, setup=setup)
    client.get("/see", headers=Script(client).headers)
    assert seen == [{"tenant": None}, {"tenant": "acme"}]


# Both carriers of one session.


@pytest.mark.parametrize("token_form", FORMS)
@pytest.mark.parametrize("cookie_form", FORMS)
def test_the_stored_tokens_of_a_session_change_together(
    make, token_form, cookie_form
):
    client = make(
        {
            "repository": "memory",
            "token.form": token_form,
            "cookie.form": cookie_form,
            "token.exchange": "cookie",
        },
        setup=views,
    )
    browser = Browser(client)
    token = client.post("/token").json["access_token"]
    browser.change({"tenant": "acme"})
    assert browser.claims()["tenant"] == "acme"
    by_token = client.fresh().ask(token).json["claims"].get("tenant")
    assert by_token == ("acme" if token_form == "reference" else None)
    response = client.fresh().post(
        "/change",
        ask_of({"tenant": "other"}),
        headers={"Authorization": f"Session {token}"},
    )
    token = response.headers.get("Session-Token", token)
    assert client.fresh().ask(token).json["claims"]["tenant"] == "other"
    by_cookie = browser.claims()["tenant"]
    assert by_cookie == ("other" if cookie_form == "reference" else "acme")


# At the same time.


class Meanwhile(MemoryRepository):
    """Does something between two steps of a request."""

    def __init__(self, clock):
        super().__init__(clock)
        self.before_renewal = []

    def renew(self, item, was):
        if self.before_renewal:
            self.before_renewal.pop(0)()
        return super().renew(item, was)


@pytest.fixture
def process(make, clock):
    """Make processes that share a repository."""
    repository = Meanwhile(clock)

    def make_process():
        return make(
            {"repository": "registered", **REFERENCES},
            before=registering(repository, ITokenRepository),
            setup=views,
        )

    return make_process


@pytest.fixture
def meanwhile(process):
    client = process()
    return client, repository_of(client), Script(client)


def test_two_updates_at_once_both_hold(meanwhile):
    _, repository, script = meanwhile
    repository.before_renewal.append(lambda: script.change({"b": 2}))
    script.change({"a": 1})
    assert script.claims() == {"roles": ["user"], "a": 1, "b": 2}


def test_after_five_others_nothing_is_changed(meanwhile):
    _, repository, script = meanwhile
    numbers = iter(range(100))

    def other():
        repository.before_renewal[:], saved = [], [*repository.before_renewal]
        script.change({"b": next(numbers)})
        repository.before_renewal[:] = saved

    repository.before_renewal[:] = [other] * 5
    response = script.client.post(
        "/catch", ask_of({"a": 1}), headers=script.headers
    )
    assert "changed the session 5 times" in response.json["raised"]
    assert script.claims() == {"roles": ["user"], "b": 4}
    repository.before_renewal[:] = [other] * 4
    script.change({"a": 1})
    assert script.claims() == {"roles": ["user"], "a": 1, "b": 8}


def test_no_renewal_takes_it_back(meanwhile, clock):
    _, repository, script = meanwhile
    clock.advance(1800)
    # The renewal has read the record, and the update comes before its write.
    repository.before_renewal.append(lambda: script.change({"a": 1}))
    script.client.ask(script.token)
    assert repository.before_renewal == []
    assert script.claims()["a"] == 1


def test_a_renewal_of_what_was_judged_before_keeps_the_new_claims(
    meanwhile, clock
):
    client, _, script = meanwhile
    sessions = client.registry[POLICY].rules.header.sessions
    shown = sessions.redeem(script.token)
    script.change({"a": 1})
    clock.advance(1800)
    assert "a" not in shown.ticket.claims
    assert sessions.renew(shown.ticket, shown.reference)
    assert script.claims()["a"] == 1


def test_an_ended_session_is_not_brought_back(meanwhile):
    client, repository, script = meanwhile

    def end():
        client.fresh().delete("/token", headers=script.headers, status=204)

    repository.before_renewal.append(end)
    response = script.client.post(
        "/catch", ask_of({"a": 1}), headers=script.headers
    )
    assert response.json["raised"] == (
        "SessionTokenError: the session was ended meanwhile, so nothing was"
        " changed"
    )
    assert client.fresh().ask(script.token).json["userid"] is None


def test_a_session_that_ended_elsewhere_does_not_change(changing):
    """This process has it in the cache."""
    client = changing()
    script = Script(client)
    assert script.claims()
    other = changing(
        {"repository": "registered"},
        before=registering(repository_of(client), ITokenRepository),
    )
    other.delete("/token", headers=script.headers, status=204)
    response = script.client.post(
        "/catch", ask_of({"a": 1}), headers=script.headers
    )
    assert "was ended meanwhile" in response.json["raised"]
    assert "Session-Token" not in response.headers


def test_another_process_knows_within_the_time_of_the_cache(
    meanwhile, process, clock
):
    _, _, script = meanwhile
    other = process()
    assert "a" not in other.ask(script.token).json["claims"]
    script.change({"a": 1})
    clock.advance(5)
    assert other.ask(script.token).json["claims"]["a"] == 1


def test_each_write_expires_at_another_time(meanwhile):
    """Within a second; the repository compares nothing else."""
    _, repository, script = meanwhile
    seen = []
    for number in range(5):
        script.change({"a": number})
        seen += [
            item.expires
            for item in repository.items()
            if item.key.startswith("t")
        ]
    assert all(earlier < later for earlier, later in pairwise(seen))


# What a repository or a store of one's own does.


def test_a_repository_with_four_verbs(changing, clock, caplog):
    client = changing(
        {"repository": "registered"},
        before=registering(FourVerbs(clock), ITokenRepository),
    )
    assert "or take back what update() wrote" in caplog.text
    for user in (Script(client), Browser(client)):
        user.change({"tenant": "acme"})
        assert user.claims()["tenant"] == "acme"


def test_a_store_of_ones_own(make, caplog):
    drawer = Drawer()
    client = make({"session_store": drawer, **REFERENCES}, setup=views)
    assert "an ISessionStore of your own" in caplog.text
    for user in (Script(client), Browser(client)):
        user.change({"tenant": "acme"})
        assert user.claims()["tenant"] == "acme"
    drawer.renew = lambda reference, ticket: False
    assert "replaced no ticket" in refused(user, {"tenant": "other"})


def test_a_store_of_ones_own_that_has_it_no_more(make):
    drawer = Drawer()
    client = make({"session_store": drawer, **REFERENCES}, setup=views)
    script = Script(client)
    retrieve = drawer.retrieve
    drawer.retrieve = lambda ref: [retrieve(ref), drawer.tickets.clear()][0]
    response = script.client.post(
        "/catch", ask_of({"a": 1}), headers=script.headers
    )
    assert "was ended meanwhile" in response.json["raised"]


# Outages.


def test_an_outage_is_503(changing, clock, form):
    down = []

    class Flaky(MemoryRepository):
        def renew(self, item, was):
            if down:
                raise RepositoryUnavailable("down")
            return super().renew(item, was)

        def get(self, key):
            if down and form == "self-contained":
                raise RepositoryUnavailable("down")
            return super().get(key)

    client = changing(
        {"repository": "registered"},
        before=registering(Flaky(clock), ITokenRepository),
    )
    for user in (Script(client), Browser(client)):
        before = user.claims()
        down.append(True)
        kw = {"headers": user.headers} if isinstance(user, Script) else {}
        response = user.client.post(
            "/change", ask_of({"a": 1}), status=503, **kw
        )
        assert "Set-Cookie" not in response.headers
        assert "Session-Token" not in response.headers
        down.clear()
        assert user.claims() == before


# The stamp of the user.


STAMPS = {}


def test_it_asks_for_the_stamp_as_a_renewal_does(changing):
    """Another one ends the session, also where it was asked just now."""
    STAMPS["bob"] = "first"
    client = changing(
        {"stamp": lambda userid, request: STAMPS[userid], "stamp.every": "1h"}
    )
    ended = Script(client)
    script = Script(client)
    script.change({"a": 1})
    assert script.claims()["a"] == 1
    STAMPS["bob"] = "second"
    assert ended.claims() == {"roles": ["user"]}
    response = client.fresh().post(
        "/catch", ask_of({"a": 1}), headers=ended.headers
    )
    assert response.json["raised"].startswith(
        "SessionTokenError: the session was ended"
    )
    assert response.json["after"] == {}
    assert client.fresh().ask(ended.token).json["userid"] is None


def test_what_the_stamp_raises_a_view_sees(changing):
    STAMPS["bob"] = "first"
    client = changing(
        {"stamp": lambda userid, request: STAMPS[userid], "stamp.every": "1h"}
    )
    script = Script(client)
    STAMPS["bob"] = 3
    with pytest.raises(TypeError, match="not a text"):
        script.change({"a": 1})
    STAMPS["bob"] = "first"
    assert "a" not in script.claims()


def test_an_update_asks_for_no_stamp_of_a_sign_in_before_it(changing):
    STAMPS["alice"] = "first"
    client = changing({"stamp": lambda userid, request: STAMPS[userid]})
    browser = Browser(client)
    browser.change({"tenant": "acme"}, "remember", "update")
    assert browser.claims()["tenant"] == "acme"


def test_it_writes_the_digest_of_the_stamp_anew(make):
    """As a renewal does: the session outlives the key of the first digest."""
    STAMPS["bob"] = "first"
    repository = []

    def process(keys):
        shared = {"repository": "registered"} if repository else {}
        client = make(
            {
                "keys": keys,
                "stamp": lambda userid, request: STAMPS[userid],
                "stamp.every": "0",
                "repository": "memory",
                **REFERENCES,
                **shared,
            },
            before=lambda config: [
                config.registry.registerUtility(each, ITokenRepository)
                for each in repository
            ],
            setup=views,
        )
        repository[:] = [repository_of(client)]
        return client

    script = Script(process(KEY))
    script.client = process(f"{OTHER_KEY} {KEY}")
    script.change({"a": 1})
    script.client = process(OTHER_KEY)
    assert script.claims()["a"] == 1


# Seldom.


def test_it_works_without_a_repository(make):
    client = make(setup=views)
    for user in (Script(client), Browser(client)):
        user.change({"tenant": "acme"})
        assert user.claims()["tenant"] == "acme"


def in_a_view(changing, view):
    def setup(config):
        config.add_route("own", "/own")
        config.add_view(view, route_name="own")

    return changing(setup=setup)


def test_a_session_that_reached_its_end_meanwhile_does_not_change(
    changing, clock
):
    def view(request):
        assert request.authenticated_userid == "bob"
        clock.advance(36000)
        with pytest.raises(SessionTokenError, match="ended meanwhile"):
            request.sessiontoken.update({"tenant": "acme"})
        return Response()

    client = in_a_view(changing, view)
    response = client.get("/own", headers=Script(client).headers)
    assert "Session-Token" not in response.headers


def test_a_token_that_the_request_issued_is_another_session(changing):
    issued = []

    def view(request):
        issued.append(request.sessiontoken.issue("carol"))
        headers = remember(request, "alice")
        request.sessiontoken.update({"tenant": "acme"})
        return HTTPFound("/identity", headers=headers)

    client = in_a_view(changing, view)
    client.get("/own")
    assert client.get("/identity").json["claims"] == {"tenant": "acme"}
    token = issued[0].access_token
    assert client.fresh().ask(token).json["claims"] == {}


def test_what_begins_after_the_response_does_not_change(changing):
    raised = []

    def view(request):
        def finish(request):
            remember(request, "alice")
            with pytest.raises(SessionTokenError) as caught:
                request.sessiontoken.update({"tenant": "late"})
            raised.append(str(caught.value))

        request.add_finished_callback(finish)
        return Response(str(request.authenticated_userid))

    client = in_a_view(changing, view)
    client.get("/own")
    assert raised == ["the response is made already"]


@implementer(IExpiryPolicy)
class Prolonging(ExpiryPolicy):
    """Each renewal moves the end of the session."""

    def renew(self, ticket, now):
        return Times(now, now + 3600, now + 36000)

    def judge(self, ticket, now):
        return EXPIRED if now >= ticket.exp else VALID


def test_an_expiry_policy_of_ones_own_may_move_the_end(make, clock):
    """The session is still found by its name, to end it."""
    client = make(
        {
            "repository": "memory",
            "expiry.policy": Prolonging(36000, 3600),
            **REFERENCES,
        },
        setup=views,
    )
    script = Script(client)
    ticket = kept_of(client).tickets_of("bob")[0]
    for _ in range(14):
        clock.advance(3000)
        script.change({"at": clock.now()})
    assert script.claims()["at"] == clock.now() > ticket.session_end + 600
    kept_of(client).remove(ticket.sid, None)
    assert client.fresh().ask(script.token).json["userid"] is None


class Busy(MemoryRepository):
    """Other requests are faster with one of the records."""

    def __init__(self, clock):
        super().__init__(clock)
        self.busy = self.down = None

    def renew(self, item, was):
        if item.key == self.busy:
            return False
        if item.key == self.down:
            raise RepositoryUnavailable("down")
        return super().renew(item, was)


@pytest.fixture
def twofold(make, clock):
    """A session in both carriers; the record of its header token is busy."""
    repository = Busy(clock)
    client = make(
        {
            "repository": "registered",
            "token.exchange": "cookie",
            **REFERENCES,
        },
        before=registering(repository, ITokenRepository),
        setup=views,
    )
    browser = Browser(client)
    before = set(repository._items)
    token = client.post("/token").json["access_token"]
    (key,) = {k for k in repository._items if k[0] == "t"} - before
    return browser, token, repository, key


def test_the_other_token_may_keep_its_claims_and_the_log_says_so(
    twofold, caplog
):
    browser, token, repository, repository.busy = twofold
    browser.change({"tenant": "acme"})
    assert browser.claims()["tenant"] == "acme"
    assert "tenant" not in browser.client.fresh().ask(token).json["claims"]
    assert "one token of a session did not change" in caplog.text


def test_an_outage_at_the_other_token_is_503(twofold):
    browser, token, repository, repository.down = twofold
    browser.change({"tenant": "acme"}, status=503)
    assert "tenant" not in browser.client.fresh().ask(token).json["claims"]
    repository.down = None
    browser.change({"tenant": "acme"})
    claims = browser.client.fresh().ask(token).json["claims"]
    assert claims["tenant"] == "acme"


# Users of every type, and claims of every kind.


@pytest.mark.parametrize("userid", [42, UUID(int=7)])
def test_the_user_keeps_its_type(changing, userid):
    seen = []

    def view(request):
        request.sessiontoken.update({"tenant": "acme"})
        seen.append(request.authenticated_userid)
        return Response()

    client = in_a_view(changing, view)
    request = Request.blank("/", base_url="https://localhost")
    request.registry = client.registry
    token = request.sessiontoken.issue(userid).access_token
    for _ in range(2):
        headers = {"Authorization": f"Session {token}"}
        response = client.get("/own", headers=headers)
        token = response.headers.get("Session-Token", token)
    assert seen == [userid] * 2
    assert type(seen[0]) is type(userid)
    assert client.ask(token).json["claims"] == {"tenant": "acme"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.text(max_size=5) | st.sampled_from(["roles", *sorted(RESERVED)])


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.dictionaries(NAMES, JSON, max_size=3), max_size=3))
def test_claims_of_every_kind_are_put_over_or_refused(changing, changes):
    client = changing()
    script, expected = Script(client), {"roles": ["user"]}
    for claims in changes:
        raised = script.client.post(
            "/catch", ask_of(claims), headers=script.headers
        )
        script.token = raised.headers.get("Session-Token", script.token)
        if raised.json["raised"] is None:
            merged = {**expected, **claims}
            expected = {n: v for n, v in merged.items() if v is not None}
        else:
            assert raised.json["raised"].startswith("ClaimsError")
        assert raised.json["after"] == expected
    assert script.claims() == expected


# With pyramid_retry.


def test_an_attempt_that_is_repeated_changes_it_again(changing):
    attempts = []

    def view(request):
        attempts.append(dict(request.sessiontoken.claims))
        request.sessiontoken.update({"attempt": len(attempts)})
        if len(attempts) < 3:
            raise RetryableException
        return Response()

    def setup(config):
        config.include("pyramid_retry")
        config.add_route("own", "/own")
        config.add_view(view, route_name="own")

    script = Script(changing(setup=setup))
    response = script.client.get("/own", headers=script.headers)
    assert len(response.headers.getall("Session-Token")) <= 1
    script.token = response.headers.get("Session-Token", script.token)
    assert script.claims() == {"roles": ["user"], "attempt": 3}
