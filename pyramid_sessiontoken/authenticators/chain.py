"""The ordered chain: each finds nothing, vouches, or refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..errors import (
    ClaimsError,
    InvalidCredential,
    SessionTokenError,
    TooManyAttempts,
    Undecodable,
)
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import IAuthenticator
from .state import Refusal, RequestState, Status

log = logging.getLogger("pyramid_sessiontoken")

_CROSS_SITE = "another site made the browser send it"


def is_explicit(authenticator: Any) -> bool:
    """Tell whether a client shows this credential on purpose.

    Basic is both: browsers send it by themselves once they know it, yet it
    stands in ``Authorization``, where only one credential can be meant.
    """
    return not authenticator.ambient or authenticator.scheme is not None


def first(
    request: Any,
    state: RequestState,
    names: Iterable[str],
    is_cross_site: Callable[[Any], bool],
) -> Identity | Refusal | None:
    """Give the identity that the first to vouch vouches for, or else the
    refusal that decided.

    A refused explicit credential is never replaced by an ambient one, so an
    ambient identity stands only once every explicit one was looked at. Who
    vouches without naming a user signs nobody in.

    :param names: of the authenticators, in order of precedence.
    """
    find = request.registry.utilities.lookup
    found: Identity | None = None
    refused: Refusal | None = None
    refused_explicit: Refusal | None = None
    for name in names:
        authenticator = find((), IAuthenticator, name) or _missing(name)
        if (found or refused_explicit) and not is_explicit(authenticator):
            continue
        answer = ask(request, state, name, authenticator, is_cross_site)
        if answer is None:
            continue
        if isinstance(answer, Refusal):
            refused = refused or answer
            if is_explicit(authenticator):
                if answer.retry_after is not None:
                    refused_explicit = answer
                refused_explicit = refused_explicit or answer
                found = None
        elif found is None and answer.userid is not None:
            found = answer
            if is_explicit(authenticator):
                break
    return found or refused_explicit or refused


def every(
    request: Any,
    state: RequestState,
    names: Iterable[str],
    is_cross_site: Callable[[Any], bool],
) -> list[Identity] | Refusal:
    """Give the identities of all that vouch, in order of precedence, or else
    the refusal that decided; an empty list where nothing was shown.

    Where an explicit credential is refused, no ambient one counts. Where
    nobody names a user, a refusal decides.
    """
    find = request.registry.utilities.lookup
    vouched: list[tuple[bool, Identity]] = []
    refused: list[tuple[bool, Refusal]] = []
    for name in names:
        authenticator = find((), IAuthenticator, name) or _missing(name)
        answer = ask(request, state, name, authenticator, is_cross_site)
        explicit = is_explicit(authenticator)
        if isinstance(answer, Refusal):
            refused.append((explicit, answer))
        elif answer is not None:
            vouched.append((explicit, answer))
    only_explicit = any(explicit for explicit, _ in refused)
    standing = [i for explicit, i in vouched if explicit or not only_explicit]
    if refused and all(identity.userid is None for identity in standing):
        return max(refused, key=_weight)[1]
    return standing


def _weight(refused: tuple[bool, Refusal]) -> tuple[bool, bool]:
    """Say which refusal is told: that one tried too often, before all."""
    explicit, refusal = refused
    return refusal.retry_after is not None, explicit


def ask(
    request: Any,
    state: RequestState,
    name: str,
    authenticator: Any,
    is_cross_site: Callable[[Any], bool],
) -> Identity | Refusal | None:
    """Ask one authenticator, once a request: passwords are slow to check,
    and a credential that is good once may not be good twice.
    """
    answers = state.answers
    if name not in answers:
        state.vary += tuple(authenticator.vary)
        try:
            identity = authenticator.authenticate(request)
        except Exception as error:  # noqa: BLE001
            foreign = authenticator.ambient and is_cross_site(request)
            answers[name] = _refuse_or_keep(
                state, name, error, deletes=not foreign
            )
        else:
            if identity is not None:
                identity = _accept(name, identity)
                if authenticator.ambient and is_cross_site(request):
                    identity = refuse(state, name, _CROSS_SITE)
            answers[name] = identity
    answer = answers[name]
    if isinstance(answer, Exception):
        raise answer
    return answer


def _refuse_or_keep(
    state: RequestState, name: str, error: Exception, *, deletes: bool
) -> Refusal | Exception:
    if deletes and isinstance(error, Undecodable):
        # It has no use any more; the response deletes it.
        state.status = Status.DELETE
    if isinstance(error, TooManyAttempts):
        return refuse(state, name, str(error), error.retry_after)
    if isinstance(error, InvalidCredential):
        return refuse(state, name, str(error), ticket=error.ticket)
    if isinstance(error, ClaimsError):
        return refuse(state, name, str(error))
    # The backend's or the application's fault. It is kept like any other
    # answer; whoever asked raises it where it can be seen.
    return error


def _accept(name: str, identity: object) -> Identity | Exception:
    if not isinstance(identity, Identity):
        return TypeError(
            f"the authenticator {name!r} gave {type(identity).__name__},"
            " not an Identity or None"
        )
    if identity.authenticator == name:
        return identity
    return replace(identity, authenticator=name)


def refuse(
    state: RequestState,
    name: str,
    reason: str,
    retry_after: int | None = None,
    ticket: Ticket | None = None,
) -> Refusal:
    """Say that a credential is refused: one log sentence, and an event once
    the judgement stands, so that its subscribers may ask who the user is.
    """
    refusal = Refusal(name, reason, retry_after, ticket)
    log.info("%s", refusal)
    state.untold += (refusal,)
    state.refused = {**state.refused, **dict.fromkeys(name.split(), refusal)}
    return refusal


def _missing(name: str) -> Any:
    raise SessionTokenError(
        f"sessiontoken.authenticators names {name!r}, which nobody registered"
        " (config.add_sessiontoken_authenticator)"
    )


def authenticator_of(request: Any, name: str) -> Any:
    return request.registry.getUtility(IAuthenticator, name)
