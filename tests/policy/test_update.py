"""Who vouched for the user of a session, and what a state notes."""

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.state import Status
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.claims import FrozenDict
from pyramid_sessiontoken.policy.private_headers import PrivateHeaders
from pyramid_sessiontoken.policy.state import PolicyState
from pyramid_sessiontoken.policy.update import authenticator_of


@pytest.mark.parametrize(
    ("amr", "began", "name"),
    [
        (("pwd",), {}, "basic"),
        (("hwk",), {}, "client_certificate"),
        (("google",), {}, "google"),
        (("pwd", "api_key"), {}, "basic api_key"),
        ((), {}, ""),
        (("pwd", "otp"), {"by": "application"}, "application"),
    ],
)
def test_the_authenticator_of_a_session_is_known(amr, began, name):
    ticket = make_ticket(amr=amr, began=FrozenDict(began))
    assert authenticator_of(ticket) == name


@pytest.mark.parametrize("name", ["session", "cookie"])
@pytest.mark.parametrize("later", [None, Identity("bob")])
def test_a_sign_in_or_sign_out_drops_what_the_cookie_was_to_carry(name, later):
    """It is another cookie that counts, or none. A header stays."""
    state = PolicyState(None)
    headers = PrivateHeaders()
    state.update(Identity("alice", {}, name), headers)
    state.sign_in(later)
    assert state.updated == (None if name == "cookie" else (name, headers))


def test_an_update_sets_the_identity_of_the_request():
    state = PolicyState(None)
    changed = Identity("alice", {"a": 1}, "session")
    state.judged["session",] = object()
    state.update(changed, PrivateHeaders())
    assert state.answers == {"session": changed}
    assert state.judged == {}
    assert state.status is Status.NONE


def test_an_update_after_a_sign_in_sets_who_signed_in():
    state = PolicyState(None)
    state.sign_in(Identity("alice", {}, "cookie"))
    changed = Identity("alice", {"a": 1}, "cookie")
    state.update(changed, PrivateHeaders())
    assert state.signed_in is changed
    assert state.answers == {}
