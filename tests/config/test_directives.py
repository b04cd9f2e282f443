"""Directives register parts of an application."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError
from support import KEY
from support.own_parts import OWN
from zope.interface import implementer

from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IClaimsTransformer,
    ICookieTransform,
    IExpiryPolicy,
    IUserLoader,
)


class Transformer:
    def transform(self, identity, request):
        return Identity(identity.userid, {"by": "registry"})


@implementer(IUserLoader)
class Loader:
    def __call__(self, identity, request):
        return identity


class Made:
    def __init__(self, options, registry):
        assert options == {}

    begin = judge = renew = encode = decode = transform = lambda self: None


def test_directives_register_and_are_seen_by_the_introspector():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_user_loader(Loader())
    config.set_sessiontoken_claims_transformer(Transformer())
    config.commit()
    found = config.introspector.get_category("session tokens")
    assert {item["introspectable"].title for item in found} == {
        "user loader",
        "claims transformer",
    }


def test_every_interface_has_a_directive():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_expiry_policy(Made)
    config.set_sessiontoken_cookie_transform(Made)
    config.set_sessiontoken_claims_transformer(f"{__name__}:Made")
    config.commit()
    for interface in (IExpiryPolicy, ICookieTransform, IClaimsTransformer):
        assert isinstance(config.registry.getUtility(interface), Made)


def test_two_directives_that_disagree_are_a_conflict():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_user_loader(Loader())
    config.set_sessiontoken_user_loader(Loader())
    with pytest.raises(ConfigurationConflictError):
        config.commit()


def test_a_directive_names_the_missing_interface():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_expiry_policy(Transformer())
    with pytest.raises(ConfigurationError, match="begin"):
        config.commit()


def test_an_authenticator_that_a_directive_registered_is_named_in_the_ini(
    make, module
):
    module(OWN)

    def setup(config):
        config.add_sessiontoken_authenticator("mine", "an_application:header")
        config.add_sessiontoken_authenticator("basic", "an_application:header")

    client = make(
        {"authenticators": "mine basic", "basic.check": None}, setup=setup
    )
    response = client.get("/identity", headers={"X-User": "carol"})
    assert response.json["authenticator"] == "mine"
