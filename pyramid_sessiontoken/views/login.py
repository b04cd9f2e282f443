"""Where pages sign in, and the way back from there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

#: A longer way back is left out, bytes.
MAX_WAY_BACK = 2000

# What a browser or a proxy could read as the end of the path, or drop, and
# what is no ASCII: no header carries it.
_UNSAFE = re.compile(r"[^\x21-\x5b\x5d-\x7e]")

#: RFC 3986, section 3.3, beside letters and digits.
_PATH = "/~!$&'()*+,;=:@"


def is_login_page(request: Any, login_url: str) -> bool:
    """Tell whether a request is for the sign-in page itself."""
    if not _is_url(login_url) and not login_url.startswith("/"):
        route = request.matched_route
        return route is not None and route.name == login_url
    url = urlsplit(_base(request, login_url))
    if url.netloc and _without_port(url.netloc) != _host(request):
        return False
    return unquote(url.path or "/") == "/" + unquote(request.path).lstrip("/")


def login_location(
    request: Any,
    login_url: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Give the URL of the sign-in page, with the way back as ``next``.

    The way back is a path of this host; from a page of another host, the URL
    of the page that was asked for.

    :param more: parameters beside ``next``. What the URL has itself stays.
    """
    url, hash_sign, fragment = _base(request, login_url).partition("#")
    # PEP 3333: the bytes of a request, each as one character.
    way_back = local_path(request.path_qs, "latin-1")
    if _is_url(login_url):
        way_back = f"https://{_host(request)}{way_back}"
    there = parse_qs(urlsplit(url).query, True)
    added = {} if len(way_back) > MAX_WAY_BACK else {"next": way_back}
    added = {k: v for k, v in {**added, **more}.items() if k not in there}
    if added:
        query = urlencode(added, errors="replace")
        url += ("&" if "?" in url else "?") + query
    return url + hash_sign + fragment


def local_path(path: str, encoding: str = "utf-8") -> str:
    """Make sure that a path stays on this host: exactly one leading slash,
    no backslash, no control character; and that a header carries it.

    :param encoding: of what is no ASCII.
    """

    def escape(match: re.Match[str]) -> str:
        return quote(match[0], encoding=encoding, errors="replace")

    return "/" + _UNSAFE.sub(escape, path).lstrip("/")


def _base(request: Any, login_url: str) -> str:
    """Give the URL without the way back."""
    if _is_url(login_url):
        return login_url
    if not login_url.startswith("/"):
        path: str = request.route_path(login_url)
        return path
    mounted = request.environ.get("SCRIPT_NAME", "").strip("/")
    if not mounted:
        return login_url
    return "/" + quote(mounted, safe=_PATH, encoding="latin-1") + login_url


def _is_url(login_url: str) -> bool:
    return login_url.startswith("https://")


def _host(request: Any) -> str:
    return _without_port(request.host)


def _without_port(host: str) -> str:
    return host.lower().removesuffix(":443")
