"""One text stands for one value."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff\xef\xbe")
def test_base64url_comes_back(raw):
    text = encode_base64url(raw)

    assert decode_base64url(text) == raw
    assert not set(text) & set("+/=")
    assert text == base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(
    st.text("ABCDwxyz0189-_", max_size=12)
    | st.text("AQRg-_+/= .\n", max_size=8)
    | st.text(max_size=8)
)
def test_a_value_has_one_text(text):
    try:
        raw = decode_base64url(text)
    except ValueError:
        return

    assert encode_base64url(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        "QR",  # stray bits: QQ says the same
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
def test_another_spelling_is_refused(text):
    with pytest.raises(ValueError):
        decode_base64url(text)
