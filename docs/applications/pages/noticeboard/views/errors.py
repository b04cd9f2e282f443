"""Error pages of the application's own."""

from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken
from pyramid.httpexceptions import (
    HTTPServiceUnavailable,
    HTTPTooManyRequests,
)
from pyramid.view import (
    exception_view_config,
    forbidden_view_config,
    notfound_view_config,
)

from pyramid_sessiontoken import challenges

PAGE = "noticeboard:templates/error.jinja2"


# The library answers what these two leave: it sends a browser that opens a
# page to the sign-in page, and to the page that asks for the password again.


@forbidden_view_config(is_authenticated=True, renderer=PAGE)
def not_allowed(error, request):
    request.response.status_int = 403
    return {"title": "You may not do this", "text": "Ask an administrator."}


@forbidden_view_config(
    is_authenticated=False, request_method="POST", renderer=PAGE
)
def signed_out(error, request):
    """Answer a form that was sent when the session had ended."""
    request.response.status_int = 401
    request.response.headerlist.extend(challenges(request))
    return {
        "title": "You are signed out",
        "text": "Nothing was changed. Sign in, and send the form again.",
    }


@notfound_view_config(renderer=PAGE)
def not_found(error, request):
    request.response.status_int = 404
    return {"title": "Page not found", "text": "There is no such page."}


@exception_view_config(BadCSRFOrigin, renderer=PAGE)
@exception_view_config(BadCSRFToken, renderer=PAGE)
def old_form(error, request):
    request.response.status_int = 400
    return {
        "title": "This form is too old",
        "text": "Nothing was changed. Load the page again, and send the form.",
    }


@exception_view_config(HTTPTooManyRequests, renderer=PAGE)
def too_often(error, request):
    request.response.status_int = 429
    seconds = error.headers["Retry-After"]
    request.response.headers["Retry-After"] = seconds
    return {
        "title": "Too many attempts",
        "text": f"Try again in {seconds} seconds.",
    }


@exception_view_config(HTTPServiceUnavailable, renderer=PAGE)
def unavailable(error, request):
    request.response.status_int = 503
    request.response.headers["Retry-After"] = "5"
    return {
        "title": "Try again in a moment",
        "text": "We cannot tell at the moment whether you are signed in.",
    }
