"""What the response must carry: one status a request, and one place that
acts on it.

It runs as a response callback: after the commit, on whatever response leaves
the application.
"""

from __future__ import annotations

import logging
from typing import Any

from ..authenticators.state import RequestState, Status
from ..events import SessionRenewed
from ..interfaces import RENEW
from .response import NO_STORE, add_vary, is_cacheable, may_carry_token
from .rules import Rules

log = logging.getLogger("pyramid_sessiontoken")


def settle(
    rules: Rules, state: RequestState, request: Any, response: Any
) -> None:
    """Do what the request decided: sign-in and sign-out beat everything;
    what cannot be decoded is deleted; what is due is renewed.
    """
    add_vary(response, dict.fromkeys(state.vary))
    if state.carries_token:
        response.headers["Cache-Control"] = NO_STORE
    status = state.status
    if status is Status.NONE:
        if state.is_due:
            _renew(request, response, rules, state)
    elif status is Status.SET:
        response.headers["Cache-Control"] = NO_STORE
    elif state.decided or not is_cacheable(request, response):
        _delete(request, response, rules)


def _renew(
    request: Any, response: Any, rules: Rules, state: RequestState
) -> None:
    """Renew the token of who the request is, where it is due."""
    judged = state.judged.get(rules.names_for(request))
    identity = judged.identity if judged else None
    shown = None if identity is None else state.token_of(identity)
    if identity is None or shown is None or shown.verdict is not RENEW:
        return
    carrier = rules.carriers.get(shown.authenticator)
    if carrier is None or not state.slides or not carrier.renews(shown.text):
        return
    if not may_carry_token(request, response):
        return
    try:
        issued = carrier.sessions.renew(shown.ticket, shown.text)
        if issued is None:
            # Another request renewed it, or ended it. This one was good.
            return
        if carrier.put(request, response, issued):
            response.headers["Cache-Control"] = NO_STORE
    except Exception:
        # A failed renewal never fails the request: the token that came in is
        # still good.
        log.exception("a session could not be renewed")
        return
    try:
        request.registry.notify(
            SessionRenewed(request, identity, issued.ticket)
        )
    except Exception:
        # Nor does a subscriber, where no exception view could answer.
        log.exception("a subscriber to SessionRenewed failed")


def _delete(request: Any, response: Any, rules: Rules) -> None:
    response.headers["Cache-Control"] = NO_STORE
    cookie = rules.cookie
    if cookie is None:
        return
    # Sign-out holds whatever response is sent: an exception view's that lost
    # the headers of forget(), or one with those of remember() before it.
    deletes = cookie.delete_headers(request)
    headers = response.headerlist
    names = {value.partition("=")[0] for _, value in deletes}
    for header in filter(cookie.jar.owns, [*headers]):
        headers.remove(header)
        name = header[1].partition("=")[0]
        if name not in names:
            names.add(name)
            deletes += cookie.jar.expire((name,))
    headers.extend(deletes)
