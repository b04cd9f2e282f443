"""Whether a request is for the token endpoint, as its path says.

The matched route cannot tell: pyramid_tm asks who the user is before a route
is matched.
"""

from __future__ import annotations

from typing import Any

from pyramid.interfaces import IRoutesMapper
from pyramid.traversal import decode_path_info

from .form import names_grant_type

#: The name of the route.
TOKEN = "sessiontoken.token"  # noqa: S105

#: ``Upgrade`` lists protocols (RFC 9110, section 7.8).
WEBSOCKET = "websocket"

_OF_WEBSOCKETS = {"wss": "https", "ws": "http"}


def scheme_of(request: Any) -> str:
    """Give ``https`` or ``http``; a WebSocket over TLS (``wss``) is https."""
    scheme: str = request.environ.get("wsgi.url_scheme", "")
    return _OF_WEBSOCKETS.get(scheme, scheme)


def is_handshake(request: Any) -> bool:
    """Tell whether a request opens a WebSocket (RFC 6455, section 4.1)."""
    protocols = request.environ.get("HTTP_UPGRADE")
    if not protocols or request.method != "GET":
        return False
    return WEBSOCKET in (p.strip().lower() for p in protocols.split(","))


def is_for_token(request: Any) -> bool:
    """Tell whether a request is for ``token.path`` itself."""
    return _matches(request, _path(request))


def is_for_endpoint(request: Any) -> bool:
    """Tell whether a request is for ``token.path``, or what stands directly
    below it.
    """
    return is_for_token(request) or is_below_token(request)


def is_below_token(request: Any) -> bool:
    """Tell whether a request is for what stands directly below
    ``token.path``.
    """
    above, _, _ = _path(request).rpartition("/")
    return _matches(request, above)


def takes_form_encoded(request: Any) -> bool:
    """Tell whether OAuth 2 clients encode the pair in Basic, as a form does
    (RFC 6749, section 2.3.1): at introspection and revocation always, at
    ``token.path`` where they name a ``grant_type``.
    """
    if is_for_token(request):
        return request.method == "POST" and names_grant_type(request)
    below = _path(request).rpartition("/")[2]
    return below in ("introspect", "revoke") and is_below_token(request)


def _path(request: Any) -> str:
    try:
        path: str = decode_path_info(request.environ.get("PATH_INFO") or "/")
    except UnicodeDecodeError:
        return ""  # Pyramid answers 400: no route matches it.
    return path


def _matches(request: Any, path: str) -> bool:
    mapper = request.registry.queryUtility(IRoutesMapper)
    route = None if mapper is None else mapper.get_route(TOKEN)
    return route is not None and route.match(path) is not None
