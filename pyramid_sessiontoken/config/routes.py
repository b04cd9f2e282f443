"""The routes and views that the library adds."""

from __future__ import annotations

from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPForbidden
from pyramid.interfaces import (
    IExceptionViewClassifier,
    IMultiView,
    IRequest,
    IRoutesMapper,
    ISecuredView,
    IView,
)
from pyramid.security import NO_PERMISSION_REQUIRED
from zope.interface import implementedBy

from ..policy.rules import CHOICE
from ..views import introspection, token
from ..views.forbidden import forbidden
from .kinds import read_list
from .parts import Parts
from .row import PREFIX
from .settings import TABLE


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


def check_path(parts: Parts, token_path: str) -> None:
    path = parts.settings.token.path
    if path != token_path:
        parts.fault(
            "token.path",
            f"it is read at the include, as {token_path!r}; it became"
            f" {path!r} later",
        )


def check_login_route(parts: Parts) -> None:
    url = parts.settings.login_url
    if url is None or url.startswith("/"):
        return
    mapper = parts.registry.queryUtility(IRoutesMapper)
    route = None if mapper is None else mapper.get_route(url)
    try:
        found = route is not None and bool(route.generate({}))
    except KeyError:
        found = False
    if not found:
        parts.fault(
            "login_url",
            "neither a path that begins with / nor a route without parts to"
            f" fill in: {url!r}",
        )


def check_routes(parts: Parts, names: tuple[str, ...]) -> None:
    mapper = parts.registry.queryUtility(IRoutesMapper)
    routes = [] if mapper is None else mapper.get_routes(include_static=True)
    for route in routes:
        for predicate in route.predicates:
            for name in getattr(predicate, CHOICE, ()):
                if name not in names:
                    parts.fault(
                        "authenticators",
                        f"the route {route.name!r} names {name!r}, which is"
                        " none of them",
                    )


def register_forbidden_view(registry: Any) -> None:
    """Answer ``HTTPForbidden`` where neither the application nor another
    plugin does. This is no action: it could conflict with theirs.
    """
    registered = registry.adapters.registered
    required = (
        IExceptionViewClassifier,
        IRequest,
        implementedBy(HTTPForbidden),  # type: ignore[no-untyped-call]
    )
    for kind in (IView, ISecuredView, IMultiView):
        if registered(required, kind) is not None:
            return
    registry.registerAdapter(forbidden, required, IView)


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
