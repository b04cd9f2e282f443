"""Views that need a sign-in of late, or by a method (RFC 9470)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from pyramid.httpexceptions import HTTPForbidden

from .. import clock
from ..identity.identity import Identity
from .authentication import auth_time_of, is_acted_for, methods_of
from .security_policy import is_in_use, policy_of
from .state import PolicyState

log = logging.getLogger("pyramid_sessiontoken")


class StepUpRequired(HTTPForbidden):  # type: ignore[misc]
    """The user must sign in again, or by another method. A view may raise it,
    too.

    ``max_age`` (``int``) is how old the sign-in may be, in seconds; ``None``
    where its age is not the fault. ``amr`` is a tuple of the methods (RFC
    8176) that the sign-in lacks.
    """

    def __init__(
        self,
        detail: str | None = None,
        *,
        max_age: int | None = None,
        amr: Sequence[str] = (),
        **kw: Any,
    ) -> None:
        super().__init__(detail, **kw)
        self.max_age = max_age
        self.amr = (amr,) if isinstance(amr, str) else tuple(amr)


class Demand(NamedTuple):
    """What a view needs of a sign-in.

    :ivar max_age: seconds; ``None`` for any age, ``True`` for
        ``sessiontoken.stepup.max_age``.
    :ivar amr: the methods, all of them.
    """

    max_age: int | None = None
    amr: tuple[str, ...] = ()


def require_sign_in(request: Any, demand: Demand) -> None:
    """Let a request through whose user signed in as a view needs it.

    :raises StepUpRequired: for a known user who must sign in again.
    :raises HTTPForbidden: for an unknown user, and where another security
        policy is in use.
    """
    policy = policy_of(request)
    require_policy(request)
    judged = policy.authenticate(request)
    if judged.error is not None:
        raise judged.error
    identity = judged.identity
    if identity is None:
        raise HTTPForbidden("This view needs a user who signed in")
    state = policy.state(request)
    max_age = demand.max_age
    if max_age is True:
        max_age = policy.rules.stepup_max_age
    is_recent = _is_recent(request, state, identity, max_age)
    has = methods_of(request, state, identity)
    lacking = tuple(method for method in demand.amr if method not in has)
    if is_recent and not lacking:
        return
    # A credential that never passes: tell all that would.
    if not is_recent and max_age is None:
        lacking = demand.amr
    log.info("%r must sign in again for %s", identity.userid, request.path)
    raise StepUpRequired(
        "This needs a new sign-in",
        max_age=None if is_recent else max_age,
        amr=lacking,
    )


def _is_recent(
    request: Any, state: PolicyState, identity: Identity, max_age: int | None
) -> bool:
    time = auth_time_of(request, state, identity)
    if time is None or is_acted_for(state, identity):
        return False
    return max_age is None or clock.now(request.registry) - time <= max_age


def require_policy(request: Any) -> None:
    """Refuse where another security policy is in use: it does not know what a
    view needs of a sign-in.

    :raises HTTPForbidden: there.
    """
    if not is_in_use(request, policy_of(request)):
        raise HTTPForbidden("Another security policy is in use")
