"""``session_store``, ``revocation`` and ``sessions.*``: sessions that the
server keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ..interfaces import (
    IAddingRepository,
    IForgetfulRepository,
    IRenewingRepository,
    ISessionStore,
    ITokenRepository,
)
from ..repositories.memory import MemoryRepository
from ..sessions.cache import FirstLevelCache
from ..sessions.grace import NotingRevocations
from ..sessions.limits import (
    END_IDLEST,
    END_OLDEST,
    REFUSE,
    SessionLimit,
)
from ..sessions.records import RecordNames
from ..sessions.revocation import Revocations
from ..sessions.seal import Seal
from ..sessions.store import RepositorySessionStore
from ..sessions.stored import StoredSessions
from ..sessions.trimming import Trimming
from .access_token import AccessTokenSettings, keep_access_tokens
from .kinds import BOOL, DOTTED, Kind, Named, between, one_of
from .repository import (
    RepositorySettings,
    make_cache,
    make_last_answers,
    register_repository,
)
from .row import PREFIX, Group, setting
from .setup import Setup

#: More is no limit, but a typo.
MOST = 1_000_000

LIMIT = Kind(f"a number from 1 to {MOST}", between(1, MOST))


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
    strict: str = setting(
        one_of("never", "unsafe"),
        "never",
        "unsafe: a request that changes something asks the repository itself"
        " whether its session was ended, past the first-level cache.",
        key="revocation.strict",
    )
    device: bool = setting(
        BOOL,
        "true",
        "Keep user agent and address with a stored session, encrypted.",
    )
    limit: int | None = setting(
        LIMIT,
        None,
        "How many sessions a user has at the same time. Without it, any"
        " number.",
    )
    over_limit: str = setting(
        one_of(END_OLDEST, END_IDLEST, REFUSE),
        END_OLDEST,
        "What happens to one session too many: the one that began first ends,"
        " the one that was renewed least lately ends, or the sign-in is"
        " refused (403).",
    )

    def faults(
        self,
        forms: Iterable[str],
        *,
        has_repository: bool,
        uncounted: Iterable[str] = (),
        given: Collection[str] = (),
    ) -> Iterator[str]:
        """Tell what needs a repository, and what a limit needs.

        :param forms: the keys that want tokens to be references.
        :param uncounted: the keys that want tokens that are accepted to be
            self-contained.
        :param given: the keys to which the application gives a value.
        """
        if self.limit is not None:
            for key in uncounted:
                yield (
                    f"{self.row('limit')}: only stored sessions are counted,"
                    f" so it needs {key} = reference"
                )
        elif f"{self.group}.over_limit" in given:
            yield f"{self.row('over_limit')} needs {self.row('limit')}"
        if not has_repository and self.store is None:
            for key in forms:
                yield f"{key}: reference needs {PREFIX}repository"
        if self.revocation and not has_repository:
            yield f"{PREFIX}revocation: on needs {PREFIX}repository"


def keep_sessions(  # noqa: PLR0913, PLR0917
    setup: Setup,
    sessions: SessionSettings,
    repository: RepositorySettings,
    application: tuple[str, str],
    skew: int,
    access_token: AccessTokenSettings | None = None,
) -> StoredSessions | None:
    """Make what keeps sessions; ``None`` where nothing is configured.

    :param application: issuer and audience; records are named and sealed for
        them.
    :param skew: ``expiry.clock_skew``.
    :param access_token: ``None`` where access tokens are not accepted.
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
    register_repository(setup, repository)
    cache = make_cache(setup, repository)
    if not has_repository and not has_store:
        return None
    seal = Seal(setup.ring, "store", *application)
    names = RecordNames(*application)
    revocations = None
    if has_repository and sessions.revocation is not False:
        revocations = _make_revocations(setup, repository, names, cache, skew)
    elif repository.grace:
        setup.warn(
            f"{repository.row('grace')} is not used: the repository is not"
            " asked about self-contained tokens"
        )
    trim = Trimming(registry) if has_repository and repository.purge else None
    setup.register_named(ISessionStore, "session_store", sessions.store)
    store = None
    if registry.queryUtility(ISessionStore) is None:
        store = RepositorySessionStore(registry, seal, names, cache, trim)
        registry.registerUtility(store, ISessionStore)
    else:
        setup.warn(
            "an ISessionStore of your own is in use: a renewal at the same"
            " time may take back what request.sessiontoken.update() wrote"
        )
    stored = StoredSessions(registry, store, revocations, trim)
    if access_token is not None and revocations is not None:
        stored.access_tokens = keep_access_tokens(
            setup, access_token, names, cache, revocations, application
        )
    if sessions.limit is not None:
        stored.limit = SessionLimit(
            registry,
            names,
            stored,
            sessions.limit,
            sessions.over_limit,
            skew=skew,
        )
        _warn_of_limit(setup, stored)
    return stored


def _warn_of_limit(setup: Setup, stored: StoredSessions) -> None:
    """Warn of what a limit of sessions cannot promise."""
    if not stored.finds_by_sid:
        setup.warn(
            f"{PREFIX}sessions.limit: nobody can sign in: it needs the"
            " library's own ISessionStore, and a repository that provides"
            " ISubjectRepository"
        )
        return
    repository = setup.registry.queryUtility(ITokenRepository)
    lacking = [
        power.__name__
        for power in (IRenewingRepository, IAddingRepository)
        if not power.providedBy(repository)
    ]
    if lacking:
        setup.warn(
            f"{PREFIX}sessions.limit: the repository does not provide"
            f" {' and '.join(lacking)}: where a user signs in several times"
            " at once, more sessions may live, and others than the last ones"
        )


def _make_revocations(
    setup: Setup,
    repository: RepositorySettings,
    names: RecordNames,
    cache: FirstLevelCache,
    skew: int,
) -> Revocations:
    registry = setup.registry
    there = registry.queryUtility(ITokenRepository)
    if IForgetfulRepository.providedBy(there):
        setup.warn(
            f"{PREFIX}repository: a restart forgets which sessions were ended,"
            " so it ends all sessions that began before it;"
            f" {PREFIX}revocation = off keeps self-contained ones"
        )
    # The library's own, in the memory of this process, is never down.
    if not repository.grace or type(there) is MemoryRepository:
        return Revocations(registry, names, cache, skew)
    last = make_last_answers(repository, cache)
    return NotingRevocations(registry, names, cache, skew, last)
