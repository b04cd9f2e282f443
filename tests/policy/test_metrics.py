"""Numbers as the SDK of OpenTelemetry exports them."""

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from support.outages import Flaky

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.events import SessionEnded
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.policy import metrics
from pyramid_sessiontoken.repositories.memory import MemoryRepository


class Numbers:
    """What a reader of the process collects."""

    def __init__(self):
        self.reader = InMemoryMetricReader()
        self.provider = MeterProvider([self.reader])

    def collect(self):
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        [resource] = data.resource_metrics
        [scope] = resource.scope_metrics
        assert scope.scope.name == "pyramid_sessiontoken"
        assert scope.scope.version
        return {metric.name: metric for metric in scope.metrics}

    def counted(self, name):
        """Give each count, with the values of its labels."""
        metric = self.collect().get(f"sessiontoken.{name}")
        if metric is None:
            return []
        return [
            (dict(point.attributes), point.value)
            for point in metric.data.data_points
        ]

    def verbs(self):
        """Give how often each verb was called."""
        metric = self.collect()["sessiontoken.repository.duration"]
        assert metric.unit == "s"
        return {
            point.attributes["verb"]: point.count
            for point in metric.data.data_points
        }


@pytest.fixture
def numbers(monkeypatch):
    """Read what an application counts, and no other one."""
    made = Numbers()
    monkeypatch.setattr(metrics, "get_meter", made.provider.get_meter)
    yield made
    made.provider.shutdown()


@pytest.fixture
def counted(make, numbers):
    def make_counted(settings=(), **kw):
        every = {
            "metrics": "opentelemetry",
            "repository": "memory",
            **dict(settings),
        }
        return make(every, **kw)

    return make_counted


def test_the_life_of_a_session_is_counted(counted, numbers):
    client = counted({"token.form": "reference"})
    token = client.swap()["access_token"]
    client.swap("bob")
    client.clock.advance(1800)
    assert client.ask(token).json["userid"] == "alice"
    shown = {"Authorization": f"Session {token}"}
    client.delete("/token", headers=shown, status=204)
    client.ask(token)

    assert numbers.counted("issued") == [({"authenticator": "basic"}, 2)]
    assert numbers.counted("renewed") == [({"authenticator": "session"}, 1)]
    assert numbers.counted("ended") == [
        ({"authenticator": "session", "reason": "signed_out"}, 1)
    ]
    assert numbers.counted("refused") == [
        ({"authenticator": "session", "reason": "ended"}, 1)
    ]
    assert numbers.counted("throttled") == []


def test_throttled_attempts_are_counted(counted, numbers):
    client = counted({"throttle.attempts": "1/minute"})
    client.authorization = ("Basic", ("alice", "wrong"))
    client.post("/token", status=401)
    for _ in range(2):
        client.post("/token", status=429)

    assert numbers.counted("throttled") == [
        ({"authenticator": "basic", "reason": "throttled"}, 2)
    ]
    assert numbers.counted("refused") == [
        ({"authenticator": "basic", "reason": "wrong_password"}, 1)
    ]


def test_an_end_without_a_session_at_hand_has_no_authenticator(
    counted, numbers
):
    def end_all(request):
        request.sessiontoken.revoke_all("somebody")
        return request.response

    def setup(config):
        config.add_route("do", "/do")
        config.add_view(end_all, route_name="do")

    counted(setup=setup).get("/do")

    assert numbers.counted("ended") == [({"reason": "revoked_all"}, 1)]


def test_each_call_of_the_repository_is_measured_by_its_verb(counted, numbers):
    client = counted({"token.form": "reference"})
    token = client.swap()["access_token"]
    before = numbers.verbs()
    assert before["add_or_update"] == 1

    client.registry["pyramid_sessiontoken.policy"].rules.stored.remove(
        "x" * 22, None
    )
    client.ask(token)

    after = numbers.verbs()
    changed = {
        verb: count - before.get(verb, 0)
        for verb, count in after.items()
        if count != before.get(verb, 0)
    }
    assert changed == {"items_of": 1, "remove": 1, "get": 1}


def test_short_calls_have_bounds_of_their_own(counted, numbers):
    counted({"token.form": "reference"}).swap()

    metric = numbers.collect()["sessiontoken.repository.duration"]
    for point in metric.data.data_points:
        assert tuple(point.explicit_bounds) == metrics.BOUNDS


class Gone(MemoryRepository):
    """It answers nothing, or only reads."""

    reads = False

    def get(self, key):
        if self.reads:
            return super().get(key)
        raise RepositoryUnavailable("gone")

    def add_or_update(self, item):
        raise RepositoryUnavailable("gone")

    renew = items_of = remove_all_of = add_or_update


@pytest.fixture
def gone(counted, clock):
    repository = Gone(clock)
    client = counted(
        {"repository": "registered", "token.form": "reference"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    client.repository = repository
    return client


def test_an_outage_that_an_authenticator_meets_is_counted(gone, numbers):
    shown = {"Authorization": "Session pst_" + "A" * 43}
    gone.get("/identity", headers=shown, status=503)

    assert numbers.counted("outages") == [
        (
            {"authenticator": "session", "reason": "repository_unavailable"},
            1,
        )
    ]
    # A call that fails took its time, too.
    assert numbers.verbs() == {"get": 1}


def test_an_outage_in_a_time_of_grace_is_counted(counted, numbers, clock):
    flaky = Flaky(clock)
    client = counted(
        {"repository": "registered", "repository.grace": "60s"},
        before=lambda config: config.registry.registerUtility(
            flaky, ITokenRepository
        ),
    )
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"
    flaky.down = True
    clock.advance(5)
    assert client.ask(token).json["userid"] == "alice"

    assert numbers.counted("outages") == [
        ({"reason": "repository_unavailable"}, 1)
    ]


def test_an_outage_of_the_endpoint_is_counted_once(gone, numbers):
    gone.authorization = ("Basic", ("alice", "alice"))
    gone.post("/token", status=503)

    assert numbers.counted("outages") == [
        ({"reason": "repository_unavailable"}, 1)
    ]


def test_an_outage_of_a_user_loader_has_no_authenticator(counted, numbers):
    def load(identity, request):
        raise RepositoryUnavailable("the directory is gone")

    client = counted({"user_loader": load})
    client.authorization = ("Basic", ("alice", "alice"))
    client.get("/identity", status=503)

    assert numbers.counted("outages") == [
        ({"reason": "repository_unavailable"}, 1)
    ]


def test_an_outage_of_a_renewal_is_counted(counted, numbers, clock):
    class Stale(MemoryRepository):
        def renew(self, item, was):
            raise RepositoryUnavailable("gone")

    repository = Stale(clock)
    client = counted(
        {"repository": "registered", "token.form": "reference"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    assert client.ask(token).json["userid"] == "alice"

    assert numbers.counted("outages") == [
        ({"authenticator": "session", "reason": "repository_unavailable"}, 1)
    ]
    assert numbers.counted("renewed") == []


def test_an_outage_while_a_lost_session_is_removed_is_counted(
    counted, numbers, clock
):
    class Stuck(MemoryRepository):
        def items_of(self, subject):
            raise RepositoryUnavailable("gone")

    repository = Stuck(clock)

    def lost(request):
        from pyramid.security import remember

        remember(request, "alice")
        return request.response

    def setup(config):
        config.add_route("do", "/do")
        config.add_view(lost, route_name="do")

    client = counted(
        {"repository": "registered", "cookie.form": "reference"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
        setup=setup,
    )
    client.get("/do")

    assert numbers.counted("outages") == [
        ({"reason": "repository_unavailable"}, 1)
    ]


def test_no_label_names_a_user(counted, numbers):
    client = counted({"token.form": "reference"})
    for userid in ("hunter2", "hunter3"):
        client.swap(userid)
        client.authorization = ("Basic", (userid, "wrong"))
        client.post("/token", status=401)
        client.authorization = None
        client.post_json("/sign_in", {"userid": userid})
        client.post("/sign_out")
        client.ask(f"pst_{userid}")

    told = str(numbers.collect())
    assert "sessiontoken.refused" in told
    assert "hunter" not in told


def test_a_repository_that_comes_later_is_measured(counted, numbers, clock):
    client = counted({"token.form": "reference"})
    client.swap()
    client.registry.registerUtility(MemoryRepository(clock), ITokenRepository)
    before = numbers.verbs()["add_or_update"]

    client.swap()

    assert numbers.verbs()["add_or_update"] == before + 1


def test_a_provider_that_comes_later_is_used():
    """The library asks for the meter of the process when it starts."""
    made = metrics.make_metrics()

    made(SessionEnded(None, None, None, "revoked", "x" * 22))
    made.count_outage("repository_unavailable", None)
    made.record("get", 0.001)
