"""The answer to ``StepUpRequired`` (RFC 9470)."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.httpexceptions import HTTPFound, HTTPUnauthorized

from ..authenticators.schemes import quote
from ..policy.answers import NO_SNIFF
from ..policy.rules import Rules
from ..policy.security_policy import is_in_use, policy_of
from ..policy.stepup import StepUpRequired
from .forbidden import forbidden, is_navigation
from .login import is_login_page, login_location
from .refusals import write_refusal

log = logging.getLogger("pyramid_sessiontoken")

#: RFC 9470, section 3.
ERROR = "insufficient_user_authentication"


def step_up(context: StepUpRequired, request: Any) -> Any:
    """Answer ``StepUpRequired``: 302 to ``sessiontoken.stepup.url`` where a
    browser opens a page, else 401 with the challenge of session tokens.
    """
    policy = policy_of(request)
    if not is_in_use(request, policy):
        return context
    judged = policy.authenticate(request)
    if judged.identity is None:
        return forbidden(context, request)
    rules = policy.rules
    demanded = _demanded(context)
    if _is_sent_to_sign_in(request, rules):
        location = login_location(request, str(rules.stepup_url), demanded)
        return HTTPFound(location, headers=[NO_SNIFF])
    if "amr" in demanded:
        demanded["acr_values"] = demanded.pop("amr")
    parameters = {"error": ERROR, **demanded}
    written = "".join(f", {k}={quote(v)}" for k, v in parameters.items())
    challenge = rules.fallback_challenge + written
    response = HTTPUnauthorized(headers=[("WWW-Authenticate", challenge)])
    description = context.detail or "This needs a new sign-in"
    return write_refusal(request, response, ERROR, description)


def _demanded(context: StepUpRequired) -> dict[str, str]:
    """Give what the user's next sign-in must have, by the names that a page
    for it reads.
    """
    demanded = {}
    if context.max_age is not None:
        demanded["max_age"] = str(context.max_age)
    if context.amr:
        demanded["amr"] = " ".join(context.amr)
    return demanded


def _is_sent_to_sign_in(request: Any, rules: Rules) -> bool:
    if rules.stepup_url is None or not is_navigation(request):
        return False
    if not is_login_page(request, rules.stepup_url):
        return True
    log.warning(
        "the page to sign in again (sessiontoken.stepup.url, or login_url ="
        " %s) answers 401: it needs a new sign-in itself, and would redirect"
        " to itself without end; let its view have no sessiontoken_max_age and"
        " no sessiontoken_amr",
        rules.stepup_url,
    )
    return False
