"""The bodies of 401 and 403: JSON as at the endpoint, or a short page."""

from __future__ import annotations

from html import escape
from typing import Any

from ..policy.answers import NO_SNIFF
from ..policy.response import NO_STORE

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<h1>{title}</h1>
<p>{description}</p>
</html>
"""


def wants_page(request: Any) -> bool:
    """Tell whether ``Accept`` names ``text/html``."""
    return "text/html" in request.environ.get("HTTP_ACCEPT", "").lower()


def write_refusal(
    request: Any, response: Any, error: str, description: str
) -> Any:
    """Fill a response without a body."""
    if wants_page(request):
        response.content_type = "text/html"
        response.charset = "utf-8"
        response.text = _PAGE.format(
            title=escape(response.status), description=escape(description)
        )
    else:
        response.content_type = "application/json"
        response.charset = None
        response.json_body = {
            "error": error,
            "error_description": description,
        }
    response.headers["Cache-Control"] = NO_STORE
    response.headerlist.append(NO_SNIFF)
    return response
