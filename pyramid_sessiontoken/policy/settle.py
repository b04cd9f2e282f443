"""What a response does about the session: it acts on the status of the
request.

It is a response callback, which runs after the commit, for every response that
leaves the application.
"""

from __future__ import annotations

import logging
from typing import Any

from ..authenticators.state import ShownToken, Status
from ..errors import RepositoryUnavailable
from ..events import SessionRenewed
from ..identity.identity import Identity
from ..interfaces import RENEW
from ..sessions.lifecycle import IssuedToken
from .private_headers import PrivateHeaders
from .response import NO_STORE, add_vary, is_cacheable, may_carry_token
from .state import PolicyState

log = logging.getLogger("pyramid_sessiontoken")

_NOT_RENEWED = "a session was not renewed: the response carries no new token"


def settle(state: PolicyState, request: Any, response: Any) -> None:
    """Add what the status of the request demands to the response."""
    add_vary(response, dict.fromkeys(state.vary))
    state.is_settled = True
    if state.begun:
        state.response = response
    status = state.status
    if status is Status.NONE and not state.carries_token:
        return
    headers = PrivateHeaders()
    if state.carries_token or status is Status.SET:
        headers.replaced["Cache-Control"] = NO_STORE
    if status is Status.RENEW:
        _renew(request, response, state, headers)
    elif status is Status.DELETE or (
        status is Status.DISCARD
        and (state.carries_token or not is_cacheable(request, response))
    ):
        _delete(request, response, state, headers)
    if not headers.is_empty:
        headers.put_on(request, response)


def _renew(
    request: Any, response: Any, state: PolicyState, headers: PrivateHeaders
) -> None:
    """Renew the token that the user of the request showed, if it is due."""
    judged = state.judged.get(state.rules.names_for(request))
    identity = judged.identity if judged else None
    shown = None if identity is None else state.token_of(identity)
    if identity is None or shown is None or shown.verdict is not RENEW:
        return
    if not state.slides or not may_carry_token(
        request, response, is_private=state.carries_token
    ):
        return
    try:
        issued = _put_renewed(request, state, shown, headers)
    # The request must not fail: the token that came in is still good.
    except RepositoryUnavailable as error:
        log.error("%s, because a backend failed: %s", _NOT_RENEWED, error)
        return
    except Exception:
        log.exception(_NOT_RENEWED)
        return
    if issued is not None:
        _notify(request, identity, issued)


def _put_renewed(
    request: Any,
    state: PolicyState,
    shown: ShownToken,
    headers: PrivateHeaders,
) -> IssuedToken | None:
    """Renew a token and put it into the headers; ``None`` if its carrier does
    not renew, or if another request ended or renewed the session meanwhile.
    """
    carrier = state.rules.carriers.get(shown.authenticator)
    if carrier is None or not carrier.renews(shown.reference):
        return None
    issued = carrier.sessions.renew(shown.ticket, shown.reference)
    if issued is None or not carrier.takes(request, issued, shown.reference):
        return None
    if carrier.put(request, headers, issued, shown.reference):
        headers.replaced["Cache-Control"] = NO_STORE
    return issued


def _notify(request: Any, identity: Identity, issued: IssuedToken) -> None:
    try:
        request.registry.notify(
            SessionRenewed(request, identity, issued.ticket)
        )
    except Exception:
        # The request must not fail: no exception view can answer any more.
        log.exception("a subscriber to SessionRenewed failed")


def _delete(
    request: Any, response: Any, state: PolicyState, headers: PrivateHeaders
) -> None:
    headers.replaced["Cache-Control"] = NO_STORE
    cookie = state.rules.cookie
    if cookie is None:
        return
    # Sign-out holds for any response. It may be that of an exception view,
    # without the headers of forget(), or it may have those of remember().
    headers.added = cookie.delete_headers(request)
    headers.dropped = cookie.jar.owns
    names = {value.partition("=")[0] for _, value in headers.added}
    for header in filter(cookie.jar.owns, response.headerlist):
        name = header[1].partition("=")[0]
        if name not in names:
            names.add(name)
            headers.added += cookie.expire(request, name)
