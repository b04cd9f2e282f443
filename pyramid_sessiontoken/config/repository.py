"""``repository`` and ``repository.*``: where the server keeps sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..interfaces import (
    IRenewingRepository,
    ISubjectRepository,
    ITokenRepository,
)
from ..repositories.memory import MemoryRepository
from ..sessions.cache import FirstLevelCache
from .kinds import (
    SECRET_TEXT,
    TEXT,
    Kind,
    Named,
    between,
    either,
    matching,
    read_dotted,
    read_duration,
)
from .row import PREFIX, Group, setting
from .setup import Setup
from .workers import has_several_workers

#: What ``repository`` says where the application registers its own.
REGISTERED = "registered"

#: Seconds.
LONGEST_TIMEOUT = 60


def read_timeout(value: Any) -> float:
    """Give seconds, also of milliseconds."""
    text = str(value).strip()
    if text.endswith("ms") and text[:-2].isascii() and text[:-2].isdigit():
        seconds = int(text[:-2][:9]) / 1000
    else:
        seconds = float(read_duration(value))
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise ValueError("out of range")
    return seconds


REPOSITORY = Kind(
    "memory | sqlalchemy | redis | registered | a dotted name",
    either(("memory", "sqlalchemy", "redis", REGISTERED), read_dotted),
)
WORD = Kind("letters, digits and _", matching(r"[A-Za-z_][A-Za-z0-9_]*"))
TIMEOUT = Kind("a duration up to a minute: 250ms, 1s", read_timeout)
POOL_SIZE = Kind("a number from 1 to 1000", between(1, 1000))
CACHE_SIZE = Kind("a number from 0 to 10000000", between(0, 10_000_000))
CACHE_TTL = Kind("a duration: 0, 5s, 1m", read_duration)


@dataclass(frozen=True, slots=True)
class RepositorySettings(Group):
    """Where the server keeps sessions.

    :ivar place: the value of ``repository`` itself.
    """

    place: Named | str | None = setting(
        REPOSITORY,
        None,
        "Where the server keeps sessions. registered: the application"
        " registers an ITokenRepository of its own.",
        key="repository",
        factory=True,
    )
    url: str | None = setting(
        SECRET_TEXT,
        None,
        "Of the database: SQLAlchemy's URLs; redis://, rediss://, unix://,"
        " redis+sentinel://h1:26379,h2:26379/mymaster,"
        " redis+cluster://h1:6379,h2:6379; with TLS rediss+sentinel://,"
        " rediss+cluster://; ?sentinel_username=&sentinel_password=.",
        option_of="repository",
    )
    table: str = setting(
        WORD, "session_tokens", "The table in SQL.", option_of="repository"
    )
    schema: str | None = setting(
        WORD,
        None,
        "The schema of the table in SQL. It must exist.",
        option_of="repository",
    )
    prefix: str = setting(
        TEXT, "sessiontoken:", "Of the keys in Redis.", option_of="repository"
    )
    timeout: float = setting(
        TIMEOUT,
        "250ms",
        "How long an answer is waited for.",
        option_of="repository",
    )
    pool_size: int = setting(
        POOL_SIZE,
        "10",
        "How many connections at most.",
        option_of="repository",
    )
    cache_size: int = setting(
        CACHE_SIZE,
        "10000",
        "How many answers of the repository each process remembers; 0: none.",
    )
    cache_ttl: int = setting(
        CACHE_TTL,
        "5s",
        "How late a sign-out elsewhere is noticed at most; 0: at once.",
    )

    @property
    def notice(self) -> int:
        """Seconds after which a sign-out elsewhere is noticed at the latest;
        0 for at once.
        """
        return self.cache_ttl if self.cache_size else 0

    def faults(self) -> Iterator[str]:
        if self.place in ("sqlalchemy", "redis") and self.url is None:
            yield f"{self.row('url')}: {self.place} needs one"

    def warnings(self) -> Iterator[str]:
        """Warn of what is set and not used."""
        if self.url and self.place in ("memory", REGISTERED):
            yield self._not_used("url")
        if self.schema and self.place in ("memory", "redis", REGISTERED):
            yield self._not_used("schema")

    def _not_used(self, name: str) -> str:
        return (
            f"{self.row(name)} is not used: {PREFIX}repository is {self.place}"
        )


def make_cache(repository: RepositorySettings) -> FirstLevelCache:
    return FirstLevelCache(repository.cache_size, repository.cache_ttl)


def register_repository(setup: Setup, repository: RepositorySettings) -> None:
    """Register the repository that the settings name, unless there is one;
    warn of what the one that counts cannot do.
    """
    if isinstance(repository.place, Named):
        setup.register_named(ITokenRepository, "repository", repository.place)
    elif repository.place not in (None, REGISTERED):
        made = _make_shipped(setup, repository)
        if made is not None:
            setup.register(ITokenRepository, made, "repository")
    there = setup.registry.queryUtility(ITokenRepository)
    if there is not None:
        _warn_of_lacks(setup, there)


def _make_shipped(setup: Setup, repository: RepositorySettings) -> Any:
    """Make one of the library's own; ``None`` at a fault, which is told."""
    name = str(repository.place)
    if name == "memory":
        return _make_memory(setup)
    if not repository.url:
        return None  # Already a fault.
    try:
        return _SHIPPED[name](setup, repository, repository.url)
    except ImportError as error:
        lacking = (error.name or name).partition(".")[0]
        if lacking == name:
            setup.missing_extra("repository", name)
        else:
            setup.missing("repository", lacking)
    except ValueError as error:
        setup.fault("repository.url", str(error))
    return None


def _make_memory(setup: Setup) -> MemoryRepository:
    if has_several_workers():
        setup.warn(
            f"{PREFIX}repository = memory: each worker keeps its own sessions,"
            " and knows nothing of the others'"
        )
    return MemoryRepository(setup.clock)


def _make_sqlalchemy(
    setup: Setup, repository: RepositorySettings, url: str
) -> Any:
    from ..repositories.sqlalchemy import SQLAlchemyRepository

    return SQLAlchemyRepository(
        url,
        setup.clock,
        table=repository.table,
        schema=repository.schema,
        timeout=repository.timeout,
        pool_size=repository.pool_size,
    )


def _make_redis(setup: Setup, repository: RepositorySettings, url: str) -> Any:
    from ..repositories.redis import RedisRepository

    return RedisRepository(
        url,
        setup.clock,
        prefix=repository.prefix,
        timeout=repository.timeout,
        pool_size=repository.pool_size,
    )


#: The makers of those with a driver, which is imported only now.
_SHIPPED = {"sqlalchemy": _make_sqlalchemy, "redis": _make_redis}


def _warn_of_lacks(setup: Setup, repository: Any) -> None:
    if not IRenewingRepository.providedBy(repository):
        setup.warn(
            "the repository does not provide IRenewingRepository: a renewal"
            " under way may bring back a session that was ended"
        )
    if not ISubjectRepository.providedBy(repository):
        setup.warn(
            "the repository does not provide ISubjectRepository: the sessions"
            " of a user cannot be listed"
        )
