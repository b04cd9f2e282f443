"""Many sign-ins of one user at once keep to the limit of sessions."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.backends import BACKENDS, close, name_of
from support.races import Process

from pyramid_sessiontoken.sessions.limits import (
    END_IDLEST,
    END_OLDEST,
    REFUSE,
    order_of,
)

SIGN_INS = 32

WAYS = [END_OLDEST, END_IDLEST, REFUSE]


@pytest.fixture(params=BACKENDS, ids=name_of)
def make_processes(clock, request):
    """Make three processes, each with its own connections."""
    make = request.param(clock, request)
    repositories = [make() for _ in range(3)]

    def make_them(*limit):
        return [Process(clock, each, 0, limit) for each in repositories]

    yield make_them
    for repository in repositories:
        close(repository)


def at_once(processes, userid):
    """Sign in many times at once; give the references."""
    start = threading.Barrier(SIGN_INS)

    def sign_in(number):
        process = processes[number % len(processes)]
        start.wait(60)
        return process.sign_in(userid)

    with ThreadPoolExecutor(SIGN_INS) as threads:
        return [*threads.map(sign_in, range(SIGN_INS))]


@pytest.mark.parametrize(
    ("way", "limit"), [*zip(WAYS, (3, 2, 1), strict=True)]
)
def test_of_many_sign_ins_at_once_the_last_ones_live(
    make_processes, way, limit
):
    processes = make_processes(limit, way)
    userid = f"alice{limit}{way}"
    before = [processes[0].sign_in(userid) for _ in range(limit)]

    references = at_once(processes, userid)

    one, *_ = processes
    living = [r for r in references if r and one.lives(r)]
    if way == REFUSE:
        assert references == [None] * SIGN_INS
        assert all(map(one.lives, before))
        return
    assert None not in references
    assert not any(map(one.lives, before))
    assert len(living) == limit
    # One that comes later is one of the last.
    living.sort(key=lambda each: order_of(one.ticket(each)))
    last = processes[-1].sign_in(userid)
    assert [one.lives(r) for r in [*living, last]] == [False, *[True] * limit]


def test_of_many_sign_ins_at_once_the_first_ones_are_accepted(make_processes):
    limit = 2
    processes = make_processes(limit, REFUSE)
    userid = "bob"

    references = at_once(processes, userid)

    accepted = [r for r in references if r]
    assert len(accepted) == limit
    assert all(map(processes[0].lives, accepted))
    assert processes[1].sign_in(userid) is None
    # As many again, after a sign-out everywhere.
    processes[2].stored.end_all(userid)
    assert len([r for r in at_once(processes, userid) if r]) == limit


def test_sign_ins_have_one_order_within_a_second(make_processes):
    processes = make_processes(100, END_OLDEST)
    references = at_once(processes, "carol")
    orders = [order_of(processes[0].ticket(each)) for each in references]
    assert len(set(orders)) == SIGN_INS
    for process in processes:
        new = order_of(process.ticket(process.sign_in("carol")))
        assert new > max(orders)
        orders.append(new)
