"""Swap any credential for a session token, under Pyramid."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.security import NO_PERMISSION_REQUIRED

from . import views
from .compose import compose
from .directives import DIRECTIVES, AuthenticatorsPredicate
from .forbidden import csrf_required
from .policy import SessionTokenPolicy
from .request import POLICY, OfRequest
from .rules import CHOICE
from .settings import PREFIX, TABLE

__all__ = ["csrf_required", "includeme"]

#: After all other actions: what directives and the application registered
#: is there, and so is every forbidden view.
LAST = 1000


def includeme(config: Any) -> None:
    """Give the application a security policy with session tokens.

    The settings begin with ``sessiontoken.``; only ``sessiontoken.keys`` must
    be set. Include it before catch-all routes: the token endpoint is a route
    like any other.
    """
    registry = config.registry
    if POLICY in registry:
        return
    policy = registry[POLICY] = SessionTokenPolicy()
    for directive in DIRECTIVES:
        config.add_directive(directive.__name__, directive)
    config.add_route_predicate(CHOICE, AuthenticatorsPredicate)
    config.set_security_policy(policy)
    path = _add_endpoint(config)
    Request.sessiontoken = OfRequest()
    config.action(
        "pyramid_sessiontoken",
        lambda: compose(registry, policy, path, autocommit=config.autocommit),
        order=LAST,
    )


def _add_endpoint(config: Any) -> str:
    """Add the routes now: from an action, every catch-all route would come
    first.
    """
    row = TABLE["token.path"]
    path = config.registry.settings.get(PREFIX + row.key, row.default)
    try:
        path = row.kind.read(path)
    except ValueError:
        path = row.default  # The settings' own fault, which is told there.
    for name, suffix, view in (
        ("token", "", views.token),
        ("below", "/{verb:status|introspect|revoke}", views.below),
    ):
        route = f"sessiontoken.{name}"
        config.add_route(route, path + suffix)
        config.add_view(
            view,
            route_name=route,
            permission=NO_PERMISSION_REQUIRED,
            require_csrf=False,
        )
    return str(path)
