"""What was verified is remembered, within bounds."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from support.tokens import make_ticket

from pyramid_sessiontoken.tokens.verified import VerifiedTokens

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


def test_tokens_that_are_not_used_are_forgotten():
    verified = filled(10, TICKETS)

    assert verified.get(b"\0") is None


def test_a_token_in_use_is_kept_among_many_others():
    verified = filled(10, [b"\0"])

    for digest, ticket in TICKETS.items():
        verified.add(digest, ticket)
        assert verified.get(b"\0") is TICKETS[b"\0"]


def test_a_token_in_both_generations_counts_once():
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
def test_the_memory_is_bounded_and_never_mixes_up_tickets(size, steps):
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
