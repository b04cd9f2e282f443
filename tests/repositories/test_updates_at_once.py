"""Updates, renewals and a sign-out of one session at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.backends import BACKENDS, close, name_of
from support.races import Process

from pyramid_sessiontoken.errors import SessionTokenError
from pyramid_sessiontoken.identity.claims import freeze_claims

ROUNDS = 5


@pytest.fixture(params=BACKENDS, ids=name_of)
def processes(clock, request):
    """Three processes, each with its own connections."""
    make = request.param(clock, request)
    repositories = [make() for _ in range(3)]
    yield [Process(clock, repository, 0) for repository in repositories]
    for repository in repositories:
        close(repository)


def update(process, ticket, reference, **claims):
    """Update a session; tell whether that changed it."""
    try:
        process.sessions.update(
            ticket, reference, lambda now: freeze_claims({**now, **claims})
        )
    except SessionTokenError:
        return False
    return True


def at_once(*calls):
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait(60)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [*threads.map(run, calls)]


def session_of(process, userid, clock):
    """Begin a session that is due for renewal."""
    reference = process.sign_in(userid)
    ticket = process.ticket(reference)
    clock.advance(1800)
    return ticket, reference


def test_two_updates_at_once_both_hold_and_no_renewal_takes_them_back(
    processes, clock
):
    one, two, three = processes
    for number in range(ROUNDS):
        shown = session_of(one, f"alice{number}", clock)
        told = at_once(
            lambda s=shown: update(one, *s, a=1),
            lambda s=shown: update(two, *s, b=2),
            lambda s=shown: three.sessions.renew(*s),
            lambda s=shown: one.sessions.renew(*s),
        )
        assert told[:2] == [True, True]
        claims = [each.ticket(shown[1]).claims for each in processes]
        assert claims == [{"a": 1, "b": 2}] * 3


def test_of_many_updates_at_once_those_hold_that_said_so(processes, clock):
    shown = session_of(processes[0], "bob", clock)
    told = at_once(
        *(
            lambda n=n: update(processes[n % 3], *shown, **{f"n{n}": n})
            for n in range(16)
        )
    )
    held = {f"n{n}": n for n, changed in enumerate(told) if changed}
    assert held
    assert processes[0].ticket(shown[1]).claims == held


def test_a_sign_out_wins_against_updates(processes, clock):
    one, two, three = processes
    for number in range(ROUNDS):
        ticket, reference = session_of(one, f"carol{number}", clock)
        at_once(
            lambda t=ticket, r=reference: update(one, t, r, a=1),
            lambda t=ticket, r=reference: update(two, t, r, b=1),
            lambda t=ticket: three.stored.end(t.sid),
        )
        assert not any(each.lives(reference) for each in processes)
        assert not update(two, ticket, reference, c=1)
        assert not one.lives(reference)
