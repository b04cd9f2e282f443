from pyramid.httpexceptions import HTTPUnauthorized
from pyramid.view import view_config

from pyramid_sessiontoken import challenges


@view_config(
    route_name="sign_in", request_method="POST", renderer="json", openapi=True
)
def sign_in(request):
    """Begin a session that lasts for weeks, for a phone.

    ``POST /token`` takes the same password, for a session of hours.
    """
    body = request.openapi_validated.body
    user = request.sessiontoken.check_password(
        body["username"], body["password"]
    )
    if user is None:
        # Headers of a 401, and a body like those of the library.
        said = {"error": "unauthorized", "error_description": "Try again"}
        return HTTPUnauthorized(headers=challenges(request), json_body=said)
    return request.sessiontoken.issue(user, persistent=True).as_dict()
