"""What browsers ask and are told for pages of other origins (CORS; the Fetch
standard, section 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..policy.cors import Cors
from ..policy.private_headers import PrivateHeaders
from ..policy.response import add_vary
from ..policy.security_policy import policy_of

#: Seconds for which a browser need not ask again.
MAX_AGE = "600"


def watch_origin(request: Any) -> None:
    """Let the answer to a request tell whose pages may read it, also if an
    exception view gives the answer.
    """
    if _cors(request) is not None:
        request.add_response_callback(_tell_origin)


def preflight(
    request: Any, methods: Iterable[str]
) -> list[tuple[str, str]] | None:
    """Give the headers that answer a preflight; ``None`` for a request that is
    none, or that comes from another origin.

    :param methods: of the route.
    """
    cors = _cors(request)
    if (
        cors is None
        or request.method != "OPTIONS"
        or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in request.environ
        or cors.origin_of(request) is None
    ):
        return None
    return [
        ("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
        ("Access-Control-Allow-Headers", cors.allowed),
        ("Access-Control-Max-Age", MAX_AGE),
    ]


def _tell_origin(request: Any, response: Any) -> None:
    cors: Any = _cors(request)
    add_vary(response, ("Origin",))
    origin = cors.origin_of(request)
    if origin is None:
        return
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": cors.exposed,
    }
    # An exception view may give one response to several requests.
    PrivateHeaders(replaced=headers).put_on(request, response)


def _cors(request: Any) -> Cors | None:
    return policy_of(request).rules.cors
