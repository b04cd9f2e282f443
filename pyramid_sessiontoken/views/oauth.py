"""A form in, JSON out: shared by all endpoints (RFC 6749, section 5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyramid.httpexceptions import HTTPServiceUnavailable, HTTPTooManyRequests

from ..errors import ClaimsError, SessionLimitReached
from ..policy.answers import (
    NO_SNIFF,
    RETRY_AFTER,
    TLS_REQUIRED,
    is_refused_for_tls,
    log_refused_for_tls,
    repository_or_503,
)
from ..policy.form import FORM, is_form, parse_form, read_body
from ..policy.response import NO_STORE
from ..policy.security_policy import is_in_use, policy_of
from .cors import preflight, watch_origin
from .session_limit import LIMIT_REACHED

log = logging.getLogger("pyramid_sessiontoken")

Verb = Callable[[Any], dict[str, Any] | None]


class OAuthError(Exception):
    """An error answer of the endpoint (RFC 6749, section 5.2)."""

    def __init__(
        self,
        status: int,
        error: str,
        description: str,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}
        self.headers = headers


def answer(
    request: Any,
    verbs: Mapping[str, Verb],
    *,
    empty: int = 204,
    is_for_pages: bool = True,
) -> Any:
    """Answer with the JSON of the verb for the request's method. Only here,
    refusals, outages and throttling become errors of RFC 6749.

    :param empty: the status where it gives ``None``.
    :param is_for_pages: whether pages of other origins may ask.
    """
    if is_for_pages:
        watch_origin(request)
    try:
        verb = verbs.get(request.method)
        if verb is None and is_for_pages:
            return answer_other_method(request, verbs)
        if verb is None:
            raise method_not_allowed(verbs)
        _require_usable(request)
        with repository_or_503(request):
            body = verb(request)
        return write_json(request, empty if body is None else 200, body)
    except OAuthError as error:
        return write_error(request, error)
    except ClaimsError as error:
        log.error("the token endpoint: %s", error)
        return write_error(
            request, invalid_request("No token can carry the user's claims")
        )
    except SessionLimitReached:
        return write_error(request, OAuthError(403, *LIMIT_REACHED))
    except HTTPServiceUnavailable:
        return write_error(request, _unavailable())
    except HTTPTooManyRequests as error:
        retry_after = error.headers["Retry-After"]
        return write_error(request, _too_many_attempts(retry_after))


def answer_other_method(request: Any, verbs: Iterable[str]) -> Any:
    """Answer a preflight, also over plain HTTP: the page can then read why its
    request is refused.

    :raises OAuthError: 405 for any other request.
    """
    fields = preflight(request, verbs)
    if fields is None:
        raise method_not_allowed(verbs)
    return write_json(request, 204, None, fields)


def write_error(request: Any, error: OAuthError) -> Any:
    return write_json(request, error.status, error.body, error.headers)


def write_json(
    request: Any,
    code: int,
    body: dict[str, Any] | None,
    headers: Iterable[tuple[str, str]] = (),
) -> Any:
    # Not through a renderer: an application may replace "json".
    response = request.response
    response.status_int = code
    if body is None:
        response.content_type = None
    else:
        response.content_type = "application/json"
        response.json_body = body
    response.headers["Cache-Control"] = NO_STORE
    response.headers["Pragma"] = "no-cache"
    response.headerlist.extend([NO_SNIFF, *headers])
    return response


def method_not_allowed(verbs: Iterable[str]) -> OAuthError:
    allow = ", ".join(sorted(verbs))
    return OAuthError(
        405,
        "invalid_request",
        f"Use one of: {allow}",
        [("Allow", allow)],
    )


def require_encrypted(request: Any) -> None:
    """Refuse plain HTTP.

    :raises OAuthError: 403, where ``sessiontoken.require_tls`` says so.
    """
    if is_refused_for_tls(request, policy_of(request).rules):
        log_refused_for_tls(request)
        raise OAuthError(403, "tls_required", TLS_REQUIRED)


def _require_usable(request: Any) -> None:
    """Refuse plain HTTP, and an application that would not use the token."""
    require_encrypted(request)
    if not is_in_use(request, policy_of(request)):
        raise OAuthError(
            503,
            "temporarily_unavailable",
            "Another security policy is in use: session tokens would not be"
            " honoured",
            [("Retry-After", RETRY_AFTER)],
        )


def read_form(request: Any) -> dict[str, str]:
    """Read the parameters of a form; no body is an empty form.

    :raises OAuthError: 400, 413 or 415 for a body that is no form.
    """
    pairs = read_pairs(request)
    form = dict(pairs)
    # RFC 6749, section 3.2: a parameter comes at most once.
    if len(form) < len(pairs):
        raise invalid_request("A parameter comes twice")
    return form


def read_pairs(request: Any) -> Sequence[tuple[str, str]]:
    """Read the parameters of a form, also those that come twice.

    :raises OAuthError: as :func:`read_form`.
    """
    body = _read_body(request)
    if not body:
        return []
    if not is_form(request):
        raise OAuthError(415, "invalid_request", f"The body must be {FORM}")
    try:
        return parse_form(body)
    except ValueError:
        raise invalid_request("The body is no form") from None


def _read_body(request: Any) -> bytes:
    try:
        body = read_body(request)
    except OSError:
        # The client closed the connection, or sent another length than it
        # announced.
        raise invalid_request("The body cannot be read") from None
    if body is None:
        raise OAuthError(413, "invalid_request", "The body is too large")
    return body


def invalid_request(description: str) -> OAuthError:
    return OAuthError(400, "invalid_request", description)


def _unavailable() -> OAuthError:
    return OAuthError(
        503,
        "temporarily_unavailable",
        "The sessions cannot be asked just now",
        [("Retry-After", RETRY_AFTER)],
    )


def _too_many_attempts(retry_after: str) -> OAuthError:
    # RFC 6749 has no error for this; RFC 8628, section 3.5, has one.
    return OAuthError(
        429,
        "slow_down",
        "Too many attempts failed",
        [("Retry-After", retry_after)],
    )
