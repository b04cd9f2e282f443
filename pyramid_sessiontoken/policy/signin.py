"""Sign-in and sign-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import clock
from ..authenticators import chain
from ..authenticators.certificate_binding import CLIENT_CERTIFICATE
from ..authenticators.state import Refusal, RequestState
from ..cookies.jar import Headers
from ..events import SessionEnded, SessionIssued
from ..identity.claims import NO_CLAIMS
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import IAuthenticator
from .answers import repository_or_503, require_tls
from .rules import Rules
from .transformer import transform

#: The name of who vouches where the application itself signs a user in.
APPLICATION = "application"

#: Characters of a user agent that are kept.
MAX_DEVICE = 300


def vouch(
    request: Any, userid: Any, claims: Mapping[str, Any] | None
) -> Identity:
    """Make the identity of a user whom the application vouches for.

    :raises ClaimsError: for what no token can carry.
    :raises InvalidCredential: the claims transformer refuses.
    """
    identity = Identity(userid, claims or NO_CLAIMS, APPLICATION)
    return transform(request, identity)


def issue(
    request: Any, rules: Rules, state: RequestState, identity: Identity
) -> SessionIssued:
    """Begin a session that travels in a header; give the event that told of
    it.
    """
    require_tls(request, rules)
    state.carries_token = True
    with repository_or_503():
        issued = rules.sessions.issue(
            identity,
            device=_device(request, rules),
            thumbprint=_thumbprint(request, rules, state),
        )
    event = SessionIssued(
        request, identity, issued.ticket, identity.authenticator, issued
    )
    request.registry.notify(event)
    return event


def remember(
    request: Any,
    rules: Rules,
    state: RequestState,
    identity: Identity,
    persistent: bool | None,
) -> Headers:
    """Begin a session that travels in the cookie; give its headers, none
    where no cookie is accepted.

    :param persistent: ``None`` for what the settings say.
    """
    cookie = rules.cookie
    if cookie is None:
        return []
    require_tls(request, rules)
    with repository_or_503():
        issued = cookie.sessions.issue(
            identity,
            persistent=rules.persistent if persistent is None else persistent,
            device=_device(request, rules),
            thumbprint=_thumbprint(request, rules, state),
        )
    headers = cookie.set_headers(request, issued)
    # A new sign-in is a new session, and ends the one before.
    _end_shown(request, rules, state)
    state.sign_in(
        Identity(identity.userid, identity.claims, "cookie", issued.ticket)
    )
    request.registry.notify(
        SessionIssued(
            request, identity, issued.ticket, identity.authenticator, issued
        )
    )
    return headers


def forget(request: Any, rules: Rules, state: RequestState) -> Headers:
    """End the session that the cookie carries; give the headers that delete
    it.
    """
    cookie = rules.cookie
    _end_shown(request, rules, state)
    state.sign_in(None)
    return [] if cookie is None else cookie.delete_headers(request)


def _end_shown(request: Any, rules: Rules, state: RequestState) -> None:
    """End the session that the cookie speaks of, or the one that this very
    request began.
    """
    ended = state.signed_in
    if rules.cookie is not None and not state.decided:
        # Not one that another site made the browser send.
        with repository_or_503():
            answer = chain.ask(
                request,
                state,
                "cookie",
                request.registry.getUtility(IAuthenticator, "cookie"),
                rules.is_cross_site,
            )
        ended = answer if isinstance(answer, Identity) else None
        if isinstance(answer, Refusal):
            end_expired(request, rules, answer)
    if ended is not None and ended.ticket is not None:
        end(request, rules, state, ended, ended.ticket)


def end(
    request: Any,
    rules: Rules,
    state: RequestState,
    identity: Identity,
    ticket: Ticket,
) -> None:
    """End a session, also where the server keeps it, and tell of it."""
    kept = rules.kept
    if kept is not None and (
        kept.finds_by_name or can_end(rules, state, identity)
    ):
        with repository_or_503():
            kept.end(
                ticket.sid,
                _reference(rules, state, identity),
                ticket.session_end,
            )
    request.registry.notify(SessionEnded(request, identity, ticket))


def end_expired(request: Any, rules: Rules, refusal: Refusal) -> None:
    """End the session of a token that is genuine and has expired: a later
    token of it may still be good.
    """
    kept, ticket = rules.kept, refusal.ticket
    if kept is None or ticket is None or not kept.ends_by_name:
        return
    # Neither was asked for, as it was refused anyway: whether another site
    # made the browser send it, and whether it is bound to a certificate.
    if ticket.thumbprint is not None or rules.is_cross_site(request):
        return
    if ticket.session_end > clock.now(request.registry):
        with repository_or_503():
            kept.end(ticket.sid, None, ticket.session_end)
        whose = Identity(
            ticket.userid, ticket.claims, refusal.authenticator, ticket
        )
        request.registry.notify(SessionEnded(request, whose, ticket))


def can_end(rules: Rules, state: RequestState, identity: Identity) -> bool:
    """Tell whether the token that was shown is worth nothing once its
    session is ended.
    """
    reference = _reference(rules, state, identity)
    return rules.kept is not None and rules.kept.can_end(reference)


def _reference(
    rules: Rules, state: RequestState, identity: Identity
) -> str | None:
    """Give the reference that was shown, if it was one."""
    shown = state.token_of(identity)
    if shown is None:
        return None
    sessions = rules.carriers[shown.authenticator].sessions
    return sessions.reference_of(shown.text)


def _thumbprint(request: Any, rules: Rules, state: RequestState) -> str | None:
    """Give the thumbprint of the certificate that a session is bound to: the
    one that vouches in the request with which it begins.
    """
    authenticator = request.registry.utilities.lookup(
        (), IAuthenticator, CLIENT_CERTIFICATE
    )
    if not getattr(authenticator, "binds", False):
        return None
    answer = chain.ask(
        request, state, CLIENT_CERTIFICATE, authenticator, rules.is_cross_site
    )
    if not isinstance(answer, Identity):
        return None
    thumbprint: str | None = authenticator.thumbprint_of(request)
    return thumbprint


def _device(request: Any, rules: Rules) -> dict[str, str] | None:
    """Tell from where a user signs in, as far as that may be kept."""
    if rules.kept is None or not rules.device:
        return None
    environ = request.environ
    return {
        "user_agent": _printable(environ.get("HTTP_USER_AGENT", "")),
        "address": _printable(environ.get("REMOTE_ADDR", "")),
    }


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MAX_DEVICE]
