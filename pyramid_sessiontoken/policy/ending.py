"""End sessions before their time: first decide, then do it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock
from ..authenticators.state import Refusal
from ..errors import REASON_EXPIRED
from ..events import SessionEnded
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import EXPIRED
from .answers import repository_or_503
from .state import PolicyState


class Ending(NamedTuple):
    """A session that is to end.

    :ivar identity: the user of the session.
    :ivar reference: the reference that was shown; ``None`` if a self-contained
        token was shown, or none.
    """

    identity: Identity
    ticket: Ticket
    reference: str | None


def ending_of(state: PolicyState, identity: Identity | None) -> Ending | None:
    """Decide to end the session from which an identity comes; ``None`` if it
    does not come from one.
    """
    if identity is None or identity.ticket is None:
        return None
    shown = state.token_of(identity)
    reference = None if shown is None else shown.reference
    return Ending(identity, identity.ticket, reference)


def ending_of_expired(
    request: Any, state: PolicyState, refusal: Refusal
) -> Ending | None:
    """Decide to end the session of a token that was good and has expired:
    later tokens of the session may still be accepted. ``None`` if the refusal
    is another one, or if the server cannot end the session.
    """
    stored, ticket = state.rules.stored, refusal.ticket
    if stored is None or ticket is None or not stored.ends_by_sid:
        return None
    # The authenticator did not check whether an expired token came with its
    # certificate, or whether another site made the browser send it.
    is_cross_site = state.rules.chain.is_cross_site
    if ticket.thumbprint is not None or is_cross_site(request):
        return None
    if ticket.session_end <= clock.now(request.registry):
        return None
    name = refusal.authenticator
    user = Identity(ticket.userid, ticket.claims, name, ticket)
    return Ending(user, ticket, None)


def endings_beside(request: Any, state: PolicyState) -> list[Ending]:
    """Decide to end the sessions of the other genuine cookies of the same
    name.
    """
    if not state.beside or state.rules.chain.is_cross_site(request):
        return []
    endings = []
    for name, ticket, reference, _, verdict in state.beside:
        if verdict is EXPIRED:
            refusal = Refusal(name, REASON_EXPIRED, ticket=ticket)
            ending = ending_of_expired(request, state, refusal)
        else:
            user = Identity(ticket.userid, ticket.claims, name, ticket)
            ending = Ending(user, ticket, reference)
        if ending is not None:
            endings.append(ending)
    return endings


def can_end(state: PolicyState, ending: Ending) -> bool:
    """Tell whether the token that was shown will be refused after the session
    was ended.
    """
    stored = state.rules.stored
    return stored is not None and stored.can_end(ending.reference)


def end(request: Any, state: PolicyState, *endings: Ending | None) -> None:
    """End sessions, as far as the server can, and notify subscribers of each
    session once.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    told: dict[str, Ending] = {}
    for ending in filter(None, endings):
        _, ticket, reference = ending
        first = told.setdefault(ticket.sid, ending)
        stored = state.rules.stored
        if (
            stored is not None
            and (first is ending or first.reference != reference)
            and (stored.finds_by_sid or stored.can_end(reference))
        ):
            with repository_or_503():
                stored.end(ticket.sid, reference, ticket)
    for identity, ticket, _ in told.values():
        request.registry.notify(SessionEnded(request, identity, ticket))
