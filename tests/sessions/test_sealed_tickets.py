"""A ticket becomes an encrypted record, and an opened record is remembered."""

import pytest
from support import START
from support.keys import Rings
from support.tokens import FIRST, NAMES, SECOND, make_ticket

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.sessions.records import LINGER
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.sealed_tickets import SealedTickets
from pyramid_sessiontoken.tokens.verified import PLACE

KEY = "a" * 64

TICKET = make_ticket(
    userid=7,
    exp=START + 600,
    claims=freeze_claims({"roles": ["admin"]}),
    persistent=True,
    device=freeze_claims({"address": "192.0.2.1"}),
    carrier="cookie",
)


@pytest.fixture
def rings():
    return Rings(FIRST)


@pytest.fixture
def tickets(rings):
    return SealedTickets(Seal(rings, "store"), NAMES)


def test_a_sealed_ticket_is_opened_unchanged(tickets):
    assert tickets.open(tickets.seal(KEY, TICKET), KEY) == TICKET


def test_only_key_end_and_subject_of_a_record_can_be_read(tickets):
    item = tickets.seal(KEY, TICKET)

    assert item.key == KEY
    assert item.expires == moment(START + 600 + LINGER)
    assert item.subject == NAMES.subject_of_user(7)
    assert b"admin" not in item.token


def test_an_opened_record_is_remembered_under_its_key(tickets):
    item = tickets.seal(KEY, TICKET)
    found = tickets.open(item, KEY)

    assert tickets.open(item, KEY) is found
    assert tickets.open(item, "b" * 64) is None


def test_a_record_of_a_key_that_left_the_ring_is_not_remembered(
    tickets, rings, caplog
):
    item = tickets.seal(KEY, TICKET)
    tickets.open(item, KEY)

    rings.replace(SECOND)

    assert tickets.open(item, KEY) is None
    (message,) = caplog.messages
    assert message.startswith("a stored session cannot be read, and counts as")
    assert "a key that is not in the ring" in message


def test_long_records_are_remembered_by_their_weight(rings, monkeypatch):
    monkeypatch.setattr(
        "pyramid_sessiontoken.sessions.sealed_tickets.REMEMBERED", 20
    )
    seal = Seal(rings, "store")
    tickets = SealedTickets(seal, NAMES)
    long = TICKET._replace(claims=freeze_claims({"a": "x" * 4000}))
    for _ in range(20):
        tickets.open(tickets.seal(KEY, long), KEY)
    opened = tickets._opened.under(seal.keys)
    assert len(opened) <= 20 * PLACE // 4000 + 2
