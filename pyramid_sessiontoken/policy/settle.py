"""What a response does about the session: it acts on the status of the
request.

It is a response callback, which runs after the commit, for every response that
leaves the application.
"""

from __future__ import annotations

import logging
from typing import Any

from ..authenticators.state import STATE, Status
from ..errors import RepositoryUnavailable
from ..events import SessionRenewed
from ..identity.identity import Identity
from ..interfaces import RENEW
from ..sessions.issued import IssuedToken
from ..sessions.shown import ShownToken
from .observers import count_outage, is_heard, notify
from .private_headers import PrivateHeaders
from .response import (
    NO_STORE,
    add_vary,
    is_cacheable,
    why_not_carried,
    why_not_renewed,
)
from .stamp import restamped
from .state import PolicyState

log = logging.getLogger("pyramid_sessiontoken")

_NOT_RENEWED = "a session was not renewed: the response carries no new token"


def settle(request: Any, response: Any) -> None:
    """Add what the status of the request demands to the response."""
    state: PolicyState = request.__dict__[STATE]
    if state.vary:
        add_vary(response, state.vary)
    state.is_settled = True
    if state.begun:
        state.response = response
    status = state.status
    updated = state.updated
    # The falsy status is NONE; to name it here would cost each request more.
    if not status and not state.carries_token and updated is None:
        return
    headers = PrivateHeaders()
    if updated is not None:
        headers = updated[1]
    if state.carries_token or status is Status.SET:
        headers.replaced["Cache-Control"] = NO_STORE
    if status is Status.RENEW:
        state.withheld = _renew(request, response, state, headers)
    elif (
        status is Status.DISCARD
        and not state.carries_token
        and is_cacheable(request, response)
    ):
        state.withheld = "a cache may keep the response"
    elif status is Status.DELETE or status is Status.DISCARD:
        _delete(request, response, state, headers)
    if not headers.is_empty:
        headers.put_on(request, response)


def _renew(
    request: Any, response: Any, state: PolicyState, headers: PrivateHeaders
) -> str | None:
    """Renew the token that the user of the request showed, if it is due.

    :return: why it is not renewed; ``None`` if it is.
    """
    judged = state.judged.get(state.rules.names_for(request))
    identity = judged.identity if judged else None
    if identity is None:
        return "no user is signed in"
    shown = state.token_of(identity)
    if shown is None:
        return "the user of the request comes from another credential"
    if shown.verdict is not RENEW:
        return "the session that counts is not due yet"
    if not state.slides:
        return "the token endpoint leaves the session as it is"
    why_not = why_not_renewed(
        request, state.rules.renewing
    ) or why_not_carried(request, response, is_private=state.carries_token)
    if why_not is not None:
        return why_not
    try:
        issued = _put_renewed(request, state, shown, headers)
    # The request must not fail: the token that came in is still good.
    except RepositoryUnavailable as error:
        log.error("%s, because a backend failed: %s", _NOT_RENEWED, error)
        count_outage(request.registry, error, identity.authenticator)
        return "a backend failed: see the log"
    except Exception:
        log.exception(_NOT_RENEWED)
        return "code failed: see the log"
    if isinstance(issued, str):
        return issued
    _notify(request, identity, issued)
    return None


def _put_renewed(
    request: Any,
    state: PolicyState,
    shown: ShownToken,
    headers: PrivateHeaders,
) -> IssuedToken | str:
    """Renew a token and put it into the headers.

    :return: why it is not renewed, where it is not.
    """
    carrier = state.rules.carriers.get(shown.authenticator)
    if carrier is None or not carrier.renews(shown.reference):
        return "no header carries it: sessiontoken.token.renewal_header"
    ticket = restamped(state, shown.ticket)
    issued = carrier.sessions.renew(ticket, shown.reference)
    if issued is None:
        return (
            "the session is at its end, or another request ended or renewed"
            " it meanwhile"
        )
    if not carrier.takes(request, issued, shown.reference):
        return "the new token is too long for a response header"
    if carrier.put(request, headers, issued, shown.reference):
        headers.replaced["Cache-Control"] = NO_STORE
    return issued


def _notify(request: Any, identity: Identity, issued: IssuedToken) -> None:
    if not is_heard(request.registry):
        return
    try:
        notify(
            request.registry, SessionRenewed(request, identity, issued.ticket)
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
    headers.added = state.brought_back or cookie.delete_headers(request)
    headers.dropped = cookie.owns
    names = {value.partition("=")[0] for _, value in headers.added}
    for header in filter(cookie.owns, response.headerlist):
        name = header[1].partition("=")[0]
        if name not in names:
            names.add(name)
            headers.added += cookie.expire(request, name)
