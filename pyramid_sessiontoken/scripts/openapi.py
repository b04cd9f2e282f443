"""``psessiontoken openapi``: describe the library's own routes, as they are
configured (OpenAPI 3.1).
"""

from __future__ import annotations

import argparse
import json
import re
from importlib.metadata import version
from typing import Any

from ..authenticators.chain import find_authenticator
from ..authenticators.names import CLIENT_CERTIFICATE, COOKIE, SESSION
from ..config.routes import AT_INCLUDE
from ..config.settings import SETTINGS, Settings
from .application import add_ini, application, rules_of
from .openapi_operations import Served, operations_of
from .openapi_parts import RESPONSES, SCHEMAS

# A variable part of a path in a route_prefix, with or without an expression.
_VARIABLE = re.compile(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}")


def add_to(commands: Any) -> None:
    openapi = commands.add_parser(
        "openapi", help="describe the token endpoint (OpenAPI 3.1)"
    )
    add_ini(openapi)
    openapi.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments) as request:
        print(json.dumps(describe(request), indent=2))
    return 0


def describe(request: Any) -> dict[str, Any]:
    """Describe the routes of the application of a request.

    :raises ConfigurationError: where it does not include the library.
    """
    rules, registry = rules_of(request), request.registry
    settings: Settings = registry[SETTINGS]
    schemes = security_schemes(request, settings)
    served = Served(request, settings, rules, schemes)
    paths: dict[str, Any] = {}
    for route in registry[AT_INCLUDE].routes:
        path = registry[AT_INCLUDE].path(route)
        described = operations_of(served, route)
        if path is not None and described:
            paths.update([_write_path(path, described)])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Session tokens of {settings.token.issuer}",
            "version": version("pyramid_sessiontoken"),
        },
        "servers": [
            {"url": f"{scheme}://{{host}}", "variables": _HOST}
            for scheme in (("https",) if rules.require_tls else _BOTH)
        ],
        "paths": paths,
        "components": {
            "securitySchemes": schemes,
            "schemas": SCHEMAS,
            "responses": RESPONSES,
        },
    }


_BOTH = ("https", "http")
_HOST = {"host": {"default": "localhost"}}


def _write_path(
    path: str, described: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Write a path with variables as OpenAPI does."""
    names = _VARIABLE.findall(path)
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }
        for name in names
    ]
    if parameters:
        described = {"parameters": parameters, **described}
    return _VARIABLE.sub(r"{\1}", path), described


def security_schemes(
    request: Any, settings: Settings
) -> dict[str, dict[str, Any]]:
    """Describe how each authenticator of the list takes its credential; those
    for which OpenAPI has no words are left out.
    """
    schemes = {}
    for name in settings.authenticators.names:
        scheme = _scheme_of(request, settings, name)
        if scheme is not None:
            schemes[name] = scheme
    return schemes


def _scheme_of(
    request: Any, settings: Settings, name: str
) -> dict[str, Any] | None:
    # The library's own may be listed under other names.
    kind = settings.authenticators.kinds[name]
    rows: Any = settings.listed.get(name)
    if kind == SESSION:
        return _of_session(rows.scheme, rows.header)
    if kind == COOKIE:
        return _key("cookie", rows.full_name)
    if kind == "api_key":
        return _key("header", rows.header)
    if kind == CLIENT_CERTIFICATE:
        return {"type": "mutualTLS"}
    scheme = find_authenticator(request, name).scheme
    if scheme is None:
        return None
    if kind == "bearer":
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {"type": "http", "scheme": scheme.lower()}


def _of_session(scheme: str, header: str) -> dict[str, Any]:
    if header.lower() != "authorization":
        return _key("header", header)
    if scheme.lower() == "bearer":
        return {"type": "http", "scheme": "bearer"}
    # Programs know the registered schemes alone. They can send any header.
    return {
        **_key("header", header),
        "description": f"{scheme}, a blank, and the token",
    }


def _key(place: str, name: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": place, "name": name}
