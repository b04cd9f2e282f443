"""``{token.path}/introspect`` and ``{token.path}/revoke``: a token in a form,
asked about or ended (RFC 7662, RFC 7009).
"""

from __future__ import annotations

from typing import Any

from .. import clock
from ..errors import InvalidCredential
from ..events import SessionEnded
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import to_subject
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.state import Judged
from ..tokens.payload import confirmation
from .caller import authenticate, unauthorized
from .oauth import OAuthError, answer, invalid_request, read_form


def introspect(context: Any, request: Any) -> Any:
    """Answer POST with what a token says."""
    return answer(request, {"POST": _introspect})


def revoke(context: Any, request: Any) -> Any:
    """Answer POST; the session of the token has ended then."""
    return answer(request, {"POST": _revoke})


def _introspect(request: Any) -> dict[str, Any]:
    """Tell what a token says (RFC 7662), to its own user and to those who
    may introspect the tokens of others.
    """
    policy, judged, text = _token_of_caller(request)
    rules = policy.rules
    try:
        ticket, _, _ = rules.header.sessions.redeem(text)
    except InvalidCredential:
        return {"active": False}
    if not _is_own(judged, ticket) and not (
        rules.introspectors.intersection(policy.principals(request, judged))
    ):
        return {"active": False}
    now = clock.now(request.registry)
    left = rules.header.sessions.remaining(ticket)
    scope = ticket.claims.get("scope")
    return {
        "active": True,
        "sub": to_subject(ticket.userid)[0],
        "token_type": rules.token_type,
        "iss": rules.issuer,
        "aud": rules.audience,
        "iat": ticket.iat,
        "exp": now + (left["expires_in"] or 0),
        "sid": ticket.sid,
        "auth_time": ticket.auth_time,
        **({"scope": scope} if isinstance(scope, str) else {}),
        **confirmation(ticket),
    }


def _revoke(request: Any) -> dict[str, Any]:
    """End the session of a token (RFC 7009) of the caller's own."""
    policy, judged, text = _token_of_caller(request)
    stored = policy.rules.stored
    if stored is None:
        raise _irrevocable()
    try:
        ticket, reference = policy.rules.header.sessions.read(text)
    except InvalidCredential:
        return {}  # Section 2.2: no effect, and no error.
    if not stored.can_end(reference):
        raise _irrevocable()
    if _is_own(judged, ticket):
        stored.end(ticket.sid, reference, ticket)
        whose = Identity(ticket.userid, ticket.claims, "session", ticket)
        request.registry.notify(SessionEnded(request, whose, ticket))
    return {}


def _irrevocable() -> OAuthError:
    return OAuthError(
        400, "unsupported_token_type", "It cannot be revoked here"
    )


def _token_of_caller(
    request: Any,
) -> tuple[SessionTokenPolicy, Judged, str]:
    """Give who asks, and the token that is asked about.

    :raises OAuthError: 401 for an unknown caller, 400 without a token.
    """
    policy = policy_of(request)
    names = policy.rules.names
    judged = authenticate(request, policy, names)
    if judged.identity is None:
        raise unauthorized(request, policy, names, judged.refusal)
    text = read_form(request).get("token")
    if not text:
        raise invalid_request("A token is needed")
    return policy, judged, text


def _is_own(judged: Judged, ticket: Ticket) -> bool:
    caller = judged.identity
    return (
        caller is not None
        and caller.userid is not None
        and to_subject(caller.userid) == to_subject(ticket.userid)
    )
