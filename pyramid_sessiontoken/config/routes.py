"""The routes and views that the library adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import IRoutesMapper
from pyramid.security import NO_PERMISSION_REQUIRED

from ..policy.rules import CHOICE
from ..views import introspection, token
from .kinds import read_list
from .row import PREFIX
from .settings import TABLE
from .setup import Setup


class Route(NamedTuple):
    """A route of the library.

    :ivar key: the setting that gives its path.
    :ivar below: what follows that path.
    """

    name: str
    key: str
    below: str
    view: Callable[..., Any]


ROUTES = (
    Route("sessiontoken.token", "token.path", "", token.token),
    Route("sessiontoken.status", "token.path", "/status", token.status),
    Route(
        "sessiontoken.introspect",
        "token.path",
        "/introspect",
        introspection.introspect,
    ),
    Route(
        "sessiontoken.revoke", "token.path", "/revoke", introspection.revoke
    ),
)


def add_routes(config: Any) -> dict[str, str]:
    """Add the routes now: from an action, every catch-all route would come
    first.

    :return: the paths that were read now, by the keys of their settings.
    """
    settings = config.registry.settings
    paths = {route.key: _read_path(settings, route.key) for route in ROUTES}
    for route in ROUTES:
        config.add_route(route.name, paths[route.key] + route.below)
        config.add_view(
            route.view,
            route_name=route.name,
            permission=NO_PERMISSION_REQUIRED,
            require_csrf=False,
        )
    return paths


def _read_path(settings: Mapping[str, Any], key: str) -> str:
    row = TABLE[key]
    try:
        path = row.kind.read(settings.get(PREFIX + key, row.default))
    except ValueError:
        path = row.default  # The settings' own fault, which is told there.
    return str(path)


def check_paths(
    setup: Setup, at_include: Mapping[str, str], now: Mapping[str, str]
) -> None:
    """Tell which paths are others than at the include, by their keys."""
    for key, path in at_include.items():
        if now[key] != path:
            setup.fault(
                key,
                f"it is read at the include, as {path!r}; it became"
                f" {now[key]!r} later",
            )


def check_routes(setup: Setup, names: tuple[str, ...]) -> None:
    """Tell which routes choose an authenticator that is not listed."""
    mapper = setup.registry.queryUtility(IRoutesMapper)
    routes = [] if mapper is None else mapper.get_routes(include_static=True)
    for route in routes:
        for predicate in route.predicates:
            for name in getattr(predicate, CHOICE, ()):
                if name not in names:
                    setup.fault(
                        "authenticators",
                        f"the route {route.name!r} names {name!r}, which is"
                        " not in the list",
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
