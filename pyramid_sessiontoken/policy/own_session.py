"""The session of a user who acts for another one: it ends with the session in
which that user acts, or comes back after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..authenticators.certificate_binding import require_certificate
from ..authenticators.names import COOKIE, SESSION
from ..errors import InvalidCredential
from ..identity.identity import identity_of
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..sessions.shown import ShownToken
from .answers import repository_or_503
from .carriers import CookieCarrier
from .ending import Ending, tell
from .state import PolicyState


class Behind(NamedTuple):
    """The sessions behind those that end.

    :ivar endings: those whose tickets are at hand.
    :ivar unseen: the users and the marks of the others.
    """

    endings: list[Ending]
    unseen: list[tuple[Userid, str]]


def tickets_acting(
    request: Any,
    state: PolicyState,
    endings: Iterable[Ending | None],
    *names: str,
) -> list[Ticket]:
    """Give the tickets of the sessions in which somebody acts: of those that
    end, and of those that expired.

    :param names: of the authenticators whose tokens count if they expired.
    """
    tickets = [ending.ticket for ending in endings if ending is not None]
    for name in names:
        if name == COOKIE and state.rules.chain.is_cross_site(request):
            continue
        refusal = state.refusal(name)
        if refusal is not None and refusal.ticket is not None:
            tickets.append(refusal.ticket)
    return [ticket for ticket in tickets if ticket.actor is not None]


def find_own(
    request: Any, state: PolicyState, ticket: Ticket
) -> ShownToken | None:
    """Give the session that began the one in which its user acts, from the
    cookie that was put aside; ``None`` if that is not accepted any more.

    :param ticket: of the session in which the user acts.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    cookie, impersonation = state.rules.cookie, state.rules.impersonation
    if cookie is None or impersonation is None:
        return None
    for own in _accepted(request, cookie, cookie.texts_shown(request)):
        # Another user's cookie may stand there: any page of the domain can
        # set one.
        if impersonation.digest(own.ticket.sid) == ticket.began.get("actor"):
            return own
    return None


def endings_aside(request: Any, state: PolicyState) -> list[Ending]:
    """Decide to end the sessions of the cookie that was put aside. It is for
    requests that show no session in which its user acts: that one was ended
    before, say with all sessions of the other user.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    cookie = state.rules.cookie
    if (
        cookie is None
        or state.rules.impersonation is None
        or state.rules.chain.is_cross_site(request)
    ):
        return []
    texts = cookie.texts_aside(request)
    return [
        Ending(own.identity, own.ticket, own.reference)
        for own in _accepted(request, cookie, texts)
    ]


def _accepted(
    request: Any, cookie: CookieCarrier, texts: Iterable[str]
) -> Iterator[ShownToken]:
    """Give the sessions of those texts that are accepted as a cookie."""
    for text in texts:
        try:
            with repository_or_503(request):
                own = cookie.sessions.redeem(text)
            thumbprint = own.ticket.thumbprint
            if thumbprint is not None:
                require_certificate(request, thumbprint)
        except InvalidCredential:
            continue
        yield own


def behind(
    request: Any, state: PolicyState, tickets: Iterable[Ticket]
) -> Behind:
    """Decide to end the sessions of the users who act in some sessions.

    :param tickets: of the sessions in which they act.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    found = Behind([], [])
    for ticket in tickets:
        shown = find_own(request, state, ticket)
        if shown is not None:
            found.endings.append(
                Ending(shown.identity, shown.ticket, shown.reference)
            )
            continue
        userid: Userid = ticket.actor  # type: ignore[assignment]
        key = str(ticket.began.get("actor", ""))
        own = _stored(request, state, key, userid)
        if own is not None:
            name = COOKIE if own.carrier == COOKIE else SESSION
            found.endings.append(Ending(identity_of(own, name), own, None))
        elif key:
            found.unseen.append((userid, key))
    return found


def _stored(
    request: Any, state: PolicyState, key: str, userid: Userid
) -> Ticket | None:
    stored = state.rules.stored
    if stored is None:
        return None
    with repository_or_503(request):
        return stored.find_marked(key, userid)


def end_unseen(
    request: Any,
    state: PolicyState,
    found: Behind,
    reason: str,
    actor: Userid | None = None,
) -> None:
    """End sessions of which no ticket is at hand, as far as the server can,
    and notify subscribers.

    :param actor: who does it; ``None`` for the user of each session.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    stored = state.rules.stored
    for userid, key in found.unseen:
        if stored is not None and stored.revocations is not None:
            with repository_or_503(request):
                stored.revocations.end_marked(key)
        who = userid if actor is None else actor
        tell(request, reason, userid=userid, actor=who)
