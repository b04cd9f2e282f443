"""Keep users signed in whose cookie is of Pyramid's AuthTktCookieHelper."""

from datetime import datetime, timezone

from pyramid.authentication import AuthTktCookieHelper
from pyramid.httpexceptions import HTTPServiceUnavailable
from pyramid.security import remember
from zope.interface import implementer

from pyramid_sessiontoken.errors import InvalidCredential, SessionTokenError
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator, IClock


@implementer(IAuthenticator)
class OldCookie:
    """Accept the old cookie until a day, and swap it for the new one."""

    scheme = None
    vary = ("Cookie",)
    ambient = True
    # The user signed in earlier, at an unknown time.
    is_sign_in = False

    def __init__(self, options, registry):
        self.registry = registry
        day = datetime.fromisoformat(options["until"])
        self.until = day.replace(tzinfo=timezone.utc).timestamp()
        # What your old policy says here, without reissue_time.
        self.helper = AuthTktCookieHelper(registry.settings["auth.secret"])

    def read(self, request):
        try:
            return self.helper.identify(request)
        except UnicodeDecodeError:  # Of WebOb, for a cookie such as a=\361.
            return None

    def authenticate(self, request):
        old = self.read(request)
        if old is None:
            return None
        if self.registry.getUtility(IClock).now() >= self.until:
            raise InvalidCredential("the time of the old cookies is over")
        request.is_by_old_cookie = True
        return Identity(old["userid"])

    def challenge(self, request):
        return None

    def swap(self, request, response):
        """Give the headers that put the new cookie in the old one's place."""
        if self.helper.cookie_name not in request.headers.get("Cookie", ""):
            return []
        set_now = response.headers.getall("Set-Cookie")
        if any("sessiontoken" in header for header in set_now):
            return self.delete(request)  # A view signed the user in or out.
        if not hasattr(request, "is_by_old_cookie"):
            return []
        identity = request.sessiontoken.identity
        if identity is None or identity.authenticator != "old":
            return []
        new = remember(request, identity, max_age=self.helper.max_age)
        return [*new, *self.delete(request)]

    def delete(self, request):
        """Delete the old cookie of this host, with and without a domain."""
        profile = self.helper.cookie_profile(request)
        hosts = [None, request.domain]
        return [
            *self.helper.forget(request),
            *profile.get_headers(None, domains=hosts),
        ]


def includeme(config):
    config.add_tween(f"{__name__}.swap_old_cookie")


def swap_old_cookie(handler, registry):
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
