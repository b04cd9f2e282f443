"""A ticket is an identity and the times of its session."""

import base64
import dataclasses

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.identity.claims import (
    NO_CLAIMS,
    Claims,
    freeze_claims,
)
from pyramid_sessiontoken.identity.ticket import Ticket, is_id, new_id


def test_an_id_has_128_bits_and_never_comes_twice():
    ids = [new_id() for _ in range(2000)]

    assert len(set(ids)) == 2000
    assert {len(base64.urlsafe_b64decode(i + "==")) for i in ids} == {16}


def test_every_id_matches_the_pattern_for_reading():
    assert all(is_id(new_id()) for _ in range(500))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a" * 21,
        "a" * 23,
        "a" * 21 + "=",
        "a" * 21 + "+",
        "a" * 21 + "\n",
        "a" * 22 + "\n",
        "a" * 21 + "\N{LATIN SMALL LETTER E WITH ACUTE}",
        b"a" * 22,
        ["a"] * 22,
        22,
        True,
        None,
    ],
)
def test_a_text_of_another_form_is_not_an_id(value):
    assert not is_id(value)


def test_a_ticket_cannot_be_changed():
    ticket = make_ticket()

    for field in dataclasses.fields(ticket):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(ticket, field.name, 5)


def test_a_ticket_needs_no_claims_and_ends_with_the_browser():
    ticket = Ticket("alice", new_id(), 1, 2, 1, 5, ("pwd",))

    assert ticket.claims is NO_CLAIMS
    assert ticket.persistent is False


def test_equal_tickets_are_equal_and_hash_alike():
    one, other = (make_ticket(claims={"roles": ["a"]}) for _ in range(2))

    assert one == other
    assert hash(one) == hash(other)
    assert one != make_ticket(claims={"roles": ["b"]})


@pytest.mark.parametrize("userid", ["role:admin", "", None, True, b"alice"])
def test_a_ticket_for_a_userid_that_no_token_carries_is_refused(userid):
    """Whoever makes it: a session store of the application's own, say."""
    with pytest.raises(ClaimsError):
        make_ticket(userid=userid)


def test_the_claims_of_a_ticket_are_looked_at_and_read_only():
    inner = freeze_claims({"profile": {"sub": "alice"}})["profile"]

    for claims in (inner, {"exp": 1}, {"a": {"set"}}):
        with pytest.raises(ClaimsError):
            dataclasses.replace(make_ticket(), claims=claims)
    ticket = dataclasses.replace(make_ticket(), claims={"a": [1]})
    assert type(ticket.claims) is Claims
