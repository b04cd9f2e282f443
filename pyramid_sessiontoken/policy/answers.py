"""Answers to requests that cannot be judged: 403, 429 and 503."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.httpexceptions import (
    HTTPForbidden,
    HTTPServiceUnavailable,
    HTTPTooManyRequests,
)

from .. import clock
from ..authenticators.state import Refusal
from ..errors import RepositoryUnavailable
from .observers import count_outage
from .rules import Rules

log = logging.getLogger("pyramid_sessiontoken")

#: Seconds after which a client may try again, if a backend cannot be asked.
RETRY_AFTER = "5"

#: A browser takes the type of an answer as it is told.
NO_SNIFF = ("X-Content-Type-Options", "nosniff")

TLS_REQUIRED = (
    "the request came over plain HTTP: behind a proxy that speaks TLS, let it"
    " send X-Forwarded-Proto and the server trust it (waitress:"
    " trusted_proxy); for development, sessiontoken.require_tls = false"
)

#: A refusal over plain HTTP is a warning once in so many seconds.
SECONDS_BETWEEN_WARNINGS = 60

#: Where the registry keeps when that was.
_WARNED = "pyramid_sessiontoken.warned_of_tls"

#: The errors of a :class:`.policy.state.Judged` that are answers for the
#: client: it tried too often, or a backend cannot be asked.
ANSWERS = (HTTPServiceUnavailable, HTTPTooManyRequests)


def is_refused_for_tls(request: Any, rules: Rules) -> bool:
    """Tell whether a request is refused because it came over plain HTTP."""
    scheme = request.environ.get("wsgi.url_scheme")
    return rules.require_tls and scheme not in ("https", "wss")


def require_tls(request: Any, rules: Rules) -> None:
    """Refuse to begin a session over plain HTTP.

    :raises HTTPForbidden: where ``sessiontoken.require_tls`` says so.
    """
    if is_refused_for_tls(request, rules):
        log_refused_for_tls(request)
        raise HTTPForbidden(TLS_REQUIRED)


def log_refused_for_tls(request: Any) -> Refusal:
    """Warn, at most once a minute: a proxy that does not pass the scheme on
    refuses every request, and each would say so.
    """
    registry = request.registry
    now = clock.now(registry)
    last = registry.get(_WARNED)
    # A clock that was put back does not silence it.
    is_due = last is None or not 0 <= now - last < SECONDS_BETWEEN_WARNINGS
    if is_due:
        registry[_WARNED] = now
    refusal = Refusal("sessiontoken", TLS_REQUIRED, code="tls_required")
    log.log(logging.WARNING if is_due else logging.INFO, "%s", refusal)
    return refusal


@contextmanager
def repository_or_503(request: Any = None) -> Iterator[None]:
    """Turn an outage of the repository into an answer.

    :param request: in which the outage is counted.
    :raises HTTPServiceUnavailable: instead of ``RepositoryUnavailable``.
    """
    try:
        yield
    except RepositoryUnavailable as error:
        log.error("answered 503, because a backend failed: %s", error)
        if request is not None:
            count_outage(request.registry, error)
        raise unavailable() from error


def too_many(refusal: Refusal) -> HTTPTooManyRequests | None:
    """Give the answer to a client that tried too often; ``None`` for any other
    refusal.
    """
    if refusal.retry_after is None:
        return None
    return HTTPTooManyRequests(
        "Too many attempts failed.",
        headers=[("Retry-After", str(refusal.retry_after)), NO_SNIFF],
    )


def unavailable() -> HTTPServiceUnavailable:
    return HTTPServiceUnavailable(
        "The sessions cannot be asked just now.",
        headers=[("Retry-After", RETRY_AFTER), NO_SNIFF],
    )
