"""A user has so many sessions at the same time, and no more."""

import base64
import uuid

import pytest
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import remember
from support.stored import (
    REFERENCES,
    Drawer,
    FourVerbs,
    alive,
    kept_of,
    registering,
)
from zope.interface import implementer_only

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    SessionLimitReached,
    SessionTokenError,
)
from pyramid_sessiontoken.events import (
    CredentialRefused,
    SessionEnded,
    SessionIssued,
)
from pyramid_sessiontoken.interfaces import (
    ISubjectRepository,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

NAME = "__Host-sessiontoken"
KEPT = {"repository": "memory", **REFERENCES}
BASIC = {
    "Authorization": "Basic " + base64.b64encode(b"alice:alice").decode(),
}


def limited(limit, over="end_oldest", **more):
    return {
        **KEPT,
        "sessions.limit": str(limit),
        "sessions.over_limit": over,
        **more,
    }


class Listener:
    """What subscribers are told."""

    def __init__(self):
        self.issued, self.ended, self.refused = [], [], []

    def listen(self, config):
        config.add_subscriber(self.issued.append, SessionIssued)
        config.add_subscriber(self.ended.append, SessionEnded)
        config.add_subscriber(self.refused.append, CredentialRefused)

    def ended_sids(self):
        return [event.sid for event in self.ended]


@pytest.fixture
def listener():
    return Listener()


def tokens_of(client, count, user="alice"):
    return [client.swap(user)["access_token"] for _ in range(count)]


def living(client, tokens):
    return [alive(client, token) for token in tokens]


def test_one_session_too_many_ends_the_oldest(make, listener):
    """Also where all begin within one second."""
    client = make(limited(2), setup=listener.listen)
    bob = client.swap("bob")["access_token"]
    tokens = tokens_of(client, 4)
    assert living(client, tokens) == [False, False, True, True]
    assert alive(client, bob)
    issued = [event.ticket.sid for event in listener.issued[1:]]
    assert listener.ended_sids() == issued[:2]
    for event in listener.ended:
        assert event.reason == "evicted"
        assert event.userid == "alice"
        assert event.ticket.sid == event.sid
        assert event.actor is None
        assert event.identity is None


def test_a_user_has_one_session(make):
    client = make(limited(1))
    tokens = tokens_of(client, 3)
    assert living(client, tokens) == [False, False, True]


def test_cookies_and_header_tokens_count_together(make):
    client = make(limited(2))
    client.post_json("/sign_in", {})
    first, second = tokens_of(client.fresh(), 2)
    assert client.get("/identity").json["userid"] is None
    other = client.fresh()
    other.post_json("/sign_in", {})
    assert living(client, [first, second]) == [False, True]
    assert other.get("/identity").json["userid"] == "alice"


def test_a_session_in_both_carriers_counts_once(make):
    client = make(limited(2, **{"token.exchange": "session cookie basic"}))
    client.post_json("/sign_in", {})
    swapped = client.post("/token").json["access_token"]
    token = client.fresh().swap()["access_token"]
    assert living(client, [swapped, token]) == [True, True]
    assert client.get("/identity").json["userid"] == "alice"
    client.fresh().swap()
    # And it ends in both.
    assert living(client, [swapped, token]) == [False, True]
    assert client.get("/identity").json["userid"] is None


def test_the_session_that_was_used_least_lately_ends(make, clock):
    client = make(limited(2, "end_idlest"))
    first, second = tokens_of(client, 2)
    clock.advance(1800)
    assert alive(client, first)  # It is renewed by this.
    third = client.swap()["access_token"]
    assert living(client, [first, second, third]) == [True, False, True]


def test_the_session_that_began_first_ends_however_it_is_used(make, clock):
    client = make(limited(2, "end_oldest"))
    first, second = tokens_of(client, 2)
    clock.advance(1800)
    assert alive(client, first)
    third = client.swap()["access_token"]
    assert living(client, [first, second, third]) == [False, True, True]


@pytest.mark.parametrize("over", ["end_oldest", "end_idlest", "refuse"])
def test_a_new_sign_in_does_not_count_the_session_that_it_replaces(make, over):
    client = make(limited(2, over))
    token = client.swap()["access_token"]
    for _ in range(3):
        client.post_json("/sign_in", {})
        assert client.get("/identity").json["userid"] == "alice"
        assert alive(client, token)


@pytest.mark.parametrize("over", ["end_oldest", "end_idlest", "refuse"])
def test_sessions_that_expired_or_ended_do_not_count(make, clock, over):
    client = make(limited(2, over))
    expired = client.swap()["access_token"]
    clock.advance(3700)
    ended, token = tokens_of(client, 2)
    client.fresh().delete(
        "/token", headers={"Authorization": f"Session {ended}"}, status=204
    )
    new = client.swap()["access_token"]
    tokens = [expired, ended, token, new]
    assert living(client, tokens) == [False, False, True, True]


@pytest.mark.parametrize("over", ["end_oldest", "end_idlest"])
def test_sessions_from_before_the_setting_are_older(make, clock, over):
    before = make(KEPT)
    repository = before.registry.getUtility(ITokenRepository)
    shares = registering(repository, ITokenRepository)
    settings = {**limited(2, over), "repository": "registered"}
    old = before.swap()["access_token"]
    client = make(settings, before=shares)
    first = client.swap()["access_token"]
    # A node that still runs without the setting.
    late = before.swap()["access_token"]
    second = client.swap()["access_token"]
    assert living(client, [old, first, late, second]) == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("userid", [42, uuid.UUID(int=7)])
def test_users_of_every_type_have_a_limit_of_their_own(make, userid):
    client = make(limited(1))
    issue = issuing(client)
    text = issue(str(userid))
    one = issue(userid)
    assert living(client, [text, one]) == [True, True]
    two = issue(userid)
    assert living(client, [text, one, two]) == [True, False, True]


def issuing(client):
    """Give what begins a session of any user."""

    def issue(userid, **kw):
        request = Request.blank("/", base_url="https://localhost")
        request.registry = client.registry
        return request.sessiontoken.issue(userid, **kw).access_token

    return issue


def test_a_lowered_limit_bites_at_the_next_sign_in(make):
    client = make(limited(5))
    tokens = tokens_of(client, 5)
    repository = client.registry.getUtility(ITokenRepository)
    lower = make(
        {**limited(2), "repository": "registered"},
        before=registering(repository, ITokenRepository),
    )
    assert living(lower, tokens) == [True] * 5
    last = lower.swap()["access_token"]
    assert living(lower, [*tokens, last]) == [False] * 4 + [True] * 2


# Refused.


def sign_in_and_catch(request):
    try:
        return Response(headerlist=remember(request, "alice"))
    except SessionLimitReached as error:
        return Response(f"caught: {error}")


def views(listener):
    def setup(config):
        listener.listen(config)
        config.add_route("catch", "/catch")
        config.add_view(sign_in_and_catch, route_name="catch")

    return setup


def test_one_session_too_many_is_refused(make, listener, caplog):
    caplog.set_level("INFO")
    client = make(limited(2, "refuse"), setup=views(listener))
    tokens = tokens_of(client, 2)
    repository = client.registry.getUtility(ITokenRepository)
    before = dict(repository._items)

    at_the_endpoint = client.post("/token", headers=BASIC, status=403)
    in_a_view = client.post_json("/sign_in", {}, status=403)

    for response in (at_the_endpoint, in_a_view):
        assert response.json["error"] == "session_limit"
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in response.headers
    assert client.post("/catch").text.startswith("caught: the user has 2")
    assert repository._items == before
    assert living(client, tokens) == [True, True]
    assert [e.authenticator for e in listener.refused] == [
        "basic",
        "application",
        "application",
    ]
    assert {e.code for e in listener.refused} == {"session_limit"}
    assert "basic refused: the user has 2 sessions" in caplog.text
    assert listener.ended == []
    # A page is told in a page.
    page = client.post_json(
        "/sign_in", {}, headers={"Accept": "text/html"}, status=403
    )
    assert "too many sessions" in page.text
    # After a sign-out, a sign-in is accepted.
    client.fresh().delete(
        "/token", headers={"Authorization": f"Session {tokens[0]}"}
    )
    assert client.swap()["access_token"]


def test_an_application_answers_a_refused_sign_in_itself(make, listener):
    def setup(config):
        config.add_view(
            lambda error, request: Response(f"own: {error}", status=409),
            context=SessionLimitReached,
        )

    client = make(limited(1, "refuse"), setup=setup)
    client.swap()
    response = client.post_json("/sign_in", {}, status=409)
    assert response.text.startswith("own: the user has 1 sessions")
    client.post("/token", headers=BASIC, status=403)


# Outages.


class Failing(MemoryRepository):
    """A repository whose verbs fail from a certain call on."""

    def __init__(self, clock):
        super().__init__(clock)
        self.left = None
        self.recovers = False

    def __getattribute__(self, name):
        verb = super().__getattribute__(name)
        if name not in VERBS:
            return verb

        def call(*args, **kw):
            if self.left is not None:
                self.left -= 1
                if self.left == -1 or (self.left < 0 and not self.recovers):
                    raise RepositoryUnavailable("down")
            return verb(*args, **kw)

        return call


VERBS = {
    "get",
    "add",
    "add_or_update",
    "renew",
    "remove",
    "items_of",
    "remove_all_of",
}


@pytest.mark.parametrize("way", ["/token", "/sign_in"])
@pytest.mark.parametrize("over", ["end_oldest", "end_idlest", "refuse"])
def test_an_outage_in_the_middle_of_a_sign_in(make, clock, over, way):
    """Whatever was done by then, the sign-in is a 503, no client has more
    sessions than the limit allows, and the next sign-in is accepted.
    """
    left = 0
    while True:
        repository = Failing(clock)
        client = make(
            {**limited(2, over), "repository": "registered"},
            before=registering(repository, ITokenRepository),
        )
        tokens = tokens_of(client, 1 if over == "refuse" else 2)
        repository.left = left
        response = client.post(way, headers=BASIC, status="*")
        repository.left = None
        if response.status_code in (200, 302):
            break
        assert response.status_code == 503, left
        assert "Set-Cookie" not in response.headers
        left += 1
        if over == "refuse":
            # What is under way counts for a minute and the clock skew.
            clock.advance(90)
            assert living(client, tokens) == [True]
        new = client.swap()["access_token"]
        assert alive(client, new), left
        assert living(client, [*tokens, new]).count(True) <= 2
    assert left >= 4


@pytest.mark.parametrize("way", ["/token", "/sign_in"])
@pytest.mark.parametrize("over", ["end_oldest", "end_idlest", "refuse"])
def test_a_sign_in_that_fails_once_leaves_no_session(make, clock, over, way):
    """The repository can be asked again when the sign-in is undone."""
    statuses, left = [], 0
    while statuses.count(200) + statuses.count(302) < 3:
        repository = Failing(clock)
        client = make(
            {**limited(2, over), "repository": "registered"},
            before=registering(repository, ITokenRepository),
        )
        tokens = tokens_of(client, 1 if over == "refuse" else 2)
        repository.left, repository.recovers = left, True
        response = client.post(way, headers=BASIC, status="*")
        repository.left = None
        statuses.append(response.status_code)
        left += 1
        if response.status_code == 503:
            sids = sids_of(client)
            assert len(sids) == living(client, tokens).count(True), left
            if over == "refuse":
                # Its place is free at once.
                assert client.swap()
        assert len(sids_of(client)) <= 2, left
    assert set(statuses) - {503} in ({200}, {302})
    assert statuses.count(503) >= 3


def sids_of(client):
    return [ticket.sid for ticket in kept_of(client).tickets_of("alice")]


def test_evictions_before_an_outage_are_told(make, clock, listener):
    repository = Failing(clock)
    client = make(
        {**limited(4), "repository": "registered"},
        before=registering(repository, ITokenRepository),
    )
    tokens = tokens_of(client, 4)
    lower = make(
        {**limited(2), "repository": "registered"},
        before=registering(repository, ITokenRepository),
        setup=listener.listen,
    )
    # The three that are too many end one after the other.
    stored = kept_of(lower)
    ended = []
    original = stored.end

    def failing(sid, *args):
        if len(ended) == 1:
            raise RepositoryUnavailable("down")
        ended.append(sid)
        return original(sid, *args)

    stored.end = failing
    lower.post("/token", headers=BASIC, status=503)
    assert listener.ended_sids() == ended
    assert listener.issued == []
    assert living(lower, tokens) == [False, True, True, True]


# What a repository or a store of one's own cannot do.


@implementer_only(ISubjectRepository)
class Subjects(MemoryRepository):
    """A repository without conditional writes."""


def test_a_repository_without_powers_refuses_sign_ins(make, clock, caplog):
    client = make(
        {**limited(2), "repository": "registered"},
        before=registering(FourVerbs(clock), ITokenRepository),
    )
    assert "sessions.limit: nobody can sign in" in caplog.text
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        client.swap()
    with pytest.raises(SessionTokenError, match=r"sessions\.limit needs"):
        client.post_json("/sign_in", {})


def test_a_store_of_ones_own_refuses_sign_ins(make, caplog):
    drawer = Drawer()
    client = make(limited(2, session_store=drawer))
    assert "sessions.limit: nobody can sign in" in caplog.text
    with pytest.raises(SessionTokenError, match="own ISessionStore"):
        client.swap()
    assert drawer.tickets == {}


@pytest.mark.parametrize("over", ["end_oldest", "end_idlest", "refuse"])
def test_without_conditional_writes_sign_ins_one_by_one_keep_to_the_limit(
    make, clock, caplog, over
):
    client = make(
        {**limited(2, over), "repository": "registered"},
        before=registering(Subjects(clock), ITokenRepository),
    )
    assert "IRenewingRepository and IAddingRepository" in caplog.text
    tokens = tokens_of(client, 2)
    if over == "refuse":
        client.post("/token", headers=BASIC, status=403)
        assert living(client, tokens) == [True, True]
    else:
        tokens += tokens_of(client, 2)
        assert living(client, tokens) == [False, False, True, True]


# Acting for another.


def test_a_session_that_acts_for_the_user_does_not_count(make):
    """It ends no session of the user, and no sign-in of the user ends it."""

    def act(request):
        issued = request.sessiontoken.act_as("bob", "a ticket")
        return Response(issued.access_token)

    def setup(config):
        config.add_route("act", "/act")
        config.add_view(act, route_name="act")

    client = make(
        limited(1, **{"impersonation.principals": "role:admin"}), setup=setup
    )
    bob = client.swap("bob")["access_token"]
    agent = client.swap("alice")["access_token"]
    acting = client.ask(agent, "/act").text
    assert living(client, [bob, agent, acting]) == [True, True, True]
    again = client.swap("bob")["access_token"]
    tokens = [bob, again, agent, acting]
    assert living(client, tokens) == [False, True, True, True]
