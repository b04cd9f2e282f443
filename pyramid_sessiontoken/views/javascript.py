"""``{javascript.path}``: the client for pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from ..policy.security_policy import policy_of
from .public import publish

#: Seconds for which a cache may keep it.
MAX_AGE = 3600


def javascript(context: Any, request: Any) -> Any:
    """Answer with ``sessiontoken.js``."""
    carrier = policy_of(request).rules.header
    script = _script(carrier.request_header, carrier.response_header)
    return publish(request, script, MAX_AGE, "text/javascript")


@cache
def _script(request_header: str, response_header: str | None) -> bytes:
    """Give the script, with the names of the headers that it uses."""
    static = files("pyramid_sessiontoken") / "static"
    text = (static / "sessiontoken.js").read_text("utf-8")
    if request_header.lower() != "authorization":
        text = text.replace(
            'HEADER = "Authorization"', f'HEADER = "{request_header}"'
        )
    if response_header is not None:
        text = text.replace('"Session-Token"', f'"{response_header}"')
    return text.encode()
