"""The challenges of a 401 (RFC 9110, section 11.6.1)."""

from __future__ import annotations

from typing import Any

from ..authenticators.chain import find_authenticator
from ..policy.security_policy import SessionTokenPolicy


def challenges(
    request: Any, policy: SessionTokenPolicy, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Write a field for each scheme that is advertised. Where several come
    under one scheme, it speaks of the one that refused.
    """
    advertised = policy.rules.challenge
    state = policy.state(request)
    values: dict[str, str] = {}
    for name in names:
        authenticator = find_authenticator(request, name)
        scheme = authenticator.scheme
        if scheme is None:
            continue
        scheme = scheme.lower()
        if advertised is not None and scheme not in advertised:
            continue
        if scheme in values and state.refusal(name) is None:
            continue
        value = authenticator.challenge(request)
        if value is not None:
            values[scheme] = value
    fields = [("WWW-Authenticate", value) for value in values.values()]
    # RFC 9110, section 15.5.2: a 401 has at least one.
    return fields or [("WWW-Authenticate", policy.rules.fallback_challenge)]
