"""The caller of an endpoint, and the answer to an unknown one."""

from __future__ import annotations

from typing import Any

from ..authenticators.state import Refusal
from ..errors import REASON_EXPIRED
from ..identity.identity import Identity
from ..policy.challenges import challenges
from ..policy.judge import notify_refusals
from ..policy.security_policy import SessionTokenPolicy
from ..policy.state import Judged
from .oauth import OAuthError


def authenticate(
    request: Any, policy: SessionTokenPolicy, names: tuple[str, ...]
) -> Judged:
    """Judge what a request shows to some authenticators. Its session does not
    slide.

    :raises Exception: the error of the result, if it has one.
    """
    judged = policy.authenticate(request, names)
    policy.state(request).slides = False
    if judged.error is not None:
        raise judged.error
    return judged


def session_shown(
    request: Any, policy: SessionTokenPolicy
) -> Identity | Refusal | None:
    """Give the session that is shown, also of a user whom the application does
    not know any more. It does not slide.
    """
    rules, state = policy.rules, policy.state(request)
    state.slides = False
    try:
        return rules.chain.first(request, state, tuple(rules.carriers))
    finally:
        notify_refusals(request, state)


def unauthorized(
    request: Any,
    policy: SessionTokenPolicy,
    names: tuple[str, ...],
    refusal: Refusal | None,
    needed: str = "A credential is needed that can be swapped for a token",
) -> OAuthError:
    """Make a 401 with the challenges of some authenticators.

    :param needed: is told where no credential was refused.
    """
    description = needed
    if refusal is not None and refusal.reason == REASON_EXPIRED:
        description = "The token expired"
    elif refusal is not None:
        description = "The credential was refused"
    fields = challenges(request, policy.state(request), names)
    return OAuthError(401, "invalid_client", description, fields)
