"""End sessions before their time: first decide, then do it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock
from ..authenticators.names import COOKIE
from ..authenticators.state import Refusal
from ..errors import REASON_EXPIRED
from ..events import SIGNED_OUT, SessionEnded
from ..identity.identity import Identity, identity_of
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import EXPIRED
from .answers import repository_or_503
from .observers import is_heard, notify, request_told
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
    name = refusal.authenticator
    # The authenticator did not check whether an expired token came with its
    # certificate, or whether another site made the browser send it.
    if ticket.thumbprint is not None or (
        name == COOKIE and state.rules.chain.is_cross_site(request)
    ):
        return None
    if ticket.session_end <= clock.now(request.registry):
        return None
    return Ending(identity_of(ticket, name), ticket, None)


def endings_beside(request: Any, state: PolicyState) -> list[Ending]:
    """Decide to end the sessions of the other genuine cookies of the same
    name.
    """
    if not state.beside or state.rules.chain.is_cross_site(request):
        return []
    endings = []
    for identity, ticket, reference, _, verdict in state.beside:
        if verdict is EXPIRED:
            name = identity.authenticator
            refusal = Refusal(name, REASON_EXPIRED, ticket=ticket)
            ending = ending_of_expired(request, state, refusal)
        else:
            ending = Ending(identity, ticket, reference)
        if ending is not None:
            endings.append(ending)
    return endings


def can_end(state: PolicyState, ending: Ending) -> bool:
    """Tell whether the token that was shown will be refused after the session
    was ended.
    """
    stored = state.rules.stored
    return stored is not None and stored.can_end(ending.reference)


def end(
    request: Any, state: PolicyState, *endings: Ending | None
) -> list[Ending]:
    """End sessions, as far as the server can. Give each session once, for
    :func:`events_of`: subscribers are notified when all else is written.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    ended: dict[str, Ending] = {}
    for ending in filter(None, endings):
        _, ticket, reference = ending
        first = ended.setdefault(ticket.sid, ending)
        stored = state.rules.stored
        if (
            stored is not None
            and (first is ending or first.reference != reference)
            and (stored.finds_by_sid or stored.can_end(reference))
        ):
            with repository_or_503(request):
                stored.end(ticket.sid, reference, ticket)
    return [*ended.values()]


def who_acts(identity: Identity | None) -> Userid | None:
    """Name the user who does something: the user behind the session, where
    one user acts for another; ``None`` for an unknown user.
    """
    if identity is None:
        return None
    ticket = identity.ticket
    if ticket is not None and ticket.actor is not None:
        return ticket.actor
    return identity.userid


def events_of(
    request: Any, endings: list[Ending], reason: str, actor: Userid | None
) -> list[SessionEnded]:
    """Make the events of what :func:`end` gave; none if no subscriber needs
    them.
    """
    if not is_heard(request.registry):
        return []
    return [
        ended(
            request,
            reason,
            identity=identity,
            ticket=ticket,
            actor=actor,
            authenticator=identity.authenticator,
        )
        for identity, ticket, _ in endings
    ]


def tell_signed_out(request: Any, endings: list[Ending]) -> None:
    """Notify subscribers of a sign-out.

    :param endings: what :func:`end` gave; the first one is the session of the
        user who signs out.
    """
    if endings:
        actor = who_acts(endings[0].identity)
        events = events_of(request, endings, SIGNED_OUT, actor)
        notify(request.registry, *events)


def ended(  # noqa: PLR0913
    request: Any,
    reason: str,
    *,
    identity: Identity | None = None,
    ticket: Ticket | None = None,
    sid: str | None = None,
    userid: Userid | None = None,
    actor: Userid | None = None,
    authenticator: str | None = None,
) -> SessionEnded:
    """Make the event of a session that was ended. The ticket tells ``sid`` and
    ``userid``, where it is at hand.

    :param request: ``None`` on the command line.
    :param reason: one of :mod:`.events`.
    :param actor: see :func:`who_acts`; ``None`` where no user did it.
    """
    if ticket is not None:
        sid, userid = ticket.sid, ticket.userid
    return SessionEnded(
        request_told(request),
        identity,
        ticket,
        reason,
        sid,
        userid,
        actor,
        authenticator,
    )


def tell(request: Any, reason: str, **members: Any) -> None:
    """Notify subscribers of a session that was ended, once the repository has
    it and all else is written.

    :param members: as in :func:`ended`.
    """
    if is_heard(request.registry):
        notify(request.registry, ended(request, reason, **members))


def tell_when_judged(
    request: Any, state: PolicyState, reason: str, **members: Any
) -> None:
    """Do the same while a request is judged: subscribers are notified after
    that, since they may ask who the user is.

    :param members: as in :func:`ended`.
    """
    if is_heard(request.registry):
        state.untold += (ended(request, reason, **members),)
