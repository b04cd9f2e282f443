"""The routes and views that the library adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import IRoutesMapper
from pyramid.security import NO_PERMISSION_REQUIRED

from ..policy.rules import CHOICE
from ..views import introspection, javascript, jwks, metadata, renew, token
from .alike import LOGOUT_PATH
from .kinds import read_list
from .metadata import well_known_path
from .reader import named_in
from .row import PREFIX
from .settings import TABLE
from .setup import Setup


class Route(NamedTuple):
    """A path of the library.

    Rows that stand together under one name are one route of Pyramid: each
    request pays for each route before its own.

    :ivar key: the setting that gives the path.
    :ivar below: the last segment, below that path; empty for the path itself.
    :ivar under_prefix: whether it stands under the include's
        ``route_prefix``.
    :ivar read: gives the path for the setting's value.
    """

    name: str
    key: str
    below: str
    view: Callable[..., Any]
    under_prefix: bool = True
    read: Callable[[str], str] = str

    def path(self, values: Mapping[str, str | None]) -> str | None:
        """Give the path, without a prefix; ``None`` if it is not served.

        :param values: by the keys of the settings.
        """
        value = values[self.key]
        if value is None:
            return None
        path = self.read(value)
        return f"{path}/{self.below}" if self.below else path


class AtInclude(NamedTuple):
    """What was read at the include.

    :ivar values: by the keys of the settings.
    :ivar prefix: the ``route_prefix``, as a path without a slash at its end.
    :ivar routes: those whose paths are served.
    """

    values: Mapping[str, str | None]
    prefix: str = ""
    routes: tuple[Route, ...] = ()

    def path(self, route: Route) -> str | None:
        """Give the whole path of a route; ``None`` if it is not served."""
        path = route.path(self.values)
        if path is None or not route.under_prefix:
            return path
        return self.prefix + path


#: Where the registry keeps what was read at the include, for the commands.
AT_INCLUDE = "pyramid_sessiontoken.at_include"

BELOW = "sessiontoken.below"
METADATA = "sessiontoken.metadata"
JAVASCRIPT = "sessiontoken.javascript"

#: What the names of routes for the sign-outs of issuers begin with.
LOGOUT = "sessiontoken.logout"

BEARER = "bearer"

ROUTES = (
    Route("sessiontoken.token", "token.path", "", token.token),
    Route(BELOW, "token.path", "status", token.status),
    Route(BELOW, "token.path", "renew", renew.renew),
    Route(BELOW, "token.path", "introspect", introspection.introspect),
    Route(BELOW, "token.path", "revoke", introspection.revoke),
    Route(BELOW, "token.path", "jwks", jwks.jwks),
    Route(
        METADATA,
        "metadata.resource",
        "",
        metadata.metadata,
        under_prefix=False,
        read=well_known_path,
    ),
    Route(JAVASCRIPT, "javascript.path", "", javascript.javascript),
)


def add_routes(config: Any) -> AtInclude:
    """Add the routes now: from an action, every catch-all route would come
    first.
    """
    settings = config.registry.settings
    values = {route.key: _read(settings, route.key) for route in ROUTES}
    logouts = {key: _read(settings, key) for key in _logout_keys(settings)}
    values.update(logouts)
    heard = [_logout_route(key) for key, path in logouts.items() if path]
    for name, routes in groupby((*ROUTES, *heard), attrgetter("name")):
        _add_route(config, name, values, *routes)
    prefix = (config.route_prefix or "").strip("/")
    return AtInclude(values, prefix and f"/{prefix}", (*ROUTES, *heard))


def _logout_keys(settings: Mapping[str, Any]) -> Iterator[str]:
    """Give the keys of the paths at which issuers tell of sign-outs."""
    for name, kind in {BEARER: BEARER, **named_in(settings)}.items():
        if kind == BEARER:
            yield f"{name}.{LOGOUT_PATH}"


def _logout_route(key: str) -> Route:
    from ..views.logout import logout_view

    name = key.partition(".")[0]
    return Route(f"{LOGOUT}.{name}", key, "", logout_view(name))


def _add_route(
    config: Any, name: str, values: Mapping[str, str | None], *routes: Route
) -> None:
    pattern = routes[0]._replace(below="").path(values)
    if pattern is None:
        return
    segments = "|".join(route.below for route in routes)
    if segments:
        pattern += f"/{{below:{segments}}}"
    with _prefix(config, under_prefix=routes[0].under_prefix):
        config.add_route(name, pattern)
        for route in routes:
            # Pyramid never matches a static route, so no request pays for
            # it. Programs that ask for the route of a path find it.
            if route.below:
                config.add_route(
                    f"{name}.{route.below}", route.path(values), static=True
                )
    for route in routes:
        config.add_view(
            route.view,
            route_name=name,
            match_param=f"below={route.below}" if route.below else None,
            permission=NO_PERMISSION_REQUIRED,
            require_csrf=False,
        )


@contextmanager
def _prefix(config: Any, *, under_prefix: bool) -> Iterator[None]:
    """Add a route under the prefix of the include, or not."""
    before = config.route_prefix
    if not under_prefix:
        config.route_prefix = None
    try:
        yield
    finally:
        config.route_prefix = before


def _read(settings: Mapping[str, Any], key: str) -> str | None:
    # That of another name of bearer has the same kind.
    row = TABLE.get(key) or TABLE[f"{BEARER}.{LOGOUT_PATH}"]
    for value in (settings.get(PREFIX + key), row.default):
        if value is None:
            continue
        try:
            read: str | None = row.kind.read(value)
        except ValueError:
            continue  # The settings' own fault, which is told there.
        return read
    return None


def check_paths(
    setup: Setup, at_include: AtInclude, now: Mapping[str, str | None]
) -> None:
    """Tell which values are others than at the include, by their keys, and
    which routes have one path.
    """
    for key, text in equal_paths(at_include.routes, at_include):
        setup.fault(key, text)
    for key, value in now.items():
        before = at_include.values.get(key)
        if value != before:
            setup.fault(
                key,
                f"it is read at the include, as {before!r}; it became"
                f" {value!r} later",
            )


def equal_paths(
    routes: Iterable[Route], at_include: AtInclude
) -> Iterator[tuple[str, str]]:
    """Tell which routes have one path: the second would never be asked.

    :return: the key, and what is wrong with it.
    """
    first: dict[str, Route] = {}
    for route in routes:
        path = at_include.path(route)
        if path is None:
            continue
        there = first.setdefault(path, route)
        if there is not route:
            told = f"{path!r} is a path of {PREFIX}{there.key}, too"
            yield route.key, f"{told}; each needs one of its own"


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
