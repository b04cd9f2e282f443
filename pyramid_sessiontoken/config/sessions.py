"""From settings to what keeps sessions: repository, store, revocation."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from ..interfaces import (
    IRenewingRepository,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from ..repositories.memory import MemoryRepository
from ..sessions.cache import FirstLevelCache
from ..sessions.records import RecordNames
from ..sessions.revocation import Revocations
from ..sessions.seal import Seal
from ..sessions.store import RepositorySessionStore
from ..sessions.stored import StoredSessions
from .kinds import Named
from .parts import Parts
from .settings import PREFIX, REGISTERED

log = logging.getLogger("pyramid_sessiontoken")


def keep_sessions(parts: Parts) -> StoredSessions | None:
    """Make what keeps sessions; ``None`` where nothing is configured."""
    registry = parts.registry
    settings = parts.settings
    explicit = registry.queryUtility(ITokenRepository) is not None
    stores = (
        settings.session_store is not None
        or registry.queryUtility(ISessionStore) is not None
    )
    if not explicit and settings.repository is None and not stores:
        return None
    _register_repository(parts)
    cache = FirstLevelCache(
        settings.repository_cache_size, settings.repository_cache_ttl
    )
    application = (settings.token_issuer, settings.token_audience)
    seal = Seal(parts.ring, "store", *application)
    names = RecordNames(*application)
    revocations = None
    has_repository = explicit or settings.repository is not None
    if has_repository and settings.revocation is not False:
        revocations = Revocations(
            registry, names, cache, settings.expiry_clock_skew
        )
    parts.register_named(ISessionStore, "session_store")
    store = None
    if registry.queryUtility(ISessionStore) is None:
        store = RepositorySessionStore(registry, seal, names, cache)
        registry.registerUtility(store, ISessionStore)
    return StoredSessions(registry, store, revocations)


def _register_repository(parts: Parts) -> None:
    named = parts.settings.repository
    made: Any = None
    if isinstance(named, Named):
        options = parts.settings.options.get("repository", {})
        made = parts.make(named, ITokenRepository, options, "repository")
    elif named not in (None, REGISTERED):
        made = _make_shipped(parts, str(named))
    if made is not None:
        parts.register(ITokenRepository, made, "repository")
    there = parts.registry.queryUtility(ITokenRepository)
    if there is not None:
        _warn_of_lacks(there)


def _make_shipped(parts: Parts, name: str) -> Any:
    """Make one of the library's own; drivers are imported only now."""
    settings = parts.settings
    url = settings.repository_url or ""
    if not url and name != "memory":
        return None  # Already a fault.
    try:
        if name == "memory":
            if has_several_workers():
                log.warning(
                    "%srepository = memory: each worker keeps its own"
                    " sessions, and knows nothing of the others'",
                    PREFIX,
                )
            return MemoryRepository(parts.clock)
        if name == "sqlalchemy":
            from ..repositories.sqlalchemy import SQLAlchemyRepository

            return SQLAlchemyRepository(
                url,
                parts.clock,
                table=settings.repository_table,
                timeout=settings.repository_timeout,
                pool_size=settings.repository_pool_size,
            )
        from ..repositories.redis import RedisRepository

        return RedisRepository(
            url,
            parts.clock,
            prefix=settings.repository_prefix,
            timeout=settings.repository_timeout,
            pool_size=settings.repository_pool_size,
        )
    except ImportError as error:
        lacking = (error.name or name).partition(".")[0]
        if lacking == name:
            lacking = f"'pyramid_sessiontoken[{name}]'"
        parts.fault(
            "repository", f"it needs more packages: pip install {lacking}"
        )
    except ValueError as error:
        parts.fault("repository.url", str(error))
    return None


def has_several_workers() -> bool:
    """Guess whether other processes serve the same application."""
    several = os.environ.get("WEB_CONCURRENCY", "") not in ("", "0", "1")
    return several or "gunicorn" in sys.modules or "uwsgi" in sys.modules


def _warn_of_lacks(repository: Any) -> None:
    if not IRenewingRepository.providedBy(repository):
        log.warning(
            "the repository does not provide IRenewingRepository: a renewal"
            " under way may bring back a session that was ended"
        )
    if not ISubjectRepository.providedBy(repository):
        log.warning(
            "the repository does not provide ISubjectRepository: the sessions"
            " of a user cannot be listed"
        )
