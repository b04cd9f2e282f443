"""What the application says of its users: ``claims_transformer``,
``user_loader``, ``principals`` and ``authorization``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..interfaces import (
    IAuthorization,
    IClaimsTransformer,
    IPrincipals,
    IUserLoader,
)
from ..policy.authorization import by_acl, by_authentication
from .kinds import CALLABLE, DOTTED, Kind, Named, either
from .row import Group, setting
from .setup import Setup

AUTHORIZATION = Kind(
    "acl | authenticated | the dotted name of a callable",
    either(("acl", "authenticated"), CALLABLE.read),
)


@dataclass(frozen=True, slots=True)
class UserSettings(Group):
    """What the application says of its users."""

    claims_transformer: Named | None = setting(
        DOTTED,
        None,
        "An IClaimsTransformer.",
        key="claims_transformer",
        factory=True,
    )
    user_loader: Named | None = setting(
        CALLABLE,
        None,
        "(identity, request): the user object that request.identity gives;"
        " None for one gone or barred.",
        key="user_loader",
        factory=True,
    )
    principals: Named | None = setting(
        CALLABLE,
        None,
        "(identity, request): the names under which ACLs know the user.",
        key="principals",
        factory=True,
    )
    authorization: Named | str = setting(
        AUTHORIZATION,
        "acl",
        "How permits decides: by Pyramid's ACLs, for any signed-in user, or"
        " (request, context, permission, principals).",
        key="authorization",
    )


def register_users(setup: Setup, users: UserSettings) -> None:
    for interface, key, named in (
        (IClaimsTransformer, "claims_transformer", users.claims_transformer),
        (IUserLoader, "user_loader", users.user_loader),
        (IPrincipals, "principals", users.principals),
    ):
        setup.register_named(interface, key, named)
    decide = _authorization(users.authorization)
    setup.register(IAuthorization, decide, "authorization")


def _authorization(authorization: Named | str) -> Any:
    if isinstance(authorization, Named):
        return authorization.value
    return by_authentication if authorization == "authenticated" else by_acl
