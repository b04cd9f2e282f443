"""The routes and views that the library adds."""

from __future__ import annotations

from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import (
    IRoutesMapper,
)
from pyramid.security import NO_PERMISSION_REQUIRED

from ..policy.rules import CHOICE
from ..views import introspection, token
from .kinds import read_list
from .row import PREFIX
from .settings import TABLE
from .setup import Setup


def add_endpoint(config: Any) -> str:
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
        ("token", "", token.token),
        ("status", "/status", token.status),
        ("introspect", "/introspect", introspection.introspect),
        ("revoke", "/revoke", introspection.revoke),
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


def check_path(setup: Setup, path: str, token_path: str) -> None:
    """Tell where a path is another than it was at the include."""
    if path != token_path:
        setup.fault(
            "token.path",
            f"it is read at the include, as {token_path!r}; it became"
            f" {path!r} later",
        )


def check_routes(setup: Setup, names: tuple[str, ...]) -> None:
    mapper = setup.registry.queryUtility(IRoutesMapper)
    routes = [] if mapper is None else mapper.get_routes(include_static=True)
    for route in routes:
        for predicate in route.predicates:
            for name in getattr(predicate, CHOICE, ()):
                if name not in names:
                    setup.fault(
                        "authenticators",
                        f"the route {route.name!r} names {name!r}, which is"
                        " none of them",
                    )


class AuthenticatorsPredicate:
    """``config.add_route(..., sessiontoken_authenticators='cookie')``: who of
    ``sessiontoken.authenticators`` may vouch on that route. It matches
    always.
    """

    def __init__(self, value: Any, config: Any) -> None:
        try:
            self.sessiontoken_authenticators = read_list(value)
        except ValueError as error:
            raise ConfigurationError(f"{CHOICE}: {error}") from error

    def text(self) -> str:
        return f"{CHOICE} = {' '.join(self.sessiontoken_authenticators)}"

    phash = text

    def __call__(self, info: Any, request: Any) -> bool:
        return True
