"""Headers for one client, on a response that other requests may use, too.

An application may make a response once and return it to many requests, also in
several threads at the same time. A header that one request adds must not reach
the client of another. So nothing is written into such a response: the headers
wait in the WSGI environ of the request, and are added when the response is
sent for this environ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pyramid.threadlocal import manager

from ..cookies.jar import Headers
from .response import is_for_caches

_KEY = "sessiontoken.private_headers"


@dataclass(slots=True)
class PrivateHeaders:
    """Changes to the headers of a response.

    :ivar replaced: values by name; other fields of these names are removed.
    :ivar dropped: tells which other fields are removed.
    :ivar added: fields that are added at the end.
    """

    replaced: dict[str, str] = field(default_factory=dict)
    dropped: Callable[[tuple[str, str]], bool] | None = None
    added: Headers = field(default_factory=list)

    def apply(self, headers: Headers) -> Headers:
        """Give a copy of headers with the changes."""
        gone = {name.lower() for name in self.replaced}
        dropped = self.dropped
        private = "cache-control" in gone
        return [
            *(
                header
                for header in headers
                if header[0].lower() not in gone
                # Shared caches would obey it rather than Cache-Control.
                and not (private and is_for_caches(header[0].lower()))
                and not (dropped is not None and dropped(header))
            ),
            *self.replaced.items(),
            *self.added,
        ]

    @property
    def is_empty(self) -> bool:
        return not (self.replaced or self.added or self.dropped)

    def put_on(self, request: Any, response: Any) -> None:
        """Change the response to this request, and no other response."""
        if _is_of(request, response) or not _can_wait(response):
            response.headerlist = self.apply(response.headerlist)
        else:
            found, waiting = request.environ.get(_KEY, (None, ()))
            waiting = (*waiting, self) if found is response else (self,)
            request.environ[_KEY] = (response, waiting)


def _is_of(request: Any, response: Any) -> bool:
    """Tell whether a response was made for this request alone. The response to
    a subrequest belongs to the request that made the subrequest.
    """
    made = request.__dict__.get("response")
    return made is response or len(manager.stack) > 1


def _can_wait(response: Any) -> bool:
    """Make a response look for waiting headers when it is sent; tell whether
    that is possible.
    """
    kind = type(response)
    if not issubclass(kind, _AsksWhenSent):
        try:
            response.__class__ = _asking(kind)
        except TypeError:
            # Its class is not written in Python, or has slots.
            return False
    return True


class _AsksWhenSent:
    """A response whose headers are completed when it is sent."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        found, waiting = environ.get(_KEY, (None, ()))
        if found is not self:
            return super().__call__(environ, start_response)  # type: ignore[misc]

        def start(status: str, fields: Headers, *exc_info: Any) -> Any:
            for headers in waiting:
                fields = headers.apply(fields)
            return start_response(status, fields, *exc_info)

        return super().__call__(environ, start)  # type: ignore[misc]


def _asking(kind: type) -> type:
    """Give a subclass that looks for waiting headers, under the same name."""
    made = _ASKING.get(kind)
    if made is None:
        made = _ASKING[kind] = type(
            kind.__name__,
            (_AsksWhenSent, kind),
            {"__module__": kind.__module__, "__qualname__": kind.__qualname__},
        )
    return made


_ASKING: dict[type, type] = {}
