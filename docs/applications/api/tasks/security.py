"""Who the user is, and what the user may do."""

from dataclasses import replace

from pyramid.authorization import Allow
from sqlalchemy import select
from zope.interface import implementer

from pyramid_sessiontoken.interfaces import IClaimsTransformer

from .models import ApiKey, User
from .models.api_key import digest_of
from .models.user import is_password_of

#: What a user may do. A key may do what its row says.
ALL_SCOPES = "read write keys"


class Root:
    """What the scopes are good for."""

    __acl__ = [
        (Allow, "scope:read", "read"),
        (Allow, "scope:write", "write"),
        (Allow, "scope:keys", "keys"),
    ]

    def __init__(self, request):
        pass


def check_password(username, password, request):
    """Return the userid, or None (``sessiontoken.basic.check``)."""
    user = request.dbsession.get(User, username)
    return username if is_password_of(user, password) else None


def check_api_key(key, request):
    """Return the owner and the scope (``sessiontoken.api_key.check``)."""
    wanted = select(ApiKey).where(ApiKey.digest == digest_of(key))
    row = request.dbsession.scalar(wanted)
    return None if row is None else {"sub": row.owner, "scope": row.scope}


@implementer(IClaimsTransformer)
class Scopes:
    """Give users all scopes (``sessiontoken.claims_transformer``)."""

    def __init__(self, options, registry):
        pass

    def transform(self, identity, request):
        if identity.authenticator == "api_key":
            return identity
        claims = {**identity.claims, "scope": ALL_SCOPES}
        return replace(identity, claims=claims)


def stamp(userid, request):
    """Return what changes with the password (``sessiontoken.stamp``)."""
    user = request.dbsession.get(User, userid)
    # Users of the other issuer are not in the table.
    return "" if user is None else user.password_hash


def includeme(config):
    config.set_root_factory(Root)
    config.include("pyramid_sessiontoken")
