"""A real application over WSGI, on a clock that is held in the hand."""

import base64
import json

from pyramid.httpexceptions import HTTPForbidden, HTTPFound
from pyramid.response import Response
from pyramid.security import forget, remember
from webtest import TestApp

from pyramid_sessiontoken.keys.base64url import encode_base64url

KEY = encode_base64url(bytes(range(64)))
OTHER_KEY = encode_base64url(bytes(range(64, 128)))
START = 1_800_000_000
TLS = {"wsgi.url_scheme": "https", "HTTP_HOST": "localhost"}


def check_password(username, password, request):
    """Accept a password that equals the user name; alice is an admin."""
    if username != password:
        return None
    roles = ["admin"] if username == "alice" else ["user"]
    return {"sub": username, "roles": roles}


class Root:
    def __init__(self, request):
        self.request = request

    def __acl__(self):
        return [("Allow", "role:admin", "administer")]


def identity(request):
    session = request.sessiontoken
    userid = request.authenticated_userid
    return {
        "userid": userid
        if isinstance(userid, int)
        else userid and str(userid),
        "signed_in": request.is_authenticated,
        "claims": session.claims,
        "authenticator": session.identity and session.identity.authenticator,
        "failure": session.failure,
    }


def sign_in(request):
    given = json.loads(request.body or b"{}")
    userid = given.pop("userid", "alice")
    headers = remember(request, userid, **given)
    who = request.authenticated_userid
    return HTTPFound("/identity", headers=[*headers, ("X-Who", str(who))])


def sign_out(request):
    headers = forget(request)
    who = request.authenticated_userid
    return HTTPFound("/identity", headers=[*headers, ("X-Who", str(who))])


def includeme(config):
    """The application that most stories are told about."""
    for name in ("identity", "sign_in", "sign_out"):
        config.add_route(name, f"/{name}")
    config.add_view(identity, route_name="identity", renderer="json")
    config.add_view(sign_in, route_name="sign_in")
    config.add_view(sign_out, route_name="sign_out")
    config.add_route("admin", "/admin")
    config.add_view(
        lambda request: Response("hello"),
        route_name="admin",
        permission="administer",
    )
    config.add_route("forbidden", "/forbidden")
    config.add_view(_forbid, route_name="forbidden")
    config.add_route("public", "/public")
    config.add_view(lambda request: Response("hello"), route_name="public")


def _forbid(request):
    raise HTTPForbidden


class Client(TestApp):
    """A browser or a script, over https unless told otherwise."""

    def __init__(self, app, clock, **extra):
        super().__init__(app, extra_environ={**TLS, **extra})
        self.clock = clock
        self.registry = app.registry

    def fresh(self, **extra):
        """Give another client of the same application."""
        return Client(self.app, self.clock, **extra)

    def swap(self, user="alice", **kw):
        """Swap a password for a token; give the response's JSON."""
        basic = base64.b64encode(f"{user}:{user}".encode()).decode()
        kw.setdefault("headers", {"Authorization": f"Basic {basic}"})
        return self.post("/token", **kw).json

    def ask(self, token, path="/identity", scheme="Session", **headers):
        """Use a token."""
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        headers["Authorization"] = f"{scheme} {token}"
        return self.get(path, headers=headers, expect_errors=True)
