"""The origins whose pages may use the library's own routes (CORS)."""

from __future__ import annotations

from typing import Any, NamedTuple

from .endpoint import is_for_endpoint


class Cors(NamedTuple):
    """What scripts of other origins may do at the library's own routes.

    :ivar origins: as browsers write them in ``Origin``.
    :ivar allowed: the request headers that a script may send.
    :ivar exposed: the response headers that a script may read.
    """

    origins: frozenset[str]
    allowed: str
    exposed: str

    def origin_of(self, request: Any) -> str | None:
        """Give the origin of the page that sent a request, if it is one of
        these.
        """
        origin: str | None = request.environ.get("HTTP_ORIGIN")
        return origin if origin in self.origins else None

    def is_own(self, request: Any) -> bool:
        """Tell whether a request to the token endpoint, or below it, comes
        from one of these origins.
        """
        return self.origin_of(request) is not None and is_for_endpoint(request)
