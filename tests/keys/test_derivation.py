"""Each purpose has its own keys, derived from those of the ring."""

import hmac

from hypothesis import example, given
from hypothesis import strategies as st
from support.keys import Rings
from support.tokens import FIRST, SECOND, STRANGER

from pyramid_sessiontoken.keys.derivation import DerivedKeys, derive
from pyramid_sessiontoken.keys.ring import Key, KeyRing

PURPOSES = st.lists(st.text("ab\0\1\u00e9", max_size=4), max_size=5)


def hkdf(secret, info, length, salt=bytes(32)):
    """Compute RFC 5869 with SHA-256, sections 2.2 and 2.3."""
    extracted = hmac.digest(salt, secret, "sha256")
    block, output, number = b"", b"", 0
    while len(output) < length:
        number += 1
        text = block + info + bytes([number])
        block = hmac.digest(extracted, text, "sha256")
        output += block
    return output[:length]


def written(*texts):
    """Write each text before its length in two bytes."""
    info = b""
    for text in texts:
        raw = text.encode("utf-8")
        info += raw + bytes([len(raw) // 256, len(raw) % 256])
    return info


def test_the_hkdf_of_these_tests_is_that_of_the_rfc():
    """RFC 5869, appendices A.1 and A.3."""
    secret = b"\x0b" * 22
    salt, info = bytes(range(13)), bytes(range(0xF0, 0xFA))

    assert hkdf(secret, info, 42, salt).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        "34007208d5b887185865"
    )
    assert hkdf(secret, b"", 42).hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        "9d201395faa4b61a96c8"
    )


@given(st.binary(min_size=32, max_size=64), PURPOSES)
@example(bytes(32), [])
@example(bytes(32), ["x" * 255])
@example(bytes(32), ["x" * 256])
@example(bytes(32), ["\u20ac" * 100])
def test_a_key_and_its_name_are_those_of_hkdf(secret, purpose):
    info = written("pyramid_sessiontoken/1", *purpose)
    expected = hkdf(secret, info, 40)

    keys = derive([Key.of(secret)], *purpose)

    assert keys == {expected[:8]: expected[8:]}


@given(PURPOSES, PURPOSES)
@example(["ab", "c"], ["a", "bc"])
@example(["ab"], ["a", "b"])
@example([""], [])
@example(["a\0\1b"], ["a", "b"])
def test_two_purposes_share_neither_key_nor_name(one, other):
    first, second = derive([FIRST], *one), derive([FIRST], *other)

    assert (first == second) == (one == other)
    if one != other:
        assert not first.keys() & second.keys()
        assert not set(first.values()) & set(second.values())


def test_the_keys_come_in_the_order_of_the_ring():
    each = [derive([key], "p") for key in (FIRST, SECOND, STRANGER)]
    expected = [item for keys in each for item in keys.items()]

    there = derive(KeyRing((FIRST, SECOND, STRANGER)), "p")
    back = derive(KeyRing((STRANGER, SECOND, FIRST)), "p")

    assert list(there.items()) == expected
    assert list(back.items()) == expected[::-1]
    assert len(there) == 3


def test_the_name_of_a_key_does_not_change_what_is_derived():
    """Two nodes may give a secret two names."""
    named = Key("2026", FIRST.secret, "HS256")

    assert derive([named], "p") == derive([FIRST], "p")


def test_secrets_that_are_the_same_for_hmac_have_different_derived_keys():
    """RFC 2104 pads a key with zeros; HKDF reads it as a message."""
    short, padded = Key.of(b"k" * 32), Key.of(b"k" * 32 + b"\0")

    assert len(derive([short, padded], "p")) == 2


def test_an_empty_ring_gives_no_derived_keys():
    assert derive([], "p") == {}


def test_a_ring_that_changes_keeps_what_was_made_of_its_keys():
    """A new period costs a request one derivation, and not four hundred."""
    made = []

    def make(key):
        made.append(key)
        return bytearray(key)

    rings = Rings(FIRST, SECOND)
    keys = DerivedKeys(rings, "p", make=make)
    before = dict(keys.keys)
    assert keys.keys is keys.keys
    rings.replace(STRANGER, FIRST, SECOND)
    after = keys.keys
    rings.replace(STRANGER, FIRST)
    last = keys.keys

    assert made == list(derive((FIRST, SECOND, STRANGER), "p").values())
    for name, one in before.items():
        assert after[name] is one
    assert list(after) == list(derive((STRANGER, FIRST, SECOND), "p"))
    assert list(last) == list(derive((STRANGER, FIRST), "p"))
    assert keys.first() == next(iter(after.items()))


def test_a_key_that_is_read_only_when_it_is_asked_for_is_found():
    class Late(Rings):
        """Changes when it is asked whether it did."""

        def fresh(self, than):
            self.replace(SECOND, FIRST)
            return super().fresh(than)

    (name,) = derive([SECOND], "purpose")
    keys = DerivedKeys(Late(FIRST), "purpose", make=bytes)

    assert keys.find(name) == derive([SECOND], "purpose")[name]
    assert keys.find(b"unknown!") is None
