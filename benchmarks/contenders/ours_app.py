"""An application with pyramid_sessiontoken."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from contenders.pyramid_app import make_app
from job import CLAIMS, USERID
from pyramid.response import Response
from pyramid.security import remember


def make_ours(settings: Mapping[str, str]) -> Any:
    """Make an application that also issues tokens and cookies.

    :param settings: without ``sessiontoken.``.
    """
    given = {
        # First, so that its routes are tried first, as from an INI.
        "pyramid.includes": "pyramid_sessiontoken",
        "sessiontoken.keys": _new_key(),
    }
    for key, value in settings.items():
        given[f"sessiontoken.{key}"] = value
    return make_app(_configure, given)


def _new_key() -> str:
    raw = secrets.token_bytes(64)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _configure(config: Any) -> None:
    for name, view in VIEWS.items():
        config.add_route(name, f"/{name}")
        config.add_view(view, route_name=name)


def _issue(request: Any) -> Any:
    issued = request.sessiontoken.issue(USERID, CLAIMS)
    return Response(issued.access_token)


def _login(request: Any) -> Any:
    return Response(headerlist=remember(request, USERID, claims=CLAIMS))


def _end(request: Any) -> Any:
    request.sessiontoken.revoke(request.sessiontoken.ticket.sid)
    return Response("ended")


VIEWS = {"issue": _issue, "login": _login, "end": _end}
