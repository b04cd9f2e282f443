"""A ticket is an identity and the times of its session."""

import base64

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.identity.claims import NO_CLAIMS
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

    for field in ticket._fields:
        with pytest.raises(AttributeError):
            setattr(ticket, field, 5)


def test_a_ticket_needs_no_claims_and_ends_with_the_browser():
    ticket = Ticket("alice", new_id(), 1, 2, 1, 5, ("pwd",))

    assert ticket.claims is NO_CLAIMS
    assert ticket.persistent is False


def test_equal_tickets_are_equal_and_hash_alike():
    one, other = (make_ticket(claims={"roles": ["a"]}) for _ in range(2))

    assert one == other
    assert hash(one) == hash(other)
    assert one != make_ticket(claims={"roles": ["b"]})


@pytest.mark.parametrize(
    ("began", "place"),
    [
        ({}, 100),
        ({"after": 99}, 100),
        ({"after": 100}, 101),
        ({"after": 130}, 131),
        ({"after": 4}, 100),
    ],
)
def test_a_session_stands_behind_the_mark_it_comes_after(began, place):
    assert make_ticket(auth_time=100, began=began).place == place
