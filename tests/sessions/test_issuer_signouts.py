"""Marks of the sign-outs of issuers."""

import threading

import pytest
from pyramid.registry import Registry
from support import START
from support.stored import FourVerbs
from support.tokens import NAMES, make_ticket

from pyramid_sessiontoken.errors import Ended
from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.issuers.logout_token import SignOut
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.issuer_signouts import IssuerSignOuts
from pyramid_sessiontoken.sessions.revocation import ATTEMPTS, Revocations

ISSUER = "https://issuer.example"


@pytest.fixture(params=[MemoryRepository, FourVerbs])
def registry(request, clock):
    made = Registry()
    made.registerUtility(clock, IClock)
    made.registerUtility(request.param(clock), ITokenRepository)
    return made


@pytest.fixture
def revocations(registry):
    return Revocations(registry, NAMES, FirstLevelCache(100, 0))


@pytest.fixture
def signouts(revocations, clock):
    return IssuerSignOuts(revocations, frozenset({ISSUER}), clock.now)


def claims(iat=START, **more):
    return {"iss": ISSUER, "sub": "alice", "iat": iat, **more}


def of_user(time=START):
    return SignOut(ISSUER, "alice", None, time)


def test_the_later_sign_out_counts_in_any_order(signouts):
    for time in (START + 5, START, START + 5):
        signouts.end(of_user(time))

    with pytest.raises(Ended):
        signouts.accept(claims(START + 5))
    assert signouts.accept(claims(START + 6))


def test_sessions_and_subjects_of_issuers_are_told_apart(signouts):
    """No text of one is a text of the other."""
    signouts.end(SignOut("a", "bc", None, START))
    signouts.end(SignOut("a", None, "bc", START))

    for changes in (
        {"iss": "ab", "sub": "c"},
        {"iss": "a", "sub": "b", "sid": "c"},
        {"iss": "ab", "sub": "x", "sid": "c"},
    ):
        assert signouts.accept(claims(**changes))
    for changes in (
        {"iss": "a", "sub": "bc"},
        {"iss": "a", "sub": "x", "sid": "bc"},
    ):
        with pytest.raises(Ended):
            signouts.accept(claims(**changes))


def test_what_is_written_tells_no_user(signouts, registry):
    signouts.end(of_user())
    signouts.end(SignOut(ISSUER, None, "session", START))
    repository = registry.getUtility(ITokenRepository)
    for key in (
        NAMES.issuer_subject(ISSUER, "alice"),
        NAMES.issuer_session(ISSUER, "session"),
    ):
        item = repository.get(key)
        assert item.subject is None
        assert b"alice" not in item.token
        assert "alice" not in key


def test_a_mark_that_cannot_be_read_ends_what_began_up_to_now(
    signouts, registry, clock
):
    signouts.end(of_user())
    key = NAMES.issuer_subject(ISSUER, "alice")
    repository = registry.getUtility(ITokenRepository)
    repository.add_or_update(repository.get(key)._replace(token=b"junk"))
    clock.advance(10)

    with pytest.raises(Ended):
        signouts.accept(claims(START + 10))


def test_a_session_without_its_time_counts_as_ended(revocations, signouts):
    key = NAMES.issuer_subject(ISSUER, "alice")
    ticket = make_ticket(auth_time=START, iat=START, began={"iss_sub": key})
    signouts.end(of_user())

    assert revocations.is_ended(ticket)
    assert revocations.is_ended_by_now(ticket)
    assert ticket.has_more_marks


def test_of_sign_outs_at_once_the_latest_counts(clock):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(MemoryRepository(clock), ITokenRepository)
    revocations = Revocations(registry, NAMES, FirstLevelCache(100, 0))
    signouts = IssuerSignOuts(revocations, frozenset(), clock.now)
    threads = [
        threading.Thread(target=signouts.end, args=(of_user(START + n),))
        for n in range(ATTEMPTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with pytest.raises(Ended):
        signouts.accept(claims(START + ATTEMPTS - 1))


class Busy(MemoryRepository):
    """Another request writes first, each time."""

    def renew(self, item, was):
        return False

    def add(self, item):
        return False


def test_after_some_attempts_it_is_written_anyway(clock):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(Busy(clock), ITokenRepository)
    revocations = Revocations(registry, NAMES, FirstLevelCache(100, 0))
    signouts = IssuerSignOuts(revocations, frozenset(), clock.now)

    signouts.end(of_user())

    with pytest.raises(Ended):
        signouts.accept(claims())
