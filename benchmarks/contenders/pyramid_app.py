"""The view that all contenders under Pyramid serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response


def make_app(
    configure: Callable[[Any], None] | None = None, settings: Any = None
) -> Any:
    """Make an application of one small view."""
    with Configurator(settings=settings) as config:
        config.add_route("hello", "/hello")
        config.add_view(hello, route_name="hello")
        # Other routes of a contender come after the route that is timed.
        if configure is not None:
            configure(config)
        return config.make_wsgi_app()


def hello(request: Any) -> Any:
    return Response(f"hello {request.authenticated_userid}")


class Policy:
    """The base of all policies here."""

    def identity(self, request: Any) -> Any:
        return self.authenticated_userid(request)

    def authenticated_userid(self, request: Any) -> Any:
        raise NotImplementedError

    def permits(self, request: Any, context: Any, permission: str) -> bool:
        return True

    def remember(self, request: Any, userid: Any, **kw: Any) -> Any:
        return []

    def forget(self, request: Any, **kw: Any) -> Any:
        return []
