"""Clocks that are set, and clocks of two nodes that differ."""

from contextlib import closing

import pytest
from support import START
from support.faults import choices, times
from support.people import Person, views

from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.testing import ManualClock

HOUR = 3600
YEAR = 365 * 24 * HOUR

#: The defaults.
ABSOLUTE, SLIDING, LEEWAY = 10 * HOUR, HOUR, 30

#: So late may a node notice what another one ended.
TTL = 5

ROUNDS = times(2, 50)

STEPS = [HOUR, -HOUR, 10 * YEAR, -10 * YEAR, LEEWAY, -LEEWAY, 1, -1]


@pytest.fixture(params=["reference", "self-contained"])
def make_node(request, make, clock, tmp_path):
    """Make applications with clocks of their own, of one repository."""
    url = f"sqlite:///{tmp_path}/sessions"
    with closing(SQLAlchemyRepository(url, clock, timeout=10)) as shared:

        def make_one(ahead=0):
            own = ManualClock(START + ahead)

            def before(config):
                config.registry.registerUtility(own, IClock)
                config.registry.registerUtility(shared, ITokenRepository)

            client = make(
                {
                    "repository": "registered",
                    "repository.cache_ttl": f"{TTL}s",
                    "token.form": request.param,
                    "cookie.form": request.param,
                },
                setup=views,
                before=before,
            )
            client.clock = own
            return client

        yield make_one


def are_served(person, client=None):
    """Tell for each session whether it is accepted; no cookie is deleted."""
    found = []
    for headers in person.shown:
        answer = person.ask("GET", "/identity", headers, client=client)
        assert answer.json["userid"] in {None, person.name}
        assert "Max-Age=0" not in answer.headers.get("Set-Cookie", "")
        found.append(answer.json["userid"] is not None)
    return found


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_step_around_a_renewal_signs_nobody_out_for_good(
    make_node, step, when, counted
):
    """A clock that was set wrong, and then right again."""
    client = make_node()
    person = Person(client)
    client.clock.advance(SLIDING // 2 + 1)
    if when == "after":
        assert all(are_served(person))
    client.clock.advance(step)
    served = are_served(person)
    if abs(step) <= LEEWAY:
        assert all(served)
    elif abs(step) > ABSOLUTE:
        assert not any(served)
    client.clock.advance(-step)
    if any(served) and step > LEEWAY:
        # It was renewed at a time that is yet to come.
        assert not any(are_served(person))
        client.clock.advance(step - LEEWAY)
    assert all(are_served(person))
    counted["steps of a clock"] += 1


def test_a_user_whose_sessions_ended_in_the_future_waits(make_node, counted):
    """All sessions up to then have ended; a new one would have, too."""
    client = make_node()
    person, other = Person(client), Person(client)
    client.clock.advance(HOUR - LEEWAY)
    assert person.ask("GET", "/end_all", person.header)
    client.clock.advance(LEEWAY - HOUR)
    assert not person.sign_in()
    assert other.sign_in()
    client.clock.advance(HOUR)
    assert person.sign_in()
    counted["steps of a clock"] += 2


def test_no_step_makes_a_session_longer(make_node, counted):
    random = choices("steps")
    for _ in range(ROUNDS):
        client = make_node()
        begun = client.clock.now()
        person = Person(client)
        for _ in range(40):
            client.clock.advance(random.choice([*STEPS, 600, 1801, 1801]))
            if any(are_served(person)):
                now = client.clock.now()
                assert begun - LEEWAY <= now < begun + ABSOLUTE
                counted["accepted after a step"] += 1
        client.clock.advance(begun + ABSOLUTE - client.clock.now())
        assert not any(are_served(person))
        counted["walks of a clock"] += 1


@pytest.mark.parametrize("apart", [LEEWAY, -LEEWAY])
def test_nodes_within_the_leeway_accept_each_other(make_node, apart, counted):
    random = choices("apart", apart)
    for _ in range(ROUNDS):
        nodes = [make_node(), make_node(apart)]
        person = Person(random.choice(nodes))
        for _ in range(10):
            for node in nodes:
                node.clock.advance(1801)
            random.shuffle(nodes)
            for node in nodes:
                assert all(are_served(person, node))
        for headers in person.shown:
            answer = person.ask("DELETE", "/token", headers, client=nodes[0])
            assert answer.status_int == 204
            person.check_ended(headers, nodes[0])
            nodes[1].clock.advance(TTL)
            person.check_ended(headers, nodes[1])
        counted["nodes with clocks apart"] += 2


@pytest.mark.parametrize("apart", [HOUR, -HOUR, 10 * YEAR, -10 * YEAR])
def test_nodes_far_apart_make_no_session_longer(make_node, apart, counted):
    random = choices("far apart", apart)
    for _ in range(ROUNDS):
        nodes = [make_node(), make_node(apart)]
        first = random.choice(nodes)
        begun = first.clock.now()
        person = Person(first)
        for _ in range(24):
            for node in nodes:
                node.clock.advance(1801)
            node = random.choice(nodes)
            if any(are_served(person, node)):
                now = node.clock.now()
                assert begun - LEEWAY <= now < begun + ABSOLUTE
        assert not any(are_served(person, first))
        counted["nodes with clocks apart"] += 2
