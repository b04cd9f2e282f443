"""The answer to ``SessionLimitReached``, where the application has none."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden

from .refusals import write_refusal

#: ``error`` and ``error_description`` of the answer.
LIMIT_REACHED = (
    "session_limit",
    "The user has too many sessions: end one of them first",
)


def session_limit(context: Any, request: Any) -> Any:
    """Answer 403, as the token endpoint does."""
    return write_refusal(request, HTTPForbidden(), *LIMIT_REACHED)
