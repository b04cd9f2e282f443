"""Other issuers: an OpenID Connect provider that runs, and documents as
well-known ones publish them, over TLS.
"""

import importlib.util
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support import START
from support.issuer import jwk, jwks, payload, respond, serving, token
from support.ports import free_port
from support.tls import Authority

CLIENT = "our-application"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """An OpenID Connect provider on the loopback, in its own process."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        pytest.skip("needs the extra [testing]")
    port = free_port()
    log = (tmp_path_factory.mktemp("provider") / "log").open("w")
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=log,
        stderr=log,
    )
    transport = httpx.HTTPTransport(retries=9)
    with httpx.Client(
        base_url=f"http://localhost:{port}", transport=transport
    ) as client:
        client.get("/").raise_for_status()
        yield client
    server.terminate()
    server.wait(30)
    log.close()


def sign_in_there(provider, sub, **claims):
    """Sign in with the authorization code flow; give an ID token."""
    known = provider.get("/.well-known/openid-configuration").json()
    provider.put(f"/users/{sub}", json=claims).raise_for_status()
    back = "https://localhost/back"
    sent_back = provider.post(
        known["authorization_endpoint"],
        params={
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": back,
            "scope": "openid email profile",
        },
        data={"sub": sub},
    )
    code = parse_qs(urlsplit(sent_back.headers["Location"]).query)["code"]
    answer = provider.post(
        known["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": code[0],
            "redirect_uri": back,
            "client_id": CLIENT,
            "client_secret": "x",
        },
    )
    answer.raise_for_status()
    return answer.json()["id_token"]


def test_a_user_of_an_openid_provider_gets_a_session(make, clock, provider):
    clock.advance(int(time.time()) - START)
    known = provider.get("/.well-known/openid-configuration").json()
    client = make(
        {
            "authenticators": "session bearer",
            "basic.check": None,
            "bearer.issuer": known["issuer"],
            "bearer.audience": CLIENT,
            "bearer.algorithms": known[
                "id_token_signing_alg_values_supported"
            ],
            "bearer.jwks": known["jwks_uri"],
            "bearer.userid": "{iss}#{sub}",
            "bearer.claims": "email teams=groups",
        }
    )
    shown = sign_in_there(
        provider, "alice", email="alice@example.org", teams=["staff"]
    )

    who = client.ask(shown, scheme="Bearer").json
    session = client.post(
        "/token", headers={"Authorization": f"Bearer {shown}"}
    ).json["access_token"]

    assert who["userid"] == f"{known['issuer']}#alice"
    assert who["claims"] == {
        "email": "alice@example.org",
        "groups": ["staff"],
    }
    again = client.ask(session).json
    assert again["claims"] == who["claims"]
    assert again["userid"] == who["userid"]
    first, content, signature = shown.split(".")
    other = sign_in_there(provider, "bob").split(".")
    for hostile in (
        f"{first}.{other[1]}.{signature}",
        f"{first}.{content}.{other[2]}",
        shown[:-1],
        f"{first}.{content}.",
    ):
        assert client.ask(hostile, scheme="Bearer").json["userid"] is None
    clock.advance(3600 + 120)
    assert "expired" in client.ask(shown, scheme="Bearer").json["failure"]


# Their documents have keys that only encrypt beside keys that sign. Some name
# their algorithm, some do not. They also have certificates,
# and members that no standard names.
DOCUMENTS = {
    "one RSA key, all members": (
        "RS256",
        jwk("RS256", alg="RS256", x5c=["MIIB"], x5t="x"),
        jwk("RS256", 1, use="enc", alg="RSA-OAEP"),
    ),
    "RSA keys without an algorithm": (
        "RS256",
        jwk("RS256", issuer="https://x.example", x5c=["MIIB"]),
        jwk("RS256", 1),
    ),
    "key_ops instead of use": (
        "PS256",
        jwk("PS256", use=None, key_ops=["verify"]),
    ),
    "P-256": ("ES256", jwk("ES256", alg="ES256"), jwk("ES384")),
    "P-384": ("ES384", jwk("ES384"), jwk("ES256")),
    "P-521": ("ES512", jwk("ES512", use=None)),
    "Ed25519": ("EdDSA", jwk("EdDSA", alg="EdDSA"), jwk("RS256")),
    "a key once for each algorithm": (
        "PS256",
        *(
            jwk("PS256", alg=name)
            for name in ("RS256", "PS256", "RS512", "RSA-OAEP")
        ),
    ),
    "a key twice": ("RS256", jwk("RS256"), jwk("RS256", alg="RS256")),
    "members with padding": (
        "RS256",
        jwk("RS256", n=jwk("RS256")["n"] + "=="),
    ),
    "a name for two types of keys": (
        "ES256",
        jwk("ES256"),
        jwk("RS256", kid="ES256-0"),
        jwk("EdDSA", kid="ES256-0"),
    ),
    "post-quantum keys beside": (
        "ES256",
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "pq"},
        jwk("ES256"),
    ),
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_of_issuers_are_read_over_tls(
    make, tmp_path, monkeypatch, document
):
    algorithm, *members = document
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with serving(authority.server()) as issuer:
        issuer.answer = respond(
            jwks(*members), "200 OK", "Content-Type: application/json"
        )
        client = make(
            {
                "authenticators": "session bearer",
                "basic.check": None,
                "bearer.issuer": payload()["iss"],
                "bearer.audience": payload()["aud"],
                "bearer.algorithms": algorithm,
                "bearer.jwks": issuer.url,
            }
        )
        shown = token(algorithm=algorithm)
        stranger = token(algorithm=algorithm, number=7)

        for _ in range(3):
            who = client.ask(shown, scheme="Bearer").json
            assert who["userid"] == "alice"
            refused = client.ask(stranger, scheme="Bearer").json
            assert refused["userid"] is None
        assert len(issuer.asked) == 1


def test_an_issuer_without_a_valid_certificate_is_not_trusted(make, tmp_path):
    authority = Authority(tmp_path)
    with serving(authority.server()) as issuer:
        client = make(
            {
                "authenticators": "session bearer",
                "basic.check": None,
                "bearer.issuer": payload()["iss"],
                "bearer.audience": payload()["aud"],
                "bearer.algorithms": "ES256",
                "bearer.jwks": issuer.url,
            }
        )

        response = client.ask(token(), scheme="Bearer")

        assert response.status_code == 503
        assert issuer.asked == []
