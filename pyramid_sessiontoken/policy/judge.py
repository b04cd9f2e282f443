"""From the credentials of a request to its user."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from .. import clock
from ..authenticators.state import Refusal, Status
from ..errors import ClaimsError, InvalidCredential, RepositoryUnavailable
from ..events import CredentialRefused, CredentialThrottled
from ..identity.identity import Identity
from ..interfaces import IUserLoader
from .answers import (
    is_refused_for_tls,
    log_refused_for_tls,
    too_many,
    unavailable,
)
from .combine import combine, distribute, is_agreed
from .observers import count_outage, is_heard, notify
from .state import Judged, PolicyState
from .transformer import is_transformed, transform

log = logging.getLogger("pyramid_sessiontoken")

_NOTHING_SHOWN = Judged()

#: From this status on, ``remember`` or ``forget`` decided who the user is.
_DECIDED = Status.SET

_ANOTHER_USER = "another credential names another user"


#: A sign-in was just now for so many seconds.
JUST_NOW = 60


def judge(request: Any, state: PolicyState, names: tuple[str, ...]) -> Judged:
    """Judge what a request shows to some authenticators.

    It raises nothing: an error is part of the answer.
    """
    rules = state.rules
    if is_refused_for_tls(request, rules):
        return Judged(refusal=log_refused_for_tls(request))
    found: Identity | Refusal | None
    try:
        if state.status >= _DECIDED:
            found = state.signed_in
        elif rules.combine:
            found = _combine_all(request, state, names)
        else:
            found = rules.chain.first(request, state, names)
            if (
                type(found) is Identity
                and found.ticket is None
                and is_transformed(request, found)
            ):
                found = _transform_credential(request, state, found)
        if found is None:
            return _NOTHING_SHOWN
        if isinstance(found, Refusal):
            return Judged(refusal=found, error=too_many(found))
        load = request.registry.utilities.lookup((), IUserLoader)
        user = found if load is None else load(found, request)
        if user is None:
            return _barred(request, state, found)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s vouches for %r", found.authenticator, found.userid)
        return Judged(found, user)
    except Exception as error:  # noqa: BLE001
        return _failed(request, state, error)


def _failed(request: Any, state: PolicyState, error: Exception) -> Judged:
    """Keep an error as the answer. It is raised where it can be answered."""
    if isinstance(error, RepositoryUnavailable):
        log.error("the user is not known, because a backend failed: %s", error)
        count_outage(request.registry, error, _who_asked(state, error))
        return Judged(
            refusal=Refusal("repository", str(error), code=error.code),
            error=unavailable(),
        )
    if isinstance(error, ClaimsError):
        log.error("the application gives what no token carries: %s", error)
    # Code of the application failed: an authenticator, the transformer or the
    # user loader.
    name = type(error).__name__
    return Judged(
        refusal=Refusal("application", name, code="application_error"),
        error=error,
    )


def _who_asked(state: PolicyState, error: Exception) -> str | None:
    """Name the authenticator that failed; ``None`` if another part did."""
    for name, answer in state.answers.items():
        if answer is error:
            return name
    return None


def _barred(request: Any, state: PolicyState, found: Identity) -> Judged:
    """Refuse a user whom the user loader of the application does not give."""
    _warn_of_loop(request, found)
    reason = "the user loader gave None: the user is gone or barred"
    return Judged(
        refusal=state.refuse(
            found.authenticator,
            reason,
            code="user_gone",
            about=found,
            environ=request.environ,
        )
    )


def user_of(request: Any, identity: Identity) -> Any:
    """Give what ``request.identity`` gives for an identity; ``None`` for a
    user who is gone or barred.
    """
    load = request.registry.queryUtility(IUserLoader)
    return identity if load is None else load(identity, request)


def is_barred(request: Any, identity: Identity) -> bool:
    """Tell whether the user loader gives ``None`` for a user."""
    return user_of(request, identity) is None


def _warn_of_loop(request: Any, found: Identity) -> None:
    """Warn where a user who signed in just now is barred at once: the
    application would sign the user in again and again.
    """
    if found.ticket is None:
        return
    seconds = clock.now(request.registry) - found.ticket.auth_time
    if seconds < JUST_NOW:
        log.warning(
            "%r signed in %d s ago, and sessiontoken.user_loader knows no such"
            " user, so the request is anonymous; let the sign-in refuse users"
            " whom the user loader bars",
            found.userid,
            max(0, seconds),
        )


def _combine_all(
    request: Any, state: PolicyState, names: tuple[str, ...]
) -> Identity | Refusal | None:
    """Make one identity of all that vouch; ``None`` if none names a user.

    The transformer runs once, over all credentials together, and never over
    the claims of a session. An example: a session says ``alice`` with
    ``{"roles": ["user"]}``, an API key says ``{"plan": "gold"}`` and names no
    user. The transformer is given alice with ``{"plan": "gold"}``. If it adds
    ``{"limit": 9}``, :func:`.combine.distribute` gives this claim to the API
    key, and the request is alice with roles, plan and limit.
    """
    found = state.rules.chain.every(request, state, names)
    if isinstance(found, Refusal):
        return found
    if not is_agreed(found):
        return _refuse_all(request, state, found)
    whole = combine(found)
    credentials = [i for i in found if is_transformed(request, i)]
    if whole.userid is None:
        return None
    if not credentials:
        return whole
    before = replace(combine(credentials), userid=whole.userid)
    after = _transform_credential(request, state, before)
    if isinstance(after, Refusal) or len(credentials) == len(found):
        return after
    found = distribute(found, before, after, credentials)
    if not is_agreed(found):
        return _refuse_all(request, state, found)
    return replace(combine(found), authenticator=whole.authenticator)


def _refuse_all(
    request: Any, state: PolicyState, found: list[Identity]
) -> Refusal:
    refusals = [
        state.refuse(
            i.authenticator,
            _ANOTHER_USER,
            code="another_user",
            about=i,
            environ=request.environ,
        )
        for i in found
        if i.userid is not None
    ]
    return refusals[0]


def _transform_credential(
    request: Any, state: PolicyState, identity: Identity
) -> Identity | Refusal:
    try:
        return transform(request, identity)
    except InvalidCredential as error:
        return state.refuse(
            identity.authenticator,
            str(error),
            code=error.code,
            about=identity,
            environ=request.environ,
        )


def notify_refusals(request: Any, state: PolicyState) -> None:
    """Notify subscribers of refusals, when the request is judged: they may ask
    who the user is.
    """
    if not is_heard(request.registry):
        state.untold = ()
    while state.untold:
        first, *rest = state.untold
        state.untold = tuple(rest)
        event = first
        if isinstance(first, Refusal):
            event = _event_of(request, first)
        notify(request.registry, event)


def _event_of(
    request: Any, refusal: Refusal
) -> CredentialRefused | CredentialThrottled:
    name, reason, retry_after, _, code, ticket = refusal
    if retry_after is not None:
        return CredentialThrottled(request, name, retry_after)
    return CredentialRefused(request, name, reason, code, ticket)
