"""What clients meet: the address of the server, and the library's routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request

from ..config.routes import AT_INCLUDE, JAVASCRIPT, METADATA
from ..policy.security_policy import is_in_use, policy_of

# What a server takes for every address of the machine.
_EVERY = ("", "*", "0.0.0.0", "::", "[::]")  # noqa: S104

#: What is read, below the token endpoint.
_READ = ("status", "jwks")

#: The routes of what is read beside it.
_DOCUMENTS = (JAVASCRIPT, METADATA)

_ADDRESS = re.compile(r"(?P<host>.*?)(:(?P<port>[0-9]+))?")


def origin_of(server: Mapping[str, Any], scheme: str) -> str:
    """Give the origin of the server, and the path under which it serves.

    :param server: the section of the INI.
    """
    listen = str(server.get("listen") or server.get("bind") or "").split()
    host = str(server.get("host", ""))
    port = str(server.get("port", ""))
    if listen and not listen[0].startswith("unix:"):
        found = _ADDRESS.fullmatch(listen[0])
        host, port = (found and (found["host"], found["port"])) or (host, port)
    if host in _EVERY:
        host = "localhost"
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    is_default = port in ("", None, "443" if scheme == "https" else "80")
    place = host if is_default else f"{host}:{port}"
    prefix = str(server.get("url_prefix", "")).strip("/")
    return f"{scheme}://{place}{prefix and '/'}{prefix}"


def faults_of_service(request: Any) -> Iterator[str]:
    """Tell why no token would be honoured though the application starts."""
    if not is_in_use(request, policy_of(request)):
        yield (
            "no token is honoured: another security policy is in use; remove"
            " its set_security_policy"
        )
    yield from _faults_of_routes(request.registry)


def _faults_of_routes(registry: Any) -> Iterator[str]:
    """Tell which paths of the library another route takes first."""
    at_include = registry[AT_INCLUDE]
    mapper = registry.getUtility(IRoutesMapper)
    taken: dict[Any, list[str]] = {}
    for route in at_include.routes:
        path = at_include.path(route)
        if path is None:
            continue
        is_read = route.below in _READ or route.name in _DOCUMENTS
        method = "GET" if is_read else "POST"
        asked = Request.blank(
            path, method=method, base_url="https://localhost"
        )
        asked.registry = registry
        found = mapper(asked)["route"]
        if found is not None and found.name != route.name:
            taken.setdefault(found, []).append(f"{method} {path}")
    for found, paths in taken.items():
        yield (
            f"the route {found.name!r} ({found.pattern}) was added before, and"
            f" takes {', '.join(paths)}: include pyramid_sessiontoken before"
            " such routes"
        )
