"""Sign-in and sign-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..authenticators.names import CLIENT_CERTIFICATE, COOKIE
from ..authenticators.state import Refusal
from ..cookies.jar import Headers
from ..events import SessionIssued
from ..identity.claims import NO_CLAIMS
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..sessions.lifecycle import IssuedToken, Sessions
from .answers import repository_or_503, require_tls
from .begun import forget_cookie, watch
from .ending import (
    Ending,
    end,
    ending_of,
    ending_of_expired,
    endings_beside,
)
from .rules import Rules
from .sizes import warn_of_large_claims
from .state import Begun, PolicyState
from .transformer import transform

#: Stands for an authenticator if the application itself signs a user in.
APPLICATION = "application"

#: So many characters of a user agent are kept.
MAX_DEVICE = 300


def identity_for(
    request: Any, userid: Any, claims: Mapping[str, Any] | None
) -> Identity:
    """Make the identity of a user for whom the application vouches.

    :raises ClaimsError: for a userid or claims that no token can carry.
    :raises InvalidCredential: where the claims transformer refuses.
    """
    identity = Identity(userid, claims or NO_CLAIMS, APPLICATION)
    return transform(request, identity)


def issue(
    request: Any, state: PolicyState, identity: Identity
) -> SessionIssued:
    """Begin a session that travels in a header; give the event that
    subscribers got.

    :raises HTTPForbidden: over plain HTTP.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    require_tls(request, state.rules)
    state.carries_token = True
    sessions = state.rules.header.sessions
    issued = _begin(request, state, sessions, identity)
    watch(request, state, Begun(sessions, issued, in_cookie=False))
    return _notify(request, identity, issued)


def remember(
    request: Any,
    state: PolicyState,
    identity: Identity,
    persistent: bool | None,
) -> Headers:
    """Begin a session that travels in the cookie, and end the sessions of all
    genuine cookies that were shown. Give the headers that set the new cookie;
    none where no cookie is accepted.

    :param persistent: ``None`` for ``sessiontoken.cookie.persistent``.
    :raises HTTPForbidden: over plain HTTP.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    rules = state.rules
    cookie = rules.cookie
    if cookie is None:
        return []
    require_tls(request, rules)
    if persistent is None:
        persistent = rules.persistent
    issued = _begin(request, state, cookie.sessions, identity, persistent)
    begun = Begun(cookie.sessions, issued, in_cookie=True)
    watch(request, state, begun)
    headers = begun.headers = cookie.set_headers(request, issued)
    end(request, state, *_endings_of_cookie(request, state))
    state.sign_in(
        Identity(identity.userid, identity.claims, COOKIE, issued.ticket)
    )
    _notify(request, identity, issued)
    return headers


def forget(request: Any, state: PolicyState) -> Headers:
    """End the sessions of all genuine cookies that were shown; give the
    headers that delete the cookie.

    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    cookie = state.rules.cookie
    end(request, state, *_endings_of_cookie(request, state))
    state.sign_in(None)
    forget_cookie(state)
    return [] if cookie is None else cookie.delete_headers(request)


def _begin(
    request: Any,
    state: PolicyState,
    sessions: Sessions,
    identity: Identity,
    persistent: bool = False,
) -> IssuedToken:
    with repository_or_503():
        issued = sessions.issue(
            identity,
            persistent=persistent,
            device=_device(request, state.rules),
            thumbprint=_thumbprint(request, state),
        )
    warn_of_large_claims(request.registry, issued.access_token, issued.ticket)
    return issued


def _notify(
    request: Any, identity: Identity, issued: IssuedToken
) -> SessionIssued:
    event = SessionIssued(
        request, identity, issued.ticket, identity.authenticator, issued
    )
    request.registry.notify(event)
    return event


def _endings_of_cookie(
    request: Any, state: PolicyState
) -> list[Ending | None]:
    """Decide to end the sessions of the cookie, or the session that this
    request began before.
    """
    if state.rules.cookie is None or state.decided:
        return [ending_of(state, state.signed_in)]
    # The chain refuses a cookie that another site made the browser send.
    with repository_or_503():
        answer = state.rules.chain.ask(request, state, COOKIE)
    counts = (
        ending_of_expired(request, state, answer)
        if isinstance(answer, Refusal)
        else ending_of(state, answer)
    )
    return [counts, *endings_beside(request, state)]


def _thumbprint(request: Any, state: PolicyState) -> str | None:
    """Give the thumbprint of the certificate to which a new session is bound:
    the certificate that is accepted in this request, if one is.
    """
    authenticator = request.registry.utilities.lookup(
        (), IAuthenticator, CLIENT_CERTIFICATE
    )
    if not getattr(authenticator, "binds", False):
        return None
    answer = state.rules.chain.ask(request, state, CLIENT_CERTIFICATE)
    if not isinstance(answer, Identity):
        return None
    thumbprint: str | None = authenticator.thumbprint_of(request)
    return thumbprint


def _device(request: Any, rules: Rules) -> dict[str, str] | None:
    """Give user agent and address; ``None`` where they are not kept."""
    if rules.stored is None or not rules.device:
        return None
    environ = request.environ
    return {
        "user_agent": _printable(environ.get("HTTP_USER_AGENT", "")),
        "address": _printable(environ.get("REMOTE_ADDR", "")),
    }


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MAX_DEVICE]
