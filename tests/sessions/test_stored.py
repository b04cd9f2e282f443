"""Sessions that the server keeps can be listed and ended."""

import dataclasses
import logging

import pytest
from pyramid.registry import Registry
from pyramid.response import Response
from support import START
from support.keys import Rings
from support.tokens import FIRST, NAMES, make_jwt, make_ticket
from zope.interface import implementer

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import (
    REASON_ENDED,
    InvalidCredential,
    SessionTokenError,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.interfaces import (
    IClock,
    IExpiryPolicy,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
    IUserLoader,
    TokenItem,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.forms import HeaderForm
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.records import LINGER, RecordNames
from pyramid_sessiontoken.sessions.references import References
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore
from pyramid_sessiontoken.sessions.stored import StoredSessions

DEVICE = freeze_claims({"user_agent": "Firefox", "address": "192.0.2.7"})
SIDS = [letter * 22 for letter in "abc"]


@implementer(ITokenRepository)
class FourVerbs:
    """A repository that provides only ITokenRepository."""

    def __init__(self, clock):
        inner = MemoryRepository(clock)
        self.add_or_update = inner.add_or_update
        self.get = inner.get
        self.remove = inner.remove
        self.remove_all_before = inner.remove_all_before


@implementer(ISubjectRepository)
class SubjectsOnly(FourVerbs):
    """A repository that finds the items of a subject, and gives the oldest
    or the newest first.
    """

    def __init__(self, clock, newest_first=False):
        inner = MemoryRepository(clock)
        self.add_or_update = inner.add_or_update
        self.get = inner.get
        self.remove = inner.remove
        self.remove_all_before = inner.remove_all_before
        self.remove_all_of = inner.remove_all_of
        self._inner = inner
        self._newest_first = newest_first

    def items_of(self, subject):
        items = self._inner.items_of(subject)
        return sorted(
            items, key=lambda item: item.expires, reverse=self._newest_first
        )


DAY = 86400


class Server:
    def __init__(
        self,
        clock,
        repository,
        *,
        revokes=True,
        own_store=None,
        names=NAMES,
    ):
        self.repository = repository
        registry = self.registry = Registry()
        registry.registerUtility(clock, IClock)
        registry.registerUtility(
            ExpiryPolicy(36000, 3600, clock_skew=30), IExpiryPolicy
        )
        if repository is not None:
            registry.registerUtility(repository, ITokenRepository)
        cache = FirstLevelCache(100, 5)
        seal = Seal(Rings(FIRST), "store")
        self.revocations = (
            Revocations(registry, names, cache) if revokes else None
        )
        self.store = own_store or RepositorySessionStore(
            registry, seal, names, cache
        )
        registry.registerUtility(self.store, ISessionStore)
        self.stored = StoredSessions(
            registry,
            None if own_store else self.store,
            self.revocations,
        )
        form = HeaderForm(
            make_jwt(FIRST),
            References(registry, self.revocations, ""),
            self.revocations,
            writes_references=True,
        )
        self.sessions = Sessions(registry, form, "Session", self.revocations)

    def begin(self, userid="alice", **changes):
        """Begin a session; give its reference."""
        return self.store.store(ticket_of(userid=userid, **changes))

    def lives(self, reference):
        try:
            self.sessions.redeem(reference)
        except InvalidCredential as refusal:
            if refusal.reason == REASON_ENDED:
                return False
            raise
        return True


def ticket_of(**changes):
    times = {
        "iat": START,
        "exp": START + 3600,
        "auth_time": START,
        "session_end": START + 36000,
    }
    return make_ticket(**{**times, **changes})


def began(seconds, **changes):
    """Give the times of a session that began some seconds ago."""
    return {
        "iat": START - seconds,
        "exp": START - seconds + 3600,
        "auth_time": START - seconds,
        "session_end": START - seconds + 36000,
        **changes,
    }


@pytest.fixture
def server(clock):
    return Server(clock, MemoryRepository(clock))


@pytest.fixture(params=[MemoryRepository, FourVerbs, SubjectsOnly])
def any_server(clock, request):
    return Server(clock, request.param(clock))


# Lists.


def test_a_session_is_listed_with_all_its_fields(server):
    server.begin(
        iat=START + 10,
        sid=SIDS[0],
        amr=("pwd",),
        device=DEVICE,
        claims={"word": "secret"},
    )
    [info] = server.stored.of("alice", None)
    assert dataclasses.asdict(info) == {
        "sid": SIDS[0],
        "began": moment(START),
        "renewed": moment(START + 10),
        "ends": moment(START + 36000),
        "authenticator": "basic",
        "device": {"user_agent": "Firefox", "address": "192.0.2.7"},
        "current": False,
        "actor": None,
    }
    for time in (info.began, info.renewed, info.ends):
        assert time.utcoffset().total_seconds() == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.current = True


def test_no_credential_is_listed(server):
    reference = server.begin()
    [info] = server.stored.of("alice", None)
    assert reference[4:] not in repr(info)
    assert NAMES.ticket(reference) not in repr(info)


def test_the_latest_is_listed_first(server):
    for seconds, sid in ((50, SIDS[1]), (5, SIDS[0]), (500, SIDS[2])):
        server.begin(sid=sid, **began(seconds))
    listed = [info.sid for info in server.stored.of("alice", None)]
    assert listed == SIDS


def test_the_current_session_is_marked(server):
    for sid in SIDS:
        server.begin(sid=sid)
    current = [i.sid for i in server.stored.of("alice", SIDS[1]) if i.current]
    assert current == [SIDS[1]]
    assert not any(i.current for i in server.stored.of("alice", "z" * 22))


def test_only_the_users_own_are_listed(server):
    server.begin("alice", sid=SIDS[0])
    server.begin("bob", sid=SIDS[1])
    server.begin(42, sid=SIDS[2])
    assert [i.sid for i in server.stored.of("alice", None)] == [SIDS[0]]
    assert [i.sid for i in server.stored.of(42, None)] == [SIDS[2]]
    assert server.stored.of("42", None) == []


def test_expired_sessions_are_not_listed_though_their_records_remain(
    server, clock
):
    server.begin(sid=SIDS[0])
    server.begin(sid=SIDS[1], exp=START + 7200, iat=START + 3600)
    clock.advance(3600 + 29)
    assert len(server.stored.of("alice", None)) == 2
    clock.advance(1)
    assert [i.sid for i in server.stored.of("alice", None)] == [SIDS[1]]


def test_ended_sessions_are_not_listed(server):
    server.begin(sid=SIDS[0])
    server.begin(sid=SIDS[1])
    server.stored.end(SIDS[0])
    assert [i.sid for i in server.stored.of("alice", None)] == [SIDS[1]]


@pytest.mark.parametrize(
    ("amr", "name"),
    [
        (("pwd",), "basic"),
        (("hwk",), "client_certificate"),
        (("application",), "application"),
        (("pwd", "hwk"), "basic"),
        ((), ""),
    ],
)
def test_the_authenticator_is_listed_by_its_name_in_the_settings(
    server, amr, name
):
    server.begin(amr=amr)
    [info] = server.stored.of("alice", None)
    assert info.authenticator == name


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_session_with_two_references_is_listed_once(clock, newest_first):
    """It has a cookie and a token; the token was used last."""
    server = Server(clock, SubjectsOnly(clock, newest_first))
    server.begin(sid=SIDS[0])
    server.begin(sid=SIDS[0], iat=START + 1800, exp=START + 5400)
    clock.advance(1800)
    [info] = server.stored.of("alice", None)
    assert info.renewed == moment(START + 1800)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_session_of_which_one_reference_lives_is_listed(clock, newest_first):
    server = Server(clock, SubjectsOnly(clock, newest_first))
    server.begin(sid=SIDS[0])
    reference = server.begin(sid=SIDS[0], iat=START + 1800, exp=START + 5400)
    clock.advance(3700)
    assert server.lives(reference)
    assert [i.sid for i in server.stored.of("alice", None)] == [SIDS[0]]


def test_listing_names_the_missing_interface(clock):
    server = Server(clock, FourVerbs(clock))
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        server.stored.of("alice", None)
    server = Server(clock, MemoryRepository(clock), own_store=Drawer())
    with pytest.raises(SessionTokenError, match="ISessionStore"):
        server.stored.of("alice", None)


def test_sessions_of_all_users_are_listed_once_each(server):
    server.begin("alice", sid=SIDS[0])
    server.begin("alice", sid=SIDS[0])
    server.begin(42, sid=SIDS[1])
    server.begin("bob", sid=SIDS[2])
    server.stored.end(SIDS[2])
    server.stored.end_all("carol")
    repository = server.stored._registry.getUtility(ITokenRepository)
    repository.add_or_update(
        TokenItem("x", moment(START + 60), b"junk", "str:dora")
    )
    listed = [(who, info.sid) for who, info in server.stored.of_everybody()]
    assert len(listed) == 2
    assert set(listed) == {("alice", SIDS[0]), (42, SIDS[1])}


# Ending.


def test_ending_a_session_ends_all_its_tokens(any_server):
    server = any_server
    first, second = server.begin(sid=SIDS[0]), server.begin(sid=SIDS[0])
    other = server.begin(sid=SIDS[1])
    for reference in (first, second, other):
        assert server.lives(reference)
    server.stored.end(SIDS[0], first)
    assert not server.lives(first)
    assert not server.lives(second)
    assert server.lives(other)
    assert server.revocations.is_ended(ticket_of(sid=SIDS[0]))
    server.stored.end(SIDS[0], first)
    server.stored.end("never was")


def test_a_session_can_be_ended_by_its_sid_alone(any_server):
    reference = any_server.begin(sid=SIDS[0])
    any_server.stored.end(SIDS[0])
    assert not any_server.lives(reference)


def test_a_reference_can_be_ended_without_revocation(clock):
    server = Server(clock, MemoryRepository(clock), revokes=False)
    reference = server.begin(sid=SIDS[0])
    server.stored.end(SIDS[0])
    assert not server.lives(reference)


def test_a_token_exchanged_while_its_session_ends_is_refused(any_server):
    """A cookie is swapped for a token while the user signs out: its ticket
    was read before the sign-out, the new reference is made after it.
    """
    server = any_server
    ticket = server.sessions.redeem(server.begin(sid=SIDS[0])).ticket
    server.stored.end(SIDS[0])
    issued = server.sessions.exchange(ticket)
    assert not server.lives(issued.access_token)


def test_a_token_exchanged_while_all_sessions_end_is_refused(any_server):
    server = any_server
    ticket = server.sessions.redeem(server.begin(sid=SIDS[0])).ticket
    server.stored.end_all("alice")
    issued = server.sessions.exchange(ticket)
    assert not server.lives(issued.access_token)


@pytest.mark.parametrize("revokes", [True, False])
def test_all_sessions_of_a_user_end_but_for_one(clock, revokes):
    server = Server(clock, MemoryRepository(clock), revokes=revokes)
    mine = [server.begin(sid=sid) for sid in SIDS]
    other = server.begin("bob")
    server.stored.end_all("alice", SIDS[1])
    assert [server.lives(each) for each in mine] == [False, True, False]
    server.stored.end_all("alice")
    assert not server.lives(mine[1])
    assert server.lives(other)


def test_all_sessions_can_be_ended_without_optional_verbs(clock):
    server = Server(clock, FourVerbs(clock))
    mine = [server.begin(sid=sid) for sid in SIDS]
    assert all(map(server.lives, mine))
    server.stored.end_all("alice", SIDS[1])
    assert [server.lives(each) for each in mine] == [False, True, False]


def test_ending_all_names_the_missing_interface(clock):
    server = Server(clock, FourVerbs(clock), revokes=False)
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        server.stored.end_all("alice")


# How long it is remembered that a session ended.


@pytest.mark.parametrize("is_at_hand", [True, False])
def test_a_session_that_is_known_is_remembered_until_its_own_end(
    clock, is_at_hand
):
    server = Server(clock, MemoryRepository(clock))
    reference = server.begin(sid=SIDS[0], session_end=START + 90 * DAY)
    ticket = server.store.retrieve(reference) if is_at_hand else None
    until = server.stored.end(SIDS[0], None, ticket)
    assert until == moment(START + 90 * DAY + LINGER)


def test_a_session_that_is_not_known_is_remembered_for_400_days(any_server):
    until = any_server.stored.end("never was")
    assert until == moment(START + 400 * DAY + LINGER)
    assert any_server.stored.end_all("alice") == until


def test_nothing_is_remembered_without_revocation(clock):
    server = Server(clock, MemoryRepository(clock), revokes=False)
    assert server.stored.end(SIDS[0]) is None
    assert server.stored.end_all("alice") is None


class PutsOff(ExpiryPolicy):
    """A session ends a month after its last use."""

    def renew(self, ticket, now):
        return super().renew(ticket, now)._replace(session_end=now + 30 * DAY)


def test_a_session_whose_end_is_put_off_stays_ended(clock):
    """The token at hand is an older one."""
    server = Server(clock, MemoryRepository(clock))
    server.registry.registerUtility(PutsOff(400 * DAY, DAY), IExpiryPolicy)
    early = ticket_of(sid=SIDS[0], exp=START + DAY, session_end=START + DAY)
    clock.advance(DAY // 2)
    late = server.sessions.renew(early, None).ticket
    assert late.session_end == START + DAY // 2 + 30 * DAY
    until = server.stored.end(SIDS[0], None, early)
    assert until == moment(late.session_end + LINGER)


def test_a_session_is_listed_with_the_end_that_the_policy_gives_it(clock):
    server = Server(clock, MemoryRepository(clock))
    server.begin(sid=SIDS[0], session_end=START + 90 * DAY)
    [info] = server.stored.of("alice", None)
    assert info.ends == moment(START + 36000)


# Two applications that share a repository.


def test_two_applications_in_one_repository_know_nothing_of_each_other(clock):
    repository = MemoryRepository(clock)
    one, other = (
        Server(clock, repository, names=RecordNames("one", audience))
        for audience in ("a", "b")
    )
    mine, others = one.begin(sid=SIDS[0]), other.begin(sid=SIDS[0])
    for server, reference in ((one, others), (other, mine)):
        assert not server.lives(reference)
        assert len(server.stored.of("alice", None)) == 1
        assert len([*server.stored.of_everybody()]) == 1
    for end in (
        lambda: one.stored.end(SIDS[0], mine),
        lambda: one.stored.end(SIDS[0]),
        lambda: one.stored.end_all("alice"),
    ):
        end()
        assert not one.lives(mine)
        assert other.lives(others)
        assert not other.revocations.is_ended(ticket_of(sid=SIDS[0]))
    assert len(other.stored.of("alice", None)) == 1


# A store of the application's own.


@implementer(ISessionStore)
class Drawer:
    """A store that keeps tickets in a dictionary."""

    def __init__(self):
        self.tickets = {}

    def store(self, ticket):
        reference = "pst_" + str(len(self.tickets)).zfill(43)
        self.tickets[reference] = ticket
        return reference

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        there = reference in self.tickets
        if there:
            self.tickets[reference] = ticket
        return there

    def remove(self, reference):
        self.tickets.pop(reference, None)


def test_a_shown_reference_is_removed_from_an_own_store(clock):
    server = Server(clock, None, revokes=False, own_store=Drawer())
    reference = server.begin()
    assert server.lives(reference)
    server.stored.end(SIDS[0], reference)
    assert server.store.tickets == {}


def test_with_revocation_a_session_of_an_own_store_ends(clock):
    """Only its sid is known: it is on another device of the user."""
    for make in (FourVerbs, MemoryRepository):
        server = Server(clock, make(clock), own_store=Drawer())
        reference = server.begin(sid=SIDS[0])
        server.stored.end(SIDS[0])
        assert not server.lives(reference), make


def test_with_revocation_all_sessions_of_an_own_store_end(clock):
    for make in (FourVerbs, MemoryRepository):
        server = Server(clock, make(clock), own_store=Drawer())
        mine = [server.begin(sid=sid) for sid in SIDS]
        server.stored.end_all("alice", SIDS[1])
        lives = [server.lives(each) for each in mine]
        assert lives == [False, True, False], make


def test_ending_all_without_a_repository_is_an_error(clock):
    server = Server(clock, None, revokes=False, own_store=Drawer())
    server.begin()
    with pytest.raises(SessionTokenError):
        server.stored.end_all("alice")


def test_sessions_of_an_own_store_cannot_be_ended_without_revocation(clock):
    """The repository could find tickets, but they are in another store."""
    repository = MemoryRepository(clock)
    server = Server(clock, repository, revokes=False, own_store=Drawer())
    reference = server.begin()
    with pytest.raises(SessionTokenError):
        server.stored.end_all("alice")
    assert server.lives(reference)


def test_ending_by_sid_names_the_missing_interface(clock):
    """A session that goes on must not seem to be ended."""
    for repository in (FourVerbs(clock), None):
        own_store = None if repository else Drawer()
        server = Server(clock, repository, revokes=False, own_store=own_store)
        reference = server.begin(sid=SIDS[0])
        with pytest.raises(SessionTokenError, match="ISubjectRepository"):
            server.stored.end(SIDS[0])
        assert server.lives(reference)
        server.stored.end(SIDS[0], reference)
        assert not server.lives(reference)


# In an application.


def test_a_token_swapped_during_a_sign_out_is_refused(make):
    """Another request ends the session just after the cookie was judged."""
    signs_out = []

    def load(identity, request):
        while signs_out:
            signs_out.pop()()
        return identity

    client = make(
        {
            "repository": "memory",
            "token.form": "reference",
            "token.exchange": "session cookie",
        },
        before=lambda config: config.registry.registerUtility(
            load, IUserLoader
        ),
    )
    client.post_json("/sign_in", {})
    other = client.fresh()
    name = "__Host-sessiontoken"
    other.set_cookie(name, client.cookies[name])
    signs_out.append(lambda: other.post("/sign_out"))
    response = client.post("/token", status="*")
    token = response.json.get("access_token", "none")
    assert client.fresh().ask(token).json["userid"] is None


def test_of_two_renewals_of_one_token_one_is_written(make, clock):
    """Two requests at the same time end in two different seconds."""
    meanwhile, written = [], []

    class Noting(MemoryRepository):
        def renew(self, item, was):
            told = super().renew(item, was)
            written.append(told)
            return told

    def slow(request):
        who = request.authenticated_userid
        while meanwhile:
            meanwhile.pop()()
        return Response(str(who))

    def setup(config):
        config.add_route("slow", "/slow")
        config.add_view(slow, route_name="slow")

    client = make(
        {"repository": "registered", "token.form": "reference"},
        setup=setup,
        before=lambda config: config.registry.registerUtility(
            Noting(clock), ITokenRepository
        ),
    )
    token = client.swap()["access_token"]
    clock.advance(1800)

    def another():
        assert client.fresh().ask(token).json["userid"] == "alice"
        clock.advance(1)

    meanwhile.append(another)
    assert client.ask(token, "/slow").text == "alice"
    assert written.count(True) == 1


def test_a_stored_session_is_renewed_under_shorter_settings(make, clock):
    """The setting was 8 hours and became 1: a session that is used every
    half an hour goes on, whatever was written before.
    """
    repository = MemoryRepository(clock)

    def application(sliding):
        return make(
            {
                "repository": "registered",
                "token.form": "reference",
                "expiry.sliding": sliding,
            },
            before=lambda config: config.registry.registerUtility(
                repository, ITokenRepository
            ),
        )

    token = application("8h").swap()["access_token"]
    client = application("1h")
    for _ in range(4):
        clock.advance(1900)
        assert client.ask(token).json["userid"] == "alice"


def test_an_ended_session_is_logged_without_its_token(make, caplog):
    client = make({"repository": "memory", "token.form": "reference"})
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    client.delete("/token", headers=headers)
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        assert client.ask(token).json["userid"] is None
    assert any(REASON_ENDED in message for message in caplog.messages)
    assert token not in caplog.text


# One session among several.


def test_a_session_is_found_by_the_key_of_its_mark(server):
    for sid in SIDS[:2]:
        server.begin(sid=sid)
    for sid in SIDS[:2]:
        key = server.store.names.session_mark(sid)
        assert server.stored.find_marked(key, "alice").sid == sid
        assert server.stored.find_marked(key, "bob") is None


def test_without_revocation_a_stored_ticket_is_never_one_of_an_ended_session(
    clock,
):
    server = Server(clock, MemoryRepository(clock), revokes=False)
    assert not server.stored.is_ended(ticket_of())
