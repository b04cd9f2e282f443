"""A record is encrypted, and bound to its key in the repository."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from support.keys import Rings
from support.tokens import FIRST, SECOND, STRANGER

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.keys.derivation import derive
from pyramid_sessiontoken.sessions.seal import Seal

CONTENT = b"\x81 alice, claims: word, gr\xc3\xbcn"
PLACE = "a" * 64

MOVED = "its record is damaged, or was moved to another key"
UNKNOWN_KEY = (
    "its record was encrypted with a key that is not in the ring, or by"
    " another version of the library"
)


def seal_of(*keys, purpose=("store", "issuer", "audience")):
    return Seal(Rings(*(keys or (FIRST,))), *purpose)


@pytest.fixture
def seal():
    return seal_of()


def refused(seal, sealed, place=PLACE):
    """Give the reason of a refusal, which is always InvalidCredential."""
    with pytest.raises(InvalidCredential) as refusal:
        seal.open(sealed, place)
    return refusal.value.reason


def test_a_sealed_record_can_be_opened_in_its_place(seal):
    assert seal.open(seal.seal(CONTENT, PLACE), PLACE) == CONTENT


@given(st.binary(), st.text("ab:", max_size=8))
def test_any_content_is_opened_unchanged(content, place):
    seal = seal_of()
    assert seal.open(seal.seal(content, place), place) == content


def test_a_sealed_record_has_the_documented_format(seal):
    """Version, name of the key, nonce, and AES-256-GCM over that head and
    the place (NIST SP 800-38D).
    """
    sealed = seal.seal(CONTENT, PLACE)
    [(name, key)] = derive([FIRST], "store", "issuer", "audience").items()
    assert sealed[:9] == b"\x02" + name
    content = AESGCM(key).decrypt(
        sealed[9:21], sealed[21:], sealed[:9] + PLACE.encode()
    )
    assert content == CONTENT


def test_a_sealed_record_does_not_show_its_content(seal):
    sealed = seal.seal(CONTENT, PLACE)
    for text in ("alice", "claims", "word", "gr", PLACE):
        assert text.encode() not in sealed


def test_equal_content_is_sealed_differently_each_time(seal):
    sealed = {seal.seal(CONTENT, PLACE) for _ in range(100)}
    assert len({text[9:21] for text in sealed}) == 100


def test_sealed_records_cannot_be_exchanged(seal):
    sealed = seal.seal(CONTENT, PLACE)
    for place in ("b" * 64, "", PLACE[:-1], PLACE + "a", PLACE.upper()):
        assert refused(seal, sealed, place) == MOVED


def test_place_and_header_are_authenticated_separately(seal):
    sealed = seal.seal(CONTENT, "x" + PLACE)
    moved = sealed[:9] + b"x" + sealed[9:]
    assert refused(seal, moved) == MOVED


def test_every_bit_is_authenticated(seal):
    sealed = seal.seal(CONTENT, PLACE)
    for index in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[index] ^= 1 << bit
            assert refused(seal, bytes(flipped))


def test_every_cut_and_extension_is_refused(seal):
    sealed = seal.seal(CONTENT, PLACE)
    for length in range(len(sealed)):
        assert refused(seal, sealed[:length])
        assert refused(seal, sealed[length + 1 :])
    for more in (b"\0", b"x", sealed):
        assert refused(seal, sealed + more)
        assert refused(seal, more + sealed)


@pytest.mark.parametrize("purpose", [(), ("store",), ("cookie", "issuer")])
def test_another_purpose_has_another_key(seal, purpose):
    sealed = seal_of(purpose=purpose).seal(CONTENT, PLACE)
    assert refused(seal, sealed) == UNKNOWN_KEY


def test_a_key_in_the_ring_opens_and_only_the_first_seals():
    old = seal_of(FIRST).seal(CONTENT, PLACE)
    rotated = seal_of(SECOND, FIRST)
    assert rotated.open(old, PLACE) == CONTENT
    new = rotated.seal(CONTENT, PLACE)
    assert seal_of(SECOND).open(new, PLACE) == CONTENT
    assert refused(seal_of(FIRST), new)


def test_a_key_that_left_the_ring_opens_nothing():
    sealed = seal_of(FIRST).seal(CONTENT, PLACE)
    for ring in (seal_of(SECOND), seal_of(STRANGER, SECOND)):
        assert refused(ring, sealed) == UNKNOWN_KEY


def test_the_ring_is_looked_up_when_it_is_needed():
    rings = Rings(FIRST)
    seal = Seal(rings, "store")
    sealed = seal.seal(CONTENT, PLACE)
    rings.replace(SECOND)
    assert refused(seal, sealed)
    rings.replace(SECOND, FIRST)
    assert seal.open(sealed, PLACE) == CONTENT


def test_another_version_is_refused(seal):
    sealed = seal.seal(CONTENT, PLACE)
    for version in (0, 1, 3, 255):
        assert refused(seal, bytes([version]) + sealed[1:]) == UNKNOWN_KEY
