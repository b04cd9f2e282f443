"""``forbidden_view`` and ``login_url``: the answer to ``HTTPForbidden``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPForbidden
from pyramid.interfaces import (
    IExceptionViewClassifier,
    IMultiView,
    IRequest,
    IRoutesMapper,
    ISecuredView,
    IView,
)
from zope.interface import implementedBy

from ..views.forbidden import forbidden
from .kinds import BOOL, TEXT
from .row import PREFIX, Group, setting
from .setup import Setup


@dataclass(frozen=True, slots=True)
class ForbiddenSettings(Group):
    """The answer to ``HTTPForbidden``."""

    view: bool = setting(
        BOOL,
        "true",
        "Answer HTTPForbidden, unless the application or a plugin does: 401,"
        " 403, or 302 to login_url.",
        key="forbidden_view",
    )
    login_url: str | None = setting(
        TEXT,
        None,
        "Where a browser is sent from a page that needs a user: a path or a"
        " route name; the way back is added as ?next=.",
        key="login_url",
    )

    def faults(self) -> Iterator[str]:
        # Browsers take // and /\ for the beginning of a host.
        if (self.login_url or "").startswith(("//", "/\\")):
            yield (
                f"{PREFIX}login_url: exactly one leading slash, found"
                f" {self.login_url!r}"
            )


def check_login_route(setup: Setup, url: str | None) -> None:
    """Tell where the URL of the sign-in page is neither path nor route."""
    if url is None or url.startswith("/"):
        return
    mapper = setup.registry.queryUtility(IRoutesMapper)
    route = None if mapper is None else mapper.get_route(url)
    try:
        found = route is not None and bool(route.generate({}))
    except KeyError:
        found = False
    if not found:
        setup.fault(
            "login_url",
            "neither a path that begins with / nor a route without parts to"
            f" fill in: {url!r}",
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
