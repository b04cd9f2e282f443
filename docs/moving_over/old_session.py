"""Keep users signed in whose userid is in ``request.session``."""

from datetime import datetime, timezone

from pyramid.authentication import SessionAuthenticationHelper
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.security import remember
from zope.interface import implementer

from pyramid_sessiontoken.errors import InvalidCredential, SessionTokenError
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator, IClock


@implementer(IAuthenticator)
class OldSession:
    """Accept the userid in the session until a day, and take it out."""

    scheme = None
    vary = ("Cookie",)
    ambient = True
    # The user signed in earlier, at an unknown time.
    is_sign_in = False

    def __init__(self, options, registry):
        self.registry = registry
        day = datetime.fromisoformat(options["until"])
        self.until = day.replace(tzinfo=timezone.utc).timestamp()
        # With the prefix, if your old policy had one.
        self.helper = SessionAuthenticationHelper()

    def authenticate(self, request):
        userid = self.helper.authenticated_userid(request)
        if userid is None:
            return None
        if self.registry.getUtility(IClock).now() >= self.until:
            raise InvalidCredential("the time of the old sessions is over")
        request.is_by_old_session = True
        return Identity(userid)

    def challenge(self, request):
        return None

    def swap(self, request, response):
        """Give the headers of the new cookie; end the old sign-in."""
        set_now = response.headers.getall("Set-Cookie")
        if any("sessiontoken" in header for header in set_now):
            self.helper.forget(request)  # A view signed the user in or out.
            return []
        if not hasattr(request, "is_by_old_session"):
            return []
        identity = request.sessiontoken.identity
        if identity is None or identity.authenticator != "old":
            return []
        new = remember(request, identity)
        self.helper.forget(request)
        return new


def includeme(config):
    config.add_tween(f"{__name__}.swap_old_session")


def swap_old_session(handler, registry):
    def tween(request):
        response = handler(request)
        old = registry.getUtility(IAuthenticator, "old")
        try:
            headers = old.swap(request, response)
        except (SessionTokenError, HTTPServiceUnavailable):
            return response  # The next request tries again.
        response.headerlist.extend(headers)
        return response

    return tween
