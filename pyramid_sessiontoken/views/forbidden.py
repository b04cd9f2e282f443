"""The answer to ``HTTPForbidden``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from pyramid.httpexceptions import HTTPFound, HTTPUnauthorized

from ..authenticators.basic import is_script
from ..policy.answers import ANSWERS, TLS_REQUIRED, is_refused_for_tls
from ..policy.security_policy import is_in_use, policy_of
from .challenges import challenges
from .oauth import write_json

# Characters that a browser or a proxy may drop, or read as a slash or as the
# end of the path.
_UNSAFE = re.compile(r"[\\\x00-\x20\x7f]")


def forbidden(context: Any, request: Any) -> Any:
    """Answer ``HTTPForbidden``: 403 for a known user; for an unknown one 401
    with challenges, or 302 to ``sessiontoken.login_url``.
    """
    policy = policy_of(request)
    if not is_in_use(request, policy):
        return context
    rules = policy.rules
    if is_refused_for_tls(request, rules):
        body = {
            "error": "tls_required",
            "error_description": TLS_REQUIRED,
        }
        return write_json(request, 403, body)
    judged = policy.authenticate(request)
    if isinstance(judged.error, ANSWERS):
        return judged.error
    if judged.error is not None:
        raise judged.error
    if judged.identity is not None:
        return context
    if rules.login_url is not None and is_navigation(request):
        return HTTPFound(_login(request, rules.login_url))
    names = rules.names_for(request)
    return HTTPUnauthorized(headers=challenges(request, policy, names))


def is_navigation(request: Any) -> bool:
    """Tell whether a browser opens a page."""
    if request.method != "GET" or is_script(request.environ):
        return False
    if "HTTP_SEC_FETCH_MODE" in request.environ:
        return True
    return "text/html" in request.environ.get("HTTP_ACCEPT", "").lower()


def _login(request: Any, login_url: str) -> str:
    url = (
        login_url
        if login_url.startswith("/")
        else request.route_path(login_url)
    )
    url, hash_sign, fragment = url.partition("#")
    separator = "&" if "?" in url else "?"
    query = urlencode({"next": local_path(request.path_qs)})
    return url + separator + query + hash_sign + fragment


def local_path(path: str) -> str:
    """Make a path that stays on this host: one leading slash, no backslash, no
    control character.
    """
    return "/" + _UNSAFE.sub(lambda m: quote(m[0]), path).lstrip("/")
