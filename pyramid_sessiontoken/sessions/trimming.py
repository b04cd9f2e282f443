"""Each sign-in removes a few records that expired long ago."""

from __future__ import annotations

import logging
from typing import Any

from .. import clock
from ..clock import moment
from ..errors import RepositoryUnavailable
from ..interfaces import (
    ITokenRepository,
    ITrimmingOnceRepository,
    ITrimmingRepository,
    TokenItem,
)
from .records import find_repository

log = logging.getLogger("pyramid_sessiontoken")

#: How long ago they expired at least, in seconds. The clock of another node
#: may be behind.
LONG_AGO = 24 * 3600

#: A failure is a warning once in so many seconds.
SECONDS_BETWEEN_WARNINGS = 60


class Trimming:
    """Removes them, where the repository can do it without waiting.

    :param registry: where repository and clock are looked up.
    """

    def __init__(self, registry: Any) -> None:
        self._registry = registry
        self._warned: int | None = None

    def __call__(self) -> None:
        """Remove a few. A failure is told in the log, and nowhere else."""
        repository = self._registry.queryUtility(ITokenRepository)
        if not ITrimmingRepository.providedBy(repository):
            return
        now = clock.now(self._registry)
        try:
            find_repository(self._registry).trim(moment(now - LONG_AGO))
        # The session has begun, whatever fails here.
        except Exception as error:  # noqa: BLE001
            self._tell(error, now)

    def keep(self, item: TokenItem) -> None:
        """Keep the record of a sign-in, and remove a few: in one transaction,
        where the repository can do both at once.
        """
        repository = find_repository(self._registry)
        if ITrimmingOnceRepository.providedBy(repository):
            now = clock.now(self._registry)
            try:
                repository.keep_and_trim(item, moment(now - LONG_AGO))
            # The record may be there, and another request may have ended the
            # session already. To write the record again would undo that.
            except RepositoryUnavailable:
                raise
            # To remove the others may be what failed.
            except Exception as error:  # noqa: BLE001
                repository.add_or_update(item)
                self._tell(error, now)
            return
        repository.add_or_update(item)
        self()

    def _tell(self, error: Exception, now: int) -> None:
        last = self._warned
        # A clock that was put back does not silence it.
        is_due = last is None or not 0 <= now - last < SECONDS_BETWEEN_WARNINGS
        if is_due:
            self._warned = now
        log.log(
            logging.WARNING if is_due else logging.INFO,
            "a sign-in removed no expired records: %s; psessiontoken purge"
            " removes them, and sessiontoken.repository.purge = off stops"
            " sign-ins from trying",
            error,
        )
