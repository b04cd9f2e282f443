"""Where records stand in the repository: keys, subjects and times."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..errors import RepositoryUnavailable
from ..interfaces import ITokenRepository

#: Before the key of a ticket: the key of what says whose session it is.
OF = "of:"


#: How long a record outlives its ticket, seconds: the most that
#: ``expiry.clock_skew`` can be.
LINGER = 300


def record_key(reference: str) -> str:
    """Give the key of the record that a reference points to. The reference
    cannot be computed from it.
    """
    return sha256(reference.encode()).hexdigest()


def find_repository(registry: Any) -> Any:
    """Look the repository up: it may be swapped at any time.

    :raises RepositoryUnavailable: where none is registered.
    """
    repository = registry.queryUtility(ITokenRepository)
    if repository is None:
        raise RepositoryUnavailable("no ITokenRepository is registered")
    return repository


def subject_of_sid(sid: str) -> str:
    return "sid:" + sha256(sid.encode()).hexdigest()
