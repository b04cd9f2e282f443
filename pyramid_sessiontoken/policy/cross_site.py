"""Whether another site made the browser send a request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pyramid.request import Request
from pyramid.settings import aslist
from pyramid.util import is_same_domain

from ..authenticators.schemes import credential_of
from .endpoint import is_for_endpoint, is_for_token, is_handshake, scheme_of

#: RFC 9110, section 9.2.1.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def is_cross_site(request: Any) -> bool:
    """Tell whether an unsafe request comes from another origin.

    ``Sec-Fetch-Site`` decides, because no script can forge it; without it,
    ``Origin``. A request with neither does not come from a browser. An origin
    in ``pyramid.csrf_trusted_origins`` is accepted, but not at the endpoint.
    """
    site = request.environ.get("HTTP_SEC_FETCH_SITE")
    origin = request.environ.get("HTTP_ORIGIN")
    if site in ("same-origin", "none") or (site is None and origin is None):
        return False
    if request.method in SAFE_METHODS and not _is_unsafe_get(request):
        return False
    if site is None and origin == _own_origin(request):
        return False
    return (
        origin is None
        or not _is_trusted(request, origin)
        or is_for_endpoint(request)
    )


def allow_all(request: Any) -> bool:
    """Allow every request, for ``sessiontoken.cross_site = allow``: the
    application checks origins itself.
    """
    return False


def _is_unsafe_get(request: Any) -> bool:
    """Tell whether a GET does more than to ask: it opens a WebSocket, or
    spends a password that the browser remembers for a token.
    """
    if request.method != "GET":
        return False
    if is_handshake(request):
        return True
    shown = request.environ.get("HTTP_AUTHORIZATION")
    if not shown or credential_of(shown, "Basic") is None:
        return False
    return is_for_token(request)


def _own_origin(request: Any) -> str:
    scheme = scheme_of(request)
    if scheme != request.scheme:
        # WebOb knows the standard ports of http and https alone.
        environ = {**request.environ, "wsgi.url_scheme": scheme}
        request = Request(environ)
    origin: str = request.host_url
    return origin


def _is_trusted(request: Any, origin: str) -> bool:
    """Compare with ``pyramid.csrf_trusted_origins``, as Pyramid does."""
    try:
        parsed = urlsplit(origin)
    except ValueError:
        return False
    trusted = aslist(
        request.registry.settings.get("pyramid.csrf_trusted_origins", ())
    )
    return parsed.scheme == scheme_of(request) and any(
        is_same_domain(parsed.netloc, pattern) for pattern in trusted
    )
