"""Tell what happened: first the audit log and the metrics, then subscribers.

A subscriber may raise. What it raises reaches the application, and the audit
log has its line already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import RepositoryUnavailable
from ..sessions.records import OUTAGES

#: Where the registry keeps what is told before subscribers are: a tuple of
#: callables that take an event. No key where there is none.
OBSERVERS = "pyramid_sessiontoken.observers"

#: Stands in the environ of the request that a command makes.
COMMAND = "pyramid_sessiontoken.command"

Observer = Callable[[Any], None]


def is_heard(registry: Any) -> bool:
    """Tell whether an event reaches anybody: else none need be made."""
    return registry.has_listeners or OBSERVERS in registry


def request_told(request: Any) -> Any:
    """Give the request that an event tells of; ``None`` for a command's."""
    if request is None or COMMAND in request.environ:
        return None
    return request


def notify(registry: Any, *events: Any) -> None:
    """Tell of events, when all that they tell of is written."""
    for observe in registry.get(OBSERVERS, ()):
        for event in events:
            observe(event)
    for event in events:
        registry.notify(event)


def count_outage(
    registry: Any,
    error: RepositoryUnavailable,
    authenticator: str | None = None,
) -> None:
    """Count a backend that could not be asked, where metrics are on.

    :param authenticator: which asked, where that is known.
    """
    count = registry.get(OUTAGES)
    if count is not None:
        count(error.code, authenticator)
