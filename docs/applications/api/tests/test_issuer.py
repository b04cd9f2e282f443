"""Users of an OpenID Connect provider."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "http://localhost:9400"


@pytest.fixture(scope="session")
def provider_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def settings(settings, provider_key, tmp_path):
    """The provider's keys are in a file, so no server is needed."""
    public = provider_key.public_key()
    member = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    keys = tmp_path / "provider.jwks"
    keys.write_text(json.dumps({"keys": [{**member, "kid": "1"}]}), "utf-8")
    return {**settings, "sessiontoken.bearer.jwks": f"file:{keys}"}


def shown(provider_key, clock, **changes):
    """Give the header with an ID token of the provider."""
    claims = {
        "iss": ISSUER,
        "aud": "tasks",
        "sub": "alice",
        "iat": clock.now(),
        "exp": clock.now() + 300,
        **changes,
    }
    token = jwt.encode(
        claims, provider_key, algorithm="RS256", headers={"kid": "1"}
    )
    return {"Authorization": f"Bearer {token}"}


def test_a_user_of_the_provider_swaps_the_id_token(
    api, sign_in, provider_key, clock
):
    id_token = shown(provider_key, clock)
    answer = api.post("/token", headers=id_token).json
    assert answer["token_type"] == "Bearer"
    clock.advance(600)
    of_provider = {"Authorization": f"Bearer {answer['access_token']}"}
    api.get("/tasks", headers=id_token, status=401)
    api.post_json("/tasks", {"title": "Buy milk"}, headers=of_provider)

    # The alice of the table is another user.
    assert api.get("/tasks", headers=sign_in("alice")).json == []
    status = api.get("/token/status", headers=of_provider).json
    assert status["sub"] == f"{ISSUER}#alice"


def test_an_id_token_for_another_application_is_refused(
    api, provider_key, clock
):
    other = shown(provider_key, clock, aud="another")
    api.post("/token", headers=other, status=401)
