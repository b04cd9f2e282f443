"""The text of an access token, and that no other text is one."""

import string
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import Malformed
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.tokens.access_token import (
    check_text,
    checksum,
    new_text,
)

PREFIX = "pat_"
BODY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#: Made by hand, so that tokens stay what scanners know.
KNOWN = f"{PREFIX}{BODY}4O7WPJ"
ALPHABET = string.ascii_letters + string.digits + "-_"


def accepts(text):
    try:
        check_text(PREFIX, text)
    except Malformed:
        return False
    return True


def test_a_text_is_prefix_random_and_checksum():
    one, other = new_text(PREFIX), new_text(PREFIX)

    assert one != other
    assert len(one) == 4 + 43 + 6
    assert one.startswith(PREFIX)
    assert one.isascii()
    assert set(one[4:47]) <= set(ALPHABET)
    assert one[47:] == checksum(one[4:47])
    assert accepts(one)


def test_a_known_answer():
    assert accepts(KNOWN)
    assert PREFIX + BODY + checksum(BODY) == KNOWN


@given(st.text(st.characters(max_codepoint=127), max_size=50))
@example("")
def test_the_checksum_is_crc_32_in_base_62(text):
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for digit in checksum(text):
        value = value * 62 + digits.index(digit)
    assert value == zlib.crc32(text.encode())
    assert len(checksum(text)) == 6


@given(st.binary(min_size=32, max_size=32))
def test_every_text_that_is_made_is_accepted(raw):
    body = encode_base64url(raw)
    assert accepts(PREFIX + body + checksum(body))


@given(st.data())
def test_every_mutation_is_refused(data):
    where = data.draw(st.integers(len(PREFIX), len(KNOWN)))
    put = data.draw(
        st.text(st.sampled_from(ALPHABET), max_size=2) | st.text(max_size=2)
    )
    cut = data.draw(st.integers(0, 2))
    mutated = KNOWN[:where] + put + KNOWN[where + cut :]

    assert accepts(mutated) == (mutated == KNOWN)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text):
    assert not accepts(PREFIX + text)


@pytest.mark.parametrize("tail", ["\n", " ", "\0", "=", "A"])
def test_nothing_may_follow(tail):
    assert not accepts(KNOWN + tail)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (KNOWN[:-1], "it is not as long as an access token, or not as plain"),
        (KNOWN[:-1] + "~", "it is not as long as an access token, or not as"),
        (
            KNOWN[:-1] + "K",
            "its checksum is wrong: it was altered or cut",
        ),
    ],
)
def test_a_sentence_tells_what_is_wrong(text, why):
    with pytest.raises(Malformed) as caught:
        check_text(PREFIX, text)
    assert caught.value.reason.startswith(why)
