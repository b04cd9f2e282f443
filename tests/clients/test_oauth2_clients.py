"""OAuth 2 clients that know nothing of this library fetch and use tokens."""

import pytest
from authlib.integrations import requests_client
from authlib.integrations.base_client import OAuthError
from oauthlib.oauth2 import (
    BackendApplicationClient,
    InvalidClientError,
    LegacyApplicationClient,
    TokenExpiredError,
    UnsupportedGrantTypeError,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


@pytest.fixture(autouse=True)
def plain_http(monkeypatch):
    """Both libraries refuse plain HTTP, of which this is a little."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def url(bearer_service):
    return bearer_service.url


def assert_that_it_is_used(session, url):
    answer = session.get(f"{url}/identity")
    assert answer.json()["userid"] == "alice"
    assert answer.json()["authenticator"] == "session"
    shown = answer.request.headers["Authorization"]
    assert shown == f"Bearer {session.token['access_token']}"
    assert session.get(f"{url}/admin").text == "hello"


def test_requests_oauthlib_as_in_the_docs(page, url):
    with page.with_requests_oauthlib(url, "alice", "alice") as session:
        assert session.token["token_type"] == "Bearer"
        assert session.token["expires_in"] == 3600
        assert session.token["session_expires_in"] == 36000
        assert_that_it_is_used(session, url)


def test_requests_oauthlib_notices_that_a_token_expires(page, serve):
    service = serve(
        token__scheme="Bearer",
        expiry__sliding="1s",
        expiry__clock_skew="0",
    )
    with page.with_requests_oauthlib(service.url, "alice", "alice") as session:
        client = session._client
        client._expires_at -= 60
        with pytest.raises(TokenExpiredError):
            session.get(f"{service.url}/identity")
        session.fetch_token(
            f"{service.url}/token", auth=HTTPBasicAuth("alice", "alice")
        )
        assert_that_it_is_used(session, service.url)


def test_requests_oauthlib_understands_refusals(url):
    client = BackendApplicationClient("alice")
    with (
        OAuth2Session(client=client) as session,
        pytest.raises(InvalidClientError),
    ):
        session.fetch_token(
            f"{url}/token", auth=HTTPBasicAuth("alice", "wrong")
        )
    client = LegacyApplicationClient("alice")
    with (
        OAuth2Session(client=client) as session,
        pytest.raises(UnsupportedGrantTypeError),
    ):
        session.fetch_token(
            f"{url}/token",
            username="alice",
            password="alice",
            auth=HTTPBasicAuth("alice", "alice"),
        )


def test_authlib_as_in_the_docs(page, url):
    with page.with_authlib(url, "alice", "alice") as session:
        assert_that_it_is_used(session, url)


def test_authlib_fetches_another_token_when_one_expires(page, bearer_service):
    url = bearer_service.url
    with page.with_authlib(url, "alice", "alice") as session:
        before = session.token["access_token"]
        bearer_service.clock.advance(2 * 3600)
        assert session.get(f"{url}/admin").status_code == 401
        session.token["expires_at"] -= 2 * 3600
        assert_that_it_is_used(session, url)
        assert session.token["access_token"] != before


def test_authlib_understands_refusals(url):
    with requests_client.OAuth2Session("alice", "wrong") as session:
        with pytest.raises(OAuthError, match="invalid_client"):
            session.fetch_token(
                f"{url}/token", grant_type="client_credentials"
            )
        with pytest.raises(OAuthError, match="unsupported_grant_type"):
            session.fetch_token(f"{url}/token", grant_type="refresh_token")


def test_authlib_introspects_and_revokes(serve):
    """RFC 7662 and RFC 7009, with the token as its own credential."""
    url = serve(token__scheme="Bearer", repository="memory").url
    with requests_client.OAuth2Session("alice", "alice") as session:
        session.fetch_token(f"{url}/token", grant_type="client_credentials")
        token = session.token["access_token"]

        def ask():
            return session.introspect_token(
                f"{url}/token/introspect",
                token=token,
                auth=("alice", "alice"),
            ).json()

        assert ask()["active"] is True
        assert ask()["sub"] == "alice"
        answer = session.revoke_token(
            f"{url}/token/revoke", token=token, auth=("alice", "alice")
        )
        assert answer.status_code == 200
        assert ask() == {"active": False}
