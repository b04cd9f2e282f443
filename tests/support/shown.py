"""Credentials of the application of an INI, as clients show them."""

from pyramid.request import Request
from pyramid.scripting import prepare
from pyramid.scripts.common import get_config_loader

from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.policy.security_policy import policy_of
from pyramid_sessiontoken.testing import signed_in


def app_of(path):
    """Start the application of an INI."""
    return get_config_loader(path).get_wsgi_app("main")


def cookie_of(path, userid="alice", claims=None):
    """Give what the browser of a signed-in user sends."""
    app = app_of(path)
    cookie = signed_in(app, userid, claims, cookie=True)["Cookie"]
    repository = app.registry.queryUtility(ITokenRepository)
    getattr(repository, "close", int)()
    return cookie


def access_token_of(path, userid="alice"):
    """Make an access token."""
    request = Request.blank("/", base_url="https://localhost")
    with prepare(request=request, registry=app_of(path).registry):
        tokens = policy_of(request).rules.stored.access_tokens
        text = tokens.create(userid, "robot", {"plan": "gold"}, 86400)[0]
        request.registry.getUtility(ITokenRepository).close()
    return text
