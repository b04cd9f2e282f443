"""The settings of the repository, and the repositories that they make."""

import sys

import pytest
from pyramid.exceptions import ConfigurationError
from support import stored
from support.settings import assert_contradiction_is_told, only_fault, read
from support.stored import (
    REFERENCES,
    FourVerbs,
    OwnRepository,
    RenewingOnly,
    SubjectsOnly,
    alive,
    end,
    kept_of,
    registering,
    repository_of,
    store_of,
)

from pyramid_sessiontoken.config import repository
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.sessions.cache import UNKNOWN, FirstLevelCache
from pyramid_sessiontoken.sessions.pushed_cache import PushedCache
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.store import RepositorySessionStore
from pyramid_sessiontoken.tokens.verified import REMEMBERED


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"repository": "sqlalchemy"},
            ["repository.url: sqlalchemy needs one"],
        ),
        ({"repository": "redis"}, ["repository.url: redis needs one"]),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"repository": "redis", "repository.url": "redis://localhost"},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


def test_the_url_of_a_repository_holds_a_password_and_is_not_shown():
    url = "postgresql://me:hunter2@host/sessions"
    parsed, faults = read({"repository": "sqlalchemy", "repository.url": url})

    assert faults == []
    assert parsed.repository.url == url
    assert parsed.show("repository.url") == "(secret)"
    assert "hunter2" not in repr(parsed)


def test_a_faulty_url_of_a_repository_is_not_shown():
    fault = only_fault({"repository.url": "redis://:hunter2@host/\n0"})

    assert fault.startswith(f"{PREFIX}repository.url: ")
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("250ms", 0.25),
        (" 1ms ", 0.001),
        ("60000ms", 60.0),
        ("1s", 1.0),
        ("1m", 60.0),
        (5, 5.0),
    ],
)
def test_a_timeout_is_read(value, seconds):
    assert repository.TIMEOUT.read(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("", "ms", "-1ms", "1.5ms", "1 ms", "0ms", "0", "61s", "60001ms"),
        *("1000000000ms", "9" * 5000 + "ms", "\u0663ms", None, True, 0.25),
    ],
    ids=ascii,
)
def test_other_texts_are_no_timeouts(value):
    with pytest.raises(ValueError):
        repository.TIMEOUT.read(value)


def test_sessions_are_stored_in_memory(make):
    client = make({"repository": "memory", **REFERENCES})
    assert type(repository_of(client)) is MemoryRepository
    assert type(store_of(client)) is RepositorySessionStore
    token = client.swap()["access_token"]
    assert alive(client, token)
    end(client, token)
    assert not alive(client, token)


def test_sessions_are_stored_in_a_database(make, tmp_path):
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": f"sqlite:///{tmp_path}/sessions.db",
            "repository.table": "my_sessions",
        }
    )
    assert type(repository_of(client)) is SQLAlchemyRepository


def test_sessions_are_stored_in_redis(make):
    client = make(
        {"repository": "redis", "repository.url": "redis://localhost:1/0"}
    )
    assert type(repository_of(client)) is RedisRepository


@pytest.mark.parametrize(
    "value", [f"{stored.__name__}:OwnRepository", OwnRepository]
)
def test_an_own_repository_is_named_by_its_dotted_name(make, value):
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


def test_the_application_may_register_a_repository(make, clock):
    mine = MemoryRepository(clock)
    client = make(
        {"repository": "registered", **REFERENCES},
        before=registering(mine, ITokenRepository),
    )
    assert repository_of(client) is mine
    assert alive(client, client.swap()["access_token"])
    assert len(mine._items) == 1


def test_a_repository_may_be_registered_after_the_start(make, clock):
    client = make({"repository": "registered", **REFERENCES})
    mine = MemoryRepository(clock)
    client.registry.registerUtility(mine, ITokenRepository)
    token = client.swap()["access_token"]
    assert alive(client, token)
    assert len(mine._items) == 1


def test_a_promised_repository_that_is_missing_is_an_outage(make):
    """Never anonymous in silence, never authenticated."""
    client = make({"repository": "registered"})
    client.post_json("/sign_in", {}, status=503)
    assert client.ask("pst_" + "x" * 43).status_code == 503
    assert client.get("/identity").json["userid"] is None


@pytest.mark.parametrize("value", [None, "memory"])
def test_a_registered_repository_beats_the_ini_with_a_warning(
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
def test_a_directive_sets_the_repository(make, clock, is_object):
    mine = MemoryRepository(clock)
    client = make(
        setup=lambda config: config.set_sessiontoken_repository(
            mine if is_object else OwnRepository
        )
    )
    token = client.swap()["access_token"]
    end(client, token)
    assert not alive(client, token)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis", "redis://localhost:1/0"),
        ("sqlalchemy", "sqlite:////nowhere/x.db"),
    ],
)
def test_a_missing_package_is_a_fault_with_the_pip_command(
    make, monkeypatch, name, url
):
    loaded = [each for each in sys.modules if each.startswith(f"{name}.")]
    for module in (name, *loaded):
        monkeypatch.setitem(sys.modules, module, None)
    package = f"pyramid_sessiontoken.repositories.{name}"
    for module in [*sys.modules]:
        if module.startswith(package):
            monkeypatch.delitem(sys.modules, module)
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
        ("sqlalchemy", "postgresql+psycopg://h/d?prepare_threshold=0"),
        ("redis", "redis://localhost:1?ssl=true"),
    ],
)
def test_a_bad_url_is_a_fault_that_names_its_key(make, name, url):
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": name, "repository.url": url})
    assert "sessiontoken.repository.url: " in str(fault.value)


def test_no_fault_contains_a_password(make):
    for name, url in (
        ("redis", "http://user:hunter2@localhost/"),
        ("sqlalchemy", "nosuch://user:hunter2@localhost/x"),
    ):
        with pytest.raises(ConfigurationError) as fault:
            make({"repository": name, "repository.url": url})
        assert "hunter2" not in str(fault.value)


def test_all_faults_are_reported_at_once(make):
    with pytest.raises(ConfigurationError) as fault:
        make(
            {
                "repository": "redis",
                "repository.url": "junk://",
                "session_store": f"{stored.__name__}:fail",
                "basic.htpasswd": "/nowhere/htpasswd",
                "basic.check": None,
            }
        )
    for key in ("repository.url", "session_store", "basic.htpasswd"):
        assert f"sessiontoken.{key}: " in str(fault.value)


def test_a_repository_that_cannot_be_made_is_a_fault(make):
    for value in (f"{stored.__name__}:fail", f"{stored.__name__}:Drawer"):
        with pytest.raises(ConfigurationError) as fault:
            make({"repository": value})
        assert f"sessiontoken.repository: {value}: " in str(fault.value)


@pytest.mark.parametrize(
    ("make_repository", "lacking"),
    [
        (MemoryRepository, []),
        (FourVerbs, ["IRenewingRepository", "ISubjectRepository"]),
        (RenewingOnly, ["ISubjectRepository"]),
        (SubjectsOnly, ["IRenewingRepository"]),
    ],
)
def test_missing_optional_interfaces_are_logged_at_the_start(
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
def test_many_workers_with_a_repository_in_memory_cause_a_warning(
    make, monkeypatch, warnings, workers, warned
):
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    make({"repository": "memory"})
    assert ("each worker keeps its own sessions" in warnings.text) == warned


@pytest.mark.parametrize("server", ["gunicorn", "uwsgi"])
def test_a_server_of_many_workers_causes_a_warning(
    make, monkeypatch, warnings, server
):
    monkeypatch.setitem(sys.modules, server, sys)
    make({"repository": "memory"})
    assert "each worker keeps its own sessions" in warnings.text


def test_one_worker_is_warned_of_nothing(make, warnings):
    make({"repository": "memory", "revocation": "off"})
    assert warnings.messages == []


def test_a_memory_that_forgets_what_was_ended_is_said(make, warnings, clock):
    for settings, before in (
        ({"repository": "memory"}, None),
        (
            {"repository": "registered"},
            registering(MemoryRepository(clock), ITokenRepository),
        ),
    ):
        make(settings, before=before)
        [warning] = warnings.messages
        assert "ends all sessions that began before it" in warning
        assert "sessiontoken.revocation = off" in warning
        warnings.clear()


def test_many_workers_share_what_is_no_memory(
    make, monkeypatch, warnings, clock
):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    make(
        {"repository": "registered", "revocation": "off"},
        before=registering(MemoryRepository(clock), ITokenRepository),
    )
    make({"repository": "redis", "repository.url": "redis://localhost:1"})
    assert warnings.messages == []


@pytest.mark.parametrize(
    ("scheme", "package"),
    [
        ("postgresql+pg8000", "pg8000"),
        ("mysql+mysqldb", "mysqlclient"),
        ("mysql+mysqlconnector", "mysql-connector-python"),
    ],
)
def test_a_driver_that_is_not_installed_is_named(make, scheme, package):
    with pytest.raises(ConfigurationError, match=rf"pip install {package}\n"):
        make(
            {
                "repository": "sqlalchemy",
                "repository.url": f"{scheme}://localhost/x",
            }
        )


def test_a_missing_url_is_reported_once(make):
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": "redis"})
    assert str(fault.value).count("sessiontoken.repository") == 1


@pytest.mark.parametrize(
    ("given", "name", "place"),
    [
        ({"repository.url": "sqlite://"}, "url", "memory"),
        ({"repository.url": "sqlite://"}, "url", "registered"),
        ({"repository.url": "sqlite://"}, "url", None),
        ({"repository.schema": "auth"}, "schema", "memory"),
        ({"repository.schema": "auth"}, "schema", "registered"),
        (
            {"repository.schema": "auth", "repository.url": "redis://h:1"},
            "schema",
            "redis",
        ),
    ],
)
def test_what_is_not_used_is_warned_of(make, warnings, given, name, place):
    """An INI that inherits a setting cannot take it away."""
    make({"repository": place, **given})
    (told,) = [text for text in warnings.messages if "not used" in text]
    assert told == (
        f"sessiontoken.repository.{name} is not used:"
        f" sessiontoken.repository is {place or 'not set'}"
    )


def test_the_settings_of_the_library_are_no_options(make, warnings):
    client = make(
        {
            "repository": OwnRepository,
            "repository.url": "sqlite://",
            "repository.schema": "auth",
            "repository.timeout": "1s",
            "repository.where": "here",
        }
    )
    assert repository_of(client).options == {"where": "here"}
    told = [text for text in warnings.messages if "not used" in text]
    assert [text.partition(" ")[0] for text in told] == [
        "sessiontoken.repository.url",
        "sessiontoken.repository.schema",
    ]
    assert all("another name" in text for text in told)


def test_a_schema_is_a_word(make, tmp_path):
    url = {
        "repository": "sqlalchemy",
        "repository.url": f"sqlite:///{tmp_path}/sessions.db",
    }
    client = make({**url, "repository.schema": "main", **REFERENCES})
    token = client.swap()["access_token"]
    assert alive(client, token)
    repository_of(client).close()
    with pytest.raises(ConfigurationError, match=r"repository\.schema: "):
        make({**url, "repository.schema": "a.b"})


# repository.invalidation

REDIS = {"repository": "redis", "repository.url": "redis://localhost:1"}
PUSH = {"repository.invalidation": "push"}


def cache_of(client):
    return store_of(client)._cache


@pytest.mark.parametrize("value", ["off", " OFF ", False])
def test_by_default_nothing_is_pushed(make, value):
    for given in ({}, {"repository.invalidation": value}):
        assert type(cache_of(make({**REDIS, **given}))) is FirstLevelCache


def test_redis_can_push(make):
    client = make({**REDIS, **PUSH, "repository.cache_ttl": "1h"})
    cache = cache_of(client)
    assert type(cache) is PushedCache
    assert cache.is_meant()
    other = MemoryRepository(client.clock)
    client.registry.registerUtility(other, ITokenRepository)
    assert not cache.is_meant()


def test_a_registered_redis_can_push(make, clock):
    mine = RedisRepository("redis://localhost:1", clock)
    client = make(
        {"repository": "registered", **PUSH},
        before=registering(mine, ITokenRepository),
    )
    assert type(cache_of(client)) is PushedCache


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"repository": "memory"},
        {"repository": "registered"},
        {"repository": "sqlalchemy", "repository.url": "sqlite://"},
    ],
)
def test_elsewhere_push_is_a_fault(make, given):
    with pytest.raises(ConfigurationError) as fault:
        make({**given, **PUSH})
    assert (
        "sessiontoken.repository.invalidation: push needs"
        " sessiontoken.repository = redis"
    ) in str(fault.value)


def test_an_own_repository_beside_redis_cannot_push(make, clock):
    with pytest.raises(ConfigurationError, match="push needs"):
        make(
            {**REDIS, **PUSH},
            before=registering(FourVerbs(clock), ITokenRepository),
        )


def test_push_is_one_fault_where_redis_cannot_be_made(make):
    with pytest.raises(ConfigurationError) as fault:
        make({"repository": "redis", "repository.url": "redis:///x", **PUSH})
    assert str(fault.value).count("sessiontoken.repository") == 1


def test_without_the_driver_push_is_a_fault(make, monkeypatch):
    name = "pyramid_sessiontoken.repositories.redis"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match="push needs"):
        make({"repository": "memory", **PUSH})


@pytest.mark.parametrize("which", ["cache_size", "cache_ttl"])
def test_push_without_a_cache_is_warned_of(make, warnings, which):
    client = make({**REDIS, **PUSH, f"repository.{which}": "0"})
    assert type(cache_of(client)) is FirstLevelCache
    assert "sessiontoken.repository.invalidation is not used" in warnings.text


# repository.grace


@pytest.mark.parametrize(
    ("value", "seconds"), [("0", 0), ("60s", 60), ("10m", 600), (30, 30)]
)
def test_a_time_of_grace_is_read(value, seconds):
    parsed, faults = read({"repository.grace": value})
    assert faults == []
    assert parsed.repository.grace == seconds


@pytest.mark.parametrize("value", ["601s", "11m", "1h", "-1", "x", "off"])
def test_a_longer_time_of_grace_is_a_fault(value):
    fault = only_fault({"repository.grace": value})
    assert fault.startswith(f"{PREFIX}repository.grace: ")
    assert "a duration up to 10m" in fault


NOT_USED = "sessiontoken.repository.grace is not used"


@pytest.mark.parametrize(
    ("given", "is_used"),
    [
        ({"repository.grace": "5s"}, False),
        ({"repository.grace": "6s"}, True),
        ({"repository.grace": "1s", "repository.cache_ttl": "0"}, True),
        ({"repository.grace": "1s", "repository.cache_size": "0"}, True),
        ({"repository.grace": "1m", "revocation": "off"}, False),
        (
            {
                "repository.grace": "6s",
                "repository.cache_ttl": "1h",
                **PUSH,
            },
            True,
        ),
        (
            {
                "repository.grace": "5s",
                "repository.cache_ttl": "1h",
                **PUSH,
            },
            False,
        ),
        ({}, True),
    ],
)
def test_a_time_of_grace_without_effect_is_warned_of(
    make, warnings, given, is_used
):
    make({**REDIS, **given})
    assert (NOT_USED not in warnings.text) == is_used


def test_a_repository_in_memory_is_never_down(make):
    client = make({"repository": "memory", "repository.grace": "60s"})
    assert type(kept_of(client).revocations) is Revocations


@pytest.mark.parametrize("size", ["0", "10", "50000"])
def test_the_memory_for_the_grace_is_bounded(make, size):
    client = make(
        {
            **REDIS,
            "repository.grace": "60s",
            "repository.cache_size": size,
        }
    )
    last = kept_of(client).revocations._last
    assert last._half == max(int(size), REMEMBERED) // 2


def test_what_is_pushed_is_not_believed_either(make):
    client = make({**REDIS, **PUSH, "repository.grace": "60s"})
    cache, last = cache_of(client), kept_of(client).revocations._last
    assert cache.last is last
    for each in (cache, last):
        each.put("a", None, 1, each.version)
        each.put("b", None, 1, each.version)
    cache.forget(["a"])
    assert [last.get(key, 1) for key in "ab"] == [UNKNOWN, None]
    lock = last._lock
    cache.begin_anew()
    assert last._lock is not lock
    assert last.get("b", 1) is UNKNOWN
