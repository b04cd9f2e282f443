"""``{token.path}/introspect`` and ``{token.path}/revoke``: ask about the token
in a form, or end it (RFC 7662, RFC 7009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import clock
from ..authenticators.state import Refusal
from ..errors import InvalidCredential
from ..events import REVOKED
from ..identity.ticket import Ticket
from ..identity.userid import to_subject
from ..policy.ending import tell, who_acts
from ..policy.judge import is_barred, notify_refusals
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.state import Judged
from ..sessions.shown import ShownToken
from ..tokens.payload import actor, confirmation
from .caller import authenticate, unauthorized
from .oauth import OAuthError, answer, invalid_request, read_form

if TYPE_CHECKING:
    from ..sessions.access_tokens import AccessTokens


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
        sessions = policy.state(request).header_sessions
        shown = sessions.redeem(text)
        _confirm(policy, shown)
    except InvalidCredential:
        return {"active": False}
    may_introspect = not policy.rules.introspectors.isdisjoint(
        policy.principals(request, judged)
    )
    ticket = shown.ticket
    if not may_introspect and not _is_own(judged, ticket):
        return {"active": False}
    if _is_over(request, policy, shown) or is_barred(request, shown.identity):
        return {"active": False}
    members = _members(request, policy.rules, ticket)
    # The user's claims are for those who serve the user in our place, say a
    # gateway that looks for roles. The members of the RFC win.
    return {**ticket.claims, **members} if may_introspect else members


def _confirm(policy: SessionTokenPolicy, shown: ShownToken | None) -> None:
    """Refuse a token that was accepted in a time of grace only.

    :raises InvalidCredential: where the session was ended by now.
    :raises RepositoryUnavailable: where that is still not known.
    """
    if shown is not None and shown.reference is None:
        policy.rules.header.sessions.confirm(shown.ticket)


def _is_over(
    request: Any, policy: SessionTokenPolicy, shown: ShownToken
) -> bool:
    """Tell whether the session of a token ended by its stamp."""
    stamp, state = policy.rules.stamp, policy.state(request)
    if stamp is None or stamp.holds(
        request, state, shown.identity, shown.reference
    ):
        return False
    notify_refusals(request, state)
    return True


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
        **actor(ticket),
        **confirmation(ticket),
    }


def _revoke(request: Any) -> dict[str, Any]:
    """End the session of a token of the caller (RFC 7009)."""
    policy, judged, text = _token_of_caller(request)
    stored = policy.rules.stored
    if stored is None:
        raise _not_revocable()
    tokens = stored.access_tokens
    if tokens is not None and tokens.may_be(text):
        return _revoke_access_token(request, tokens, judged, text)
    try:
        sessions = policy.state(request).header_sessions
        user, reference = sessions.read(text)
    except InvalidCredential:
        return {}  # RFC 7009, section 2.2: this is no error.
    if not stored.can_end(reference):
        raise _not_revocable()
    ticket: Any = user.ticket
    if _is_own(judged, ticket):
        stored.end(ticket.sid, reference, ticket)
        tell(
            request,
            REVOKED,
            identity=user,
            ticket=ticket,
            actor=who_acts(judged.identity),
            authenticator=user.authenticator,
        )
    return {}


def _revoke_access_token(
    request: Any, tokens: AccessTokens, judged: Judged, text: str
) -> dict[str, Any]:
    """End an access token of the caller, who may show this one."""
    from ..policy.access_tokens import end_access_token

    caller = judged.identity
    try:
        token = tokens.past_cache.redeem(text)
    except InvalidCredential:
        return {}
    if caller is not None and token.is_of(caller.userid):
        end_access_token(request, tokens, token, caller)
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
    shown = policy.state(request).token_of(judged.identity)
    try:
        _confirm(policy, shown)
    except InvalidCredential as error:
        name = judged.identity.authenticator
        refusal = Refusal(name, error.reason, code=error.code)
        raise unauthorized(request, policy, names, refusal) from None
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
