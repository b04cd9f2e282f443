"""Requests that cannot be judged are answered with 403, 429 or 503."""

from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    TooManyAttempts,
)


def test_an_outage_is_503_and_never_anonymous(own, caplog):
    client = own(RepositoryUnavailable("down"))
    for path in ("/identity", "/admin"):
        response = client.get(path, status=503)
        assert response.headers["Retry-After"] == "5"
    for method in (client.get, client.post):
        response = method("/token", status=503)
        assert response.json["error"] == "temporarily_unavailable"
        assert response.headers["Retry-After"] == "5"
    client.get("/forbidden", status=503)
    assert "down" in caplog.text


def test_an_authenticator_may_turn_away_who_tries_too_often(own):
    client = own(TooManyAttempts("enough", 30))

    answer = client.get("/identity", status=429)

    assert answer.headers["Retry-After"] == "30"
    assert "X-Own" in answer.headers["Vary"]
    assert client.post("/token", status=429).headers["Retry-After"] == "30"
