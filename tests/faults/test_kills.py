"""A process is killed in the middle of writes: the application, or the server
of the repository. Each session then has its old state or its new one.
"""

import threading
import time

import pytest
from support.faults import choices, times
from support.file_clock import FileClock
from support.fork_server import Lost
from support.processes import basic, bearer
from support.servers import PostgreSQLServer, RedisServer, wait_until
from support.sqlite import check_file

from pyramid_sessiontoken.keys.jwk import (
    new_key,
    read_jwk_set,
    write_jwk_set,
)

pytestmark = pytest.mark.server

#: Of each kind of repository and victim.
KILLS = times(2, 40)

#: Of ``psessiontoken keygen --add``.
KEY_KILLS = times(4, 40)

#: A victim gives so many answers at most, and lives for so many seconds more.
ANSWERS, LINGERS = 60, 0.01

#: How long a victim may take for them, seconds.
PATIENCE = 60

#: A renewal writes after a minute.
MINUTE = 61

#: No session of a round ends by time.
SETTINGS = {
    "repository.cache_ttl": "0",
    "repository.timeout": "2s",
    "expiry.absolute": "300d",
    "expiry.sliding": "30d",
    "revocation.strict": "unsafe",
}


class Actor:
    """A user who does one thing over and over, until no answer comes.

    :ivar name: of the user; no other actor has it.
    """

    def __init__(self, name, round_):
        self.name, self.round = name, round_
        self.answers = 0

    def run(self):
        with self.round.victim.client() as self.client:
            try:
                while not self.round.is_over:
                    self.act()
                    self.answers += 1
            except Lost:
                pass

    def sign_in(self, client, carrier="header", shown=()):
        """Begin a session; give the headers that show it."""
        if carrier == "cookie":
            body = {"userid": self.name}
            answer = client.ask("POST", "/sign_in", shown, body)
            assert answer.status == 302
            return answer.cookie
        answer = client.ask("POST", "/token", basic(self.name))
        return bearer(answer.json["access_token"])

    def lives(self, client, headers):
        """Tell whether a session lives; it is of no other user."""
        said = client.ask("GET", "/identity", headers).json["userid"]
        assert said in {None, self.name}, "a wrong identity"
        return said is not None

    def count(self, client):
        return len(client.ask("GET", f"/sessions/{self.name}").json)


class Renewing(Actor):
    """It holds one session and renews it."""

    def __init__(self, name, round_, carrier):
        super().__init__(name, round_)
        self.carrier = carrier
        with round_.other.client() as client:
            self.shown = self.sign_in(client, carrier)

    def act(self):
        self.round.clock.advance(MINUTE)
        answer = self.client.ask("POST", "/token/renew", self.shown)
        assert answer.status == 200, "a session was lost"
        if self.carrier == "cookie":
            self.shown = answer.cookie
        else:
            self.shown = bearer(answer.json["access_token"])

    def check(self, client):
        assert self.lives(client, self.shown), "neither old nor new"
        if self.round.is_stored:
            assert self.count(client) == 1, "two"


class Updating(Renewing):
    """It holds one session and changes its claims."""

    tried = told = 0

    def act(self):
        self.tried += 1
        claims = {"n": self.tried, "m": [self.tried] * 20}
        answer = self.client.ask("POST", "/update", self.shown, claims)
        assert answer.status == 200, "a session was lost"
        if self.carrier == "cookie" and answer.headers["Set-Cookie"]:
            self.shown = answer.cookie
        elif answer.headers["Session-Token"]:
            self.shown = bearer(answer.headers["Session-Token"])
        self.told = self.tried

    def check(self, client):
        super().check(client)
        claims = client.ask("GET", "/identity", self.shown).json["claims"]
        n = claims.get("n", 0)
        assert n in {self.tried, self.told}
        assert claims.get("m", []) == [n] * (20 if n else 0), "half of it"


class Leaving(Actor):
    """It signs in, renews, and signs out.

    :ivar entered: sessions whose end it did not try.
    :ivar leaving: one of which it does not know.
    """

    def __init__(self, name, round_, carrier):
        super().__init__(name, round_)
        self.carrier = carrier
        self.entered, self.leaving = [], []

    def act(self):
        first = self.sign_in(self.client, self.carrier)
        self.entered = [first]
        self.round.clock.advance(MINUTE)
        answer = self.client.ask("POST", "/token/renew", first)
        renewed = first
        if self.carrier == "cookie":
            renewed = answer.cookie
        else:
            renewed = bearer(answer.json["access_token"])
        self.entered = [first, renewed]
        self.entered, self.leaving = [], [first, renewed]
        self.end(self.client, renewed)
        self.leaving = []
        self.round.ended += [(self, each) for each in (first, renewed)]

    def end(self, client, shown):
        answer = client.ask("DELETE", "/token", shown)
        assert answer.status == 204

    def check(self, client):
        for shown in self.entered:
            assert self.lives(client, shown), "neither old nor new"
        if self.leaving:
            found = {self.lives(client, shown) for shown in self.leaving}
            assert len(found) == 1, "half of it"
            # Its user tries again.
            self.end(client, self.leaving[-1])
            self.round.ended += [(self, each) for each in self.leaving]
            self.leaving = []


class EndingAll(Actor):
    """It signs in three times, and out everywhere."""

    def __init__(self, name, round_):
        super().__init__(name, round_)
        self.leaving = []

    def act(self):
        shown = [
            self.sign_in(self.client, carrier)
            for carrier in ("header", "cookie", "header")
        ]
        self.leaving = shown
        self.end(self.client)
        self.leaving = []
        self.round.ended += [(self, each) for each in shown]

    def end(self, client):
        answer = client.ask("GET", "/end_all", self.leaving[0])
        assert answer.status == 200

    def check(self, client):
        if self.leaving:
            found = {self.lives(client, shown) for shown in self.leaving}
            assert len(found) == 1, "half of it"
            if found == {True}:
                self.end(client)
            self.round.ended += [(self, each) for each in self.leaving]
            self.leaving = []
        # After it the user comes back.
        assert self.lives(client, self.sign_in(client))


class Entering(Actor):
    """It signs in again with the cookie of the session before."""

    def __init__(self, name, round_):
        super().__init__(name, round_)
        self.shown = None
        self.leaving = []

    def act(self):
        before = self.shown
        self.leaving = [before] if before else []
        self.shown = self.sign_in(self.client, "cookie", before or {})
        if before:
            self.round.ended.append((self, before))
        self.leaving = []

    def check(self, client):
        if self.shown and not self.leaving:
            assert self.lives(client, self.shown), "neither old nor new"
        # Its user tries again; the one before has ended then.
        shown = self.sign_in(client, "cookie", self.shown or {})
        assert self.lives(client, shown)
        if self.shown:
            self.round.ended.append((self, self.shown))
        self.shown, self.leaving = shown, []


class Round:
    """All actors at a victim, until it or its server is killed."""

    def __init__(self, number, place, victim, other):
        self.victim, self.other = victim, other
        self.clock = place.clock
        self.is_stored = place.form == "reference"
        self.is_over = False
        self.ended = []
        name = f"{place.form}{number}-"
        self.actors = [
            Renewing(f"{name}renewing", self, "header"),
            Renewing(f"{name}renewing-cookie", self, "cookie"),
            Updating(f"{name}updating", self, "header"),
            Updating(f"{name}updating-cookie", self, "cookie"),
            Leaving(f"{name}leaving", self, "header"),
            Leaving(f"{name}leaving-cookie", self, "cookie"),
            EndingAll(f"{name}ending", self),
            Entering(f"{name}entering", self),
        ]

    def run(self, random, kill):
        """Let them act, and kill at a random moment; give the number of their
        answers.
        """
        answers, lingers = random.randint(1, ANSWERS), random.random()
        faults = []

        def run(actor):
            try:
                actor.run()
            except BaseException as error:  # noqa: BLE001
                faults.append((actor.name, error))

        threads = [
            threading.Thread(target=run, args=[actor]) for actor in self.actors
        ]
        for thread in threads:
            thread.start()
        until = time.monotonic() + PATIENCE
        while self.answers < answers and not faults:
            assert time.monotonic() < until
            time.sleep(0.001)
        time.sleep(lingers * LINGERS)
        kill()
        self.is_over = True
        for thread in threads:
            thread.join()
        assert faults == []
        return self.answers

    @property
    def answers(self):
        return sum(actor.answers for actor in self.actors)

    def check(self, *processes):
        for process in processes:
            with process.client() as client:
                for actor in self.actors:
                    actor.check(client)
        self.check_ended(*processes)

    def check_ended(self, *processes):
        for process in processes:
            with process.client() as client:
                for actor, shown in self.ended:
                    assert not actor.lives(client, shown), (
                        "an ended session lives"
                    )


class Place:
    """Two processes that share a repository, and a clock."""

    def __init__(self, fork_server, clock, form, settings):
        self.fork_server, self.clock, self.form = fork_server, clock, form
        self.settings = {
            **SETTINGS,
            **settings,
            "token.form": form,
            "cookie.form": form,
        }

    def serve(self):
        return self.fork_server.serve(self.settings, self.clock.path)


@pytest.fixture
def server(request, server_folder, kind):
    """A server of the test's own, which keeps what it confirmed. With
    ``appendfsync everysec`` Redis may forget the last seconds.
    """
    if kind == "sqlite":
        yield None
        return
    made = (
        PostgreSQLServer(server_folder)
        if kind == "postgresql"
        else RedisServer(
            server_folder, "--appendfsync", "always", appendonly="yes"
        )
    )
    made.start()
    yield made
    if kind == "redis":
        made.client.close()
    made.end()


@pytest.fixture
def settings(kind, server, tmp_path):
    if kind == "redis":
        return {"repository": "redis", "repository.url": server.tcp}
    url = server.url if server else f"sqlite:///{tmp_path}/sessions"
    return {"repository": "sqlalchemy", "repository.url": url}


@pytest.fixture
def clock(tmp_path):
    return FileClock(tmp_path / "clock", int(time.time()))


@pytest.fixture
def places(fork_server, clock, settings):
    return [
        Place(fork_server, clock, form, settings)
        for form in ("reference", "self-contained")
    ]


@pytest.mark.parametrize("kind", ["redis", "postgresql", "sqlite"])
def test_an_application_is_killed_while_it_writes(
    kind, places, counted, tmp_path
):
    random = choices("application", kind)
    others = [place.serve() for place in places]
    ended = []
    for number in range(KILLS):
        place, other = places[number % 2], others[number % 2]
        victim = place.serve()
        round_ = Round(number, place, victim, other)
        done = round_.run(random, victim.kill)
        again = place.serve()
        round_.check(other, again)
        for earlier in ended[-4:]:
            earlier.check_ended(other)
        ended = [*ended[-4:], round_]
        again.kill()
        counted[f"kills of an application over {kind}"] += 1
        counted["calls before a kill"] += done
        counted["ended sessions, checked"] += len(round_.ended)
    if kind == "sqlite":
        check_file(tmp_path / "sessions")


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_a_server_is_killed_while_it_writes(kind, places, server, counted):
    """The processes of the application find it again by themselves."""
    random = choices("server", kind)
    pairs = [(place.serve(), place.serve()) for place in places]
    for number in range(KILLS):
        pair = pairs[number % 2]
        round_ = Round(number, places[number % 2], *pair)
        done = round_.run(random, server.end)
        server.start()
        for process in pair:
            wait_until(lambda p=process: serves(p))
        round_.check(*pair)
        counted[f"kills of a {kind} server"] += 1
        counted["calls before a kill"] += done
        counted["ended sessions, checked"] += len(round_.ended)


def serves(process):
    with process.client() as client:
        try:
            return client.ask("POST", "/token", basic("kim")).status == 200
        except Lost:
            return False


def test_the_command_that_adds_a_key_is_killed(fork_server, counted, tmp_path):
    """The file has the old keys, or one more."""
    random = choices("keys")
    file = tmp_path / "keys" / "sessiontoken.jwks"
    file.parent.mkdir()
    file.write_text(write_jwk_set([new_key()]))
    file.chmod(0o600)
    before = keys_of(file)
    for _ in range(KEY_KILLS):
        victim = fork_server.add_keys(file)
        wait_until(lambda b=before: keys_of(file) != b)
        time.sleep(random.uniform(0, 0.05))
        victim.kill()
        after = keys_of(file)
        assert after[len(after) - len(before) :] == before
        assert file.stat().st_mode & 0o777 == 0o600
        before = after
        counted["kills of keygen --add"] += 1
    counted["keys added"] = len(before) - 1


def keys_of(file):
    return read_jwk_set(file.read_text())
