"""An application with views that ask for a new sign-in."""

from pyramid.authorization import Allow, Authenticated
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response
from pyramid.security import remember

from support import check_password

#: A browser opens a page.
PAGE = {"Accept": "text/html"}

ERROR = 'error="insufficient_user_authentication"'

#: What a script is told whose user signed in more than 300 s ago.
STALE = f'Session realm="session", {ERROR}, max_age="300"'


class Everyone:
    """Every user who is signed in may do everything."""

    __acl__ = ((Allow, Authenticated, "view"),)

    def __init__(self, request):
        pass


def hello(request):
    return Response("hello")


def login(request):
    """Ask for the password, whoever is signed in."""
    if request.method == "GET":
        return Response(f"again: {request.query_string}")
    password = request.POST.get("password", "")
    if check_password("alice", password, request) is None:
        return Response("wrong")
    amr = request.POST.getall("amr") or None
    headers = remember(request, "alice", amr=amr)
    return HTTPFound(request.GET.get("next", "/"), headers=headers)


def times(request):
    """Tell what ``request.sessiontoken`` says of the sign-in."""
    session = request.sessiontoken
    return {"auth_time": session.auth_time, "amr": session.amr}


def add_view(config, name="danger", view=hello, **options):
    config.add_route(name, f"/{name}")
    config.add_view(view, route_name=name, **options)


def add_pages(config):
    add_view(config, "login", login)
    add_view(config, "times", times, renderer="json")
