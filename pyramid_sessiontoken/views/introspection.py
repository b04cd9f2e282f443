"""``{token.path}/introspect`` and ``{token.path}/revoke``: ask about the token
in a form, or end it (RFC 7662, RFC 7009).
"""

from __future__ import annotations

from typing import Any

from .. import clock
from ..authenticators.names import SESSION
from ..errors import InvalidCredential
from ..events import SessionEnded
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import to_subject
from ..policy.judge import is_barred
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.state import Judged
from ..tokens.payload import confirmation
from .caller import authenticate, unauthorized
from .oauth import OAuthError, answer, invalid_request, read_form


def introspect(context: Any, request: Any) -> Any:
    """Answer POST with what a token says."""
    return answer(request, {"POST": _introspect})


def revoke(context: Any, request: Any) -> Any:
    """Answer POST, and end the session of a token."""
    return answer(request, {"POST": _revoke})


def _introspect(request: Any) -> dict[str, Any]:
    """Tell what a token says (RFC 7662), to its own user and to users who may
    introspect the tokens of others.
    """
    policy, judged, text = _token_of_caller(request)
    try:
        ticket, _, _ = policy.rules.header.sessions.redeem(text)
    except InvalidCredential:
        return {"active": False}
    may_introspect = not policy.rules.introspectors.isdisjoint(
        policy.principals(request, judged)
    )
    if not may_introspect and not _is_own(judged, ticket):
        return {"active": False}
    user = Identity(ticket.userid, ticket.claims, SESSION, ticket)
    if is_barred(request, user):
        return {"active": False}
    members = _members(request, policy.rules, ticket)
    # The user's claims are for those who serve the user in our place, say a
    # gateway that looks for roles. The members of the RFC win.
    return {**ticket.claims, **members} if may_introspect else members


def _members(request: Any, rules: Rules, ticket: Ticket) -> dict[str, Any]:
    """Give the members for an active token (RFC 7662, section 2.2)."""
    now = clock.now(request.registry)
    left = rules.header.sessions.remaining(ticket)
    scope = ticket.claims.get("scope")
    if isinstance(scope, list) and all(isinstance(s, str) for s in scope):
        scope = " ".join(scope)
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
    """End the session of a token of the caller (RFC 7009)."""
    policy, judged, text = _token_of_caller(request)
    stored = policy.rules.stored
    if stored is None:
        raise _not_revocable()
    try:
        ticket, reference = policy.rules.header.sessions.read(text)
    except InvalidCredential:
        return {}  # RFC 7009, section 2.2: this is no error.
    if not stored.can_end(reference):
        raise _not_revocable()
    if _is_own(judged, ticket):
        stored.end(ticket.sid, reference, ticket)
        user = Identity(ticket.userid, ticket.claims, SESSION, ticket)
        request.registry.notify(SessionEnded(request, user, ticket))
    return {}


def _not_revocable() -> OAuthError:
    return OAuthError(
        400, "unsupported_token_type", "It cannot be revoked here"
    )


def _token_of_caller(
    request: Any,
) -> tuple[SessionTokenPolicy, Judged, str]:
    """Give the caller, and the token in the form.

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
