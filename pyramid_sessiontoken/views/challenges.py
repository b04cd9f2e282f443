"""The challenges of a 401 (RFC 9110, section 11.6.1)."""

from __future__ import annotations

from typing import Any

from ..authenticators.chain import find_authenticator
from ..policy.security_policy import SessionTokenPolicy


def challenges(
    request: Any, policy: SessionTokenPolicy, names: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Write a header field for each scheme that is advertised. If several
    authenticators have one scheme, the challenge is that of the one that
    refused.
    """
    state = policy.state(request)
    values: dict[str, str] = {}
    for name in names:
        authenticator = find_authenticator(request, name)
        scheme = authenticator.scheme and authenticator.scheme.lower()
        if not _is_advertised(policy, scheme):
            continue
        if scheme in values and state.refusal(name) is None:
            continue
        value = authenticator.challenge(request)
        if value is not None:
            values[scheme] = value
    fields = [("WWW-Authenticate", value) for value in values.values()]
    # RFC 9110, section 15.5.2: a 401 has at least one.
    return fields or [("WWW-Authenticate", policy.rules.fallback_challenge)]


def _is_advertised(policy: SessionTokenPolicy, scheme: str | None) -> bool:
    advertised = policy.rules.challenge
    if scheme is None:
        return False
    return advertised is None or scheme in advertised
