"""The devices of a user, and the password."""

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.security import forget, remember
from pyramid.view import view_config

from ..devices import device_name
from .sign_in import password_fault, way_back


@view_config(
    route_name="devices",
    permission="view",
    renderer="noticeboard:templates/devices.jinja2",
)
def devices(request):
    return {
        "sessions": request.sessiontoken.sessions(),
        "device_name": device_name,
    }


@view_config(route_name="end_device", request_method="POST", permission="view")
def end_device(request):
    sid = request.POST.get("sid")
    # revoke() ends a session of any user, so look whose it is.
    if sid in {info.sid for info in request.sessiontoken.sessions()}:
        request.sessiontoken.revoke(sid)
    return HTTPSeeOther(request.route_path("devices"))


@view_config(
    route_name="end_all_devices", request_method="POST", permission="view"
)
def end_all_devices(request):
    request.sessiontoken.revoke_all()
    headers = forget(request)
    return HTTPSeeOther(request.route_path("sign_in"), headers=headers)


@view_config(
    route_name="password",
    permission="view",
    renderer="noticeboard:templates/password.jinja2",
)
def change_password(request):
    if request.method != "POST":
        return {"fault": None}
    user, form = request.identity, request.POST
    known = request.sessiontoken.check_password(user.name, form.get("old"))
    if known is None:
        return {"fault": "The old password is wrong."}
    fault = password_fault(form.get("new", ""), form.get("repeated"))
    if fault is not None:
        return {"fault": fault}
    user.set_password(form["new"])
    # The stamp has changed, so all sessions of the user end within
    # sessiontoken.stamp.every. This ends them now.
    request.sessiontoken.revoke_all()
    return sign_in_again(request, known, request.route_path("devices"))


@view_config(
    route_name="again",
    permission="view",
    renderer="noticeboard:templates/again.jinja2",
)
def again(request):
    """Ask for the password again (``sessiontoken.stepup.url``)."""
    if request.method != "POST":
        return {"fault": None}
    known = request.sessiontoken.check_password(
        request.identity.name, request.POST.get("password")
    )
    if known is None:
        return {"fault": "That password is wrong."}
    return sign_in_again(request, known, way_back(request))


def sign_in_again(request, known, location):
    """Begin a new session in place of this one, and go on."""
    # "Keep me signed in" holds for the new session, too.
    persistent = request.sessiontoken.ticket.persistent
    headers = remember(request, known, persistent=persistent)
    return HTTPSeeOther(location, headers=headers)
