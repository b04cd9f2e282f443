"""Which requests need a CSRF token."""

from __future__ import annotations

from typing import Any

from ..authenticators.chain import find_authenticator
from .security_policy import POLICY, is_in_use


def csrf_required(request: Any) -> bool:
    """Tell whether a request needs Pyramid's CSRF token: the callback for
    ``config.set_default_csrf_options``.

    A request needs none if browsers do not send its credential by themselves.
    """
    policy = request.registry.get(POLICY)
    if policy is None or not is_in_use(request, policy):
        return True
    identity = policy.authenticate(request).identity
    if identity is None:
        return True
    return any(
        find_authenticator(request, name).ambient
        for name in identity.authenticator.split()
    )
