"""Sign-out."""

from __future__ import annotations

from typing import Any

from ..authenticators.names import COOKIE, SESSION
from ..authenticators.state import Refusal
from ..cookies.jar import Headers
from ..events import SIGNED_OUT
from ..identity.identity import Identity
from .answers import repository_or_503
from .begun import forget_cookie
from .ending import (
    Ending,
    end,
    ending_of,
    ending_of_expired,
    endings_beside,
    tell_signed_out,
)
from .own_session import (
    behind,
    end_unseen,
    endings_aside,
    find_own,
    tickets_acting,
)
from .state import PolicyState


def endings_of_cookie(request: Any, state: PolicyState) -> list[Ending | None]:
    """Decide to end the sessions of the cookie, or the session that this
    request began before.
    """
    if state.rules.cookie is None or state.decided:
        return [ending_of(state, state.signed_in)]
    # The chain refuses a cookie that another site made the browser send.
    with repository_or_503(request):
        answer = state.rules.chain.ask(request, state, COOKIE)
    counts = (
        ending_of_expired(request, state, answer)
        if isinstance(answer, Refusal)
        else ending_of(state, answer)
    )
    return [counts, *endings_beside(request, state)]


def acting_in_header(request: Any, state: PolicyState) -> Ending | None:
    """Decide to end the session in the header, if somebody acts in it."""
    names = state.rules.names_for(request)
    if state.rules.impersonation is None or SESSION not in names:
        return None
    with repository_or_503(request):
        answer = state.rules.chain.ask(request, state, SESSION)
    if not isinstance(answer, Identity):
        return None
    ticket = answer.ticket
    is_acting = ticket is not None and ticket.actor is not None
    return ending_of(state, answer) if is_acting else None


def forget(request: Any, state: PolicyState) -> Headers:
    """End the sessions of all genuine cookies that were shown, and one in the
    header in which somebody acts; give the headers that delete the cookie.
    Where a user acts for another one, give those that bring the own cookie
    back, if it is still accepted.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    cookie = state.rules.cookie
    endings = endings_of_cookie(request, state)
    acting = tickets_acting(request, state, endings, COOKIE)
    own = find_own(request, state, acting[0]) if acting else None
    if not acting:
        endings += endings_aside(request, state)
    ended = end(request, state, *endings, acting_in_header(request, state))
    forget_cookie(state)
    if cookie is None or own is None:
        state.sign_in(None)
        headers = [] if cookie is None else cookie.delete_headers(request)
    else:
        issued = cookie.sessions.unchanged(own.ticket, own.text)
        headers = cookie.bring_back(request, issued)
        state.bring_back(own.identity, headers)
    tell_signed_out(request, ended)
    return headers


def sign_out(request: Any, state: PolicyState, *more: Ending | None) -> None:
    """End some sessions, those of all genuine cookies that were shown, and
    those of the users who act in them. No cookie comes back.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    cookie, endings = state.rules.cookie, [*more]
    in_cookie = cookie is not None and cookie.is_shown(request)
    if in_cookie:
        endings += endings_of_cookie(request, state)
    acting = tickets_acting(request, state, endings, SESSION, COOKIE)
    own = behind(request, state, acting)
    if in_cookie and not acting:
        endings += endings_aside(request, state)
    ended = end(request, state, *endings, *own.endings)
    if in_cookie:
        state.sign_in(None)
        forget_cookie(state)
    tell_signed_out(request, ended)
    end_unseen(request, state, own, SIGNED_OUT)
