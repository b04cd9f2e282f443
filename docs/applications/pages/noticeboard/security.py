"""Who the user is, and what the user may do."""

from pyramid.authorization import Allow, Authenticated, Everyone
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.settings import asbool
from sqlalchemy import select

from pyramid_sessiontoken import csrf_required

from .models import User
from .models.user import is_password_of


class Root:
    """What the roles may do."""

    __acl__ = [
        (Allow, Authenticated, "view"),
        (Allow, "role:editor", "post"),
        (Allow, "role:admin", "administer"),
    ]

    def __init__(self, request):
        pass


def check_password(username, password, request):
    """Return the userid, or None (``sessiontoken.basic.check``)."""
    wanted = select(User).where(User.name == username.lower())
    user = request.dbsession.scalar(wanted)
    return user.id if is_password_of(user, password) else None


def load_user(identity, request):
    """Return ``request.identity`` (``sessiontoken.user_loader``)."""
    return request.dbsession.get(User, identity.userid)


def principals_of(user, request):
    """Return what ACLs call the user (``sessiontoken.principals``).

    The roles come from the table in each request. So a change of roles takes
    effect at once.
    """
    if user is None:
        return [Everyone]
    roles = [f"role:{name}" for name in user.roles]
    return [Everyone, Authenticated, f"user:{user.id}", *roles]


def stamp(userid, request):
    """Return what changes with the password (``sessiontoken.stamp``).

    A user whose password was changed is signed out on all devices, also where
    a script or an administrator changed it.
    """
    user = request.dbsession.get(User, userid)
    return None if user is None else user.password_hash


def includeme(config):
    config.set_root_factory(Root)
    config.include("pyramid_sessiontoken")

    # Over plain HTTP, in development, browsers refuse a cookie with __Host-.
    tls = asbool(config.get_settings().get("sessiontoken.require_tls", True))
    config.set_csrf_storage_policy(
        CookieCSRFStoragePolicy(
            "__Host-csrf_token" if tls else "csrf_token",
            secure=tls,
            httponly=True,
        )
    )
    config.set_default_csrf_options(require_csrf=True, callback=csrf_required)
