"""The challenges of a 401 (RFC 9110, section 11.6.1)."""

from __future__ import annotations

from typing import Any

from ..authenticators.basic import is_script
from ..authenticators.chain import find_authenticator
from ..authenticators.schemes import quote
from ..cookies.jar import Headers
from .rules import Metadata
from .state import PolicyState


def challenges(
    request: Any, state: PolicyState, names: tuple[str, ...]
) -> Headers:
    """Write a header field for each scheme that is advertised; none if none
    of the authenticators has a scheme. If several have one scheme, the
    challenge is that of the one that refused.
    """
    rules = state.rules
    values: dict[str, str] = {}
    schemes: set[str] = set()
    for name in names:
        authenticator = find_authenticator(request, name)
        scheme = authenticator.scheme and authenticator.scheme.lower()
        if scheme is None:
            continue
        schemes.add(scheme)
        if scheme == "basic" and is_script(request.environ):
            # Its browser would open a password box over the page.
            continue
        if rules.challenge is not None and scheme not in rules.challenge:
            continue
        if scheme in values and state.refusal(name) is None:
            continue
        value = authenticator.challenge(request)
        if value is not None and scheme == "bearer":
            value = name_metadata(value, rules.metadata)
        if value is not None:
            values[scheme] = value
    fields = [("WWW-Authenticate", value) for value in values.values()]
    if not fields and rules.token_type.lower() in schemes:
        # RFC 9110, section 15.5.2: a 401 has at least one. But none names
        # what is refused here.
        fields.append(("WWW-Authenticate", rules.fallback_challenge))
    return fields


def name_metadata(challenge: str, metadata: Metadata | None) -> str:
    """Name the place of the metadata in a challenge of the scheme ``Bearer``
    (RFC 9728, section 5.1).
    """
    if metadata is None or "resource_metadata=" in challenge:
        return challenge
    comma = "," if " " in challenge.strip() else ""
    return f"{challenge}{comma} resource_metadata={quote(metadata.url)}"
