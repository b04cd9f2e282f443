"""The views of the wiki. None of them knows which security policy there is."""

from pyramid.csrf import new_csrf_token
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import forget, remember
from pyramid.view import forbidden_view_config, view_config

from .models import Page, find_user


@view_config(route_name="home")
def home(request):
    return HTTPSeeOther(request.route_path("view", name="FrontPage"))


@view_config(
    route_name="view", permission="view", renderer="templates/page.mako"
)
def view(context, request):
    return {"page": context.page}


@view_config(
    route_name="edit", permission="edit", renderer="templates/edit.mako"
)
def edit(context, request):
    page = context.page
    if request.method == "POST":
        page.text = request.POST["text"]
        return HTTPSeeOther(request.route_path("view", name=page.name))
    return {"name": page.name, "text": page.text}


@view_config(
    route_name="add", permission="create", renderer="templates/edit.mako"
)
def add(context, request):
    if request.method == "POST":
        page = Page(
            name=context.name,
            text=request.POST["text"],
            creator=request.identity,
        )
        request.db.add(page)
        return HTTPSeeOther(request.route_path("view", name=page.name))
    return {"name": context.name, "text": ""}


@view_config(route_name="login", renderer="templates/login.mako")
def login(request):
    next_url = request.params.get("next", "")
    if not next_url.startswith("/") or next_url.startswith(("//", "/\\")):
        next_url = request.route_path("home")
    message = ""
    if request.method == "POST":
        user = find_user(request.db, request.POST["name"])
        if user is not None and user.check_password(request.POST["password"]):
            new_csrf_token(request)
            headers = remember(request, user.id)
            return HTTPSeeOther(next_url, headers=headers)
        message = "Wrong name or password"
    return {"message": message, "next_url": next_url}


@view_config(route_name="logout", request_method="POST")
def logout(request):
    new_csrf_token(request)
    headers = forget(request)
    return HTTPSeeOther(request.route_path("home"), headers=headers)


@forbidden_view_config(renderer="templates/forbidden.mako")
def forbidden(error, request):
    if not request.is_authenticated:
        query = {"next": request.path}
        return HTTPSeeOther(request.route_path("login", _query=query))
    request.response.status = 403
    return {}
