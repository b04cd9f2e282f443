"""``{token.path}/renew``: what "stay signed in" calls."""

from __future__ import annotations

from typing import Any

from ..authenticators.chain import find_authenticator, is_explicit
from ..authenticators.names import COOKIE, SESSION
from ..authenticators.state import Refusal
from ..errors import InvalidCredential
from ..events import SessionRenewed
from ..identity.identity import Identity
from ..policy.observers import notify
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.stamp import restamped
from ..sessions.issued import IssuedToken
from ..sessions.shown import ShownToken
from .caller import authenticate, unauthorized
from .oauth import OAuthError, answer
from .token import status_of

_NEEDED = "A session token is needed, or the cookie of a session"


def renew(context: Any, request: Any) -> Any:
    """Answer POST: renew the session that is shown, due or not, in the
    carrier that brought it.
    """
    return answer(request, {"POST": _renew})


def _renew(request: Any) -> dict[str, Any]:
    policy = policy_of(request)
    identity, shown = _session_of(request, policy)
    try:
        issued, is_new = _renewed(request, policy, shown)
    except InvalidCredential as error:
        refusal = Refusal(shown.authenticator, error.reason, code=error.code)
        raise _unauthorized(request, policy, refusal) from None
    cookie = policy.rules.cookie
    if is_new and cookie is not None and shown.authenticator == COOKIE:
        headers = cookie.set_headers(request, issued)
        request.response.headerlist.extend(headers)
    if is_new:
        event = SessionRenewed(request, identity, issued.ticket)
        notify(request.registry, event)
    if shown.authenticator == COOKIE:
        return status_of(policy, issued.ticket)
    return issued.as_dict()


def _session_of(
    request: Any, policy: SessionTokenPolicy
) -> tuple[Identity, ShownToken]:
    """Give the user and the session that is shown; of two, that in the header.

    :raises OAuthError: 401 where none is, or another credential counts.
    """
    carriers = policy.rules.carriers
    names = _names(request, policy.rules)
    policy.authenticate_now(request, names)
    judged = authenticate(request, policy, names)
    identity = judged.identity
    if identity is not None:
        shown = policy.state(request).token_of(identity)
        # With sessiontoken.combine, these may be several.
        vouching = set(identity.authenticator.split())
        if shown is not None and carriers.keys() >= vouching:
            return identity, shown
    raise _unauthorized(request, policy, judged.refusal)


def _names(request: Any, rules: Rules) -> tuple[str, ...]:
    """Name the authenticators whose credentials count here: the cookie comes
    last, and what else a browser sends by itself does not count.
    """
    explicit = [
        name
        for name in rules.names
        if name not in rules.carriers
        and is_explicit(find_authenticator(request, name))
    ]
    session, cookie = (
        [name for name in rules.carriers if name == each]
        for each in (SESSION, COOKIE)
    )
    return (*session, *explicit, *cookie)


def _renewed(
    request: Any, policy: SessionTokenPolicy, shown: ShownToken
) -> tuple[IssuedToken, bool]:
    """Renew a session, if the last renewal was not just now; give what its
    client has then, and whether that is new.

    :raises InvalidCredential: where the session was ended.
    """
    sessions = policy.rules.carriers[shown.authenticator].sessions
    _, ticket, reference, text, _ = shown
    if sessions.gains(ticket):
        stamped = restamped(policy.state(request), ticket)
        issued = sessions.renew(stamped, reference)
        if issued is not None:
            return issued, True
        # Another request renewed or ended it meanwhile.
        ticket = sessions.strict.redeem(text).ticket
    return sessions.unchanged(ticket, text), False


def _unauthorized(
    request: Any, policy: SessionTokenPolicy, refusal: Refusal | None
) -> OAuthError:
    names = tuple(policy.rules.carriers)
    return unauthorized(request, policy, names, refusal, needed=_NEEDED)
