"""From settings to what keeps sessions."""

import logging
import secrets
import sys

import pytest
from pyramid.exceptions import ConfigurationError
from pyramid.response import Response
from pyramid.security import forget, remember
from support import START
from support.tokens import make_ticket
from zope.interface import implementer

from pyramid_sessiontoken.interfaces import (
    IClock,
    IRenewingRepository,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from pyramid_sessiontoken.policy.security_policy import POLICY
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.sessions.store import RepositorySessionStore

REFERENCES = {"token.form": "reference", "cookie.form": "reference"}
NAME = "__Host-sessiontoken"


@implementer(ITokenRepository)
class FourVerbs:
    """A repository without powers."""

    def __init__(self, clock):
        inner = MemoryRepository(clock)
        self.add_or_update = inner.add_or_update
        self.get = inner.get
        self.remove = inner.remove
        self.remove_all_before = inner.remove_all_before


@implementer(IRenewingRepository)
class RenewingOnly(FourVerbs):
    def __init__(self, clock):
        super().__init__(clock)
        self.renew = None


@implementer(ISubjectRepository)
class SubjectsOnly(FourVerbs):
    def __init__(self, clock):
        super().__init__(clock)
        self.items_of = self.remove_all_of = None


@implementer(ISessionStore)
class Drawer:
    """Keeps tickets as they are."""

    prefix = "pst_"

    def __init__(self, options=None, registry=None):
        self.made_of = options, registry
        self.tickets = {}

    def store(self, ticket):
        reference = self.prefix + secrets.token_urlsafe(32)
        self.tickets[reference] = ticket
        return reference

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        self.tickets[reference] = ticket
        return True

    def remove(self, reference):
        self.tickets.pop(reference, None)


class OwnRepository(MemoryRepository):
    def __init__(self, options, registry):
        super().__init__(registry.getUtility(IClock))
        self.options = dict(options)


def fail(options, registry):
    raise RuntimeError("no disk")


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    """Whatever serves these tests."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.delitem(sys.modules, "gunicorn", raising=False)
    monkeypatch.delitem(sys.modules, "uwsgi", raising=False)


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING, "pyramid_sessiontoken")
    return caplog


def registering(utility, interface):
    return lambda config: config.registry.registerUtility(utility, interface)


def kept_of(client):
    return client.registry[POLICY].rules.stored


def repository_of(client):
    return client.registry.queryUtility(ITokenRepository)


def store_of(client):
    return client.registry.queryUtility(ISessionStore)


def alive(client, token):
    return client.fresh().ask(token).json["userid"] is not None


def end(client, token, **kw):
    headers = {"Authorization": f"Session {token}"}
    return client.fresh().delete("/token", headers=headers, **kw)


# Which repository.


def test_nothing_is_kept_unless_it_is_configured(make):
    client = make()
    assert kept_of(client) is None
    assert repository_of(client) is None
    assert store_of(client) is None
    token = client.swap()["access_token"]
    end(client, token, status=405)


def test_in_memory(make):
    client = make({"repository": "memory", **REFERENCES})
    assert type(repository_of(client)) is MemoryRepository
    assert type(store_of(client)) is RepositorySessionStore
    token = client.swap()["access_token"]
    assert alive(client, token)
    end(client, token)
    assert not alive(client, token)


def test_in_a_database(make, tmp_path):
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": f"sqlite:///{tmp_path}/sessions.db",
            "repository.table": "my_sessions",
        }
    )
    assert type(repository_of(client)) is SQLAlchemyRepository


def test_in_redis(make):
    client = make(
        {"repository": "redis", "repository.url": "redis://localhost:1/0"}
    )
    assert type(repository_of(client)) is RedisRepository


@pytest.mark.parametrize("value", [f"{__name__}:OwnRepository", OwnRepository])
def test_one_of_the_applications_own_by_name(make, value):
    client = make(
        {
            "repository": value,
            "repository.where": "here",
            **REFERENCES,
        }
    )
    repository = repository_of(client)
    assert type(repository) is OwnRepository
    assert repository.options["where"] == "here"
    assert alive(client, client.swap()["access_token"])


def test_one_that_the_application_registers(make, clock):
    mine = MemoryRepository(clock)
    client = make(
        {"repository": "registered", **REFERENCES},
        before=registering(mine, ITokenRepository),
    )
    assert repository_of(client) is mine
    assert alive(client, client.swap()["access_token"])
    assert len(mine._items) == 2


def test_one_that_is_registered_after_the_start(make, clock):
    client = make({"repository": "registered", **REFERENCES})
    mine = MemoryRepository(clock)
    client.registry.registerUtility(mine, ITokenRepository)
    token = client.swap()["access_token"]
    assert alive(client, token)
    assert len(mine._items) == 2


def test_one_that_is_promised_and_not_there_is_an_outage(make):
    """Never anonymous in silence, never authenticated."""
    client = make({"repository": "registered"})
    client.post_json("/sign_in", {}, status=503)
    assert client.ask("pst_" + "x" * 43).status_code == 503
    assert client.get("/identity").json["userid"] is None


@pytest.mark.parametrize("value", [None, "memory"])
def test_a_registered_one_beats_the_ini_and_that_is_said(
    make, clock, warnings, value
):
    mine = MemoryRepository(clock)
    client = make(
        {"repository": value}, before=registering(mine, ITokenRepository)
    )
    assert repository_of(client) is mine
    beaten = "sessiontoken.repository is set, but" in warnings.text
    assert beaten == (value is not None)
    token = client.swap()["access_token"]
    end(client, token)
    assert not alive(client, token)


@pytest.mark.parametrize("is_object", [True, False])
def test_one_that_a_directive_sets(make, clock, is_object):
    mine = MemoryRepository(clock)
    client = make(
        setup=lambda config: config.set_sessiontoken_repository(
            mine if is_object else OwnRepository
        )
    )
    token = client.swap()["access_token"]
    end(client, token)
    assert not alive(client, token)


# What cannot be made.


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis", "redis://localhost:1/0"),
        ("sqlalchemy", "sqlite:////nowhere/x.db"),
    ],
)
def test_a_missing_package_is_a_fault_that_says_how_to_get_it(
    make, monkeypatch, name, url
):
    for module in [*sys.modules]:
        if module == name or module.startswith(f"{name}."):
            monkeypatch.setitem(sys.modules, module, None)
    package = "pyramid_sessiontoken.repositories"
    for file in (name, f"{name}_url"):
        monkeypatch.delitem(sys.modules, f"{package}.{file}", raising=False)
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": name, "repository.url": url})
    message = str(fault.value)
    assert "sessiontoken.repository:" in message
    assert f"pip install 'pyramid_sessiontoken[{name}]'" in message


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis", "http://localhost/"),
        ("redis", "junk"),
        ("redis", "redis+sentinel://localhost:1/"),
        ("sqlalchemy", "junk"),
        ("sqlalchemy", "nosuchdatabase://localhost/x"),
    ],
)
def test_a_bad_url_is_a_fault_that_names_its_key(make, name, url):
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": name, "repository.url": url})
    assert "sessiontoken.repository.url: " in str(fault.value)


def test_no_fault_tells_a_password(make):
    for name, url in (
        ("redis", "http://user:hunter2@localhost/"),
        ("sqlalchemy", "nosuch://user:hunter2@localhost/x"),
    ):
        with pytest.raises(ConfigurationError) as fault:
            make({"repository": name, "repository.url": url})
        assert "hunter2" not in str(fault.value)


def test_all_faults_are_told_at_once(make):
    with pytest.raises(ConfigurationError) as fault:
        make(
            {
                "repository": "redis",
                "repository.url": "junk://",
                "session_store": f"{__name__}:fail",
                "basic.htpasswd": "/nowhere/htpasswd",
                "basic.check": None,
            }
        )
    for key in ("repository.url", "session_store", "basic.htpasswd"):
        assert f"sessiontoken.{key}: " in str(fault.value)


def test_one_that_fails_to_be_made_is_a_fault(make):
    for value in (f"{__name__}:fail", f"{__name__}:Drawer"):
        with pytest.raises(ConfigurationError) as fault:
            make({"repository": value})
        assert f"sessiontoken.repository: {value}: " in str(fault.value)


# What is warned of.


@pytest.mark.parametrize(
    ("make_repository", "lacking"),
    [
        (MemoryRepository, []),
        (FourVerbs, ["IRenewingRepository", "ISubjectRepository"]),
        (RenewingOnly, ["ISubjectRepository"]),
        (SubjectsOnly, ["IRenewingRepository"]),
    ],
)
def test_powers_that_are_lacking_are_told_at_start(
    make, clock, warnings, make_repository, lacking
):
    make(
        {"repository": "registered"},
        before=registering(make_repository(clock), ITokenRepository),
    )
    powers = ("IRenewingRepository", "ISubjectRepository")
    told = [p for p in powers if f"does not provide {p}" in warnings.text]
    assert told == lacking


@pytest.mark.parametrize(
    ("workers", "warned"),
    [("2", True), ("16", True), ("1", False), ("0", False), ("", False)],
)
def test_many_workers_are_warned_of_in_memory(
    make, monkeypatch, warnings, workers, warned
):
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    make({"repository": "memory"})
    assert ("each worker keeps its own sessions" in warnings.text) == warned


@pytest.mark.parametrize("server", ["gunicorn", "uwsgi"])
def test_a_server_of_many_workers_is_warned_of(
    make, monkeypatch, warnings, server
):
    monkeypatch.setitem(sys.modules, server, sys)
    make({"repository": "memory"})
    assert "each worker keeps its own sessions" in warnings.text


def test_one_worker_is_warned_of_nothing(make, warnings):
    make({"repository": "memory"})
    assert warnings.messages == []


def test_many_workers_share_what_is_no_memory(
    make, monkeypatch, warnings, clock
):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    make(
        {"repository": "registered"},
        before=registering(MemoryRepository(clock), ITokenRepository),
    )
    make({"repository": "redis", "repository.url": "redis://localhost:1"})
    assert warnings.messages == []


# What keeps tickets.


@pytest.mark.parametrize("repository", [None, "memory"])
def test_a_session_store_of_the_applications_own(make, repository):
    client = make(
        {
            "session_store": f"{__name__}:Drawer",
            "repository": repository,
            **REFERENCES,
        }
    )
    store = store_of(client)
    assert type(store) is Drawer
    assert store.made_of == ({}, client.registry)
    token = client.swap()["access_token"]
    assert [*store.tickets] == [token]
    assert alive(client, token)
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"
    end(client, token)
    client.post("/sign_out")
    assert store.tickets == {}
    assert not alive(client, token)


def test_a_store_of_ones_own_may_call_its_references_as_it_likes(make):
    """A reference is a text; nothing more is said of it."""
    drawer = Drawer()
    drawer.prefix = "ticket-"
    client = make(
        {"session_store": drawer, **REFERENCES},
    )
    token = client.swap()["access_token"]
    assert alive(client, token)
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"


def test_a_store_that_is_registered_beats_the_librarys(make):
    drawer = Drawer()
    client = make(
        {"repository": "memory", **REFERENCES},
        before=registering(drawer, ISessionStore),
    )
    token = client.swap()["access_token"]
    assert [*drawer.tickets] == [token]
    assert alive(client, token)


def test_an_empty_store_is_a_store(make):
    """One that has a length, of which nothing is left."""

    class Measured(Drawer):
        def __len__(self):
            return len(self.tickets)

    client = make({"session_store": Measured(), **REFERENCES})
    assert client.ask("pst_" + "x" * 43).json["userid"] is None
    client.post_json("/sign_in", {})
    store_of(client).tickets.clear()
    assert client.get("/identity").json["userid"] is None


def test_a_store_by_directive_serves_as_one_in_the_ini(make):
    drawer = Drawer()
    client = make(
        REFERENCES,
        setup=lambda config: config.set_sessiontoken_session_store(drawer),
    )
    token = client.swap()["access_token"]
    assert [*drawer.tickets] == [token]
    assert alive(client, token)


def test_a_repository_by_directive_serves_references(make, clock):
    mine = MemoryRepository(clock)
    client = make(
        REFERENCES,
        setup=lambda config: config.set_sessiontoken_repository(mine),
    )
    assert alive(client, client.swap()["access_token"])


def test_a_cookie_that_points_where_nothing_is_kept_any_more(make):
    """The repository left the settings; browsers still have the cookies."""
    client = make({"repository": "memory", **REFERENCES})
    client.post_json("/sign_in", {})
    without = make()
    without.set_cookie(NAME, client.cookies[NAME])
    response = without.get("/identity", status=200)
    assert response.json["userid"] is None
    without.post_json("/sign_in", {})
    assert without.get("/identity").json["userid"] == "alice"


# What ends early.


def test_revocation_is_on_where_there_is_a_repository(make):
    client = make({"repository": "memory"})
    assert kept_of(client).revocations is not None
    token = client.swap()["access_token"]
    assert alive(client, token)
    end(client, token, status=204)
    assert not alive(client, token)


def test_revocation_can_be_switched_off(make):
    client = make({"repository": "memory", "revocation": "off", **REFERENCES})
    assert kept_of(client).revocations is None
    token = client.swap()["access_token"]
    # References end all the same.
    end(client, token, status=204)
    assert not alive(client, token)


@pytest.mark.parametrize("revocation", ["on", "off"])
def test_what_one_request_began_and_ended_is_ended(make, revocation):
    def in_and_out(request):
        cookie = remember(request, "alice")[0][1]
        forget(request)
        return Response(cookie.partition(";")[0].partition("=")[2])

    def setup(config):
        config.add_route("in_and_out", "/in_and_out")
        config.add_view(in_and_out, route_name="in_and_out")

    client = make(
        {"repository": "memory", "revocation": revocation, **REFERENCES},
        setup=setup,
    )
    cookie = client.get("/in_and_out").text
    other = client.fresh()
    other.set_cookie(NAME, cookie)
    assert other.get("/identity").json["userid"] is None


def test_without_revocation_no_mark_is_asked_for(make, clock):
    asked = []

    class Noting(MemoryRepository):
        def get(self, key):
            asked.append(key)
            return super().get(key)

    client = make(
        {"repository": "registered", "revocation": "off"},
        before=registering(Noting(clock), ITokenRepository),
    )
    assert alive(client, client.swap()["access_token"])
    assert asked == []


#: Where self-contained tokens cannot be ended, though something is kept.
CANNOT_END = {
    "revocation off": {"repository": "memory", "revocation": "off"},
    "no powers": {"repository": f"{__name__}:Plain", "revocation": "off"},
    "no repository": {"session_store": f"{__name__}:Drawer"},
}


class Plain(FourVerbs):
    def __init__(self, options, registry):
        super().__init__(registry.getUtility(IClock))


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_what_cannot_be_ended_is_not_said_to_be(make, settings):
    client = make(settings)
    token = client.swap()["access_token"]
    response = end(client, token, status="*")
    assert alive(client, token)
    assert response.status_code == 405


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_what_cannot_be_revoked_is_not_said_to_be(make, settings):
    client = make(settings)
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    response = client.fresh().post(
        "/token/revoke", {"token": token}, headers=headers, status="*"
    )
    assert alive(client, token)
    assert response.status_code == 400
    assert response.json["error"] == "unsupported_token_type"


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_signing_in_and_out_works_all_the_same(make, settings):
    """The cookie says everything itself, and is deleted."""
    client = make(settings)
    client.post_json("/sign_in", {"userid": "alice"})
    client.post_json("/sign_in", {"userid": "bob"})
    assert client.get("/identity").json["userid"] == "bob"
    client.post("/sign_out")
    assert client.get("/identity").json["userid"] is None


@pytest.mark.parametrize("cache", ["cache_size", "cache_ttl"])
def test_the_first_level_cache_can_be_switched_off(make, clock, cache):
    asked = []

    class Noting(MemoryRepository):
        def get(self, key):
            asked.append(key)
            return super().get(key)

    client = make(
        {"repository": "registered", f"repository.{cache}": "0"},
        before=registering(Noting(clock), ITokenRepository),
    )
    token = client.swap()["access_token"]
    asked.clear()
    for _ in range(3):
        assert alive(client, token)
    assert len(asked) == 6


def test_two_issuers_cannot_read_each_others_records(make, clock):
    """They share keys and repository; each has a purpose of its own."""
    mine = MemoryRepository(clock)
    clients = [
        make(
            {"repository": "registered", "token.issuer": issuer, **REFERENCES},
            before=registering(mine, ITokenRepository),
        )
        for issuer in ("https://one.example", "https://two.example")
    ]
    ticket = make_ticket(exp=START + 3600, session_end=START + 36000)
    reference = store_of(clients[0]).store(ticket)
    assert store_of(clients[0]).retrieve(reference) == ticket
    assert store_of(clients[1]).retrieve(reference) is None


def test_a_driver_that_is_not_installed_is_named(make):
    with pytest.raises(ConfigurationError, match=r"pip install pg8000\n"):
        make(
            {
                "repository": "sqlalchemy",
                "repository.url": "postgresql+pg8000://localhost/x",
            }
        )


def test_what_needs_a_url_says_so_once(make):
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": "redis"})
    assert str(fault.value).count("sessiontoken.repository") == 1
