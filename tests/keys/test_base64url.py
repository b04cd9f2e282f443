"""A value has one text."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.base64url import (
    decode_base64,
    decode_base64url,
    encode_base64url,
)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff\xef\xbe")
def test_encoded_bytes_are_decoded_unchanged(raw):
    text = encode_base64url(raw)

    assert decode_base64url(text) == raw
    assert not set(text) & set("+/=")
    assert text == base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(
    st.text("ABCDwxyz0189-_", max_size=12)
    | st.text("AQRg-_+/= .\n", max_size=8)
    | st.text(max_size=8)
)
def test_each_value_has_one_text(text):
    try:
        raw = decode_base64url(text)
    except ValueError:
        return

    assert encode_base64url(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        "QR",  # unused bits: QQ is the same
        "Q",
        "QQ==",
        "QQ=",
        "=",
        "+/+/",
        "QQ==QQ",
        "Q Q",
        "QQ\n",
        " QQ",
        "QQ.",
        "Q\0Q",
        "\N{FULLWIDTH LATIN CAPITAL LETTER Q}Q",
        "\ud800Q",
    ],
)
def test_other_spellings_are_refused(text):
    with pytest.raises(ValueError):
        decode_base64url(text)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff\xef\xbe")
def test_encoded_base64_is_decoded_unchanged(raw):
    assert decode_base64(base64.b64encode(raw).decode()) == raw


@given(
    st.text("ABCDwxyz0189+/", max_size=12)
    | st.text("AQRg-_+/= .\n", max_size=8)
    | st.text(max_size=8)
)
def test_each_value_has_one_text_in_base64(text):
    try:
        raw = decode_base64(text)
    except ValueError:
        return

    assert base64.b64encode(raw).decode() == text


@pytest.mark.parametrize(
    "text",
    [
        "QR==",  # unused bits: QQ== is the same
        "QQ",
        "QQ=",
        "=",
        "-_-_",
        "QQ==QQ==",
        "QQ==\n",
        " QQ==",
        "Q Q==",
        "Q\0Q=",
        "\N{FULLWIDTH LATIN CAPITAL LETTER Q}Q==",
        "\ud800Q==",
    ],
)
def test_other_spellings_of_base64_are_refused(text):
    with pytest.raises(ValueError):
        decode_base64(text)


def test_unused_bits_are_told_without_the_text():
    with pytest.raises(ValueError, match=r"^not canonical base64$"):
        decode_base64("QR==")
    with pytest.raises(ValueError, match=r"^not canonical base64url$"):
        decode_base64url("QR")
