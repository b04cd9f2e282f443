"""Requests that cannot be judged are answered with 403, 429 or 503."""

from types import SimpleNamespace

import pytest
from pyramid.httpexceptions import HTTPForbidden, HTTPServiceUnavailable
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.testing import DummyRequest

from pyramid_sessiontoken.authenticators.state import Refusal
from pyramid_sessiontoken.errors import (
    RepositoryUnavailable,
    TooManyAttempts,
)
from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.policy.answers import (
    ANSWERS,
    is_refused_for_tls,
    repository_or_503,
    require_tls,
    too_many,
)
from pyramid_sessiontoken.testing import ManualClock


def test_an_outage_is_503_and_never_anonymous(own, caplog):
    client = own(RepositoryUnavailable("down"))
    for path in ("/identity", "/admin"):
        response = client.get(path, status=503)
        assert response.headers["Retry-After"] == "5"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    for method in (client.get, client.post):
        response = method("/token", status=503)
        assert response.json["error"] == "temporarily_unavailable"
        assert response.headers["Retry-After"] == "5"
    client.get("/forbidden", status=503)
    assert "down" in caplog.text


def test_an_authenticator_may_report_too_many_attempts(own):
    client = own(TooManyAttempts("enough", 30))

    answer = client.get("/identity", status=429)

    assert answer.headers["Retry-After"] == "30"
    assert "X-Own" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post("/token", status=429).headers["Retry-After"] == "30"


# Each function.


@pytest.mark.parametrize(
    ("required", "scheme", "refused"),
    [
        (True, "https", False),
        (True, "http", True),
        (True, "", True),
        (False, "http", False),
        (True, "wss", False),
        (True, "ws", True),
    ],
)
def test_plain_http_is_refused_where_tls_is_required(
    required, scheme, refused
):
    rules = SimpleNamespace(require_tls=required)
    request = Request.blank("/", {"wsgi.url_scheme": scheme})
    request.registry = Registry()
    request.registry.registerUtility(ManualClock(0), IClock)

    assert is_refused_for_tls(request, rules) is refused
    if refused:
        with pytest.raises(HTTPForbidden, match="plain HTTP"):
            require_tls(request, rules)
    else:
        require_tls(request, rules)


PLAIN = {"wsgi.url_scheme": "http"}


def by_level(caplog, level):
    found = [r for r in caplog.records if r.levelname == level]
    caplog.clear()
    return len(found)


@pytest.mark.parametrize(
    "path", ["/identity", "/admin", "/token", "/sign_in", "/forbidden"]
)
def test_plain_http_is_a_warning_once_a_minute(client, path, caplog):
    """A production.ini shows no less: a proxy that keeps the scheme to
    itself must not look like a wrong password.
    """
    caplog.set_level("INFO", "pyramid_sessiontoken")
    for seconds, warnings in ((0, 1), (0, 0), (59, 0), (1, 1), (60, 1)):
        client.clock.advance(seconds)
        client.post(path, extra_environ=PLAIN, status="*")
        text = caplog.text
        assert by_level(caplog, "WARNING") == warnings
        assert "require_tls = false" in text
        assert "X-Forwarded-Proto" in text


def test_a_clock_that_is_set_back_does_not_silence_warnings(client, caplog):
    client.get("/identity", extra_environ=PLAIN)
    assert by_level(caplog, "WARNING") == 1
    client.clock.advance(-7200)
    client.get("/identity", extra_environ=PLAIN)
    assert by_level(caplog, "WARNING") == 1


def test_over_tls_nothing_is_logged(client, caplog):
    client.get("/admin", status=401)
    assert by_level(caplog, "WARNING") == 0


def test_a_request_without_a_scheme_did_not_come_over_tls():
    """Pyramid's DummyRequest has none."""
    rules = SimpleNamespace(require_tls=True)

    assert is_refused_for_tls(DummyRequest(environ={}), rules)


def test_an_outage_is_logged_and_becomes_503(caplog):
    with pytest.raises(HTTPServiceUnavailable) as raised, repository_or_503():
        raise RepositoryUnavailable("down")

    assert raised.value.headers["Retry-After"] == "5"
    assert isinstance(raised.value.__cause__, RepositoryUnavailable)
    assert caplog.messages == ["answered 503, because a backend failed: down"]
    assert isinstance(raised.value, ANSWERS)


def test_other_errors_are_passed_on():
    with pytest.raises(LookupError), repository_or_503():
        raise LookupError


def test_only_a_refusal_for_some_seconds_is_429():
    assert too_many(Refusal("basic", "wrong password")) is None

    answer = too_many(Refusal("basic", "too many attempts", 0))

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "0"
    assert isinstance(answer, ANSWERS)
