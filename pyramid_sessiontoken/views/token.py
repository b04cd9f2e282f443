"""The token endpoint and what stands below it."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPServiceUnavailable, HTTPTooManyRequests

from .. import clock
from ..authenticators import chain
from ..authenticators.chain import authenticator_of, is_explicit
from ..authenticators.state import Judged, Refusal
from ..errors import ENDED, EXPIRED, InvalidCredential, RepositoryUnavailable
from ..events import SessionEnded, SessionRenewed
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import to_subject
from ..policy.judge import tell_refusals
from ..policy.security_policy import SessionTokenPolicy, policy_of
from ..policy.signin import can_end, end, end_expired, issue
from ..sessions.lifecycle import IssuedToken
from ..tokens.payload import confirmation
from .challenges import challenges
from .oauth import (
    OAuthError,
    Verb,
    answer,
    invalid_request,
    method_not_allowed,
    read_form,
    too_many_attempts,
    unavailable,
)


def token(context: Any, request: Any) -> Any:
    """``{token.path}``: swap a credential, renew a session token, end a
    session.
    """
    verbs: dict[str, Verb] = {"GET": _swap, "POST": _swap_form}
    if policy_of(request).rules.kept is not None:
        verbs["DELETE"] = _end
    return answer(request, verbs)


def below(context: Any, request: Any) -> Any:
    """``{token.path}/status``, ``/introspect`` and ``/revoke``."""
    return answer(request, _BELOW[request.matchdict["verb"]])


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
        # Never an ambient credential: any page can make a browser GET.
        names = tuple(
            name
            for name in names
            if is_explicit(authenticator_of(request, name))
        )
    judged = _judge(request, policy, names)
    identity = judged.identity
    if identity is None:
        raise _unauthorized(request, policy, names, judged.refusal)
    try:
        if identity.ticket is not None:
            return _renew(request, policy, identity, identity.ticket)
        state = policy.state(request)
        event = issue(request, policy.rules, state, identity)
    except (HTTPServiceUnavailable, RepositoryUnavailable):
        raise unavailable() from None
    return {**event.issued.as_dict(), **event.response_fields}


def _renew(
    request: Any,
    policy: SessionTokenPolicy,
    identity: Identity,
    ticket: Ticket,
) -> dict[str, Any]:
    """Let a session go on: same session, same end."""
    sessions = policy.rules.sessions
    shown = policy.state(request).token_of(identity)
    issued: IssuedToken | None
    if shown is not None and shown.authenticator == "session":
        issued = sessions.renew(ticket, shown.text)
        if issued is None:
            return _as_it_is(request, policy, shown.text)
    else:
        issued = sessions.exchange(ticket)
    request.registry.notify(SessionRenewed(request, identity, issued.ticket))
    return issued.as_dict()


def _as_it_is(
    request: Any, policy: SessionTokenPolicy, text: str
) -> dict[str, Any]:
    """Tell of a token that another request renewed, or ended, meanwhile."""
    sessions = policy.rules.sessions
    try:
        ticket, _ = sessions.redeem(text)
    except InvalidCredential as error:
        refusal = Refusal("session", error.reason)
        names = policy.rules.exchange
        raise _unauthorized(request, policy, names, refusal) from None
    return sessions.as_it_is(ticket, text).as_dict()


def _end(request: Any) -> None:
    """End the session that is shown, also one that had ended already."""
    policy = policy_of(request)
    rules = policy.rules
    shown = _session_shown(request, policy)
    try:
        if isinstance(shown, Identity) and shown.ticket is not None:
            state = policy.state(request)
            if not can_end(rules, state, shown):
                raise method_not_allowed(("GET", "POST"))
            end(request, rules, state, shown, shown.ticket)
        elif isinstance(shown, Refusal) and shown.reason in (EXPIRED, ENDED):
            end_expired(request, rules, shown)
        else:
            names = tuple(rules.carriers)
            refusal = shown if isinstance(shown, Refusal) else None
            raise _unauthorized(request, policy, names, refusal)
    except HTTPServiceUnavailable:
        raise unavailable() from None
    if rules.cookie is not None and rules.cookie.is_shown(request):
        policy.forget(request)


def _status(request: Any) -> dict[str, Any]:
    policy = policy_of(request)
    identity = _judge(request, policy, policy.rules.names).identity
    if identity is not None and identity.ticket is None:
        # Another credential vouches before the session that is asked for.
        shown = _session_shown(request, policy)
        identity = shown if isinstance(shown, Identity) else None
    if identity is None or identity.ticket is None:
        return {"active": False}
    return {
        "active": True,
        "sub": to_subject(identity.ticket.userid)[0],
        **policy.rules.sessions.remaining(identity.ticket),
    }


def _introspect(request: Any) -> dict[str, Any]:
    """Tell what a token says (RFC 7662), to whose it is and to those who may
    introspect others'.
    """
    policy, judged, text = _token_of_caller(request)
    sessions = policy.rules.sessions
    try:
        ticket, _ = sessions.redeem(text)
    except InvalidCredential:
        return {"active": False}
    except RepositoryUnavailable:
        raise unavailable() from None
    if not _is_own(judged, ticket) and not (
        policy.rules.introspectors.intersection(
            policy.principals(request, judged)
        )
    ):
        return {"active": False}
    now = clock.now(request.registry)
    left = sessions.remaining(ticket)
    scope = ticket.claims.get("scope")
    return {
        "active": True,
        "sub": to_subject(ticket.userid)[0],
        "token_type": policy.settings.token_scheme,
        "iss": policy.settings.token_issuer,
        "aud": policy.settings.token_audience,
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
    kept = policy.rules.kept
    sessions = policy.rules.sessions
    try:
        if kept is None:
            raise _irrevocable()
        ticket = sessions.read(text)
        reference = sessions.reference_of(text)
        if not kept.can_end(reference):
            raise _irrevocable()
        if _is_own(judged, ticket):
            kept.end(ticket.sid, reference, ticket.session_end)
            whose = Identity(ticket.userid, ticket.claims, "session", ticket)
            request.registry.notify(SessionEnded(request, whose, ticket))
    except InvalidCredential:
        pass  # Section 2.2: no effect, and no error.
    except RepositoryUnavailable:
        raise unavailable() from None
    return {}


def _irrevocable() -> OAuthError:
    return OAuthError(
        400, "unsupported_token_type", "It cannot be revoked here"
    )


_BELOW: dict[str, dict[str, Verb]] = {
    "status": {"GET": _status},
    "introspect": {"POST": _introspect},
    "revoke": {"POST": _revoke},
}


def _token_of_caller(
    request: Any,
) -> tuple[SessionTokenPolicy, Judged, str]:
    """Give who asks, and the token that is asked about.

    :raises OAuthError: 401 for an unknown caller, 400 without a token.
    """
    policy = policy_of(request)
    names = policy.rules.names
    judged = _judge(request, policy, names)
    if judged.identity is None:
        raise _unauthorized(request, policy, names, judged.refusal)
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


def _judge(
    request: Any, policy: SessionTokenPolicy, names: tuple[str, ...]
) -> Judged:
    """Judge without letting the session slide."""
    judged = policy.judge(request, names)
    policy.state(request).slides = False
    if isinstance(judged.error, HTTPServiceUnavailable):
        raise unavailable()
    if isinstance(judged.error, HTTPTooManyRequests):
        raise too_many_attempts(judged.error.headers["Retry-After"])
    if judged.error is not None:
        raise judged.error
    return judged


def _session_shown(
    request: Any, policy: SessionTokenPolicy
) -> Identity | Refusal | None:
    """Give the session that is shown, whoever's it is, and whether or not the
    application still knows its user.
    """
    rules, state = policy.rules, policy.state(request)
    state.slides = False
    try:
        return chain.first(
            request, state, tuple(rules.carriers), rules.is_cross_site
        )
    except RepositoryUnavailable:
        raise unavailable() from None
    finally:
        tell_refusals(request, state)


def _unauthorized(
    request: Any,
    policy: SessionTokenPolicy,
    names: tuple[str, ...],
    refusal: Refusal | None,
) -> OAuthError:
    description = "A credential is needed that can be swapped for a token"
    if refusal is not None and refusal.reason == EXPIRED:
        description = "The token expired"
    elif refusal is not None:
        description = "The credential was refused"
    return OAuthError(
        401, "invalid_client", description, challenges(request, policy, names)
    )
