"""Keys rotate by themselves for a year: no session is refused, and nothing
that was ended comes back.
"""

import base64
import random
from http.cookies import SimpleCookie

import jwt
import pytest
from pyramid.httpexceptions import HTTPNoContent
from support import START
from support.access_tokens import Application, bearer
from support.keys import put_keys
from support.tokens import FIRST, SECOND

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.testing import ManualClock

MINUTE, HOUR, DAY = 60, 3600, 86400
PERIOD = 30 * DAY
#: How far the clock of one node is ahead of the other's.
AHEAD = 20

LIVES = {
    "expiry.absolute": f"{20 * DAY}",
    "expiry.sliding": f"{5 * DAY}",
    "expiry.persistent.absolute": f"{200 * DAY}",
    "expiry.persistent.sliding": f"{80 * DAY}",
}

#: By carrier: how long a session lives, and the longest pause between two
#: requests.
ABSOLUTE = {"header": 20 * DAY, "cookie": 200 * DAY}
PAUSE = {"header": 20 * HOUR, "cookie": 35 * DAY}


class Fleet:
    """Two nodes with one file of keys and one database. One writes
    self-contained header tokens and references in the cookie, and the other
    one writes the opposite forms.
    """

    def __init__(self, make, folder):
        self.make = make
        self.keys = folder / "sessiontoken.jwks"
        self.database = f"sqlite:///{folder}/sessions.db"
        self.clocks = ManualClock(START), ManualClock(START + AHEAD)
        self.passwords = {}
        self.nodes = []

    @property
    def now(self):
        return self.clocks[0].now()

    def advance(self, seconds):
        for clock in self.clocks:
            clock.advance(seconds)

    def start(self, **settings):
        forms = ["self-contained", "reference"]
        self.nodes = [
            self.make(
                {
                    "keys": f"file:{self.keys}",
                    "repository": "sqlalchemy",
                    "repository.url": self.database,
                    "repository.timeout": "20s",
                    "token.form": forms[number],
                    "cookie.form": forms[1 - number],
                    "cookie.persistent": "true",
                    "stamp": self.stamp,
                    "stamp.every": "10s",
                    **LIVES,
                    **settings,
                },
                before=lambda config, clock=clock: (
                    config.registry.registerUtility(clock, IClock)
                ),
                setup=add_ending,
            )
            for number, clock in enumerate(self.clocks)
        ]

    def stamp(self, userid, request):
        return self.passwords.get(userid, "first")


def end_all(request):
    request.sessiontoken.revoke_all()
    return HTTPNoContent()


def end_this(request):
    request.sessiontoken.revoke(request.sessiontoken.ticket.sid)
    return HTTPNoContent()


def add_ending(config):
    for view in (end_all, end_this):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)


class Device:
    """A browser or a script with one session, and all that it ever got."""

    def __init__(self, fleet, name, carrier, node):
        self.fleet = fleet
        self.name = name
        self.carrier = carrier
        self.shown = {}
        self.got = []
        client = node.fresh()
        if carrier == "header":
            self.take({"Authorization": f"Session {self.swap(client)}"})
        else:
            given = {"userid": name, "persistent": True}
            self.read(client.post_json("/sign_in", given))
        self.ends = fleet.now + ABSOLUTE[carrier]
        self.due = fleet.now

    def swap(self, client):
        return client.swap(self.name)["access_token"]

    def take(self, shown):
        self.shown = shown
        self.got.append(shown)

    def read(self, response):
        """Take what a response renews."""
        renewed = response.headers.get("Session-Token")
        if renewed is not None:
            self.take({"Authorization": f"Session {renewed}"})
        for field in response.headers.getall("Set-Cookie"):
            for name, morsel in SimpleCookie(field).items():
                assert morsel.value, "the cookie is deleted"
                self.take({"Cookie": f"{name}={morsel.value}"})

    def is_in(self, node):
        response = node.fresh().get("/identity", headers=self.shown)
        if response.json["userid"] == self.name:
            self.read(response)
            return True
        assert response.json["userid"] is None
        return False


def end(device, node, way):
    """End the session of a device."""
    client, fleet = node.fresh(), device.fleet
    if way == "stamp":
        fleet.passwords[device.name] = "second"
        # Who asked a moment ago asks again only now.
        fleet.advance(11)
    elif way == "own":
        method = client.delete if device.carrier == "header" else client.post
        path = "/token" if device.carrier == "header" else "/sign_out"
        method(path, headers=device.shown)
    else:
        client.get(f"/{way}", headers=device.shown, status=204)
    fleet.advance(6)


@pytest.fixture
def fleet(make, tmp_path):
    fleet = Fleet(make, tmp_path)
    put_keys(fleet.keys, FIRST)
    return fleet


WAYS = ["own", "stamp", "end_all", "end_this"]


def test_for_a_year_nobody_is_refused_and_nothing_comes_back(fleet):
    chance = random.Random(12)  # noqa: S311
    live, ended, expired = [], [], []
    fleet.start()
    for day in range(365):
        if day == 40:
            # Under traffic; what roots signed goes on.
            fleet.start(**{"keys.rotate": "30d"})
        if day == 200:
            put_keys(fleet.keys, SECOND, FIRST)
        morning = fleet.now
        fleet.advance(chance.randrange(12 * HOUR))
        carrier = ("header", "cookie")[day % 2]
        node = chance.choice(fleet.nodes)
        live.append(Device(fleet, f"user{day}", carrier, node))
        for device in [*live]:
            if fleet.now < device.due:
                continue
            node = chance.choice(fleet.nodes)
            if fleet.now + AHEAD >= device.ends:
                live.remove(device)
                expired.append(device)
                continue
            assert device.is_in(node), (day, device.name)
            pause = chance.randrange(HOUR, PAUSE[device.carrier])
            device.due = fleet.now + min(pause, device.ends - fleet.now)
            if chance.random() < 0.04:
                end(device, chance.choice(fleet.nodes), chance.choice(WAYS))
                live.remove(device)
                ended.append(device)
        if day % 15 == 0:
            none_comes_back(fleet, [*ended, *expired[-20:]])
        fleet.advance(morning + DAY - fleet.now)
    none_comes_back(fleet, ended)
    assert len(ended) > 40
    assert len(expired) > 100
    cookies = [d for d in expired if d.carrier == "cookie"]
    assert max(len(device.got) for device in cookies) > 3


def none_comes_back(fleet, devices):
    for device in devices:
        for shown in device.got:
            for node in fleet.nodes:
                answer = node.fresh().get("/identity", headers=shown)
                assert answer.json["userid"] is None, device.name


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def test_at_each_edge_the_nodes_accept_each_others_tokens(fleet):
    fleet.start(**{"keys.rotate": "30d", "token.form": "self-contained"})
    seen = set()
    for _ in range(3):
        edge = (fleet.now // PERIOD + 1) * PERIOD
        fleet.advance(edge - AHEAD - 5 - fleet.now)
        for _ in range(50):
            fleet.advance(1)
            kids = []
            for here, there in (fleet.nodes, fleet.nodes[::-1]):
                token = here.swap()["access_token"]
                kids.append(kid_of(token))
                assert there.ask(token).json["userid"] == "alice"
                browser = Device(fleet, "bob", "cookie", here)
                assert browser.is_in(there)
            seen.add(tuple(kids))
    first = START // PERIOD
    numbers = [
        tuple(int(kid.rpartition(".")[2]) - first for kid in pair)
        for pair in seen
    ]
    # The clock that is ahead comes first to each period.
    expected = {(n, n) for n in range(4)} | {(n, n + 1) for n in range(3)}
    assert set(numbers) == expected


def test_roots_end_with_what_they_signed(fleet):
    """Taking a root out of the file ends what its keys signed."""
    fleet.start(**{"keys.rotate": "30d"})
    early = Device(fleet, "early", "header", fleet.nodes[0])
    put_keys(fleet.keys, SECOND, FIRST)
    fleet.advance(PERIOD)
    # It slept for too long, so it signs in anew.
    late = Device(fleet, "late", "cookie", fleet.nodes[1])
    put_keys(fleet.keys, SECOND)
    fleet.advance(1)
    for node in fleet.nodes:
        assert late.is_in(node)
        assert not early.is_in(node)
    token = late.swap(fleet.nodes[0])
    assert kid_of(token).startswith(f"{SECOND.kid}.")
    assert decode_base64url(token.rpartition(".")[2])


@pytest.mark.parametrize("value", ["off", "31d"])
def test_another_length_ends_what_derived_keys_signed(fleet, value):
    fleet.start(**{"keys.rotate": "30d"})
    devices = [
        Device(fleet, carrier, carrier, node)
        for carrier in ABSOLUTE
        for node in fleet.nodes
    ]
    fleet.start(**{"keys.rotate": value})
    for device in devices:
        for node in fleet.nodes:
            headers = device.shown
            answer = node.fresh().get("/identity", headers=headers)
            assert answer.json["userid"] is None


def test_a_new_period_ends_no_stamp_and_no_mark(fleet):
    fleet.start(**{"keys.rotate": "1d"})
    node, other = fleet.nodes
    stays = Device(fleet, "stays", "cookie", node)
    leaves = Device(fleet, "leaves", "cookie", node)
    changed = Device(fleet, "changed", "cookie", node)
    end(leaves, node, "end_all")
    end(changed, node, "stamp")
    for _ in range(90):
        fleet.advance(DAY)
        assert stays.is_in(other)
        assert stays.is_in(node)
    none_comes_back(fleet, [leaves, changed])


def test_an_access_token_outlives_the_periods(make, clock):
    app = Application(make, {"keys.rotate": "1d"})
    used, slept, short = app.create(), app.create(), app.create(lifetime="3d")
    for day in range(1, 90):
        clock.advance(DAY)
        assert app.lives(used)
        assert app.lives(short) == (day < 3)
    assert app.who(bearer(slept))["userid"] == "alice"
    clock.advance(DAY)
    assert not app.lives(used)


def test_a_new_period_gives_no_new_attempts(make, clock):
    """Counters are kept by the first root alone."""
    settings = {
        "keys": f"{encode_base64url(FIRST.secret)}"
        f" {encode_base64url(SECOND.secret)}",
        "keys.rotate": "1d",
        "throttle.attempts": "2/2 days",
    }
    client = make(settings)
    clock.advance(DAY - START % DAY - 10)

    def attempt():
        wrong = base64.b64encode(b"alice:wrong").decode()
        headers = {"Authorization": f"Basic {wrong}"}
        return client.post("/token", headers=headers, status="*").status_int

    assert [attempt() for _ in range(3)] == [401, 401, 429]
    clock.advance(20)
    assert attempt() == 429
    clock.advance(DAY)
    assert attempt() == 429
