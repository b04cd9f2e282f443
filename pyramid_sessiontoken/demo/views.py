"""What the demo shows."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import forget, remember

from .. import clock
from ..clock import moment
from ..errors import CODES
from ..views.login import local_path
from ..views.refusals import wants_page
from .pages import answer_page, dashboard, plain, sign_in_form

#: How a secret is shown: so many characters of it.
_SHOWN = 12


def includeme(config: Any) -> None:
    config.add_static_view("static", "pyramid_sessiontoken.demo:static")
    for name, path in (
        ("home", "/"),
        ("signin", "/signin"),
        ("signout", "/signout"),
        ("identity", "/identity"),
        ("use", "/use"),
        ("admin", "/admin"),
        ("account", "/account"),
    ):
        config.add_route(name, path)
    config.add_view(home, route_name="home")
    config.add_view(form, route_name="signin", request_method="GET")
    config.add_view(sign_in, route_name="signin", request_method="POST")
    config.add_view(sign_out, route_name="signout", request_method="POST")
    config.add_view(identity, route_name="identity", renderer="json")
    config.add_view(use, route_name="use", renderer="json", permission="view")
    config.add_view(
        admin, route_name="admin", renderer="json", permission="administer"
    )
    config.add_view(
        account,
        route_name="account",
        permission="view",
        sessiontoken_max_age="1m",
    )


def home(request: Any, made: str = "") -> Response:
    """Show the session of the user, or the form to sign in.

    :param made: an access token that was made just now.
    """
    session = request.sessiontoken
    known = session.identity
    if known is None:
        why = session.failure_code
        note = f"Your session is over: {CODES[why]}." if why else ""
        body = sign_in_form(request, "Sign in", "/", note=note)
        return answer_page("Sign in", body)
    now = moment(clock.now(request.registry))
    body = dashboard(
        request,
        known,
        sessions=session.sessions(),
        tokens=session.access_tokens(),
        now=now,
        made=made,
    )
    return answer_page("Your session", body)


def form(request: Any) -> Response:
    """Show the form, with the path of the page that comes after it."""
    way_back = local_path(request.params.get("next", "/"))
    title, note = "Sign in", ""
    if "max_age" in request.GET:
        title = "Your password again, please"
        note = "This page is for people who signed in within the last minute."
    elif way_back != "/":
        note = f"Sign in to see {way_back}."
    return answer_page(
        title, sign_in_form(request, title, way_back, note=note)
    )


def sign_in(request: Any) -> Response:
    """Swap a password for a session in the cookie."""
    username = request.POST.get("username", "")
    user = request.sessiontoken.check_password(
        username, request.POST.get("password")
    )
    way_back = local_path(request.POST.get("next", "/"))
    if user is None:
        error = "Unknown user or wrong password."
        body = sign_in_form(
            request, "Sign in", way_back, username=username, error=error
        )
        return answer_page("Sign in", body)
    headers = remember(request, user, persistent="persistent" in request.POST)
    # Return the redirect: raised, it would abort a transaction.
    return HTTPSeeOther(way_back, headers=headers)


def sign_out(request: Any) -> Response:
    """End the session."""
    return HTTPSeeOther("/", headers=forget(request))


def identity(request: Any) -> dict[str, Any]:
    """Tell the user and the authenticator, or the reason of a refusal."""
    session = request.sessiontoken
    known = session.identity
    return {
        "userid": request.authenticated_userid,
        "authenticator": known.authenticator if known else None,
        "claims": session.claims,
        "refused": session.failure,
    }


def use(request: Any) -> dict[str, Any]:
    """Do what any page of an application does, and tell what came in and
    what goes out, with secrets shortened.
    """
    session = request.sessiontoken
    answer = {
        "userid": request.authenticated_userid,
        "authenticator": session.identity.authenticator,
        "sent": {
            name: shorten(request.headers[name])
            for name in ("Authorization", "Cookie")
            if name in request.headers
        },
        "session": None,
    }
    if session.ticket is not None:
        ticket = session.ticket._asdict()
        names = ("sid", "iat", "exp", "auth_time", "session_end", "amr")
        answer["session"] = {name: ticket[name] for name in names}
    return answer


def shorten(header: str) -> str:
    """Shorten each long word of a header."""
    words = []
    for word in header.split(" "):
        name, equals, value = word.partition("=")
        if not value:
            name, equals, value = "", "", word
        if len(value) > _SHOWN:
            value = value[:_SHOWN] + "..."
        words.append(name + equals + value)
    return " ".join(words)


def admin(request: Any) -> dict[str, str] | Response:
    """Greet users with the role admin: programs in JSON."""
    userid = request.authenticated_userid
    if not wants_page(request):
        return {"hello": userid}
    text = f"Hello {userid}, you have the role admin."
    return answer_page("For administrators", plain("For administrators", text))


def account(request: Any) -> Response:
    """Show a page that asks for the password again."""
    text = "This page asks for the password again after a minute."
    return answer_page("Your account", plain("Your account", text))
