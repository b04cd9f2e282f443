"""A sign-in and ``sessions.limit``: what it ends, or that it is refused."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from ..authenticators.log_line import log_line
from ..authenticators.state import Refusal
from ..errors import RepositoryUnavailable, SessionLimitReached
from ..events import EVICTED, CredentialRefused, SessionEnded
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from .answers import repository_or_503
from .begun import remove
from .ending import ended
from .observers import is_heard, notify, request_told
from .state import Begun, PolicyState

log = logging.getLogger("pyramid_sessiontoken")


def tell_limit(
    request: Any,
    state: PolicyState,
    identity: Identity,
    error: SessionLimitReached,
) -> None:
    """Tell the log and the subscribers that a sign-in is refused because the
    user has too many sessions.
    """
    name, reason = identity.authenticator, str(error)
    refusal = Refusal(name, reason, code=error.code)
    address = state.address_of(request.environ)
    log.info("%s", log_line(refusal, error.code, identity, address))
    if is_heard(request.registry):
        told = request_told(request)
        event = CredentialRefused(told, name, reason, error.code)
        notify(request.registry, event)


def keep_to_limit(
    request: Any,
    state: PolicyState,
    begun: Begun,
    replaced: Collection[str] = (),
) -> list[Ticket]:
    """End the sessions of a user that are too many after a sign-in; give a
    ticket of each, for :func:`evicted`.

    :param replaced: the ``sid`` of each session that ended with it.
    :raises HTTPServiceUnavailable: where the repository cannot be asked. The
        session that began is removed, as far as that is possible.
    """
    limit, ticket = begun.sessions.limit, begun.issued.ticket
    tickets: list[Ticket] = []
    if limit is None or ticket.actor is not None:
        return tickets
    with repository_or_503(request):
        try:
            for each in limit.end_excess(ticket, replaced):
                tickets.append(each)  # noqa: PERF402
        except RepositoryUnavailable:
            remove(request, state, begun)
            notify(request.registry, *evicted(request, tickets))
            raise
    return tickets


def evicted(request: Any, tickets: list[Ticket]) -> list[SessionEnded]:
    """Make the events of what :func:`keep_to_limit` gave; none if no
    subscriber needs them.
    """
    if not is_heard(request.registry):
        return []
    return [ended(request, EVICTED, ticket=ticket) for ticket in tickets]
