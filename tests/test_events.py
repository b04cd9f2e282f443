"""An event does not change, except that fields are added."""

import dataclasses

import pytest

from pyramid_sessiontoken.events import (
    CredentialRefused,
    CredentialThrottled,
    ResponseFields,
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)


@pytest.mark.parametrize(
    "told",
    [
        CredentialRefused("request", "basic", "why", "refused"),
        CredentialThrottled("request", "basic", 60),
        SessionEnded("request", "identity", "ticket", "signed_out"),
        SessionRenewed("request", "identity", "ticket"),
        SessionIssued("request", "identity", "ticket", "basic", "issued"),
    ],
    ids=lambda told: type(told).__name__,
)
def test_a_subscriber_cannot_change_an_event(told):
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.request = None


def test_each_event_has_response_fields_of_its_own():
    one, other = (SessionIssued(*range(5)) for _ in range(2))

    one.response_fields["user"] = "alice"

    assert one.response_fields == {"user": "alice"}
    assert other.response_fields == {}


@pytest.mark.parametrize("name", sorted(ResponseFields.OWN))
def test_a_field_of_the_endpoint_is_not_overwritten(name):
    fields = ResponseFields()

    with pytest.raises(KeyError, match=name):
        fields[name] = 1

    assert fields == {}


def test_a_field_of_another_subscriber_is_not_overwritten():
    fields = ResponseFields(user="alice")

    with pytest.raises(KeyError, match="user"):
        fields["user"] = "bob"
    with pytest.raises(KeyError, match="user"):
        fields |= {"user": "bob"}
    fields |= {"other": 1}

    assert fields == {"user": "alice", "other": 1}
