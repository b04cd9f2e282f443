"""Pages for refusals, in place of the texts that programs read."""

from __future__ import annotations

from typing import Any

from pyramid.events import NewResponse
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken

from ..views.refusals import wants_page
from .pages import POLICY, plain, write_page
from .views import shorten

_PAGES = {
    400: ("Not understood", "The request was not as the demo needs it."),
    401: (
        "Who are you?",
        (
            "This needs a user, and the request showed none that counts."
            " Sign in first."
        ),
    ),
    403: (
        "Not for you",
        (
            "You are signed in, and this user may not do this. alice is an"
            " administrator, bob is not."
        ),
    ),
    404: ("Nothing here", "The demo has no page of this name."),
    429: ("Too many attempts", "Wait a little before you try again."),
    503: (
        "The repository does not answer",
        (
            "The demo cannot tell whether your session is still good, and does"
            " not guess. You are not signed out: try again in some seconds."
        ),
    ),
}
_CSRF = (
    "This form is too old",
    (
        "Its secret (the CSRF token) is missing, or is of another browser."
        " So the demo did nothing. Go back, load the page again, and send the"
        " form once more."
    ),
)


def includeme(config: Any) -> None:
    config.add_subscriber(dress, NewResponse)


def dress(event: Any) -> None:
    """Write a page where a browser gets a refusal, and tell the page of the
    demo which cookie was set.
    """
    request, response = event.request, event.response
    if request.path == "/use":
        for value in response.headers.getall("Set-Cookie"):
            shown = shorten(value)
            response.headerlist.append(("Demo-Set-Cookie", shown))
    said = _PAGES.get(response.status_int)
    if said is None or not wants_page(request):
        return
    error = getattr(request, "exception", None)
    if isinstance(error, (BadCSRFToken, BadCSRFOrigin)):
        said = _CSRF
    title = f"{response.status_int}: {said[0]}"
    response.content_type = "text/html"
    response.charset = "utf-8"
    response.text = write_page(title, plain(title, said[1]))
    response.headers["Content-Security-Policy"] = POLICY
