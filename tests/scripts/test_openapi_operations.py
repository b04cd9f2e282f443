"""The operations answer as they are described."""

import base64
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    positive_data_acceptance,
)
from support.openapi import EVERY, description

from pyramid_sessiontoken.config.routes import ROUTES
from pyramid_sessiontoken.scripts.openapi_operations import OPERATIONS

BASIC = "Basic " + base64.b64encode(b"bob:bob").decode()


def test_every_route_is_described():
    assert [(r.name, r.below) for r in ROUTES] == list(OPERATIONS)


def operation(make, path, method, changes=(), **configurator):
    client = make(dict(changes), **configurator)
    return description(client)["paths"][path][method]


def security(make, path, method, changes=()):
    found = operation(make, path, method, changes)["security"]
    return [" ".join(each) for each in found]


def test_the_credentials_are_those_that_count_there(make):
    every = "session cookie basic bearer api_key client_certificate".split()
    swapped = [name for name in every if name != "cookie"]
    explicit = [name for name in swapped if name != "client_certificate"]

    # The last one is without words: a user of the server.
    assert security(make, "/token", "post", EVERY) == [*swapped, ""]
    assert security(make, "/token", "get", EVERY) == explicit
    for path, method in (("/token", "delete"), ("/token/renew", "post")):
        assert security(make, path, method, EVERY) == ["session", "cookie"]
    for path in ("/token/introspect", "/token/revoke"):
        assert security(make, path, "post", EVERY) == [*every, ""]
    assert security(make, "/token/status", "get", EVERY)[-1] == ""
    for path in ("/.well-known/oauth-protected-resource/v1", "/token/jwks"):
        assert security(make, path, "get", EVERY) == []


def test_only_what_can_be_ended_has_delete(make):
    assert "delete" not in description(make())["paths"]["/token"]
    assert "delete" in description(make(EVERY))["paths"]["/token"]


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({}, "403", True),
        ({"require_tls": "false"}, "403", False),
        (
            {
                "require_tls": "false",
                "repository": "memory",
                "token.form": "reference",
                "cookie.form": "reference",
                "sessions.limit": "2",
                "sessions.over_limit": "refuse",
            },
            "403",
            True,
        ),
        ({}, "429", False),
        ({"throttle.attempts": "5/minute"}, "429", True),
        ({}, "401", True),
        ({}, "503", True),
    ],
)
def test_an_answer_is_told_where_it_can_come(make, changes, code, told):
    responses = operation(make, "/token", "post", changes)["responses"]
    assert (code in responses) == told


def test_renewal_tells_what_the_carrier_answers(make):
    def schemas(names):
        content = operation(
            make, "/token/renew", "post", {"authenticators": names}
        )["responses"]["200"]["content"]["application/json"]["schema"]
        return [each["$ref"][21:] for each in content.get("anyOf", ())]

    assert schemas("session cookie") == ["Token", "Status"]
    assert schemas("cookie session") == ["Token", "Status"]
    assert schemas("session") == ["Token"]
    assert schemas("cookie basic") == ["Status"]
    assert schemas("basic") == []


def test_every_answer_is_as_it_is_described(make):
    """Schemathesis sends what the description allows, and what it does not."""
    names = "session cookie basic api_key bearer"
    client = make({**EVERY, "authenticators": names})
    described = description(client)
    schema = schemathesis.openapi.from_dict(described)
    schema.app = client.app
    token = client.swap("bob")["access_token"]
    codes = Counter()
    for headers in (
        {},
        {"Authorization": BASIC},
        {"Authorization": f"Session {token}"},
        {"Authorization": "Session x"},
    ):
        # A good credential is not ignored because a bad one comes, too.
        excluded = [ignored_auth] if headers else []
        for result in schema.get_all_operations():
            found = result.ok()
            if found.method.upper() == "DELETE" and token in str(headers):
                continue  # It ends the session.
            more = []
            if found.path == "/signed-out":
                # No text that is made up is a logout token.
                more = [positive_data_acceptance]
            exercise(found, headers, [*excluded, *more], codes)
    for label, code in (
        ("POST /token", 200),
        ("POST /token", 401),
        ("GET /token", 200),
        ("POST /token/renew", 200),
        ("POST /token/introspect", 200),
        ("GET /token/status", 200),
        ("GET /token/jwks", 200),
        ("DELETE /token", 401),
    ):
        assert codes[label, code]


def exercise(found, headers, excluded, codes):
    @given(case=found.as_strategy())
    @settings(max_examples=10, suppress_health_check=list(HealthCheck))
    def try_it(case):
        response = case.call_and_validate(
            base_url="https://localhost",
            headers=headers,
            excluded_checks=excluded,
        )
        codes[found.label, response.status_code] += 1

    try_it()
