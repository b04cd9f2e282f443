"""CSRF tokens are needed where browsers send a credential by themselves."""

from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.response import Response
from support.endpoint import BASIC

import pyramid_sessiontoken


def test_csrf_tokens_are_required_for_ambient_credentials(make):
    def setup(config):
        config.set_csrf_storage_policy(CookieCSRFStoragePolicy())
        config.set_default_csrf_options(
            require_csrf=True, callback=pyramid_sessiontoken.csrf_required
        )
        config.add_route("unsafe", "/unsafe")
        config.add_view(lambda request: Response(), route_name="unsafe")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    client.post("/unsafe", headers=headers, status=200)
    client.post("/unsafe", status=400)
    client.post("/unsafe", headers=BASIC, status=400)
    # An invalid token beside a good cookie does not help.
    headers = {"Authorization": "Session junk"}
    client.post("/unsafe", headers=headers, status=400)

    class Other:
        def identity(self, request):
            return "other"

        authenticated_userid = remember = forget = identity

        def permits(self, request, context, permission):
            return True

    other = make(setup=setup, security_policy=Other())
    other.post("/unsafe", headers=headers, status=400)
