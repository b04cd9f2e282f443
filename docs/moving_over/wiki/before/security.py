"""Who the user is, by Pyramid's AuthTkt cookie."""

from pyramid.authentication import AuthTktCookieHelper
from pyramid.authorization import ACLHelper, Authenticated, Everyone
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.request import RequestLocalCache

from .models import User


class SecurityPolicy:
    def __init__(self, secret):
        self.authtkt = AuthTktCookieHelper(secret)
        self.users = RequestLocalCache(self.load_user)
        self.acl = ACLHelper()

    def load_user(self, request):
        found = self.authtkt.identify(request)
        if found is None:
            return None
        return request.db.get(User, found["userid"])

    def identity(self, request):
        return self.users.get_or_create(request)

    def authenticated_userid(self, request):
        user = self.identity(request)
        return None if user is None else user.id

    def principals(self, request):
        user = self.identity(request)
        if user is None:
            return [Everyone]
        mine = [f"u:{user.id}", f"role:{user.role}"]
        return [Everyone, Authenticated, *mine]

    def permits(self, request, context, permission):
        return self.acl.permits(context, self.principals(request), permission)

    def remember(self, request, userid, **kw):
        return self.authtkt.remember(request, userid, **kw)

    def forget(self, request, **kw):
        return self.authtkt.forget(request, **kw)


def includeme(config):
    settings = config.get_settings()
    config.set_csrf_storage_policy(CookieCSRFStoragePolicy())
    config.set_default_csrf_options(require_csrf=True)
    config.set_security_policy(SecurityPolicy(settings["auth.secret"]))
