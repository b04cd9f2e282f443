"""What the response must carry: one status a request, and one place that
acts on it.

It runs as a response callback: after the commit, on whatever response leaves
the application.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from .events import SessionRenewed
from .interfaces import RENEW, IClock
from .rules import Rules
from .state import RequestState, Status

log = logging.getLogger("pyramid_sessiontoken")

#: What nobody but the client may keep, and not even that.
NO_STORE = "private, no-store"


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


def add_vary(response: Any, names: Iterable[str]) -> None:
    """Add names to ``Vary`` (RFC 9110, section 12.5.5), keep what it has."""
    if not names:
        return
    headers = response.headerlist
    for name, _ in headers:
        if name.lower() == "vary":
            break
    else:
        headers.append(("Vary", ", ".join(names)))
        return
    present = ",".join(response.headers.getall("Vary"))
    there = [name.strip() for name in present.split(",")]
    known = {name.lower() for name in there}
    if "*" not in known:
        there += [name for name in names if name.lower() not in known]
        response.headers["Vary"] = ", ".join(filter(None, there))


def may_carry_token(request: Any, response: Any) -> bool:
    """Tell whether a response may carry a new token: no error, nothing that
    a cache keeps, nothing that will be thrown away, and nobody asked not to
    slide.
    """
    return not (
        response.status_code >= 400  # noqa: PLR2004
        or request.environ.get("HTTP_SESSION_SLIDE", "").lower() == "no"
        or is_cacheable(request, response)
        or will_be_retried(request)
    )


def is_cacheable(request: Any, response: Any) -> bool:
    """Tell whether somebody may keep the response (RFC 9111, section 3).

    What cannot be read counts as yes.
    """
    if response.status_code == 304:  # noqa: PLR2004
        return True
    control = ",".join(response.headers.getall("Cache-Control")).lower()
    for directive in control.split(","):
        name, _, value = directive.strip().partition("=")
        if name == "public":
            return True
        if name in ("max-age", "s-maxage") and value.strip('" ') != "0":
            return True
    if "Expires" not in response.headers:
        return False
    now = request.registry.getUtility(IClock).now()
    try:
        expires = response.expires
    except ValueError:
        return True  # A year that Python does not know.
    # RFC 9111, section 5.3: what is no date, "0" above all, is the past.
    return expires is not None and expires > datetime.fromtimestamp(
        now, timezone.utc
    )


def will_be_retried(request: Any) -> bool:
    """Tell whether pyramid_retry throws this response away."""
    if request.exception is None or "retry.attempt" not in request.environ:
        return False
    from pyramid_retry import is_error_retryable

    return bool(is_error_retryable(request, request.exception))
