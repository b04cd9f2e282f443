"""People paste a value, a line, or all that a browser shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.scripts.pasted import Pasted, read_pasted


@pytest.mark.parametrize(
    ("text", "header", "value"),
    [
        ("eyJ.a.b", "", "eyJ.a.b"),
        (" 'eyJ.a.b' ", "", "eyJ.a.b"),
        ('"pst_x"', "", "pst_x"),
        ("0.AbC_-", "", "0.AbC_-"),
        ("", "", ""),
        ("Authorization: Session x", "authorization", "Session x"),
        ("authorization:Session x", "authorization", "Session x"),
        ("Session x", "authorization", "Session x"),
        ("Basic YTpiPT0=", "authorization", "Basic YTpiPT0="),
        ("Cookie: a=b; c=d", "cookie", "a=b; c=d"),
        ("a=b; c=d", "cookie", "a=b; c=d"),
        ("a=b", "cookie", "a=b"),
        ("Set-Cookie: a=b; Path=/; Secure", "cookie", "a=b"),
        ("X-Token: x", "x-token", "x"),
        ("what is this", "authorization", "what is this"),
        ("a=", "", "a="),
    ],
)
def test_a_line_is_read(text, header, value):
    assert list(read_pasted(text)) == [Pasted(header, value)]


def test_each_line_is_read_by_itself():
    assert list(read_pasted("Host: a\n\nCookie: b=c\r\n")) == [
        ("host", "a"),
        ("cookie", "b=c"),
    ]


@given(st.text())
def test_any_text_is_read(text):
    for header, value in read_pasted(text):
        assert header == header.lower()
        assert "\n" not in value
