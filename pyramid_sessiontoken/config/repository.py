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
from ..sessions.grace import LastAnswers
from ..sessions.pushed_cache import OLDEST, PushedCache
from ..tokens.verified import REMEMBERED
from .kinds import (
    BOOL,
    SECRET_TEXT,
    TEXT,
    Kind,
    Named,
    between,
    either,
    matching,
    off_or,
    one_of,
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

#: Seconds. A session that ended elsewhere is believed for so long.
LONGEST_GRACE = 600


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
INVALIDATION = Kind("push or off", off_or(one_of("push").read))
CACHE_TTL = Kind("a duration: 0, 5s, 1m", read_duration)


def read_grace(value: Any) -> int:
    """Give seconds, of which there are not many."""
    seconds = read_duration(value)
    if seconds > LONGEST_GRACE:
        raise ValueError("out of range")
    return seconds


GRACE = Kind("a duration up to 10m: 0, 60s", read_grace)


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
    )
    table: str = setting(WORD, "session_tokens", "The table in SQL.")
    schema: str | None = setting(
        WORD,
        None,
        "The schema of the table in SQL. It must exist.",
    )
    prefix: str = setting(TEXT, "sessiontoken:", "Of the keys in Redis.")
    timeout: float = setting(
        TIMEOUT,
        "250ms",
        "How long an answer is waited for.",
    )
    pool_size: int = setting(
        POOL_SIZE,
        "10",
        "How many connections at most.",
    )
    cache_size: int = setting(
        CACHE_SIZE,
        "10000",
        "How many answers of the repository each process remembers; 0: none.",
    )
    cache_ttl: int = setting(
        CACHE_TTL,
        "5s",
        "How late a sign-out elsewhere is noticed at most, unless Redis tells"
        " it (repository.invalidation); 0: at once.",
    )
    invalidation: str | None = setting(
        INVALIDATION,
        "off",
        "push: Redis tells each process at once which sessions ended"
        " elsewhere.",
    )
    purge: bool = setting(
        BOOL,
        "on",
        "Each sign-in removes a few rows in SQL that expired a day ago or"
        " earlier. It waits for no lock.",
    )
    grace: int = setting(
        GRACE,
        "0",
        "For how long a self-contained token is still believed that the"
        " repository was asked about, while it cannot be asked.",
    )

    @property
    def notice(self) -> int:
        """Seconds after which a sign-out elsewhere is noticed at the latest;
        0 for at once.
        """
        return self.cache_ttl if self.cache_size else 0

    @property
    def is_pushed(self) -> bool:
        """Tell whether the first-level cache is told what changes."""
        return self.invalidation is not None and bool(self.notice)

    @property
    def counted(self) -> int:
        """Seconds for which an answer of the repository counts, whatever
        happens.
        """
        return min(self.notice, OLDEST) if self.is_pushed else self.notice

    def faults(self) -> Iterator[str]:
        if self.place in ("sqlalchemy", "redis") and self.url is None:
            yield f"{self.row('url')}: {self.place} needs one"

    def warnings(self) -> Iterator[str]:
        """Warn of what is set and not used."""
        if self.url and self.place not in ("sqlalchemy", "redis"):
            yield self._not_used("url")
        if self.schema and self.place != "sqlalchemy":
            yield self._not_used("schema")
        if self.invalidation is not None and not self.notice:
            yield (
                f"{self.row('invalidation')} is not used: the first-level"
                " cache is off, so a sign-out elsewhere is noticed at once"
            )
        if 0 < self.grace <= self.counted:
            yield (
                f"{self.row('grace')} is not used: each answer counts for"
                f" {self.counted} s in any case"
            )

    def _not_used(self, name: str) -> str:
        found = f"{PREFIX}repository is {self.place or 'not set'}"
        if isinstance(self.place, Named):
            found = (
                "it is for the repositories of the library, so give the option"
                " of your own repository another name"
            )
        return f"{self.row(name)} is not used: {found}"


def make_cache(
    setup: Setup, repository: RepositorySettings
) -> FirstLevelCache:
    """Make the first-level cache of the repository that is registered."""
    size, ttl = repository.cache_size, repository.cache_ttl
    if repository.invalidation is None:
        return FirstLevelCache(size, ttl)
    lookup = setup.registry.queryUtility
    there = lookup(ITokenRepository)
    if not _can_push(there):
        if there is not None or repository.place != "redis":
            setup.fault(
                "repository.invalidation",
                f"push needs {PREFIX}repository = redis: no other repository"
                " tells what changes",
            )
        return FirstLevelCache(0, 0)
    if not repository.is_pushed:
        return FirstLevelCache(size, ttl)
    return PushedCache(
        size, ttl, there.listen, lambda: lookup(ITokenRepository) is there
    )


def make_last_answers(
    repository: RepositorySettings, cache: FirstLevelCache
) -> LastAnswers:
    """Make what remembers the last answers for the time of grace."""
    # Also where the first-level cache is off.
    size = max(repository.cache_size, REMEMBERED)
    last = LastAnswers(size, repository.grace)
    if isinstance(cache, PushedCache):
        cache.last = last
    return last


def _can_push(repository: Any) -> bool:
    try:
        from ..repositories.redis import RedisRepository
    except ImportError:
        return False
    return isinstance(repository, RedisRepository)


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


#: Of drivers whose package has another name than what is imported.
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
}


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
            setup.missing("repository", _PACKAGES.get(lacking, lacking))
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
            " under way may bring back a session that was ended, or take back"
            " what update() wrote"
        )
    if not ISubjectRepository.providedBy(repository):
        setup.warn(
            "the repository does not provide ISubjectRepository: the sessions"
            " of a user cannot be listed"
        )
