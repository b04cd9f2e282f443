"""The fields of a 401, for views of an application's own."""

from __future__ import annotations

from typing import Any

from ..cookies.jar import Headers
from .security_policy import POLICY, is_in_use


def challenges(request: Any) -> Headers:
    """Give the challenges of a 401 as ``("WWW-Authenticate", value)`` pairs:
    one for each scheme that the request's route takes. None where another
    security policy is in use.

    An example: ``HTTPUnauthorized(headers=challenges(request))``.
    """
    policy = request.registry.get(POLICY)
    if policy is None or not is_in_use(request, policy):
        return []
    # Where a credential was refused, the challenges say so.
    policy.authenticate(request)
    fields: Headers = policy.challenges(request)
    return fields
