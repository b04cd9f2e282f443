"""Documents that everybody may read, and that caches may keep."""

from __future__ import annotations

from typing import Any

from ..policy.answers import NO_SNIFF
from .cors import watch_origin
from .oauth import (
    OAuthError,
    answer_other_method,
    require_encrypted,
    write_error,
)

METHODS = ("GET", "HEAD")


def publish(
    request: Any,
    document: bytes,
    max_age: int,
    content_type: str = "application/json",
) -> Any:
    """Answer GET and HEAD with a document; no credential is looked at.

    :param max_age: seconds for which a cache may keep it.
    """
    # First, so that what this answer adds stays.
    request.add_response_callback(_depend_on_nothing)
    watch_origin(request)
    try:
        if request.method not in METHODS:
            return answer_other_method(request, METHODS)
        require_encrypted(request)
    except OAuthError as error:
        return write_error(request, error)
    response = request.response
    response.content_type = content_type
    response.body = document
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.headerlist.append(NO_SNIFF)
    return response


def _depend_on_nothing(request: Any, response: Any) -> None:
    """The answer is the same for all, also where something asked who the user
    is before the view.
    """
    response.vary = None
