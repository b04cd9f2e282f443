"""``{token.path}``: swap a credential, renew a session token, end a session;
and ``{token.path}/status``.
"""

from __future__ import annotations

from typing import Any

from ..authenticators.chain import find_authenticator, is_explicit
from ..authenticators.names import COOKIE, SESSION
from ..authenticators.state import Refusal
from ..errors import (
    CODES,
    REASON_ENDED,
    REASON_EXPIRED,
    InvalidCredential,
)
from ..events import STAMP, SessionRenewed
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import to_subject
from ..policy.authentication import how_of
from ..policy.ending import can_end, ending_of, ending_of_expired
from ..policy.judge import notify_refusals
from ..policy.observers import notify
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.signin import issue
from ..policy.signout import sign_out
from ..policy.stamp import restamped
from ..sessions.issued import IssuedToken
from .caller import authenticate, session_shown, unauthorized
from .oauth import OAuthError, Verb, answer, method_not_allowed, read_form

#: Reasons for which the session of a genuine token is over.
_OVER = (REASON_EXPIRED, REASON_ENDED, CODES[STAMP])


def token(context: Any, request: Any) -> Any:
    """Answer GET and POST with a token. DELETE ends the session."""
    verbs: dict[str, Verb] = {"GET": _swap, "POST": _swap_form}
    if policy_of(request).rules.stored is not None:
        verbs["DELETE"] = _end
    return answer(request, verbs)


def status(context: Any, request: Any) -> Any:
    """Tell how long the session of this request lasts."""
    return answer(request, {"GET": _status})


def _swap_form(request: Any) -> dict[str, Any]:
    form = read_form(request)
    if form.get("grant_type", "client_credentials") != "client_credentials":
        raise OAuthError(
            400, "unsupported_grant_type", "Only client_credentials is"
        )
    return _swap(request)


def _swap(request: Any) -> dict[str, Any]:
    policy = policy_of(request)
    names = policy.rules.exchange
    if request.method == "GET":
        # No ambient credential: any page can make a browser send a GET.
        names = tuple(
            name
            for name in names
            if is_explicit(find_authenticator(request, name))
        )
    judged = authenticate(request, policy, names)
    identity = judged.identity
    if identity is None:
        raise unauthorized(request, policy, names, judged.refusal)
    if identity.ticket is not None:
        return _renew(request, policy, identity, identity.ticket)
    state = policy.state(request)
    how = how_of(request, state, identity)
    try:
        event = issue(request, state, identity, how)
    except InvalidCredential as error:
        refusal = state.refuse(
            identity.authenticator,
            error.reason,
            code=error.code,
            about=identity,
            environ=request.environ,
        )
        notify_refusals(request, state)
        raise unauthorized(request, policy, names, refusal) from None
    return {**event.issued.as_dict(), **event.response_fields}


def _renew(
    request: Any,
    policy: SessionTokenPolicy,
    identity: Identity,
    ticket: Ticket,
) -> dict[str, Any]:
    """Let a session go on: same session, same end."""
    sessions = policy.rules.header.sessions
    state = policy.state(request)
    shown = state.token_of(identity)
    issued: IssuedToken | None
    try:
        if shown is None or shown.reference is None:
            sessions.confirm(ticket)
        if shown is not None and shown.authenticator == SESSION:
            issued = sessions.renew(restamped(state, ticket), shown.reference)
            if issued is None:
                return _unchanged(request, policy, shown.text)
        else:
            issued = sessions.exchange(restamped(state, ticket))
    except InvalidCredential as error:
        refusal = Refusal(
            identity.authenticator, error.reason, code=error.code
        )
        names = policy.rules.exchange
        raise unauthorized(request, policy, names, refusal) from None
    notify(request.registry, SessionRenewed(request, identity, issued.ticket))
    return issued.as_dict()


def _unchanged(
    request: Any, policy: SessionTokenPolicy, text: str
) -> dict[str, Any]:
    """Answer with a token that another request renewed or ended meanwhile."""
    sessions = policy.state(request).header_sessions
    try:
        ticket = sessions.redeem(text).ticket
    except InvalidCredential as error:
        refusal = Refusal(SESSION, error.reason, code=error.code)
        names = policy.rules.exchange
        raise unauthorized(request, policy, names, refusal) from None
    return sessions.unchanged(ticket, text).as_dict()


def _end(request: Any) -> None:
    """End the session that is shown, also if it had expired or ended."""
    policy = policy_of(request)
    rules, state = policy.rules, policy.state(request)
    shown = session_shown(request, policy)
    if isinstance(shown, Identity):
        ending = ending_of(state, shown)
        if ending is None or not can_end(state, ending):
            raise method_not_allowed(("GET", "POST"))
    elif shown is not None and shown.reason in _OVER:
        ending = ending_of_expired(request, state, shown)
    else:
        raise unauthorized(request, policy, tuple(rules.carriers), shown)
    endings = () if shown.authenticator == COOKIE else (ending,)
    sign_out(request, state, *endings)


def _status(request: Any) -> dict[str, Any]:
    policy = policy_of(request)
    identity = authenticate(request, policy, policy.rules.names).identity
    if identity is not None and identity.ticket is None:
        # Another credential vouches, and the session comes after it.
        shown = session_shown(request, policy)
        identity = shown if isinstance(shown, Identity) else None
    if identity is None or identity.ticket is None:
        return {"active": False}
    return status_of(policy, identity.ticket)


def status_of(policy: SessionTokenPolicy, ticket: Ticket) -> dict[str, Any]:
    """Tell how long a session lasts, and how it began."""
    return {
        "active": True,
        "sub": to_subject(ticket.userid)[0],
        **policy.rules.header.sessions.remaining(ticket),
        "auth_time": ticket.auth_time,
        "amr": list(ticket.amr),
        **_actor(ticket),
    }


def _actor(ticket: Ticket) -> dict[str, Any]:
    """Write who acts for the user, where somebody does."""
    return (
        {} if ticket.actor is None else {"actor": to_subject(ticket.actor)[0]}
    )
