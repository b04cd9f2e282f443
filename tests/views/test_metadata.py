"""Programs find out whose tokens this API takes (RFC 9728)."""

import pytest
from support import OTHER_KEY, Client

ISSUER = "https://issuer.example"
ON = {
    "authenticators": "session bearer basic api_key",
    "api_key.check": lambda key, request: None,
    "bearer.issuer": ISSUER,
    "bearer.audience": "https://api.example",
    "bearer.algorithms": "HS256",
    "bearer.key": OTHER_KEY,
    "metadata.resource": "https://api.example/v1",
    "metadata.scopes": "read write",
}
PATH = "/.well-known/oauth-protected-resource/v1"
NAMED = f'resource_metadata="https://api.example{PATH}"'


def challenges(response):
    found = response.headers.getall("WWW-Authenticate")
    return {value.partition(" ")[0]: value for value in found}


def test_the_document_is_found_by_the_challenge(make):
    client = make(ON)

    for path in ("/admin", "/token"):
        named = challenges(client.get(path, status=401))
        assert named["Bearer"] == f'Bearer realm="session", {NAMED}'
        assert "resource_metadata" not in named["Session"]
    document = client.get(PATH).json
    assert document == {
        "resource": "https://api.example/v1",
        "authorization_servers": [ISSUER],
        "scopes_supported": ["read", "write"],
        "bearer_methods_supported": ["header"],
    }


def test_a_refused_token_is_told_where_to_look(make):
    answer = make(ON).ask("no token", scheme="Bearer", path="/admin")

    challenge = challenges(answer)["Bearer"]
    assert (
        challenge == f'Bearer realm="session", error="invalid_token", {NAMED}'
    )


@pytest.mark.parametrize("prefix", [None, "/auth"])
def test_it_stands_beside_the_prefix_of_the_include(make, prefix):
    """RFC 9728 leaves no choice."""
    client = make(ON, **({"route_prefix": prefix} if prefix else {}))

    assert client.get(PATH).json["resource"] == "https://api.example/v1"
    client.get(f"/auth{PATH}", status=404)
    client.get(f"{PATH}/", status=404)
    client.get(PATH.removesuffix("/v1"), status=404)
    # The routes after it stand under the prefix, as before.
    client.get(f"{prefix or ''}/identity")


def test_host_and_path_are_never_those_of_the_request(make):
    client = make(ON).fresh(
        HTTP_HOST="evil.example",
        HTTP_X_FORWARDED_HOST="evil.example",
        SCRIPT_NAME="/evil",
    )

    assert "evil" not in client.get(PATH).text
    assert "evil" not in str(client.get("/admin", status=401).headers)


def test_without_the_setting_nothing_is_there(make):
    client = make({**ON, "metadata.resource": None, "metadata.scopes": None})

    client.get(PATH, status=404)
    assert "resource_metadata" not in str(
        client.get("/admin", status=401).headers
    )


def test_where_session_tokens_come_as_bearer_one_challenge_names_it(make):
    client = make({**ON, "token.scheme": "Bearer"})

    answer = client.get("/admin", status=401)

    bearer = [
        value
        for value in answer.headers.getall("WWW-Authenticate")
        if value.startswith("Bearer")
    ]
    assert bearer == [f'Bearer realm="session", {NAMED}']


def test_a_challenge_of_last_resort_and_of_a_step_up_names_it(make):
    from pyramid_sessiontoken import StepUpRequired

    def setup(config):
        config.add_route("pay", "/pay")
        config.add_view(pay, route_name="pay")

    def pay(request):
        raise StepUpRequired(max_age=300)

    client = make(
        {**ON, "token.scheme": "Bearer", "challenge": "basic"}, setup
    )
    script = {"Sec-Fetch-Mode": "cors"}
    answer = client.get("/admin", headers=script, status=401)
    assert challenges(answer)["Bearer"] == f'Bearer realm="session", {NAMED}'
    token = client.swap()["access_token"]
    answer = client.ask(token, "/pay", scheme="Bearer")
    assert answer.status_code == 401
    challenge = challenges(answer)["Bearer"]
    assert challenge.startswith(f'Bearer realm="session", {NAMED}, error=')


def test_a_401_of_an_own_view_names_it(make):
    from pyramid.httpexceptions import HTTPUnauthorized

    from pyramid_sessiontoken import challenges as fields

    def setup(config):
        config.add_route("own", "/own")
        config.add_view(
            lambda request: HTTPUnauthorized(headers=fields(request)),
            route_name="own",
        )

    answer = make(ON, setup).get("/own", status=401)

    assert NAMED in challenges(answer)["Bearer"]


@pytest.mark.parametrize(
    ("challenge", "named"),
    [
        ("Bearer", f"Bearer {NAMED}"),
        ('Bearer scope="a b"', f'Bearer scope="a b", {NAMED}'),
        (
            'Bearer resource_metadata="https://own.example"',
            'Bearer resource_metadata="https://own.example"',
        ),
    ],
)
def test_an_own_authenticator_of_the_scheme_names_it(make, challenge, named):
    from zope.interface import implementer

    from pyramid_sessiontoken.interfaces import IAuthenticator

    @implementer(IAuthenticator)
    class Own:
        scheme, vary, ambient = "bearer", ("Authorization",), False

        def authenticate(self, request):
            return None

        def challenge(self, request):
            return challenge

    def setup(config):
        config.add_sessiontoken_authenticator("own", Own())

    settings = {**ON, "authenticators": "own session bearer"}
    client = make(settings, setup)
    assert isinstance(client, Client)
    answer = client.get("/admin", status=401)
    assert challenges(answer)["Bearer"] == named
