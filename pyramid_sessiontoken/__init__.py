"""Swap any credential for a session token, under Pyramid."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from .config.compose import WARNINGS, compose
from .config.directives import DIRECTIVES
from .config.routes import AuthenticatorsPredicate, add_routes
from .config.view_options import add_view_options
from .policy.csrf import csrf_required
from .policy.request import SessionTokenAttribute
from .policy.rules import CHOICE
from .policy.security_policy import POLICY, SessionTokenPolicy
from .policy.stepup import StepUpRequired
from .policy.unauthorized import challenges

__all__ = ["StepUpRequired", "challenges", "csrf_required", "includeme"]

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
    add_view_options(config)
    config.set_security_policy(policy)
    paths = add_routes(config)
    Request.sessiontoken = SessionTokenAttribute()

    def start() -> None:
        registry[WARNINGS] = compose(
            registry, policy, paths, autocommit=config.autocommit
        )

    config.action("pyramid_sessiontoken", start, order=LAST)
