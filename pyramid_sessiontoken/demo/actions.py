"""What the buttons of the demo do."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import remember

from ..interfaces import ITokenRepository
from .devices import PHONE
from .views import home

_HOME = "/"


def includeme(config: Any) -> None:
    for view, path in (
        (end, "/end"),
        (end_others, "/others"),
        (phone, "/phone"),
        (revoke_elsewhere, "/elsewhere"),
        (unplug, "/unplug"),
        (make_access_token, "/access-token"),
        (revoke_access_token, "/revoke"),
    ):
        name = view.__name__
        config.add_route(name, path, request_method="POST")
        config.add_view(view, route_name=name, permission="view")


def end(request: Any) -> Response:
    """End one of the user's own sessions."""
    session = request.sessiontoken
    own = {info.sid for info in session.sessions()}
    sid = request.POST.get("sid")
    if sid in own:
        session.revoke(sid)
    return HTTPSeeOther(_HOME)


def end_others(request: Any) -> Response:
    """End all sessions of the user but this one."""
    request.sessiontoken.revoke_all(keep_current=True)
    return HTTPSeeOther(_HOME)


def phone(request: Any) -> Response:
    """Begin a session as a phone would."""
    known = request.sessiontoken.identity
    other = Request.blank(_HOME, user_agent=PHONE)
    other.registry = request.registry
    other.environ["REMOTE_ADDR"] = "192.0.2.7"
    other.environ["wsgi.url_scheme"] = request.scheme
    # The cookie that this sets reaches nobody; the server keeps its session.
    remember(other, known.userid, claims=known.claims, amr="pwd")
    return HTTPSeeOther(_HOME)


def revoke_elsewhere(request: Any) -> Response:
    """End this session as another device would: the client is not told."""
    session = request.sessiontoken
    if session.ticket is not None:
        session.revoke(session.ticket.sid)
    return HTTPSeeOther(_HOME)


def unplug(request: Any) -> Response:
    """Take the repository away for some seconds."""
    request.registry.getUtility(ITokenRepository).unplug()
    return HTTPSeeOther(_HOME)


def make_access_token(request: Any) -> Response:
    """Make an access token, and show it once."""
    form = request.POST
    claims = {"roles": form.getall("role")}
    try:
        made = request.sessiontoken.create_access_token(
            form.get("name"), claims, form.get("lifetime")
        )
    except ValueError as error:
        return HTTPBadRequest(str(error))
    return home(request, made)


def revoke_access_token(request: Any) -> Response:
    """End an access token of the user."""
    request.sessiontoken.revoke_access_token(request.POST.get("id", ""))
    return HTTPSeeOther(_HOME)
