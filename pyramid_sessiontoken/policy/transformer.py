"""Call the claims transformer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import InvalidClaims
from ..identity.identity import Identity
from ..interfaces import IAuthenticator, IClaimsTransformer


def is_transformed(request: Any, identity: Identity) -> bool:
    """Tell whether the claims transformer runs for what an authenticator gave:
    for a session and an access token it ran when they were made.
    """
    if identity.ticket is not None:
        return False
    name = identity.authenticator
    authenticator = request.registry.queryUtility(IAuthenticator, name)
    return bool(getattr(authenticator, "is_transformed", True))


def transform(request: Any, identity: Identity) -> Identity:
    """Call the claims transformer, if one is registered.

    :raises InvalidCredential: where it refuses the user.
    :raises ClaimsError: where it gives claims that no token can carry.
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
        raise InvalidClaims("the claims transformer removed the userid")
    return replace(changed, authenticator=identity.authenticator, ticket=None)
