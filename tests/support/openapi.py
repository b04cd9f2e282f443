"""Applications whose routes OpenAPI describes."""

import json

from pyramid.scripting import prepare

from pyramid_sessiontoken.keys.jwk import new_key, write_jwk_set
from pyramid_sessiontoken.scripts.openapi import describe
from support import OTHER_KEY

#: All authenticators that the library ships.
EVERY = {
    "authenticators": (
        "session cookie basic bearer api_key client_certificate remote_user"
    ),
    "api_key.check": lambda key, request: key if key == "carol" else None,
    "bearer.issuer": "https://issuer.example",
    "bearer.audience": "https://api.example",
    "bearer.algorithms": "HS256",
    "bearer.key": OTHER_KEY,
    "bearer.logout_path": "/signed-out",
    "client_certificate.subject": "CN=alice",
    "metadata.resource": "https://api.example/v1",
    "metadata.scopes": "read",
    "cors.origins": "https://app.example",
    "repository": "memory",
    "throttle.attempts": "1000/minute",
    "token.algorithm": "ES256",
    # In one line.
    "token.keys": [json.dumps(json.loads(write_jwk_set([new_key("ES256")])))],
}


def description(client):
    """Give the description of a client's application."""
    with prepare(registry=client.registry) as environment:
        return describe(environment["request"])
