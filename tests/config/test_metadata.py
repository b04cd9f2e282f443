"""``metadata.*``: what programs are told of this API."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.urldispatch import RoutesMapper
from support import KEY, OTHER_KEY
from support.settings import faults_of_start, read

from pyramid_sessiontoken.config.metadata import (
    is_https,
    read_resource,
    well_known_path,
)

ISSUER = "https://issuer.example"
BEARER = {
    "authenticators": "session bearer",
    "bearer.issuer": ISSUER,
    "bearer.audience": "https://api.example",
    "bearer.algorithms": "HS256",
    "bearer.key": OTHER_KEY,
}
ON = {**BEARER, "metadata.resource": "https://api.example/v1"}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://api.example", ""),
        ("https://api.example/", ""),
        ("https://api.example:8443/v1", "/v1"),
        ("https://api.example/v1/", "/v1"),
        ("https://api.example/a/b.c~d@e", "/a/b.c~d@e"),
        ("https://[::1]:8443/v1", "/v1"),
        ("http://localhost:6543", ""),
    ],
)
def test_the_url_is_read_as_it_is_written(url, path):
    parsed, _ = read({"metadata.resource": url})

    assert parsed.metadata.resource == url
    assert well_known_path(url) == (
        "/.well-known/oauth-protected-resource" + path
    )


@pytest.mark.parametrize(
    "url",
    [
        "api.example",
        "ftp://api.example",
        "HTTPS://api.example",
        "https://",
        "https:///v1",
        "https://user@api.example",
        "https://user:secret@api.example",
        "https://api.example?x=1",
        "https://api.example/v1?",
        "https://api.example/#x",
        "https://api.example//v1",
        "https://api.example/{x}",
        "https://api.example/*x",
        "https://api.example/:x",
        "https://api.example/a%20b",
        "https://api.example:0",
        'https://api.example/"',
        "https://api.example /v1",
        "",
        5,
    ],
)
def test_anything_else_is_a_fault(url):
    parsed, faults = read({**BEARER, "metadata.resource": url})

    [fault] = faults
    assert fault.startswith("sessiontoken.metadata.resource: ")
    assert "secret" not in fault
    assert parsed.metadata.resource is None


@pytest.mark.parametrize("scopes", ['a"b', "a\\b", "ä"])
def test_scopes_have_the_characters_of_oauth(scopes):
    parsed, _ = read({**ON, "metadata.scopes": "read write:all"})
    assert parsed.metadata.scopes == ("read", "write:all")
    _, faults = read({**ON, "metadata.scopes": scopes})
    assert "is no scope" in faults[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metadata.resource": None, "metadata.scopes": "read"}, ["scopes"]),
        ({"metadata.resource": "http://api.example"}, ["require_tls = false"]),
        ({"authenticators": "session"}, ["bearer", "https URL"]),
        ({"bearer.issuer": "http://issuer.example"}, ["https URL"]),
        ({"bearer.issuer": "issuer"}, ["https URL"]),
        ({"bearer.issuer": "https://"}, ["https URL"]),
    ],
)
def test_a_contradiction_is_told(changes, words):
    _, faults = read({**ON, **changes})

    [fault] = faults
    assert fault.startswith("sessiontoken.metadata.")
    assert not [word for word in words if word not in fault]


def test_http_is_for_development():
    changes = {"metadata.resource": "http://localhost", "require_tls": "off"}
    _, faults = read({**ON, **changes})
    assert faults == []


def made(**changes):
    parsed, faults = read({**ON, **changes})
    assert faults == []
    return parsed.metadata.make(parsed.issuers)


def test_the_document_says_whose_tokens_are_taken():
    metadata = made()

    assert metadata.url == (
        "https://api.example/.well-known/oauth-protected-resource/v1"
    )
    assert json.loads(metadata.document) == {
        "resource": "https://api.example/v1",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
    }


def test_the_document_names_the_scopes():
    document = json.loads(made(**{"metadata.scopes": "read write"}).document)

    assert document["scopes_supported"] == ["read", "write"]


def test_without_the_url_nothing_is_made():
    parsed, _ = read()
    assert parsed.metadata.make(parsed.issuers) is None


def test_an_issuer_that_is_no_url_is_not_named():
    assert is_https(ISSUER)
    for issuer in (None, "", "issuer", "http://issuer", "https:///x"):
        assert not is_https(issuer)


def test_the_url_is_read_at_the_include():
    def setup(config):
        config.add_settings(
            {"sessiontoken.metadata.resource": "https://other.example"}
        )

    [fault] = faults_of_start({"keys": KEY, **ON}, setup)

    assert "sessiontoken.metadata.resource: it is read at the include" in fault
    assert "https://other.example" in fault


def test_an_issuer_is_named_once():
    parsed, _ = read({**ON, "metadata.resource": "https://api.example"})

    metadata = parsed.metadata.make([ISSUER, "other", None, ISSUER])

    assert json.loads(metadata.document)["authorization_servers"] == [ISSUER]


@given(st.text("ab0:/.-~{}*%@?#$&'()+,;=!_", max_size=15))
@example("h/a/b")
def test_the_route_of_an_api_matches_its_own_path_alone(rest):
    """No part of a URL has a meaning in the pattern of a route."""
    try:
        url = read_resource(f"https://h{rest}")
    except ValueError:
        return
    path = well_known_path(url)
    route = RoutesMapper().connect("metadata", path)
    assert route.match(path) == {}
    assert route.match(f"{path}x") is None
    assert url.startswith("https://h")
