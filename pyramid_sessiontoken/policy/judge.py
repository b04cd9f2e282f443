"""From the credentials of a request to its user."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from .. import clock
from ..authenticators.state import Refusal
from ..errors import ClaimsError, InvalidCredential, RepositoryUnavailable
from ..events import CredentialRefused
from ..identity.identity import Identity
from ..interfaces import IUserLoader
from .answers import (
    is_refused_for_tls,
    log_refused_for_tls,
    too_many,
    unavailable,
)
from .combine import combine, distribute, is_agreed
from .state import Judged, PolicyState
from .transformer import transform

log = logging.getLogger("pyramid_sessiontoken")

_NOTHING_SHOWN = Judged()

_ANOTHER_USER = "another credential names another user"


#: A sign-in was just now for so many seconds.
JUST_NOW = 60


def judge(request: Any, state: PolicyState, names: tuple[str, ...]) -> Judged:
    """Judge what a request shows to some authenticators.

    It raises nothing: an error is part of the answer.
    """
    if is_refused_for_tls(request, state.rules):
        return Judged(refusal=log_refused_for_tls(request))
    found: Identity | Refusal | None
    try:
        if state.decided:
            found = state.signed_in
        elif state.rules.combine:
            found = _combine_all(request, state, names)
        else:
            found = state.rules.chain.first(request, state, names)
            if isinstance(found, Identity) and found.ticket is None:
                found = _transform_credential(request, state, found)
        if found is None:
            return _NOTHING_SHOWN
        return _load_user(request, state, found)
    except RepositoryUnavailable as error:
        log.error("the user is not known, because a backend failed: %s", error)
        return Judged(
            refusal=Refusal("repository", str(error)), error=unavailable()
        )
    except Exception as error:  # noqa: BLE001
        if isinstance(error, ClaimsError):
            log.error("the application gives what no token carries: %s", error)
        # Code of the application failed: an authenticator, the transformer
        # or the user loader. The error is raised where it can be answered.
        return Judged(
            refusal=Refusal("application", type(error).__name__), error=error
        )


def _load_user(
    request: Any, state: PolicyState, found: Identity | Refusal
) -> Judged:
    """Ask the user loader of the application for the user."""
    if isinstance(found, Refusal):
        return Judged(refusal=found, error=too_many(found))
    user = _user_of(request, found)
    if user is None:
        _warn_of_loop(request, found)
        reason = "the user loader gave None: the user is gone or barred"
        return Judged(refusal=state.refuse(found.authenticator, reason))
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s vouches for %r", found.authenticator, found.userid)
    return Judged(found, user)


def _user_of(request: Any, identity: Identity) -> Any:
    load = request.registry.utilities.lookup((), IUserLoader)
    return identity if load is None else load(identity, request)


def is_barred(request: Any, identity: Identity) -> bool:
    """Tell whether the user loader gives ``None`` for a user."""
    return _user_of(request, identity) is None


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
        return _refuse_all(state, found)
    whole = combine(found)
    credentials = [i for i in found if i.ticket is None]
    if whole.userid is None:
        return None
    if not credentials:
        return whole
    before = replace(combine(credentials), userid=whole.userid)
    after = _transform_credential(request, state, before)
    if isinstance(after, Refusal) or whole.ticket is None:
        return after
    found = distribute(found, before, after)
    if not is_agreed(found):
        return _refuse_all(state, found)
    return replace(combine(found), authenticator=whole.authenticator)


def _refuse_all(state: PolicyState, found: list[Identity]) -> Refusal:
    refusals = [
        state.refuse(i.authenticator, _ANOTHER_USER)
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
        return state.refuse(identity.authenticator, str(error))


def notify_refusals(request: Any, state: PolicyState) -> None:
    """Notify subscribers of refusals, when the request is judged: they may ask
    who the user is.
    """
    while state.untold:
        refusal, *rest = state.untold
        state.untold = tuple(rest)
        request.registry.notify(
            CredentialRefused(request, refusal.authenticator, refusal.reason)
        )
