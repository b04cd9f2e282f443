"""``GET /token/jwks``: others verify tokens with what is published there."""

import json

import jwt
import pytest
from support.endpoint import BASIC, is_unkept
from support.keys import put_keys
from support.tokens import FIRST

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.file_ring import PROPAGATION
from pyramid_sessiontoken.keys.jwk import new_key, public_jwk

ALGORITHMS = ["ES256", "EdDSA"]


@pytest.fixture(params=ALGORITHMS)
def algorithm(request):
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tokens.jwks"


@pytest.fixture
def keys(algorithm, path):
    keys = [new_key(algorithm) for _ in range(3)]
    put_keys(path, *keys[:2])
    return keys


@pytest.fixture
def start(make, path, algorithm, keys):
    """Make a client whose tokens others verify, with more settings."""

    def start_client(settings=(), **given):
        return make(
            {
                "token.algorithm": algorithm,
                "token.keys": f"file:{path}",
                **dict(settings),
            },
            **given,
        )

    return start_client


def test_the_public_parts_of_all_keys_are_published(start, keys, algorithm):
    answer = start().get("/token/jwks")

    assert answer.json == {
        "keys": [public_jwk(key, algorithm) for key in keys[:2]]
    }
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=120"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"Vary", "Pragma", "Set-Cookie"} & set(answer.headers)
    for key in keys:
        assert encode_base64url(key.secret) not in answer.text
    for member in answer.json["keys"]:
        assert not {"d", "k"} & set(member)


def test_head_is_answered_as_get_without_a_body(start):
    client = start()
    got, head = client.get("/token/jwks"), client.head("/token/jwks")

    assert head.body == b""
    assert head.headers == got.headers


def test_a_key_is_published_before_it_signs(start, keys, path, clock):
    client = start()
    put_keys(path, keys[2], *keys[:2])
    clock.advance(1)
    token = client.swap()["access_token"]
    assert jwt.get_unverified_header(token)["kid"] == keys[0].kid
    published = client.get("/token/jwks").json["keys"]
    assert {k["kid"] for k in published} == {k.kid for k in keys}
    clock.advance(PROPAGATION)
    token = client.swap()["access_token"]
    assert jwt.get_unverified_header(token)["kid"] == keys[2].kid
    put_keys(path, keys[2])
    clock.advance(1)
    (left,) = client.get("/token/jwks").json["keys"]
    assert left["kid"] == keys[2].kid


def test_a_token_verifies_with_what_is_published(start, algorithm):
    client = start()
    token = client.swap()["access_token"]
    published = jwt.PyJWKSet.from_dict(client.get("/token/jwks").json)
    key = published[jwt.get_unverified_header(token)["kid"]]

    claims = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience="pyramid_sessiontoken",
        options={"verify_exp": False, "verify_iat": False},
    )

    assert claims["sub"] == "alice"


@pytest.mark.parametrize("settings", [{}, {"token.keys": "secret"}])
def test_secrets_are_never_published(make, settings):
    if settings:
        settings = {"token.keys": encode_base64url(FIRST.secret[::-1])}
    client = make(settings)
    for method in ("get", "head"):
        answer = getattr(client, method)("/token/jwks", status=404)
        assert is_unkept(answer)
    answer = client.get("/token/jwks", status=404)
    assert answer.json["error"] == "not_found"
    assert "keys" not in answer.json


def test_over_plain_http_nothing_is_published(start):
    client = start().fresh(**{"wsgi.url_scheme": "http"})

    answer = client.get("/token/jwks", status=403)

    assert answer.json["error"] == "tls_required"
    assert is_unkept(answer)
    free = start({"require_tls": "false"})
    free = free.fresh(**{"wsgi.url_scheme": "http"})
    assert free.get("/token/jwks").json["keys"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_not_allowed(start, method):
    answer = start().request("/token/jwks", method=method, status=405)

    assert answer.headers["Allow"] == "GET, HEAD"
    assert is_unkept(answer)


def test_it_stands_below_the_path_and_the_prefix(start):
    client = start(
        {"token.path": "/sessions"},
        route_prefix="/api",
    )

    assert client.get("/api/sessions/jwks").json["keys"]


def ask_first(handler, registry):
    """Ask who the user is before a route is found, as pyramid_tm does."""

    def tween(request):
        request.authenticated_userid  # noqa: B018
        return handler(request)

    return tween


def add_tween(config):
    config.add_tween(f"{__name__}.ask_first")


@pytest.mark.parametrize("shown", ["nothing", "good", "bad", "due"])
def test_whoever_asks_the_answer_is_the_same_for_all(start, shown, clock):
    """Shared caches give it to everybody."""
    client = start(setup=add_tween)
    token = client.swap()["access_token"]
    headers = {
        "nothing": {},
        "good": {"Authorization": f"Session {token}"},
        "bad": {
            "Authorization": "Session x",
            "Cookie": "__Host-sessiontoken=x",
        },
        "due": {"Authorization": f"Session {token}"},
    }[shown]
    if shown == "due":
        clock.advance(1900)

    answer = client.fresh().get("/token/jwks", headers=headers)

    assert answer.headers["Cache-Control"] == "public, max-age=120"
    assert not {"Vary", "Set-Cookie", "Session-Token"} & set(answer.headers)
    assert len(answer.json["keys"]) == 2


def test_pages_of_other_origins_may_read_it(start):
    client = start({"cors.origins": "https://app.example"}, setup=add_tween)
    for origin in ("https://app.example", "https://other.example", None):
        headers = {**BASIC, **({"Origin": origin} if origin else {})}
        answer = client.get("/token/jwks", headers=headers)
        assert answer.headers["Cache-Control"] == "public, max-age=120"
        assert answer.headers["Vary"] == "Origin"
        allowed = answer.headers.get("Access-Control-Allow-Origin")
        assert allowed == (origin if origin == "https://app.example" else None)
    preflight = client.options(
        "/token/jwks",
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "GET",
        },
    )
    assert preflight.status_int == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD"


def test_it_is_json_whatever_renderers_the_application_has(start, algorithm):
    def setup(config):
        config.add_renderer("json", lambda info: lambda value, system: "no")

    answer = start(setup=setup).get("/token/jwks")

    assert json.loads(answer.text)["keys"][0]["alg"] == algorithm
