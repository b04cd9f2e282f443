"""The first key signs, all keys verify, and none is printed."""

import base64
import copy
import dataclasses
import hashlib
import traceback

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tokens import FIRST, SECOND
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.base64url import (
    encode_base64url,
)
from pyramid_sessiontoken.keys.ring import Key, KeyRing, describe, thumbprint

SECRETS = st.binary(min_size=16, max_size=64)


def spellings(secret):
    return (
        repr(secret)[2:-1],
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        encode_base64url(secret),
        str(list(secret))[1:-1],
    )


def test_it_has_all_that_the_interface_asks():
    assert verifyObject(IKeyRing, KeyRing((FIRST,)))


def test_the_first_key_signs_and_comes_first():
    ring = KeyRing((FIRST, SECOND))

    assert ring.signer is FIRST
    assert list(ring) == [FIRST, SECOND]


def test_a_ring_says_which_key_signs():
    ring = KeyRing((Key("a", b"1"), Key("b", b"2"), Key("c", b"3")))

    assert describe(ring) == "'a' signs; 'b', 'c' verify"
    assert describe(ring.keys[:2]) == "'a' signs; 'b' verifies"
    assert describe(ring.keys[:1]) == "'a' signs"


def test_a_ring_or_a_key_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        KeyRing((FIRST,)).keys = (SECOND,)
    with pytest.raises(dataclasses.FrozenInstanceError):
        FIRST.secret = b""


@given(SECRETS)
def test_a_printed_key_or_ring_shows_no_secret(secret):
    key = Key.of(secret)
    ring = KeyRing((FIRST, key))

    for value in (key, ring, [key], {"ring": ring}, copy.copy(ring)):
        printed = f"{value!r} {value} {value!s} {[value]}"
        assert not [text for text in spellings(secret) if text in printed]


def test_a_traceback_shows_no_secret():
    try:
        raise ValueError(FIRST, KeyRing((FIRST,)))
    except ValueError:
        printed = traceback.format_exc()

    assert not [text for text in spellings(FIRST.secret) if text in printed]
    assert FIRST.kid in printed


@given(SECRETS)
def test_a_key_has_the_same_name_on_every_node(secret):
    assert Key.of(secret) == Key.of(bytes(bytearray(secret)))
    assert Key.of(secret).kid == thumbprint(secret)


def test_the_name_of_a_key_is_its_thumbprint():
    """RFC 7638, section 3: hash the required members in their order."""
    known = b'{"k":"AAECAwQFBgcICQoLDA0ODw","kty":"oct"}'

    digest = hashlib.sha256(known).digest()

    assert thumbprint(bytes(range(16))) == encode_base64url(digest)
    assert len(FIRST.kid) == 43


@given(SECRETS, SECRETS)
def test_different_secrets_have_different_thumbprints(one, other):
    assert (thumbprint(one) == thumbprint(other)) == (one == other)


# A ring of the application's own.


@implementer(IKeyRing)
class Ring:
    def __init__(self, *keys):
        self.keys = keys

    @property
    def signer(self):
        return self.keys[0]

    def __iter__(self):
        return iter(self.keys)


def test_an_applications_own_ring_may_change_at_any_time(make):
    one, two = (Key.of(bytes(range(n, n + 64))) for n in (0, 64))
    ring = Ring(one)

    def before(config):
        config.registry.registerUtility(ring, IKeyRing)

    client = make({"keys": None}, before=before)
    token = client.swap()["access_token"]
    client.post_json("/sign_in", {})
    ring.keys = (two, one)
    assert client.ask(token).json["userid"] == "alice"
    late = client.swap()["access_token"]
    assert jwt.get_unverified_header(late)["kid"] == two.kid
    ring.keys = (two,)
    assert client.fresh().ask(token).json["userid"] is None
    assert client.get("/identity").json["userid"] is None
    assert client.fresh().ask(late).json["userid"] == "alice"
