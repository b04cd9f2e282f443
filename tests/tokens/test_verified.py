"""Verified tokens are remembered, up to a limit."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from support.tokens import make_ticket

from pyramid_sessiontoken.tokens.verified import PLACE, VerifiedTokens

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


class Lengths(VerifiedTokens):
    """Remembers texts of given lengths."""

    __slots__ = ()

    def learn(self, number, length):
        digest = number.to_bytes(4, "big")
        self.add(digest, "x" * length, length)

    def weight(self):
        there = self._young | self._old
        return sum(map(len, there.values()))


def test_ten_thousand_tokens_of_the_usual_length_are_remembered():
    verified = Lengths(10_000)
    for number in range(10_000):
        verified.learn(number, PLACE)
    assert len(verified) == 10_000


def test_long_tokens_are_fewer():
    verified = Lengths(10_000)
    for number in range(10_000):
        verified.learn(number, 7600)
    assert 500 < len(verified) <= 10_000 * PLACE // 7600
    # The last ones are there.
    assert verified.get((9999).to_bytes(4, "big")) == "x" * 7600


@given(
    st.integers(2, 40),
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 8192)), max_size=200
    ),
)
def test_no_use_makes_it_heavier_than_its_places(size, steps):
    """What is asked for again stays heavy in the other half."""
    verified = Lengths(size)
    for number, length in steps:
        if verified.get(number.to_bytes(4, "big")) is None:
            verified.learn(number, length)
        # Each half may end with one long token.
        assert verified.weight() <= (size + 2) * PLACE + 2 * 8192
