"""The metadata of this API as a protected resource (RFC 9728)."""

from __future__ import annotations

from typing import Any

from ..policy.security_policy import policy_of
from .public import publish

#: Seconds for which a cache may keep it.
MAX_AGE = 3600


def metadata(context: Any, request: Any) -> Any:
    """Tell programs whose tokens this API takes."""
    # The route is there only if the document is.
    served: Any = policy_of(request).rules.metadata
    return publish(request, served.document, MAX_AGE)
