"""From what a request shows to who it is."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

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
from .combine import combine, is_agreed, put_back
from .state import Judged, PolicyState
from .transformer import transform

log = logging.getLogger("pyramid_sessiontoken")


NOBODY = Judged()

_ANOTHER = "another credential names another user"


def judge(request: Any, state: PolicyState, names: tuple[str, ...]) -> Judged:
    """Judge what a request shows to some authenticators. Never raises: what
    goes wrong is part of the answer.
    """
    if is_refused_for_tls(request, state.rules):
        return Judged(refusal=log_refused_for_tls(request))
    found: Identity | Refusal | None
    try:
        if state.decided:
            found = state.signed_in
        elif state.rules.combine:
            found = _all_in_one(request, state, names)
        else:
            found = state.rules.chain.first(request, state, names)
            if isinstance(found, Identity) and found.ticket is None:
                found = _transform_credential(request, state, found)
        return NOBODY if found is None else _load(request, state, found)
    except RepositoryUnavailable as error:
        log.error("who the user is cannot be told: %s", error)
        return Judged(
            refusal=Refusal("repository", str(error)), error=unavailable()
        )
    except Exception as error:  # noqa: BLE001
        # The application's own code failed: an authenticator, a transformer,
        # a user loader. Whoever asks raises it where it can be answered.
        return Judged(
            refusal=Refusal("application", type(error).__name__), error=error
        )


def _load(
    request: Any, state: PolicyState, found: Identity | Refusal
) -> Judged:
    """Ask the user loader for the user of an identity."""
    if isinstance(found, Refusal):
        return Judged(refusal=found, error=too_many(found))
    load = request.registry.utilities.lookup((), IUserLoader)
    user = found if load is None else load(found, request)
    if user is None:
        reason = "the user is gone or barred"
        return Judged(refusal=state.refuse(found.authenticator, reason))
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s vouches for %r", found.authenticator, found.userid)
    return Judged(found, user)


def _all_in_one(
    request: Any, state: PolicyState, names: tuple[str, ...]
) -> Identity | Refusal | None:
    """Make one identity of what all say; ``None`` where none names a user.

    The transformer runs once, over all credentials together, and never over
    what a session says already. An example: a session says ``alice`` with
    ``{"roles": ["user"]}``, an API key says ``{"plan": "gold"}`` and names no
    user. The transformer is given alice with ``{"plan": "gold"}``. If it adds
    ``{"limit": 9}``, :func:`.combine.put_back` gives this claim to the API
    key, and the request is alice with roles, plan and limit.
    """
    found = state.rules.chain.every(request, state, names)
    if isinstance(found, Refusal):
        return found
    if not is_agreed(found):
        return _refuse_each_other(state, found)
    whole = combine(found)
    credentials = [i for i in found if i.ticket is None]
    if whole.userid is None:
        return None
    if not credentials:
        return whole
    shown = replace(combine(credentials), userid=whole.userid)
    said = _transform_credential(request, state, shown)
    if isinstance(said, Refusal) or whole.ticket is None:
        return said
    parts = put_back(found, shown, said)
    if not is_agreed(parts):
        return _refuse_each_other(state, parts)
    return replace(combine(parts), authenticator=whole.authenticator)


def _refuse_each_other(state: PolicyState, found: list[Identity]) -> Refusal:
    refusals = [
        state.refuse(i.authenticator, _ANOTHER)
        for i in found
        if i.userid is not None
    ]
    return refusals[0]


def _transform_credential(
    request: Any, state: PolicyState, identity: Identity
) -> Identity | Refusal:
    try:
        return transform(request, identity)
    except (InvalidCredential, ClaimsError) as error:
        return state.refuse(identity.authenticator, str(error))


def notify_refusals(request: Any, state: PolicyState) -> None:
    """Tell subscribers of what was refused. They may ask who the user is, so
    this waits until the request is judged.
    """
    while state.untold:
        told, *rest = state.untold
        state.untold = tuple(rest)
        request.registry.notify(
            CredentialRefused(request, told.authenticator, told.reason)
        )
