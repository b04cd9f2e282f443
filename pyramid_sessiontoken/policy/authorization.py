"""Principals and permissions."""

from __future__ import annotations

from typing import Any

from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.security import Allowed, Denied
from zope.interface import provider

from ..identity.identity import Identity
from ..interfaces import IAuthorization

_ACL = ACLHelper()

_PREFIXES = (("roles", "role:"), ("groups", "group:"), ("scope", "scope:"))


def principals_of(identity: Identity | None) -> list[Any]:
    """Give the names of a user for ACLs: the userid, and ``role:x``,
    ``group:x`` and ``scope:x`` from the claims ``roles``, ``groups`` and
    ``scope``. Claims are lists of text; ``scope`` may also be one text (RFC
    6749, section 3.3).
    """
    if identity is None:
        return [Everyone]
    principals: list[Any] = [Everyone, Authenticated, identity.userid]
    claims = identity.claims
    if claims:
        for claim, prefix in _PREFIXES:
            names = claims.get(claim)
            if claim == "scope" and isinstance(names, str):
                names = names.split()
            if isinstance(names, list):
                principals.extend(
                    prefix + name for name in names if isinstance(name, str)
                )
    return principals


@provider(IAuthorization)
def by_acl(
    request: Any, context: Any, permission: str, principals: list[Any]
) -> Any:
    """Decide by the ACLs of the context and its parents."""
    return _ACL.permits(context, principals, permission)


@provider(IAuthorization)
def by_authentication(
    request: Any, context: Any, permission: str, principals: list[Any]
) -> Any:
    """Allow everything to every user who is signed in."""
    if request.is_authenticated:
        return Allowed("%r is signed in", request.authenticated_userid)
    return Denied("nobody is signed in")
