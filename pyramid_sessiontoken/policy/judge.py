"""From what a request shows to who it is."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from ..authenticators import chain
from ..authenticators.state import Judged, Refusal, RequestState
from ..errors import ClaimsError, InvalidCredential, RepositoryUnavailable
from ..events import CredentialRefused
from ..identity.identity import Identity
from ..interfaces import IUserLoader
from .answers import TLS_REQUIRED, too_many, unavailable
from .combine import combine, is_agreed, put_back
from .rules import Rules
from .transformer import transform

log = logging.getLogger("pyramid_sessiontoken")


NOBODY = Judged()

_ANOTHER = "another credential names another user"


def judge(
    request: Any, rules: Rules, state: RequestState, names: tuple[str, ...]
) -> Judged:
    """Judge what a request shows to some authenticators. Never raises: what
    goes wrong is part of the answer.
    """
    environ = request.environ
    if rules.require_tls and environ.get("wsgi.url_scheme") != "https":
        refusal = Refusal("sessiontoken", TLS_REQUIRED)
        log.info("%s", refusal)
        return Judged(refusal=refusal)
    try:
        if state.decided:
            found: Identity | Refusal | None = state.signed_in
        elif rules.combine:
            found = _all_in_one(request, rules, state, names)
        else:
            found = chain.first(request, state, names, rules.is_cross_site)
            if isinstance(found, Identity) and found.ticket is None:
                found = _transform_credential(request, state, found)
        return NOBODY if found is None else _load(request, state, found)
    except RepositoryUnavailable as error:
        log.error("nobody can tell who it is: %s", error)
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
    request: Any, state: RequestState, found: Identity | Refusal
) -> Judged:
    if isinstance(found, Refusal):
        return Judged(refusal=found, error=too_many(found))
    load = request.registry.utilities.lookup((), IUserLoader)
    user = found if load is None else load(found, request)
    if user is None:
        reason = "the user is gone or barred"
        return Judged(refusal=chain.refuse(state, found.authenticator, reason))
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s vouches for %r", found.authenticator, found.userid)
    return Judged(found, user)


def _all_in_one(
    request: Any, rules: Rules, state: RequestState, names: tuple[str, ...]
) -> Identity | Refusal | None:
    """Make one identity of what all say; ``None`` where nobody names a user.

    The transformer has its say once, of all credentials together, and none
    of what a session says already.
    """
    found = chain.every(request, state, names, rules.is_cross_site)
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


def _refuse_each_other(state: RequestState, found: list[Identity]) -> Refusal:
    refusals = [
        chain.refuse(state, i.authenticator, _ANOTHER)
        for i in found
        if i.userid is not None
    ]
    return refusals[0]


def _transform_credential(
    request: Any, state: RequestState, identity: Identity
) -> Identity | Refusal:
    try:
        return transform(request, identity)
    except (InvalidCredential, ClaimsError) as error:
        return chain.refuse(state, identity.authenticator, str(error))


def tell_refusals(request: Any, state: RequestState) -> None:
    """Tell subscribers of what was refused, now that the judgement stands:
    they may ask who the user is.
    """
    while state.untold:
        told, *rest = state.untold
        state.untold = tuple(rest)
        request.registry.notify(
            CredentialRefused(request, told.authenticator, told.reason)
        )


def reveal(request: Any, judged: Judged) -> Judged:
    """Raise what went wrong, but where no exception view could answer it:
    before routing, where pyramid_tm asks, and inside an exception view.
    """
    if judged.error is None or request.exception is not None:
        return judged
    if request.matched_route is None and "context" not in vars(request):
        return judged
    raise judged.error
