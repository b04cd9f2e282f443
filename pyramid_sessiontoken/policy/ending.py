"""Sessions that end before their time: decided first, done second."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock
from ..authenticators.state import Refusal
from ..events import SessionEnded
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from .answers import repository_or_503
from .state import PolicyState


class Ending(NamedTuple):
    """A session that is to end.

    :ivar identity: whose it is.
    :ivar reference: the one that was shown; ``None`` where the token that
        was shown is self-contained, or no token was.
    """

    identity: Identity
    ticket: Ticket
    reference: str | None


def ending_of(state: PolicyState, identity: Identity | None) -> Ending | None:
    """Decide to end the session that an identity comes from, if it comes
    from one.
    """
    if identity is None or identity.ticket is None:
        return None
    shown = state.token_of(identity)
    reference = None if shown is None else shown.reference
    return Ending(identity, identity.ticket, reference)


def ending_of_expired(
    request: Any, state: PolicyState, refusal: Refusal
) -> Ending | None:
    """Decide to end the session of a token that is genuine and has expired:
    later tokens of the session may still be accepted. ``None`` where there
    is no such session, or where the server could not end it.
    """
    stored, ticket = state.rules.stored, refusal.ticket
    if stored is None or ticket is None or not stored.ends_by_name:
        return None
    # An expired token was not checked for its certificate, or for another
    # site that made the browser send it; check now.
    if ticket.thumbprint is not None or state.rules.chain.is_cross_site(
        request
    ):
        return None
    if ticket.session_end <= clock.now(request.registry):
        return None
    name = refusal.authenticator
    whose = Identity(ticket.userid, ticket.claims, name, ticket)
    return Ending(whose, ticket, None)


def can_end(state: PolicyState, ending: Ending) -> bool:
    """Tell whether the token that was shown is refused once its session is
    ended.
    """
    stored = state.rules.stored
    return stored is not None and stored.can_end(ending.reference)


def end(request: Any, state: PolicyState, ending: Ending | None) -> None:
    """End a session, as far as the server keeps it, and tell subscribers.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    if ending is None:
        return
    identity, ticket, reference = ending
    stored = state.rules.stored
    if stored is not None and (
        stored.finds_by_name or stored.can_end(reference)
    ):
        with repository_or_503():
            stored.end(ticket.sid, reference, ticket)
    request.registry.notify(SessionEnded(request, identity, ticket))
