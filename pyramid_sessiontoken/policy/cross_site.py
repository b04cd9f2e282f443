"""Whether another site made the browser send a request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pyramid.settings import aslist
from pyramid.util import is_same_domain

#: RFC 9110, section 9.2.1.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))


def is_cross_site(request: Any) -> bool:
    """Tell whether an unsafe request comes from another origin.

    ``Sec-Fetch-Site`` decides, because no script can forge it; without it,
    ``Origin``. A request with neither does not come from a browser.
    """
    if request.method in SAFE_METHODS:
        return False
    site = request.environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is None or origin == request.host_url:
        return False
    return not _is_trusted(request, origin)


def allow_all(request: Any) -> bool:
    """Allow every request, for ``sessiontoken.cross_site = allow``: the
    application checks origins itself.
    """
    return False


def _is_trusted(request: Any, origin: str) -> bool:
    """Compare with ``pyramid.csrf_trusted_origins``, as Pyramid does."""
    try:
        parsed = urlsplit(origin)
    except ValueError:
        return False
    trusted = aslist(
        request.registry.settings.get("pyramid.csrf_trusted_origins", ())
    )
    return parsed.scheme == request.scheme and any(
        is_same_domain(parsed.netloc, pattern) for pattern in trusted
    )
