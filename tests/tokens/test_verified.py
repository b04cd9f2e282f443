"""Verified tokens are remembered, up to a limit."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tokens import make_ticket

from pyramid_sessiontoken.tokens.verified import (
    PLACE,
    VerifiedTokens,
    VerifiedUnderKeys,
)

TICKETS = {bytes([i]): make_ticket(userid=i) for i in range(64)}


def filled(size, digests):
    verified = VerifiedTokens(size)
    for digest in digests:
        verified.add(digest, TICKETS[digest])
    return verified


def test_a_new_token_is_unknown():
    assert VerifiedTokens(10).get(b"new") is None


def test_a_verified_token_is_known():
    verified = filled(10, [b"\0", b"\1"])

    assert verified.get(b"\0") is TICKETS[b"\0"]
    assert verified.get(b"\1") is TICKETS[b"\1"]
    assert len(verified) == 2


def test_a_token_that_is_not_used_is_forgotten():
    verified = filled(10, TICKETS)

    assert verified.get(b"\0") is None


def test_a_token_in_use_is_kept_while_others_come():
    verified = filled(10, [b"\0"])

    for digest, ticket in TICKETS.items():
        verified.add(digest, ticket)
        assert verified.get(b"\0") is TICKETS[b"\0"]


def test_a_token_in_both_halves_counts_once():
    verified = filled(4, [b"\0", b"\1", b"\2"])

    verified.get(b"\0")

    assert len(verified) == 3


@given(
    st.integers(2, 12),
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(sorted(TICKETS))),
        max_size=100,
    ),
)
def test_a_memory_stays_within_its_size_and_never_mixes_tickets(size, steps):
    verified = VerifiedTokens(size)
    for adds, digest in steps:
        if adds:
            verified.add(digest, TICKETS[digest])
            assert verified.get(digest) is TICKETS[digest]
        else:
            assert verified.get(digest) in (None, TICKETS[digest])
        assert len(verified) <= size


def test_threads_may_forget_but_never_mix_up():
    verified = VerifiedTokens(16)

    def work(seed):
        for step in range(3000):
            digest = bytes([(seed * 7 + step * 5) % 64])
            verified.add(digest, TICKETS[digest])
            other = bytes([(seed + step) % 64])
            if verified.get(other) not in (None, TICKETS[other]):
                return "mixed up"
        return "fine"

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(4))) == {"fine"}


def places(length):
    """Count the places of a token."""
    return max(1, math.ceil(length / PLACE))


class Text:
    """The content of a token of some length, which counts what is freed."""

    freed = 0
    alive = 0

    def __init__(self, length):
        self.length = length
        Text.alive += places(length)

    def __del__(self):
        Text.freed += 1
        Text.alive -= places(self.length)


@pytest.fixture(autouse=True)
def _nothing_counted():
    Text.freed = Text.alive = 0


def learn(verified, number, length):
    """Ask for a token and, if it is not remembered, add it; give how many
    were freed.
    """
    before = Text.freed
    digest = number.to_bytes(4, "big")
    if verified.get(digest, length) is None:
        verified.add(digest, Text(length), length)
    return Text.freed - before


def test_ten_thousand_tokens_of_the_usual_length_are_remembered():
    verified = VerifiedTokens(10_000)
    for number in range(10_000):
        learn(verified, number, PLACE)
    assert len(verified) == 10_000


def test_long_tokens_are_fewer():
    verified = VerifiedTokens(10_000)
    for number in range(10_000):
        learn(verified, number, 7600)
    assert 500 < len(verified) <= 10_000 * PLACE // 7600
    # The last ones are there.
    assert verified.get((9999).to_bytes(4, "big"), 7600).length == 7600


#: Tokens that are asked for: each number has one length.
LENGTHS = st.lists(st.integers(0, 8192), min_size=1, max_size=60)
ASKED = st.lists(st.integers(0, 59), max_size=200)


@given(st.integers(2, 40), LENGTHS, ASKED)
def test_no_use_makes_it_heavier_than_its_places(size, lengths, asked):
    """What is asked for again stays heavy in the other half. What is
    forgotten and not freed yet counts, too.
    """
    Text.alive = 0
    verified = VerifiedTokens(size)
    for number in asked:
        length = lengths[number % len(lengths)]
        learn(verified, number % len(lengths), length)
        # Each half may end with one long token.
        assert Text.alive <= size + 2 * places(8192)


def test_long_tokens_that_are_asked_for_again_stay_long():
    verified = VerifiedTokens(200)
    for last in range(60):
        for number in range(last + 1):
            learn(verified, number, 8000)

        assert Text.alive <= 200 + 2 * places(8000)


@given(st.integers(2, 40), LENGTHS, ASKED, st.lists(st.integers(0, 199)))
def test_no_token_waits_until_thousands_are_freed(size, lengths, asked, ends):
    """Each one frees as many as it takes places, also when the keys
    change.
    """
    Text.freed = Text.alive = 0
    verified = VerifiedTokens(size)
    for step, number in enumerate(asked):
        length = lengths[number % len(lengths)]
        if step in ends:
            verified = verified.successor()
            assert len(verified) == 0
        freed = learn(verified, number % len(lengths), length)
        assert freed <= places(length)
        assert Text.alive <= size + 2 * places(8192)


def test_a_successor_remembers_nothing_and_frees_what_was_remembered():
    verified = VerifiedTokens(100)
    for number in range(100):
        learn(verified, number, 0)
    assert Text.alive == 100

    successor = verified.successor()
    del verified
    for number in range(100):
        assert Text.freed == number
        assert learn(successor, number, 0) == 1
        assert len(successor) == number + 1

    assert Text.alive == 100


def test_a_memory_under_other_keys_frees_piece_by_piece():
    memory = VerifiedUnderKeys(100)
    for number in range(100):
        learn(memory.under("old"), number, 0)

    assert memory.under("old") is memory.under("old")
    assert len(memory.under("new")) == 0
    assert Text.freed == 0
    assert learn(memory.under("new"), 1, 0) == 1


def test_threads_may_free_what_is_forgotten_at_the_same_time():
    verified = VerifiedTokens(200)
    for number in range(200):
        verified.add(number.to_bytes(4, "big"), number)
    verified = verified.successor().successor()

    def work(seed):
        for step in range(3000):
            digest = (seed * 10_000 + step).to_bytes(4, "big")
            verified.add(digest, step, 2 * PLACE)
        return "fine"

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(4))) == {"fine"}


def test_nothing_is_left_of_what_was_forgotten():
    """An empty dict keeps the memory of its table."""
    memory = VerifiedTokens[int](10)
    for number in range(1000):
        memory.add(number.to_bytes(4, "big"), number)
    assert len(memory._forgotten) <= 1


def test_a_successor_is_as_large_as_what_it_follows():
    successor = VerifiedTokens(10).successor().successor()
    for number in range(40):
        successor.add(bytes([number]), number)
        assert len(successor) <= 10
    assert len(successor) > 5


def test_the_young_half_is_full_at_half_the_size():
    verified = VerifiedTokens(4)
    for number in range(5):
        verified.add(bytes([number]), number)

    # The third one began another half, and so did the fifth one.
    assert [verified.get(bytes([n])) for n in (0, 1)] == [None, None]
    assert len(verified) == 3
