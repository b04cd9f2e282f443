"""A stamp is asked, and its digest compared."""

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from support import START
from support.keys import Rings
from support.tokens import FIRST, SECOND, STRANGER, make_ticket

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import RENEW, VALID, IClock
from pyramid_sessiontoken.policy import stamp as module
from pyramid_sessiontoken.policy.stamp import Stamp, restamped
from pyramid_sessiontoken.policy.state import PolicyState
from pyramid_sessiontoken.sessions.shown import ShownToken
from pyramid_sessiontoken.testing import ManualClock
from pyramid_sessiontoken.tokens.payload import read_ticket, write_members

TEXTS = st.text() | st.text(st.characters())

USERIDS = st.uuids() | st.integers() | st.sampled_from(["alice", "1", "é"])


def make_request(method="GET", clock=None):
    registry = Registry()
    registry.registerUtility(clock or ManualClock(START), IClock)
    return SimpleNamespace(
        registry=registry, environ={"PATH_INFO": "/"}, method=method
    )


def make_state(**rules):
    return PolicyState(SimpleNamespace(stored=None, renewing=None, **rules))


def make_stamp(answers, *keys, every=300):
    ring = Rings(*(keys or (FIRST,)))
    return Stamp(lambda userid, request: answers[userid], ring, every)


def session(digest, userid="alice", sid=None):
    ticket = make_ticket(userid=userid, stamp=digest)
    if sid is not None:
        ticket = ticket._replace(sid=sid)
    return Identity(userid, {}, "session", ticket)


def holds(stamp, identity, request=None):
    return stamp.holds(request or make_request(), make_state(), identity, None)


@given(USERIDS, TEXTS, TEXTS)
@example("alice", "\ud800", "\udfff")
@example("alice", "", "\0")
def test_only_the_same_text_has_the_same_digest(userid, text, other):
    stamp = make_stamp({userid: text})
    digest = stamp.begin(make_request(), userid)

    ticket = session(digest, userid).ticket
    assert read_ticket(write_members(ticket)).stamp == digest
    assert holds(stamp, session(digest, userid))
    assert holds(make_stamp({userid: other}), session(digest, userid)) == (
        text == other
    )


@given(USERIDS, USERIDS, TEXTS)
@example(42, "42", "")
def test_a_digest_is_of_one_user(one, other, text):
    digest = make_stamp({one: text}).begin(make_request(), one)

    assert holds(make_stamp({other: text}), session(digest, other)) == (
        one == other and type(one) is type(other)
    )


@given(st.none() | st.text() | st.text("abcdefghijklmnopAZ09-_"))
@example("")
@example("A" * 32)
@example("A" * 11)
def test_what_is_no_digest_is_no_error(digest):
    assert not holds(make_stamp({"alice": "text"}), session(digest))


def test_a_digest_is_compared_under_every_key_of_the_ring():
    answers = {"alice": "text"}
    old = make_stamp(answers, FIRST).begin(make_request(), "alice")

    assert holds(make_stamp(answers, SECOND, FIRST), session(old))
    assert not holds(make_stamp(answers, SECOND, STRANGER), session(old))
    new = make_stamp(answers, SECOND, FIRST).begin(make_request(), "alice")
    assert new != old
    assert holds(make_stamp(answers, SECOND), session(new))


def test_a_key_that_another_process_knows_first_is_found():
    answers = {"alice": "text"}
    ring = Rings(FIRST)
    stamp = Stamp(lambda userid, request: answers[userid], ring, 0)
    assert holds(stamp, session(stamp.begin(make_request(), "alice")))
    ring.replace(SECOND, FIRST)
    new = make_stamp(answers, SECOND).begin(make_request(), "alice")

    assert holds(stamp, session(new))


def test_what_was_asked_is_written_anew():
    answers, state = {"alice": "text"}, make_state()
    old = make_stamp(answers, FIRST).begin(make_request(), "alice")
    stamp = make_stamp(answers, SECOND, FIRST)
    ticket = session(old).ticket

    assert restamped(state, ticket) is ticket
    assert stamp.holds(make_request(), state, session(old), None)
    anew = restamped(state, ticket)
    assert anew == ticket._replace(stamp=anew.stamp)
    assert anew.stamp == stamp.begin(make_request(), "alice")


def test_a_user_who_is_gone_begins_nothing():
    with pytest.raises(InvalidCredential, match="the user is gone"):
        make_stamp({"alice": None}).begin(make_request(), "alice")


def judge(stamp, identity, request, verdict=VALID, **rules):
    state = make_state()
    for name, value in rules.items():
        setattr(state.rules, name, value)
    shown = ShownToken(identity, identity.ticket, None, "text", verdict)
    state.tokens = (shown,)
    return stamp.judge(request, state, identity)


def counted(answer="text", every=300):
    """Give a stamp, and a list that grows with each question."""
    asked = []

    def ask(userid, request):
        asked.append(userid)
        return answer

    return Stamp(ask, Rings(FIRST), every), asked


@pytest.mark.parametrize(
    ("verdict", "renewing", "asks"),
    [
        (VALID, None, False),
        (RENEW, None, True),
        (RENEW, frozenset({"POST"}), False),
        (RENEW, frozenset({"GET"}), True),
    ],
)
def test_a_renewal_that_may_be_asks_again(verdict, renewing, asks):
    stamp, asked = counted()
    request = make_request()
    identity = session(stamp.begin(request, "alice"))
    stamp.note(request, identity.ticket)
    asked.clear()

    answer = judge(stamp, identity, request, verdict, renewing=renewing)

    assert answer is identity
    assert asked == ["alice"] * asks


@pytest.mark.parametrize("good", [True, False])
def test_an_answer_counts_for_its_time_whatever_it_is(good):
    stamp, asked = counted()
    clock = ManualClock(START)
    request = make_request(clock=clock)
    digest = stamp.begin(request, "alice") if good else None
    identity = session(digest)
    asked.clear()
    for seconds, times in ((0, 1), (299, 1), (1, 2)):
        clock.advance(seconds)
        answer = judge(stamp, identity, request)
        assert (answer is identity) == good
        assert len(asked) == times


def test_the_memory_of_a_process_is_bounded(monkeypatch):
    """Sessions that are forgotten are asked about again."""
    monkeypatch.setattr(module, "SESSIONS", 4)
    stamp, asked = counted()
    request = make_request()
    digest = stamp.begin(request, "alice")
    many = [session(digest, sid=f"{n:022}") for n in range(50)]
    for identity in many:
        assert judge(stamp, identity, request) is identity
    asked.clear()
    assert judge(stamp, many[-1], request) is many[-1]
    assert judge(stamp, many[0], request) is many[0]
    assert asked == ["alice"]


def test_what_the_application_raises_is_kept_as_the_answer():
    error = LookupError("no table")

    def ask(userid, request):
        raise error

    stamp = Stamp(ask, Rings(FIRST), 300)
    assert judge(stamp, session("digest"), make_request()) is error
