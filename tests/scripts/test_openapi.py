"""The library's own routes are described as they are configured."""

import json

import pytest
from openapi_spec_validator import validate
from support import OTHER_KEY
from support.openapi import EVERY, description
from zope.interface import implementer

from pyramid_sessiontoken.interfaces import IAuthenticator

TOKEN = {"/token", "/token/status", "/token/renew", "/token/introspect"}
TOKEN |= {"/token/revoke"}
METADATA = "/.well-known/oauth-protected-resource/v1"


def test_the_command_prints_json_and_nothing_else(run, ini):
    status, out, _ = run("openapi", ini())

    assert status == 0
    described = json.loads(out)
    validate(described)
    assert set(described["paths"]) == {f"/auth{path}" for path in TOKEN}


def test_faults_are_told_in_place_of_a_description(run, ini):
    status, out, err = run("openapi", ini(realm=""))

    assert (status, out) == (1, "")
    assert "sessiontoken.realm" in err


@pytest.mark.parametrize(
    "settings",
    [
        {},
        EVERY,
        {"authenticators": "basic"},
        {"authenticators": "remote_user"},
        {"authenticators": "session cookie", "require_tls": "false"},
        {"token.scheme": "Bearer"},
        {"token.header": "X-Session", "token.path": "/api/session"},
    ],
)
def test_a_validator_accepts_what_is_described(make, settings):
    described = description(make(settings))

    validate(described)
    assert described["openapi"] == "3.1.0"
    assert json.loads(json.dumps(described)) == described


def test_the_paths_are_those_that_are_served(make):
    assert set(description(make())["paths"]) == TOKEN
    every = set(description(make(EVERY))["paths"])
    assert every == {*TOKEN, "/token/jwks", "/signed-out", METADATA}
    moved = make({**EVERY, "token.path": "/a/b"}, route_prefix="/auth")
    paths = description(moved)["paths"]
    assert "/auth/a/b/status" in paths
    assert METADATA in paths


def test_a_variable_of_the_prefix_is_a_parameter(make):
    client = make(route_prefix="/{tenant:[a-z]{2,9}}/{place}")

    described = description(client)

    validate(described)
    item = described["paths"]["/{tenant}/{place}/token"]
    assert [p["name"] for p in item["parameters"]] == ["tenant", "place"]
    assert all(p["required"] for p in item["parameters"])


@pytest.mark.parametrize(
    ("require_tls", "urls"),
    [
        ("true", ["https://{host}"]),
        ("false", ["https://{host}", "http://{host}"]),
    ],
)
def test_the_servers_speak_the_schemes_that_are_served(
    make, require_tls, urls
):
    described = description(make({"require_tls": require_tls}))

    assert [server["url"] for server in described["servers"]] == urls


def schemes(make, settings=(), setup=None):
    found = description(make(settings, setup))
    return found["components"]["securitySchemes"]


def test_each_authenticator_has_its_scheme(make):
    found = schemes(make, EVERY)

    assert found["cookie"] == {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-sessiontoken",
    }
    assert found["basic"] == {"type": "http", "scheme": "basic"}
    assert found["bearer"]["scheme"] == "bearer"
    assert found["api_key"]["name"] == "X-Api-Key"
    assert found["client_certificate"] == {"type": "mutualTLS"}
    # OpenAPI has no words for a user of the server.
    assert set(found) == set(EVERY["authenticators"].split()) - {"remote_user"}


@pytest.mark.parametrize(
    ("settings", "scheme"),
    [
        (
            {},
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "Session, a blank, and the token",
            },
        ),
        ({"token.scheme": "bEaReR"}, {"type": "http", "scheme": "bearer"}),
        (
            {"token.header": "X-Session"},
            {"type": "apiKey", "in": "header", "name": "X-Session"},
        ),
    ],
)
def test_a_session_token_travels_as_the_settings_say(make, settings, scheme):
    assert schemes(make, settings)["session"] == scheme


def test_an_own_authenticator_has_the_scheme_that_it_says(make):
    @implementer(IAuthenticator)
    class Own:
        vary, ambient = (), False

        def __init__(self, scheme):
            self.scheme = scheme

        def authenticate(self, request):
            return None

        def challenge(self, request):
            return None

    def setup(config):
        for name, scheme in (("own", "Negotiate"), ("mute", None)):
            config.add_sessiontoken_authenticator(name, Own(scheme))

    found = schemes(make, {"authenticators": "session own mute"}, setup)

    assert found["own"] == {"type": "http", "scheme": "negotiate"}
    assert "mute" not in found


def test_no_secret_is_told(make):
    told = json.dumps(description(make(EVERY)))

    for key, value in EVERY.items():
        if key.endswith("key"):
            assert value not in told


def test_authenticators_under_other_names_are_described(make):
    named = {
        "authenticators": (
            "session google=bearer intranet=bearer partner=api_key"
            " staff=client_certificate people=basic"
        ),
        "partner.header": "X-Partner",
        "partner.check": lambda key, request: None,
        "people.check": lambda name, password, request: None,
        "staff.subject": "CN=alice",
        "metadata.resource": "https://api.example",
    }
    for name in ("google", "intranet"):
        named |= {
            f"{name}.issuer": f"https://{name}.example",
            f"{name}.userid": f"{name}:{{sub}}",
            f"{name}.audience": "me",
            f"{name}.algorithms": "HS256",
            f"{name}.key": OTHER_KEY,
        }
    client = make({**named, "basic.check": None})

    described = description(client)

    validate(described)
    found = described["components"]["securitySchemes"]
    assert list(found) == [
        "session",
        "google",
        "intranet",
        "partner",
        "staff",
        "people",
    ]
    assert found["intranet"]["scheme"] == "bearer"
    assert found["partner"]["name"] == "X-Partner"
    assert found["staff"] == {"type": "mutualTLS"}
    assert found["people"]["scheme"] == "basic"
    path = "/.well-known/oauth-protected-resource"
    assert client.get(path).json["authorization_servers"] == [
        "https://google.example",
        "https://intranet.example",
    ]
    answer = client.get("/token", status=401)
    told = str(answer.headers.getall("WWW-Authenticate"))
    assert told.count("resource_metadata") == 1
