"""An identity is checked when it is made, and immutable."""

import dataclasses
import uuid
from types import SimpleNamespace

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.identity.claims import Claims, freeze_claims


def test_a_userid_is_enough():
    identity = Identity("alice")

    assert identity.userid == "alice"
    assert identity.claims == {}
    assert identity.authenticator == ""
    assert identity.ticket is None


def test_an_identity_takes_four_arguments_in_this_order():
    ticket = make_ticket()

    identity = Identity(7, {"mail": "a@example.org"}, "session", ticket)

    assert identity.userid == 7
    assert identity.claims == {"mail": "a@example.org"}
    assert identity.authenticator == "session"
    assert identity.ticket is ticket


@pytest.mark.parametrize("userid", ["alice", 7, uuid.UUID(int=7), None])
def test_a_userid_is_a_text_a_number_a_uuid_or_none(userid):
    assert Identity(userid).userid == userid


@pytest.mark.parametrize("userid", ["", True, 1.5, "system.Everyone", "a\0"])
def test_a_userid_that_a_token_cannot_carry_is_refused(userid):
    with pytest.raises(ClaimsError):
        Identity(userid)


@pytest.mark.parametrize(
    "claims", [None, {"sub": "bob"}, {"a": object()}, {"exp": 1}, ["a"]]
)
def test_claims_that_a_token_cannot_carry_are_refused(claims):
    with pytest.raises(ClaimsError):
        Identity("alice", claims)


def test_claims_are_copied_and_read_only():
    mine = {"roles": ["reader"]}
    identity = Identity("alice", mine)

    mine["roles"].append("admin")

    assert identity.claims == {"roles": ["reader"]}
    assert type(identity.claims) is Claims


def test_frozen_claims_are_not_copied():
    claims = freeze_claims({"a": 1})

    assert Identity("alice", claims).claims is claims


def test_an_identity_cannot_be_changed():
    identity = Identity("alice")

    with pytest.raises(dataclasses.FrozenInstanceError):
        identity.userid = "root"


def test_a_changed_copy_is_checked_too():
    identity = Identity("alice")

    with pytest.raises(ClaimsError):
        dataclasses.replace(identity, userid="system.Everyone")
    with pytest.raises(ClaimsError):
        dataclasses.replace(identity, claims={"sub": "root"})


@pytest.mark.parametrize(
    "userid", ["role:admin", "group:staff", "", "a\n", True, b"alice"]
)
def test_a_userid_in_place_of_a_tickets_is_checked(userid):
    """Say by an authenticator of the application's own."""
    ticket = make_ticket()
    identity = Identity("alice", ticket.claims, "session", ticket)

    with pytest.raises(ClaimsError):
        dataclasses.replace(identity, userid=userid)
    with pytest.raises(ClaimsError):
        Identity(userid, {}, "own", ticket)


def test_what_only_looks_like_a_ticket_makes_no_userid_good():
    ticket = SimpleNamespace(userid="role:admin")

    with pytest.raises(ClaimsError):
        Identity(ticket.userid, {}, "own", ticket)


def test_a_ticket_may_come_with_another_good_userid():
    ticket = make_ticket()

    assert Identity("bob", {}, "own", ticket).ticket is ticket


def test_an_identity_is_hashable_with_its_claims():
    one, other = (Identity("alice", {"roles": ["a"]}) for _ in range(2))

    assert {one, other} == {one}
