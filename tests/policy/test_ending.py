"""Whether a session ends is decided first, and done second."""

from types import SimpleNamespace

import pytest
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.registry import Registry
from pyramid.testing import DummyRequest
from support import START
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.state import Refusal
from pyramid_sessiontoken.errors import REASON_EXPIRED, RepositoryUnavailable
from pyramid_sessiontoken.events import SessionEnded
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.interfaces import EXPIRED, VALID, IClock
from pyramid_sessiontoken.policy.ending import (
    Ending,
    can_end,
    end,
    ending_of,
    ending_of_expired,
    endings_beside,
    events_of,
    tell,
    tell_signed_out,
    tell_when_judged,
    who_acts,
)
from pyramid_sessiontoken.policy.judge import notify_refusals
from pyramid_sessiontoken.policy.state import PolicyState
from pyramid_sessiontoken.sessions.shown import ShownToken

TICKET = make_ticket(session_end=START + 3600)
ALICE = Identity("alice", {}, "session", TICKET)


class Stored:
    """The stored sessions, as far as they are ended."""

    def __init__(self, by_sid=True, by_reference=True):
        self.ends_by_sid = self.finds_by_sid = by_sid
        self.by_reference = by_reference
        self.ended = []
        self.down = False

    def can_end(self, reference):
        return self.by_reference and reference is not None

    def end(self, sid, reference, until):
        if self.down:
            raise RepositoryUnavailable("down")
        self.ended.append((sid, reference, until))


def shown_token(authenticator, reference, verdict=VALID):
    identity = identity_of(TICKET, authenticator)
    return ShownToken(identity, TICKET, reference, "text", verdict)


def state_of(stored, is_cross_site=False):
    chain = SimpleNamespace(is_cross_site=lambda request: is_cross_site)
    return PolicyState(SimpleNamespace(stored=stored, chain=chain))


@pytest.fixture
def told():
    return []


@pytest.fixture
def request_(clock, told):
    request = DummyRequest()
    request.registry = Registry()
    request.registry.registerUtility(clock, IClock)
    request.registry.registerHandler(told.append, (SessionEnded,))
    return request


# Decisions.


def test_an_identity_without_a_session_ends_none():
    state = state_of(Stored())

    assert ending_of(state, None) is None
    assert ending_of(state, Identity("alice", {}, "basic")) is None


@pytest.mark.parametrize("reference", [None, "pst_reference"])
def test_a_session_ends_with_the_reference_that_was_shown(reference):
    state = state_of(Stored())
    state.tokens = (shown_token("session", reference),)

    assert ending_of(state, ALICE) == Ending(ALICE, TICKET, reference)


def test_a_session_that_this_request_began_was_not_shown():
    assert ending_of(state_of(Stored()), ALICE) == Ending(ALICE, TICKET, None)


def expired(ticket=TICKET):
    return Refusal("cookie", REASON_EXPIRED, ticket=ticket)


def test_an_expired_token_ends_its_session(request_):
    ending = ending_of_expired(request_, state_of(Stored()), expired())

    whose = Identity("alice", {}, "cookie", TICKET)
    assert ending == Ending(whose, TICKET, None)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (state_of(None), expired()),
        (state_of(Stored(by_sid=False)), expired()),
        (state_of(Stored()), expired(None)),
        (state_of(Stored()), expired(TICKET._replace(thumbprint="x" * 43))),
        (state_of(Stored()), expired(TICKET._replace(session_end=START))),
        (state_of(Stored(), is_cross_site=True), expired()),
    ],
    ids=[
        "nothing stored",
        "not by sid",
        "not genuine",
        "bound to a certificate",
        "over for good",
        "sent by another site",
    ],
)
def test_other_expired_tokens_end_no_session(request_, state, refusal):
    assert ending_of_expired(request_, state, refusal) is None


BESIDE = (
    shown_token("cookie", "pst_reference"),
    shown_token("cookie", None),
    shown_token("cookie", None, EXPIRED),
)


def test_sessions_of_cookies_beside_the_accepted_one_end_too(request_):
    state = state_of(Stored())
    state.beside = BESIDE

    whose = Identity("alice", {}, "cookie", TICKET)
    assert endings_beside(request_, state) == [
        Ending(whose, TICKET, "pst_reference"),
        Ending(whose, TICKET, None),
        Ending(whose, TICKET, None),
    ]


def test_no_session_of_a_cross_site_request_ends(request_):
    state = state_of(Stored(), is_cross_site=True)
    state.beside = BESIDE

    assert endings_beside(request_, state) == []


def test_an_expired_one_that_cannot_be_ended_is_left(request_):
    state = state_of(Stored(by_sid=False))
    state.beside = BESIDE[2:]

    assert endings_beside(request_, state) == []


@pytest.mark.parametrize(
    ("stored", "reference", "can"),
    [
        (None, "pst_reference", False),
        (Stored(), "pst_reference", True),
        (Stored(), None, False),
        (Stored(by_reference=False), "pst_reference", False),
    ],
)
def test_the_stored_sessions_tell_what_can_be_ended(stored, reference, can):
    ending = Ending(ALICE, TICKET, reference)

    assert can_end(state_of(stored), ending) is can


# Endings.


def sign_out(request, state, *endings):
    tell_signed_out(request, end(request, state, *endings))


def test_without_an_ending_nothing_happens(request_, told):
    stored = Stored()

    sign_out(request_, state_of(stored), None)

    assert stored.ended == told == []


@pytest.mark.parametrize(
    ("stored", "reference", "ended"),
    [
        (Stored(by_sid=True, by_reference=False), None, True),
        (Stored(by_sid=False), "pst_reference", True),
        (Stored(by_sid=False), None, False),
    ],
)
def test_a_session_ends_as_far_as_it_is_stored(
    request_, told, stored, reference, ended
):
    ending = Ending(ALICE, TICKET, reference)
    sign_out(request_, state_of(stored), ending)

    one = (TICKET.sid, reference, TICKET)
    assert stored.ended == [one] * ended
    assert told == [
        SessionEnded(
            request_,
            ALICE,
            TICKET,
            reason="signed_out",
            sid=TICKET.sid,
            userid="alice",
            actor="alice",
            authenticator="session",
        )
    ]


def test_several_sessions_end_and_each_is_notified_once(request_, told):
    stored = Stored()
    other = TICKET._replace(sid="o" * 22)
    one, two = Ending(ALICE, TICKET, "pst_1"), Ending(ALICE, other, None)

    sign_out(
        request_,
        state_of(stored),
        one,
        None,
        two,
        Ending(ALICE, TICKET, "pst_1"),
        Ending(ALICE, TICKET, "pst_2"),
    )

    assert [(sid, reference) for sid, reference, _ in stored.ended] == [
        (TICKET.sid, "pst_1"),
        (other.sid, None),
        (TICKET.sid, "pst_2"),
    ]
    assert [event.ticket for event in told] == [TICKET, other]


def test_an_end_is_notified_where_nothing_is_stored(request_, told):
    sign_out(request_, state_of(None), Ending(ALICE, TICKET, None))

    assert len(told) == 1


def test_an_end_that_could_not_be_written_is_503_and_not_notified(
    request_, told
):
    stored = Stored()
    stored.down = True

    with pytest.raises(HTTPServiceUnavailable):
        end(request_, state_of(stored), Ending(ALICE, TICKET, None))

    assert told == []


# Subscribers.


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (None, None),
        (Identity("alice", {}, "basic"), "alice"),
        (ALICE, "alice"),
        (Identity(7, {}, "session", TICKET._replace(actor=42)), 42),
        (Identity(None, {"plan": "gold"}, "api_key"), None),
    ],
    ids=["unknown", "alone", "own session", "acts for another", "no user"],
)
def test_who_acts_is_the_user_behind_the_session(identity, actor):
    assert who_acts(identity) == actor


def test_who_signs_out_ended_the_sessions_beside_it_too(request_, told):
    bobs = make_ticket(userid="bob", sid="b" * 22)
    bob = Identity("bob", {}, "cookie", bobs)

    tell_signed_out(
        request_, [Ending(ALICE, TICKET, None), Ending(bob, bobs, None)]
    )

    assert [(event.userid, event.actor) for event in told] == [
        ("alice", "alice"),
        ("bob", "alice"),
    ]


def test_the_end_of_one_session_is_told(request_, told):
    tell(request_, "evicted", ticket=TICKET)

    assert told == [
        SessionEnded(
            request_, None, TICKET, "evicted", TICKET.sid, TICKET.userid
        )
    ]


def test_the_end_of_all_sessions_of_a_user_is_told(request_, told):
    tell(request_, "revoked_all", userid=42, actor="admin")

    assert told == [
        SessionEnded(
            request_, None, None, "revoked_all", None, 42, actor="admin"
        )
    ]


def test_an_end_while_the_request_is_judged_is_told_after_that(request_, told):
    state = state_of(Stored())

    tell_when_judged(request_, state, "stamp", identity=ALICE, ticket=TICKET)
    assert told == []
    notify_refusals(request_, state)

    [event] = told
    assert (event.reason, event.sid, event.actor) == (
        "stamp",
        TICKET.sid,
        None,
    )
    assert state.untold == ()


def test_without_a_subscriber_no_event_is_made(monkeypatch):
    monkeypatch.setattr("pyramid_sessiontoken.policy.ending.ended", None)
    request = DummyRequest()
    request.registry = Registry()
    state = state_of(Stored())

    tell(request, "evicted", ticket=TICKET)
    tell_when_judged(request, state, "stamp", ticket=TICKET)
    tell_signed_out(request, [Ending(ALICE, TICKET, None)])

    assert state.untold == ()
    assert events_of(request, [Ending(ALICE, TICKET, None)], "", None) == []
