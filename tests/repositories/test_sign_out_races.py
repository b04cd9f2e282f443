"""Sign-out wins against a renewal at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.backends import BACKENDS, close, name_of
from support.races import Process

ROUNDS = 5


@pytest.fixture(params=BACKENDS, ids=name_of)
def processes(clock, request):
    """Three processes, each with its own connections."""
    make = request.param(clock, request)
    repositories = [make() for _ in range(3)]
    yield [Process(clock, repository) for repository in repositories]
    for repository in repositories:
        close(repository)


@pytest.mark.parametrize("way", ["end", "end_all"])
def test_an_ended_session_does_not_live(processes, clock, way):
    for number in range(ROUNDS):
        race(processes, clock, way, f"alice{number}{way}")


def race(processes, clock, way, userid):
    one, two, three = processes
    reference = one.sign_in(userid)
    ticket = one.ticket(reference)
    clock.advance(1800)
    references = [reference]

    def renew(process):
        process.sessions.renew(ticket, reference)

    def swap(process):
        issued = process.sessions.exchange(ticket)
        references.append(issued.access_token)

    def end(process):
        if way == "end":
            process.stored.end(ticket.sid)
        else:
            process.stored.end_all(userid)

    calls = [(verb, p) for verb in (renew, swap) for p in processes * 2]
    calls.append((end, two))
    start = threading.Barrier(len(calls))

    def run(call):
        verb, process = call
        start.wait(60)
        verb(process)

    with ThreadPoolExecutor(len(calls)) as threads:
        list(threads.map(run, calls))
    assert len(references) == 7
    clock.advance(5)
    for each in processes:
        assert not any(map(each.lives, references))
    # A new sign-in is accepted.
    assert three.lives(one.sign_in(userid))
