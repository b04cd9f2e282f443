"""What a sign-in over the limit of sessions tells, and to whom."""

import json

import pytest
from pyramid.security import remember
from support.stored import REFERENCES, alive

from pyramid_sessiontoken.errors import SessionLimitReached
from pyramid_sessiontoken.events import (
    CredentialRefused,
    SessionEnded,
    SessionIssued,
)
from pyramid_sessiontoken.policy.limit import evicted
from pyramid_sessiontoken.policy.security_policy import POLICY

SETTINGS = {"repository": "memory", **REFERENCES, "sessions.limit": "1"}


@pytest.mark.parametrize("way", ["/token", "/sign_in"])
def test_an_eviction_is_told_before_the_session_that_caused_it(make, way):
    told = []

    def setup(config):
        for event in (SessionEnded, SessionIssued):
            config.add_subscriber(told.append, event)

    client = make(SETTINGS, setup=setup)
    token = client.swap()["access_token"]
    told.clear()
    if way == "/token":
        client.swap()
    else:
        client.post_json("/sign_in", {})
    ended, issued = told
    assert type(ended) is SessionEnded
    assert ended.reason == "evicted"
    assert type(issued) is SessionIssued
    assert not alive(client, token)


def test_a_subscriber_that_fails_reaches_the_application(make):
    def fail(event):
        raise LookupError(event.reason)

    client = make(
        SETTINGS,
        setup=lambda config: config.add_subscriber(fail, SessionEnded),
    )
    token = client.swap()["access_token"]
    with pytest.raises(LookupError, match="evicted"):
        client.post_json("/sign_in", {})
    assert not alive(client, token)


def test_without_subscribers_no_event_is_made(make):
    client = make(SETTINGS)
    client.registry.has_listeners = False
    token = client.swap()["access_token"]
    client.swap()
    assert not alive(client, token)
    request = type("Request", (), {"registry": client.registry})()
    assert evicted(request, [None]) == []


def test_a_refusal_without_subscribers(make, caplog):
    caplog.set_level("INFO")
    client = make({**SETTINGS, "sessions.over_limit": "refuse"})
    client.swap()
    client.registry.has_listeners = False
    client.post_json("/sign_in", {}, status=403)
    assert "application refused: the user has 1 sessions" in caplog.text


def test_a_refusal_is_told_and_changes_nothing(make):
    told, who = [], []

    def sign_in(request):
        with pytest.raises(SessionLimitReached):
            remember(request, "alice")
        who.append(request.authenticated_userid)
        return request.response

    def setup(config):
        config.add_subscriber(told.append, CredentialRefused)
        config.add_route("try", "/try")
        config.add_view(sign_in, route_name="try")

    client = make({**SETTINGS, "sessions.over_limit": "refuse"}, setup=setup)
    client.swap()
    client.post_json("/sign_in", {"userid": "bob"})
    response = client.get("/try")
    assert "Set-Cookie" not in response.headers
    assert who == ["bob"]
    assert [(e.authenticator, e.code) for e in told] == [
        ("application", "session_limit")
    ]
    assert client.get("/identity").json["userid"] == "bob"
    assert client.registry[POLICY].rules.stored.limit is not None


def test_the_audit_log_has_both(make, caplog):
    """Also where no subscriber listens."""
    caplog.set_level("INFO", "pyramid_sessiontoken.audit")
    for over in ("end_oldest", "refuse"):
        settings = {**SETTINGS, "audit": "on", "sessions.over_limit": over}
        client = make(settings)
        client.swap()
        client.swap(status="*")
    lines = [
        json.loads(record.getMessage())
        for record in caplog.records
        if record.name == "pyramid_sessiontoken.audit"
    ]
    told = [(line["event"], line.get("reason")) for line in lines]
    assert told == [
        ("issued", None),
        ("ended", "evicted"),
        ("issued", None),
        ("issued", None),
        ("refused", "session_limit"),
    ]
    assert lines[1]["sub"] == "alice"
    assert lines[1]["sid"] == lines[0]["sid"]
