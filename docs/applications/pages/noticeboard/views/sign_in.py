"""Sign up, sign in, sign out."""

import re

from pyramid.csrf import check_csrf_origin, new_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import forget, remember
from pyramid.view import view_config
from sqlalchemy.exc import IntegrityError

from ..models import User

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
SHORTEST_PASSWORD = 12


def way_back(request):
    """Trust no ?next= that leads to another host, or fits no header."""
    path = request.GET.get("next", "/")
    here = re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*", path)
    return path if here else "/"


def password_fault(password, repeated):
    """Tell what is wrong with a new password; None if nothing is."""
    if len(password) < SHORTEST_PASSWORD:
        return f"The password needs {SHORTEST_PASSWORD} characters or more."
    if password != repeated:
        return "The two passwords differ."
    return None


def begin_session(request, user, persistent):
    """Return the answer that signs the user in."""
    headers = remember(request, user, persistent=persistent)
    # Nobody who learned the token before the sign-in can use it now.
    new_csrf_token(request)
    return HTTPSeeOther(way_back(request), headers=headers)


# The sign-in replaces the CSRF token. With a token in the form, a second tab
# and a second attempt of pyramid_retry would be refused. So the two forms are
# protected by the origin of the page that sent them.


@view_config(
    route_name="sign_in",
    renderer="noticeboard:templates/sign_in.jinja2",
    require_csrf=False,
)
def sign_in(request):
    if request.method == "POST":
        check_csrf_origin(request)
        user = request.sessiontoken.check_password(
            request.POST.get("name"), request.POST.get("password")
        )
        if user is not None:
            return begin_session(request, user, "stay" in request.POST)
        return {"fault": "Wrong user name or password."}
    return {"fault": None}


@view_config(
    route_name="sign_up",
    renderer="noticeboard:templates/sign_up.jinja2",
    require_csrf=False,
)
def sign_up(request):
    if request.method == "POST":
        check_csrf_origin(request)
        user, fault = create_user(request)
        if user is not None:
            return begin_session(request, user.id, "stay" in request.POST)
        return {"fault": fault}
    return {"fault": None}


def create_user(request):
    """Return a new user, or None and what is wrong."""
    name = request.POST.get("name", "").lower()
    password = request.POST.get("password", "")
    if not NAME.fullmatch(name):
        return None, "A user name has 2 to 40 of a-z, 0-9, dot, - and _."
    fault = password_fault(password, request.POST.get("repeated"))
    if fault is not None:
        return None, fault
    user = User(name=name)
    user.set_password(password)
    try:
        with request.dbsession.begin_nested():
            request.dbsession.add(user)
    except IntegrityError:
        return None, "This user name is taken."
    return user, None


@view_config(route_name="sign_out", request_method="POST")
def sign_out(request):
    headers = forget(request)
    return HTTPSeeOther(request.route_path("sign_in"), headers=headers)
