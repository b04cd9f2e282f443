"""An application with pyramid_sessiontoken."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from contenders.pyramid_app import make_app
from job import CLAIMS, CLAIMS_KEY, USERID, USERID_KEY
from pyramid.response import Response
from pyramid.security import remember


def make_ours(settings: Mapping[str, str]) -> Any:
    """Make an application that also issues tokens and cookies.

    :param settings: without ``sessiontoken.``.
    """
    settings = {"keys": _new_key(), **settings}
    given = {f"sessiontoken.{key}": value for key, value in settings.items()}
    # First, so that its routes are tried first, as from an INI.
    first = {"pyramid.includes": "pyramid_sessiontoken"}
    return make_app(_configure, {**first, **given})


def _new_key() -> str:
    raw = secrets.token_bytes(64)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _configure(config: Any) -> None:
    for name, view in VIEWS.items():
        config.add_route(name, f"/{name}")
        config.add_view(view, route_name=name)


def _issue(request: Any) -> Any:
    userid = request.environ.get(USERID_KEY, USERID)
    claims = request.environ.get(CLAIMS_KEY, CLAIMS)
    issued = request.sessiontoken.issue(userid, claims)
    return Response(issued.access_token)


def _login(request: Any) -> Any:
    claims = request.environ.get(CLAIMS_KEY, CLAIMS)
    return Response(headerlist=remember(request, USERID, claims=claims))


def _end(request: Any) -> Any:
    request.sessiontoken.revoke(request.sessiontoken.ticket.sid)
    return Response("ended")


def _list(request: Any) -> Any:
    userid = request.environ[USERID_KEY]
    return Response(str(len(request.sessiontoken.sessions(userid))))


def _everywhere(request: Any) -> Any:
    request.sessiontoken.revoke_all(request.environ[USERID_KEY])
    return Response("ended")


VIEWS = {
    "issue": _issue,
    "login": _login,
    "end": _end,
    "list": _list,
    "everywhere": _everywhere,
}
