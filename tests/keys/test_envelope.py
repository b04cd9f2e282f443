"""Protected bytes begin with their version and the name of their key."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from support.keys import Rings
from support.tokens import FIRST, SECOND

from pyramid_sessiontoken.keys.derivation import derive
from pyramid_sessiontoken.keys.envelope import (
    EncryptedEnvelope,
    Envelope,
    UnknownHead,
)

VERSION = b"\x07"
CONTENT = b"content"


def make(*keys):
    return Envelope(Rings(*keys), VERSION, "purpose", make=bytes)


def make_encrypted(*keys):
    return EncryptedEnvelope(Rings(*keys), VERSION, "purpose")


def name_and_key(key):
    [pair] = derive([key], "purpose").items()
    return pair


def test_the_head_is_the_version_and_the_name_of_the_first_key():
    name, key = name_and_key(FIRST)

    assert make(FIRST, SECOND).head() == (VERSION + name, key)


def test_the_head_names_the_key_of_the_content():
    envelope = make(FIRST, SECOND)

    for each in (FIRST, SECOND):
        name, key = name_and_key(each)
        head = VERSION + name
        assert envelope.split(head + CONTENT) == (head, key, CONTENT)
        assert envelope.split(head) == (head, key, b"")


@pytest.mark.parametrize("start", [b"", b"\x06", b"\x08"])
def test_another_version_is_refused(start):
    name, _ = name_and_key(FIRST)

    with pytest.raises(UnknownHead, match=r"^it has another format$"):
        make(FIRST).split(start + name + CONTENT)


def test_a_key_that_the_ring_does_not_have_is_refused():
    name, _ = name_and_key(SECOND)

    for protected in (VERSION + name + CONTENT, VERSION + name[:-1], VERSION):
        with pytest.raises(UnknownHead, match=r"^its key is not in the ke"):
            make(FIRST).split(protected)


def test_encrypted_bytes_are_head_nonce_and_ciphertext():
    """AES-256-GCM (NIST SP 800-38D); head and place are authenticated."""
    name, key = name_and_key(FIRST)

    sealed = make_encrypted(FIRST, SECOND).seal(CONTENT, b"place")

    head, nonce, ciphertext = sealed[:9], sealed[9:21], sealed[21:]
    assert head == VERSION + name
    opened = AESGCM(key).decrypt(nonce, ciphertext, head + b"place")
    assert opened == CONTENT


def test_encrypted_bytes_open_under_each_key_and_at_their_place_only():
    sealed = make_encrypted(FIRST).seal(CONTENT, b"place")
    envelope = make_encrypted(SECOND, FIRST)

    assert envelope.open(sealed, b"place") == CONTENT
    for place in (b"", b"plac", b"places"):
        with pytest.raises(ValueError, match=r"^it cannot be decrypted$"):
            envelope.open(sealed, place)
    with pytest.raises(UnknownHead):
        make_encrypted(SECOND).open(sealed, b"place")


def test_encrypted_bytes_that_were_altered_or_cut_do_not_open():
    envelope = make_encrypted(FIRST)
    sealed = envelope.seal(CONTENT)

    assert envelope.open(sealed) == CONTENT
    for index in range(9, len(sealed)):
        altered = bytearray(sealed)
        altered[index] ^= 1
        for wrong in (bytes(altered), sealed[:index]):
            with pytest.raises(ValueError, match=r"^it cannot be decrypted$"):
                envelope.open(wrong)


def test_a_key_that_was_added_meanwhile_is_found():
    rings = Rings(FIRST)
    envelope = EncryptedEnvelope(rings, VERSION, "purpose")
    before = envelope.keys
    sealed = make_encrypted(SECOND).seal(CONTENT)

    rings.replace(FIRST, SECOND)

    assert envelope.open(sealed) == CONTENT
    assert envelope.keys is not before
