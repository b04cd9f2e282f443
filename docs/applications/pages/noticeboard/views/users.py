"""Who may do what, for administrators."""

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.view import view_config
from sqlalchemy import select

from ..models import ROLES, User

# The page asks for a recent sign-in a little earlier than the form, so that
# there is time to fill the form in.


@view_config(
    route_name="users",
    request_method="GET",
    permission="administer",
    sessiontoken_max_age="5m",
    renderer="noticeboard:templates/users.jinja2",
)
def users(request):
    by_name = select(User).order_by(User.name)
    return {
        "users": request.dbsession.scalars(by_name).all(),
        "all_roles": ROLES,
    }


@view_config(
    route_name="users",
    request_method="POST",
    permission="administer",
    sessiontoken_max_age="15m",
)
def change_roles(request):
    wanted = select(User).where(User.name == request.POST.get("name"))
    user = request.dbsession.scalar(wanted)
    if user is None:
        return HTTPBadRequest("There is no such user.")
    roles = set(request.POST.getall("role")) & set(ROLES)
    if user is request.identity:
        # Somebody must be left who can give the role back.
        roles.add("admin")
    user.roles = roles
    return HTTPSeeOther(request.route_path("users"))
