"""The pages of the demo."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from pyramid.csrf import get_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import forget, remember

from ..views.login import local_path
from .users import check_password

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 2rem auto }}
label, input, button {{ display: block; font: inherit; margin: .3rem 0 }}
pre {{ background: #eee; padding: .5rem; white-space: pre-wrap }}
</style>
<h1>{title}</h1>
{body}
</html>
"""

_SIGN_IN = """<p>{note}</p>
<form method="post">
<input type="hidden" name="csrf_token" value="{csrf_token}">
<input type="hidden" name="next" value="{next}">
<label>User (alice or bob) <input name="username" autofocus></label>
<label>Password (the same)
<input name="password" type="password"></label>
<label><input type="checkbox" name="persistent"> Keep me signed in</label>
<button>Sign in</button>
</form>"""

_SIGNED_IN = """<p>You are <b>{userid}</b>, as the {authenticator} says.</p>
<pre>{claims}</pre>
<p><a href="/admin">For administrators</a></p>
<h2>Your sessions</h2>
<ul>{sessions}</ul>
<form method="post" action="/signout">
<input type="hidden" name="csrf_token" value="{csrf_token}">
<button>Sign out</button>
</form>"""

_SESSION = """<li>since {began}{current}, {device}
<form method="post" action="/end">
<input type="hidden" name="csrf_token" value="{csrf_token}">
<input type="hidden" name="sid" value="{sid}">
<button>End it</button>
</form></li>"""


def includeme(config: Any) -> None:
    for name, path in (
        ("home", "/"),
        ("signin", "/signin"),
        ("signout", "/signout"),
        ("end", "/end"),
        ("identity", "/identity"),
        ("admin", "/admin"),
    ):
        config.add_route(name, path)
    config.add_view(home, route_name="home", permission="view")
    config.add_view(form, route_name="signin", request_method="GET")
    config.add_view(sign_in, route_name="signin", request_method="POST")
    config.add_view(sign_out, route_name="signout", request_method="POST")
    config.add_view(
        end, route_name="end", request_method="POST", permission="view"
    )
    config.add_view(identity, route_name="identity", renderer="json")
    config.add_view(
        admin, route_name="admin", renderer="json", permission="administer"
    )


def home(request: Any) -> Response:
    """Show the identity, its claims and its session."""
    session = request.sessiontoken
    csrf_token = escape(get_csrf_token(request))
    body = _SIGNED_IN.format(
        userid=escape(str(session.identity.userid)),
        authenticator=escape(session.identity.authenticator),
        claims=escape(json.dumps(session.claims, indent=2)),
        csrf_token=csrf_token,
        sessions="".join(
            _SESSION.format(
                sid=info.sid,
                began=f"{info.began:%H:%M:%S}",
                device=escape(info.device.get("user_agent", "")),
                current=" (this one)" * info.current,
                csrf_token=csrf_token,
            )
            for info in session.sessions()
        ),
    )
    return _page("Who you are", body)


def end(request: Any) -> Response:
    """End one of the user's own sessions."""
    session = request.sessiontoken
    own = {info.sid for info in session.sessions()}
    sid = request.POST.get("sid")
    if sid in own:
        session.revoke(sid)
    return HTTPSeeOther("/")


def form(request: Any, note: str = "Who are you?") -> Response:
    """Show the form, with the path of the page that comes after it."""
    body = _SIGN_IN.format(
        note=escape(note),
        next=escape(local_path(request.params.get("next", "/"))),
        csrf_token=escape(get_csrf_token(request)),
    )
    return _page("Sign in", body)


def sign_in(request: Any) -> Response:
    """Swap a password for a session in the cookie."""
    claims = check_password(
        request.POST.get("username", ""),
        request.POST.get("password", ""),
        request,
    )
    if claims is None:
        return form(request, "Unknown user or wrong password.")
    headers = remember(
        request,
        claims.pop("sub"),
        claims=claims,
        persistent="persistent" in request.POST,
    )
    # Return the redirect: raised, it would abort a transaction.
    return HTTPSeeOther(
        local_path(request.POST.get("next", "/")), headers=headers
    )


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


def admin(request: Any) -> dict[str, str]:
    """Greet users with the role admin."""
    return {"hello": request.authenticated_userid}


def _page(title: str, body: str) -> Response:
    return Response(_PAGE.format(title=title, body=body))
