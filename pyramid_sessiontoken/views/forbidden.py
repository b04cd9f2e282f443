"""The answer to ``HTTPForbidden``."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.httpexceptions import (
    HTTPException,
    HTTPForbidden,
    HTTPFound,
    HTTPUnauthorized,
)

from ..authenticators.basic import is_script
from ..authenticators.state import Refusal
from ..errors import REASON_EXPIRED
from ..interfaces import IAuthenticator
from ..policy.answers import (
    ANSWERS,
    NO_SNIFF,
    TLS_REQUIRED,
    is_refused_for_tls,
    log_refused_for_tls,
)
from ..policy.rules import Rules
from ..policy.security_policy import is_in_use, policy_of
from .login import is_login_page, login_location
from .refusals import wants_page, write_refusal

log = logging.getLogger("pyramid_sessiontoken")

#: Headers that a response has for its body.
_OF_BODY = ("content-type", "content-length")


def forbidden(context: Any, request: Any) -> Any:
    """Answer ``HTTPForbidden``: 403 for a known user; for an unknown one 401
    with challenges, or 302 to ``sessiontoken.login_url``.
    """
    policy = policy_of(request)
    if not is_in_use(request, policy):
        return context
    rules = policy.rules
    if is_refused_for_tls(request, rules):
        log_refused_for_tls(request)
        return write_refusal(
            request, HTTPForbidden(), "tls_required", TLS_REQUIRED
        )
    judged = policy.authenticate(request)
    if isinstance(judged.error, ANSWERS):
        return judged.error
    if judged.error is not None:
        raise judged.error
    if judged.identity is not None:
        return _known(request, context)
    if _is_sent_to_login(request, rules):
        location = login_location(request, str(rules.login_url))
        return HTTPFound(location, headers=[NO_SNIFF])
    error, description = _say(request, rules, judged.refusal)
    response = HTTPUnauthorized(headers=policy.challenges(request))
    return write_refusal(request, response, error, description)


def is_navigation(request: Any) -> bool:
    """Tell whether a browser opens a page."""
    if request.method not in ("GET", "HEAD") or is_script(request.environ):
        return False
    return "HTTP_SEC_FETCH_MODE" in request.environ or wants_page(request)


def _is_sent_to_login(request: Any, rules: Rules) -> bool:
    if rules.login_url is None or not is_navigation(request):
        return False
    if not is_login_page(request, rules.login_url):
        return True
    log.warning(
        "the sign-in page (sessiontoken.login_url = %s) answers 401: it is"
        " protected itself, and would redirect to itself without end; let its"
        " view need no permission",
        rules.login_url,
    )
    return False


def _known(request: Any, context: Any) -> Any:
    """Answer 403, in the application's own words where it has some."""
    template = HTTPException.body_template_obj
    if context.has_body or context.body_template_obj is not template:
        return context
    response = HTTPForbidden(
        headers=[
            header
            for header in context.headerlist
            if header[0].lower() not in _OF_BODY
        ]
    )
    description = "The user may not do this"
    # Pyramid's own words for a lacking permission name the permission.
    if getattr(context, "result", None) is None and context.detail:
        description = str(context.detail)
    return write_refusal(request, response, "forbidden", description)


def _say(
    request: Any, rules: Rules, refusal: Refusal | None
) -> tuple[str, str]:
    """Tell as little as the challenges do: whether it is for a token, and
    whether that expired.
    """
    if refusal is None:
        return "unauthorized", "A credential is needed"
    if refusal.reason == REASON_EXPIRED:
        return "invalid_token", "The token expired"
    if _holds_token(request, rules, refusal.authenticator):
        return "invalid_token", "The token was refused"
    return "unauthorized", "The credential was refused"


def _holds_token(request: Any, rules: Rules, names: str) -> bool:
    find = request.registry.queryUtility
    for name in names.split():
        if name in rules.carriers:
            return True
        scheme = getattr(find(IAuthenticator, name), "scheme", None)
        if (scheme or "").lower() == "bearer":
            return True
    return False
