"""What happened is told to the audit log and to metrics before subscribers."""

import pytest
from pyramid.registry import Registry
from pyramid.testing import DummyRequest

from pyramid_sessiontoken.events import CredentialThrottled, SessionRenewed
from pyramid_sessiontoken.policy.observers import (
    COMMAND,
    OBSERVERS,
    is_heard,
    notify,
    request_told,
)

RENEWED = SessionRenewed("request", "identity", "ticket")
THROTTLED = CredentialThrottled("request", "basic", 60)


@pytest.fixture
def registry():
    return Registry()


def test_by_default_no_event_reaches_anybody(registry):
    assert not is_heard(registry)
    notify(registry, RENEWED)


def test_a_subscriber_is_told(registry):
    told = []
    registry.registerHandler(told.append, (SessionRenewed,))

    assert is_heard(registry)
    notify(registry, RENEWED, THROTTLED)

    assert told == [RENEWED]


def test_an_observer_is_told_of_every_event(registry):
    told = []
    registry[OBSERVERS] = (told.append,)

    assert is_heard(registry)
    notify(registry, RENEWED, THROTTLED)

    assert told == [RENEWED, THROTTLED]


def test_an_observer_is_told_although_a_subscriber_fails(registry):
    def fail(event):
        raise LookupError("of the subscriber")

    told = []
    registry[OBSERVERS] = (told.append,)
    registry.registerHandler(fail, (SessionRenewed,))

    with pytest.raises(LookupError):
        notify(registry, RENEWED, THROTTLED)

    assert told == [RENEWED, THROTTLED]


def test_the_request_of_a_command_is_not_told():
    request = DummyRequest()
    assert request_told(request) is request

    request.environ[COMMAND] = True
    assert request_told(request) is None
    assert request_told(None) is None
