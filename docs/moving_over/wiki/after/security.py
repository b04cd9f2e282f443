"""Who the user is, by session tokens in a cookie."""

from pyramid.authorization import Authenticated, Everyone
from pyramid.csrf import CookieCSRFStoragePolicy

from .models import User


def load_user(identity, request):
    return request.db.get(User, identity.userid)


def principals(user, request):
    if user is None:
        return [Everyone]
    mine = [f"u:{user.id}", f"role:{user.role}"]
    return [Everyone, Authenticated, *mine]


def includeme(config):
    config.set_csrf_storage_policy(CookieCSRFStoragePolicy())
    config.set_default_csrf_options(require_csrf=True)
    config.include("pyramid_sessiontoken")
