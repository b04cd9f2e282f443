"""A ring of keys that are derived from roots, one for each period."""

import hmac
import itertools
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import START
from support.keys import put_keys
from support.tokens import FIRST, SECOND, STRANGER
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.config.keys import read_keys
from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.file_ring import PROPAGATION, FileRing
from pyramid_sessiontoken.keys.ring import Key, KeyRing
from pyramid_sessiontoken.keys.rotating_ring import (
    Periods,
    RotatingRing,
    ambiguous,
    derive_root,
)
from pyramid_sessiontoken.testing import ManualClock

DAY = 86400
LENGTH = 30 * DAY
KEPT = 10 * 3600 + 600
NUMBER = START // LENGTH


def make_ring(*roots, clock=None, length=LENGTH, kept=KEPT):
    clock = clock or ManualClock(START)
    roots = KeyRing(roots or (FIRST,))
    return RotatingRing(
        roots,
        lambda: Periods(length, kept, clock.now()),
        clock,
        "sessiontoken.keys",
    )


def kids(ring):
    return [key.kid for key in ring]


# What is derived


def hkdf(secret, info, length):
    """Compute RFC 5869 with SHA-512 and no salt, sections 2.2 and 2.3."""
    extracted = hmac.digest(bytes(64), secret, "sha512")
    block, output, number = b"", b"", 0
    while len(output) < length:
        number += 1
        text = block + info + bytes([number])
        block = hmac.digest(extracted, text, "sha512")
        output += block
    return output[:length]


@given(
    st.binary(min_size=32, max_size=200),
    st.integers(DAY, 36500 * DAY),
    st.integers(0, 10**6),
)
def test_a_derived_key_is_that_of_hkdf(secret, length, number):
    info = b"pyramid_sessiontoken/1\0\x16rotate\0\x06"
    info += length.to_bytes(8, "big") + number.to_bytes(8, "big")

    key = derive_root(Key("root", secret, "HS256"), length, number)

    assert key.kid == f"root.{number}"
    assert key.secret == hkdf(secret, info, len(secret))
    assert key.alg == "HS256"


def test_a_derived_key_never_changes():
    """It is what other nodes and other versions derive."""
    key = derive_root(Key("a", bytes(range(32))), LENGTH, 700)

    assert key.kid == "a.700"
    assert key.secret.hex() == KNOWN


KNOWN = "571e0d77a8ce7b243c9320f94232a407dac36d4b1885fec7126e2f842689184a"


def test_a_root_longer_than_hkdf_gives_has_derived_keys():
    key = derive_root(Key("a", bytes(20_000)), LENGTH, 1)

    assert len(key.secret) == 255 * 64


PLACES = st.tuples(
    st.sampled_from([FIRST, SECOND]),
    st.integers(DAY, 40 * DAY),
    st.integers(0, 10**5),
)


@given(PLACES, PLACES)
@example((FIRST, DAY, 256), (FIRST, DAY * 256, 1))
def test_roots_lengths_and_periods_share_no_key(one, other):
    first, second = derive_root(*one), derive_root(*other)

    assert (first.secret == second.secret) == (one == other)
    assert first.secret not in (FIRST.secret, SECOND.secret)


# Which keys are there


def test_it_has_all_that_the_interface_asks():
    ring = make_ring()

    assert verifyObject(IKeyRing, ring)
    assert ring.signer == derive_root(FIRST, LENGTH, NUMBER)
    assert ring.signer == next(iter(ring))
    assert ring.reload() is ring.current


def test_the_key_of_this_period_signs_and_the_next_one_verifies():
    clock = ManualClock(START)
    ring = make_ring(clock=clock)

    assert kids(ring) == [
        f"{FIRST.kid}.{NUMBER}",
        f"{FIRST.kid}.{NUMBER + 1}",
        FIRST.kid,
    ]


def test_past_keys_verify_until_what_they_signed_has_ended():
    clock = ManualClock((NUMBER + 1) * LENGTH - 1)
    ring = make_ring(clock=clock)
    past, present = f"{FIRST.kid}.{NUMBER}", f"{FIRST.kid}.{NUMBER + 1}"
    assert ring.signer.kid == past
    clock.advance(1)
    assert ring.signer.kid == present
    assert past in kids(ring)
    clock.advance(KEPT - 1)
    assert past in kids(ring)
    clock.advance(1)
    assert past not in kids(ring)
    assert ring.signer.kid == present


@given(
    st.integers(0, 3 * 10**9),
    st.integers(DAY, 40 * DAY),
    st.integers(0, 90 * DAY),
)
def test_the_periods_are_right(now, length, kept):
    periods = Periods(length, kept, now)

    signing, later = periods.current, periods.current + 1
    assert signing * length <= now < later * length
    verifying = {
        number
        for number in range(signing + 1)
        if periods.last_use_of(number) > now
    } | {later}
    assert set(periods.verifying) == verifying
    assert periods.since <= now < periods.until


@given(st.data())
def test_keys_change_only_at_the_times_that_were_told(data):
    length = data.draw(st.integers(DAY, 5 * DAY))
    kept = data.draw(st.integers(0, 9 * DAY))
    now = data.draw(st.integers(10**9, 10**9 + 10 * DAY))
    periods = Periods(length, kept, now)
    then = data.draw(
        st.integers(max(periods.since, 0), periods.until - 1)
        | st.sampled_from([periods.since, periods.until - 1])
    )

    same = Periods(length, kept, then)
    assert same.verifying == periods.verifying
    assert same.current == periods.current
    for other in (periods.since - 1, periods.until):
        assert Periods(length, kept, other).verifying != periods.verifying


def test_the_keys_are_the_same_object_until_they_change():
    clock = ManualClock(NUMBER * LENGTH + LENGTH // 2)
    ring = make_ring(clock=clock)
    seen = ring.current
    clock.advance(LENGTH // 2 - 1)
    assert ring.current is seen
    clock.advance(1)
    other = ring.current
    assert other is not seen
    # The clock of the machine is put right.
    clock.advance(-1)
    assert ring.current == seen
    clock.advance(1)
    assert ring.current == other


def test_a_derived_key_is_derived_once(monkeypatch):
    derived = []

    def note(root, length, number):
        derived.append(number)
        return derive_root(root, length, number)

    monkeypatch.setattr(
        "pyramid_sessiontoken.keys.rotating_ring.derive_root", note
    )
    clock = ManualClock(START)
    ring = make_ring(clock=clock, length=DAY, kept=400 * DAY)
    assert len(list(ring)) == 403
    for _ in range(5):
        clock.advance(DAY)
        list(ring)

    assert len(derived) == len(set(derived)) == 402 + 5


def test_of_several_roots_the_first_signs_and_all_verify():
    ring = make_ring(FIRST, SECOND)

    assert kids(ring) == [
        f"{FIRST.kid}.{NUMBER}",
        f"{FIRST.kid}.{NUMBER + 1}",
        f"{SECOND.kid}.{NUMBER + 1}",
        f"{SECOND.kid}.{NUMBER}",
        FIRST.kid,
        SECOND.kid,
    ]


def test_a_root_that_is_new_in_a_file_signs_five_minutes_later(
    tmp_path, caplog
):
    caplog.set_level(logging.INFO, "pyramid_sessiontoken")
    path = tmp_path / "sessiontoken.jwks"
    put_keys(path, FIRST)
    clock = ManualClock(START)

    def read():
        return read_keys(f"file:{path}")

    roots = FileRing(read(), (str(path),), read, clock, "the roots")
    ring = RotatingRing(
        roots, lambda: Periods(LENGTH, KEPT, clock.now()), clock, "the ring"
    )
    old, new = (f"{key.kid}.{NUMBER}" for key in (FIRST, SECOND))
    assert ring.signer.kid == old
    assert new not in kids(ring)
    put_keys(path, SECOND, FIRST)
    # An unknown key was named: the files are read at once.
    assert new in [key.kid for key in ring.reload()]
    assert ring.signer.kid == old
    assert list(ring.roots) == [FIRST, SECOND]
    clock.advance(PROPAGATION)
    assert ring.signer.kid == new
    assert old in kids(ring)
    said = [
        r.getMessage() for r in caplog.records if "the ring" in r.msg % r.args
    ]
    assert said == [f"the ring: {new!r} signs"]
    put_keys(path, SECOND)
    clock.advance(1)
    assert old not in kids(ring)


def test_threads_get_the_same_keys():
    clock = ManualClock(START)
    ring = make_ring(clock=clock, length=DAY, kept=30 * DAY)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            clock.advance(DAY)
            rings = list(pool.map(lambda _: ring.current, range(32)))
            assert len(set(map(id, rings))) == 1


class Meanwhile:
    """A lock that another thread held, which made the keys."""

    def __init__(self, ring):
        self.ring = ring

    def __enter__(self):
        self.ring._made = self.made = self.ring._make(self.ring.roots)

    def __exit__(self, *exc):
        pass


def test_what_another_thread_made_meanwhile_is_taken():
    ring = make_ring()
    ring._lock = Meanwhile(ring)

    assert ring.current is ring._lock.made.ring


def test_two_nodes_with_other_clocks_have_each_others_signer():
    clocks = ManualClock(START), ManualClock(START + 20)
    here, there = (make_ring(clock=clock) for clock in clocks)
    for step in itertools.chain([LENGTH - START % LENGTH - 25], [1] * 60):
        for clock in clocks:
            clock.advance(step)
        assert here.signer in list(there)
        assert there.signer in list(here)


# Kids that would come twice


@pytest.mark.parametrize(
    ("kid", "is_told"),
    [
        (f"a.{NUMBER}", True),
        (f"a.{NUMBER + 1}", True),
        (f"a.{NUMBER + 1000}", True),
        (f"a.{NUMBER - 1}", False),
        ("a.1", False),
        (f"a.0{NUMBER}", False),
        (f"a.{NUMBER}.", False),
        (f"b.{NUMBER}", False),
        (f"a.{'9' * 13}", False),
        ("a.x", False),
        ("a2", False),
    ],
)
def test_a_root_must_not_have_the_kid_of_a_derived_key(kid, is_told):
    periods = Periods(LENGTH, KEPT, NUMBER * LENGTH + LENGTH // 2)
    roots = [Key("a", FIRST.secret), Key(kid, SECOND.secret), STRANGER]

    assert list(ambiguous(roots, periods)) == ([kid] if is_told else [])


def test_a_ring_is_made_once_from_the_first_second_of_its_period():
    clock = ManualClock(NUMBER * LENGTH + KEPT)
    ring = make_ring(clock=clock)

    assert ring.current is ring.current
    assert ring.periods().since == clock.now()


def test_a_kid_with_dots_may_be_that_of_a_derived_key():
    periods = Periods(LENGTH, KEPT, START)
    roots = [Key("a.b", FIRST.secret), Key(f"a.b.{NUMBER}", SECOND.secret)]

    assert list(ambiguous(roots, periods)) == [f"a.b.{NUMBER}"]
