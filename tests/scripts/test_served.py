"""What clients meet: an address, and the library's routes."""

import pytest
from pyramid.config import Configurator
from support import OTHER_KEY, application

from pyramid_sessiontoken.scripts.served import origin_of


@pytest.mark.parametrize(
    ("server", "scheme", "origin"),
    [
        ({}, "https", "https://localhost"),
        ({"port": "6543"}, "http", "http://localhost:6543"),
        ({"port": 80}, "http", "http://localhost"),
        ({"port": "443"}, "https", "https://localhost"),
        ({"port": "80"}, "https", "https://localhost:80"),
        ({"host": "*", "port": "1"}, "http", "http://localhost:1"),
        ({"host": "::", "port": "1"}, "http", "http://localhost:1"),
        ({"host": "::1", "port": "1"}, "http", "http://[::1]:1"),
        ({"host": "app.example"}, "http", "http://app.example"),
        ({"listen": "127.0.0.1:6543"}, "http", "http://127.0.0.1:6543"),
        ({"listen": "*:6543 [::]:6543"}, "https", "https://localhost:6543"),
        ({"listen": "[::1]:6543"}, "http", "http://[::1]:6543"),
        ({"listen": "app.example"}, "http", "http://app.example"),
        ({"bind": ":8000"}, "http", "http://localhost:8000"),
        ({"bind": "unix:/run/app.sock"}, "http", "http://localhost"),
        ({"unix_socket": "/run/app.sock"}, "http", "http://localhost"),
        (
            {"port": "1", "url_prefix": "/app/"},
            "http",
            "http://localhost:1/app",
        ),
    ],
)
def test_the_address_is_that_of_the_server(server, scheme, origin):
    assert origin_of(server, scheme) == origin


def test_the_url_of_the_endpoint_has_host_and_port(run, ini):
    for settings, scheme in (
        ({}, "https"),
        ({"require_tls": "false"}, "http"),
    ):
        path = ini(**settings)
        with open(path, "a") as file:
            file.write("\nlisten = *:%(http_port)s\n")
        out = run("check", path, "--set", "http_port=6543")[1]
        assert f"Tokens: POST {scheme}://localhost:6543/auth/token\n" in out


def with_route(pattern, **options):
    def make(global_config, **settings):
        config = Configurator(settings=settings)
        config.add_route("every", pattern, **options)
        config.include("pyramid_sessiontoken", route_prefix="/auth")
        return config.make_wsgi_app()

    return make


ALL = "POST /auth/token, GET /auth/token/status, POST /auth/token/renew"


@pytest.mark.parametrize(
    ("pattern", "options", "taken"),
    [
        ("/*rest", {}, ALL),
        ("/auth/{name}", {}, "POST /auth/token: include"),
        ("/auth/token/{x}", {"request_method": "GET"}, "GET /auth/token/stat"),
        ("/auth/token", {"request_method": "PUT"}, None),
        ("/other/*rest", {}, None),
    ],
)
def test_a_route_that_takes_the_endpoint_is_a_fault(  # noqa: PLR0917
    run, ini, monkeypatch, pattern, options, taken
):
    monkeypatch.setattr(
        application, "make_app", with_route(pattern, **options)
    )
    status, out, _ = run("check", ini())
    if taken is None:
        assert (status, "Fault: " in out) == (0, False)
        return
    assert status == 1
    assert out.count("Fault: ") == 1
    assert f"Fault: the route 'every' ({pattern}) was added before" in out
    assert f"takes {taken}" in out


def test_a_route_that_takes_the_metadata_is_a_fault(run, ini, monkeypatch):
    make = with_route("/.well-known/{name}")
    monkeypatch.setattr(application, "make_app", make)
    path = ini(
        authenticators="bearer",
        bearer__issuer="https://issuer.example",
        bearer__audience="api",
        bearer__algorithms="HS256",
        bearer__key=OTHER_KEY,
        metadata__resource="https://api.example",
    )
    status, out, err = run("check", path)
    assert status == 1, err
    assert "takes GET /.well-known/oauth-protected-resource: include" in out
