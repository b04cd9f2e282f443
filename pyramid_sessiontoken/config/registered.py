"""What an application registered itself, which the INI need not name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..interfaces import (
    IAuthenticator,
    IKeyRing,
    ISessionStore,
    ITokenRepository,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What was there when the settings were read.

    :ivar authenticators: their names.
    :ivar keys: whether there is a key ring.
    :ivar repository: whether there is a repository, or a session store.
    :ivar tokens: whether there is a repository.
    :ivar complete: whether no more can come; under an autocommitting
        configurator directives come after the settings are read.
    """

    authenticators: frozenset[str] = frozenset()
    keys: bool = False
    repository: bool = False
    tokens: bool = False
    complete: bool = True


def registered_in(registry: Any, *, complete: bool) -> Registered:
    utility = registry.queryUtility
    return Registered(
        frozenset(
            name for name, _ in registry.getUtilitiesFor(IAuthenticator)
        ),
        keys=utility(IKeyRing) is not None,
        repository=utility(ITokenRepository) is not None
        or utility(ISessionStore) is not None,
        tokens=utility(ITokenRepository) is not None,
        complete=complete,
    )
