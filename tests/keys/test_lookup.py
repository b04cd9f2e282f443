"""The ring is the one that is registered at this moment."""

import pytest
from pyramid.registry import Registry
from support.keys import put_keys
from support.tokens import FIRST, SECOND
from zope.interface import implementer

from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.file_ring import FileRing
from pyramid_sessiontoken.keys.jwk import read_jwk_set
from pyramid_sessiontoken.keys.lookup import (
    HEADER_RING,
    CurrentRing,
    CurrentRoots,
    header_ring,
)
from pyramid_sessiontoken.keys.ring import KeyRing
from pyramid_sessiontoken.keys.rotating_ring import Periods, RotatingRing


@implementer(IKeyRing)
class OwnRing:
    """An application's own ring, which changes at any time."""

    def __init__(self, *keys):
        self.keys = keys

    @property
    def signer(self):
        return self.keys[0]

    def __iter__(self):
        return iter(self.keys)


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def current(registry):
    return CurrentRing(registry)


def test_without_a_registered_ring_the_result_is_none(current):
    assert current() is None
    assert not current.fresh(than=None)


def test_a_registered_ring_is_given_and_is_not_fresh(registry, current):
    ring = KeyRing((FIRST,))
    registry.registerUtility(ring, IKeyRing)

    assert current() is ring
    assert not current.fresh(than=ring)


def test_a_ring_that_was_replaced_is_fresh(registry, current):
    before, after = KeyRing((FIRST,)), KeyRing((SECOND,))
    registry.registerUtility(before, IKeyRing)
    seen = current()
    registry.registerUtility(after, IKeyRing)

    assert current.fresh(than=seen)
    assert current() is after


def test_a_ring_of_the_application_is_copied_when_it_changes(
    registry, current
):
    own = OwnRing(FIRST)
    registry.registerUtility(own, IKeyRing)
    seen = current()

    assert seen == KeyRing((FIRST,))
    assert current() is seen
    assert not current.fresh(than=seen)
    own.keys = (SECOND, FIRST)
    assert current.fresh(than=seen)
    assert current() == KeyRing((SECOND, FIRST))


def test_a_ring_in_a_file_is_read_again_when_it_must_be_fresh(
    registry, current, tmp_path, clock
):
    path = tmp_path / "keys"
    put_keys(path, FIRST)
    keys = [(FIRST,)]
    ring = FileRing((FIRST,), (str(path),), lambda: keys[-1], clock, "a ring")
    registry.registerUtility(ring, IKeyRing)
    seen = current()
    put_keys(path, FIRST, SECOND)
    keys.append((FIRST, SECOND))

    assert current() is seen
    assert current.fresh(than=seen)
    assert list(current()) == [FIRST, SECOND]


def test_header_tokens_use_their_own_ring_where_one_is_registered(registry):
    ring, tokens = KeyRing((FIRST,)), KeyRing((SECOND,))
    current = header_ring(registry)

    registry.registerUtility(ring, IKeyRing)
    assert current() is ring
    registry.registerUtility(tokens, IKeyRing, HEADER_RING)
    assert current() is tokens
    assert CurrentRing(registry)() is ring


def test_the_ring_for_header_tokens_is_read_again_for_an_unknown_key(
    registry, clock, tmp_path
):
    """The common ring beside it is another one."""
    path = tmp_path / "keys"
    put_keys(path, FIRST)

    def read():
        return tuple(read_jwk_set(path.read_text()))

    follows = FileRing(read(), (str(path),), read, clock, "token.keys")
    registry.registerUtility(KeyRing((SECOND,)), IKeyRing)
    registry.registerUtility(follows, IKeyRing, HEADER_RING)
    current = header_ring(registry)
    seen = current()
    put_keys(path, FIRST, SECOND)

    assert current.fresh(than=seen)
    assert [key.kid for key in current()] == [FIRST.kid, SECOND.kid]


def test_roots_are_those_of_a_derived_ring_and_else_the_keys(registry, clock):
    roots = CurrentRoots(registry)
    plain = KeyRing((FIRST, SECOND))
    registry.registerUtility(plain, IKeyRing)
    assert roots() is plain
    derived = RotatingRing(
        plain, lambda: Periods(86400, 60, clock.now()), clock, "keys"
    )
    registry.registerUtility(derived, IKeyRing)

    assert roots() is plain
    assert CurrentRing(registry)().signer.kid.startswith(FIRST.kid + ".")
    registry.registerUtility(OwnRing(SECOND), IKeyRing)
    assert list(roots()) == [SECOND]
