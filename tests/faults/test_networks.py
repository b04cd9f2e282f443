"""A slow or lossy network between the application and its repository."""

from contextlib import closing

import pytest
from support.faults import PART, choices, times
from support.network import (
    Cut,
    Delay,
    Hole,
    Lossy,
    Network,
    Refuse,
    Trickle,
)
from support.people import SETTINGS, People, views

pytestmark = pytest.mark.server

ROUNDS = times(1, 8)

#: The repository's own limit is a quarter of a second.
LATE = 0.4

FAULTS = {
    "answers that come late": lambda random: Delay(LATE),
    "answers that come a little later": lambda random: Delay(0.05),
    "connections that break in an answer": lambda random: Cut(
        random.randint(0, 400)
    ),
    "answers that vanish": lambda random: Hole(),
    "no way to the server": lambda random: Refuse(),
    "answers in small pieces": lambda random: Trickle(40, 0.005),
    "a lossy network": lambda random: Lossy(random, 2 * LATE),
}


#: redis-py gives each piece of an answer its time anew.
FAULTS_OF = {
    "redis": FAULTS,
    "postgresql": {
        **FAULTS,
        "answers in single bytes": lambda random: Trickle(1, 0.08),
    },
}


@pytest.fixture
def network(request, kind):
    """The way to a server, and the URL that leads over it."""
    if kind == "redis":
        made = Network(request.getfixturevalue("redis").port)
        made.settings = {
            "repository": "redis",
            "repository.url": f"redis://127.0.0.1:{made.port}",
        }
    else:
        made = Network(request.getfixturevalue("postgresql").port)
        where = f"tests@127.0.0.1:{made.port}/postgres"
        made.settings = {
            "repository": "sqlalchemy",
            "repository.url": f"postgresql+psycopg://{where}",
        }
    with closing(made):
        yield made


@pytest.mark.parametrize("form", ["reference", "self-contained"])
@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_each_answer_is_its_own_or_an_outage(
    kind, form, network, make, counted
):
    random = choices("network", kind, form)
    client = make(
        {
            **network.settings,
            **SETTINGS,
            "token.form": form,
            "cookie.form": form,
        },
        setup=views,
    )
    people = People(client)
    faults = list(FAULTS_OF[kind].items())
    if not PART:
        # The other form has the others.
        faults = faults[form == "reference" :: 2]
    for name, fault in faults:
        for _ in range(ROUNDS):
            network.fault = fault(random)
            people.served = people.refused = 0
            people.go_on(1)
            people.count(counted, name)
            network.fault = Network.fault_free
            people.check_recovered()
            client.clock.advance(1801)
            counted["networks that recovered"] += 1
