"""The paths of the library are read at the include."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import IRoutesMapper
from support import KEY, OTHER_KEY
from support.settings import faults_of_start

from pyramid_sessiontoken.config import routes
from pyramid_sessiontoken.config.routes import (
    ROUTES,
    AtInclude,
    Route,
    equal_paths,
)


def test_the_path_is_read_at_the_include():
    def setup(config):
        config.add_settings({"sessiontoken.token.path": "/later"})

    [fault] = faults_of_start({"keys": KEY}, setup)
    assert "sessiontoken.token.path" in fault
    assert "/later" in fault
    [fault] = faults_of_start({"keys": KEY, "token.path": "no path"})
    assert "sessiontoken.token.path" in fault


def test_equal_paths_are_told():
    for path, told in (
        ("/token", "'/token' is a path of sessiontoken.token.path, too"),
        ("/token/status", "'/token/status' is a path of sessiontoken.token"),
        ("/token/other", None),
        ("/tokens", None),
    ):
        values = {
            "token.path": "/token",
            "javascript.path": path,
            "metadata.resource": None,
        }
        found = list(equal_paths(ROUTES, AtInclude(values)))
        if told is None:
            assert found == []
        else:
            [(key, text)] = found
            assert key == "javascript.path"
            assert told in text


def test_equal_paths_stop_the_start(monkeypatch):
    twice = Route("again", "token.path", "status", ROUTES[1].view)
    monkeypatch.setattr(routes, "ROUTES", (*ROUTES, twice))

    [fault] = faults_of_start({"keys": KEY})

    assert "sessiontoken.token.path: '/token/status' is a path of" in fault


def test_the_metadata_may_stand_where_another_route_does():
    well_known = "/.well-known/oauth-protected-resource"
    for prefix, path, resource, told in (
        ("", well_known, "https://api.example", True),
        ("", f"{well_known}/v1", "https://api.example/v1/", True),
        ("", well_known, "https://api.example/status", True),
        ("/auth", well_known, "https://api.example", False),
        ("/.well-known", "/oauth-protected-resource", "https://a", True),
        ("", "/token", "https://api.example", False),
    ):
        values = {
            "token.path": path,
            "metadata.resource": resource,
            "javascript.path": None,
        }
        found = list(equal_paths(ROUTES, AtInclude(values, prefix)))
        assert [key for key, _ in found] == ["metadata.resource"] * told


def test_the_prefix_is_read_at_the_include():
    for prefix in ("/.well-known", ".well-known/"):
        config = Configurator(
            settings={
                "sessiontoken.keys": KEY,
                "sessiontoken.token.path": "/oauth-protected-resource",
                "sessiontoken.authenticators": "session bearer",
                "sessiontoken.bearer.issuer": "https://issuer.example",
                "sessiontoken.bearer.audience": "me",
                "sessiontoken.bearer.algorithms": "HS256",
                "sessiontoken.bearer.key": OTHER_KEY,
                "sessiontoken.metadata.resource": "https://api.example",
            }
        )
        config.include("pyramid_sessiontoken", route_prefix=prefix)
        with pytest.raises(ConfigurationError, match="is a path of"):
            config.make_wsgi_app()


def test_each_path_has_a_route_and_a_request_pays_for_few():
    """pyramid_openapi3 asks for the route of each path of a document."""
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken", route_prefix="/auth")
    config.commit()

    mapper = config.registry.getUtility(IRoutesMapper)

    every = {route.path for route in mapper.get_routes(include_static=True)}
    below = ("status", "renew", "introspect", "revoke", "jwks")
    assert every >= {"auth/token", *(f"auth/token/{b}" for b in below)}
    assert len(mapper.get_routes()) == 2
