"""The claims transformer has its say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import InvalidCredential
from ..identity.identity import Identity
from ..interfaces import IClaimsTransformer


def transform(request: Any, identity: Identity) -> Identity:
    """Let the claims transformer have its say.

    :raises InvalidCredential: it refuses.
    :raises ClaimsError: it gives what no token can carry.
    """
    transformer = request.registry.queryUtility(IClaimsTransformer)
    if transformer is None:
        return identity
    changed = transformer.transform(identity, request)
    if not isinstance(changed, Identity):
        raise TypeError(
            "the claims transformer gave"
            f" {type(changed).__name__}, not an Identity"
        )
    if changed.userid is None:
        raise InvalidCredential("the claims transformer took the user away")
    return replace(changed, authenticator=identity.authenticator, ticket=None)
