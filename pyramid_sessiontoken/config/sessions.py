"""``session_store``, ``revocation`` and ``sessions.*``: sessions that the
server keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..interfaces import (
    IForgetfulRepository,
    ISessionStore,
    ITokenRepository,
)
from ..sessions.records import RecordNames
from ..sessions.revocation import Revocations
from ..sessions.seal import Seal
from ..sessions.store import RepositorySessionStore
from ..sessions.stored import StoredSessions
from .kinds import BOOL, DOTTED, Named
from .repository import RepositorySettings, make_cache, register_repository
from .row import PREFIX, Group, setting
from .setup import Setup


@dataclass(frozen=True, slots=True)
class SessionSettings(Group):
    """Sessions that the server keeps."""

    store: Named | None = setting(
        DOTTED,
        None,
        "An ISessionStore of your own.",
        key="session_store",
        factory=True,
    )
    revocation: bool | None = setting(
        BOOL,
        None,
        "Whether self-contained tokens can be ended early; without it, on"
        " where a repository is configured.",
        key="revocation",
    )
    device: bool = setting(
        BOOL,
        "true",
        "Keep user agent and address with a stored session, encrypted.",
    )

    def faults(
        self, forms: Iterable[str], *, has_repository: bool
    ) -> Iterator[str]:
        """Tell what needs a repository.

        :param forms: the keys that want tokens to be references.
        """
        if not has_repository and self.store is None:
            for key in forms:
                yield f"{key}: reference needs {PREFIX}repository"
        if self.revocation and not has_repository:
            yield f"{PREFIX}revocation: on needs {PREFIX}repository"


def keep_sessions(
    setup: Setup,
    sessions: SessionSettings,
    repository: RepositorySettings,
    application: tuple[str, str],
    skew: int,
) -> StoredSessions | None:
    """Make what keeps sessions; ``None`` where nothing is configured.

    :param application: issuer and audience; records are named and sealed for
        them.
    :param skew: ``expiry.clock_skew``.
    """
    registry = setup.registry
    has_repository = (
        repository.place is not None
        or registry.queryUtility(ITokenRepository) is not None
    )
    has_store = (
        sessions.store is not None
        or registry.queryUtility(ISessionStore) is not None
    )
    if not has_repository and not has_store:
        return None
    register_repository(setup, repository)
    cache = make_cache(repository)
    seal = Seal(setup.ring, "store", *application)
    names = RecordNames(*application)
    revocations = None
    if has_repository and sessions.revocation is not False:
        revocations = Revocations(registry, names, cache, skew)
        _warn_of_forgetting(setup)
    setup.register_named(ISessionStore, "session_store", sessions.store)
    store = None
    if registry.queryUtility(ISessionStore) is None:
        store = RepositorySessionStore(registry, seal, names, cache)
        registry.registerUtility(store, ISessionStore)
    return StoredSessions(registry, store, revocations)


def _warn_of_forgetting(setup: Setup) -> None:
    repository = setup.registry.queryUtility(ITokenRepository)
    if IForgetfulRepository.providedBy(repository):
        setup.warn(
            f"{PREFIX}repository: a restart forgets which sessions were ended,"
            " so it ends all sessions that began before it;"
            f" {PREFIX}revocation = off keeps self-contained ones"
        )
