"""What says for which purpose something is derived."""

from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.label import labelled

TEXTS = st.lists(st.text("a\0\1\u20ac", max_size=4), max_size=4)


def test_each_text_stands_before_its_length():
    assert labelled() == b""
    assert labelled("ab", "") == b"ab\0\2\0\0"
    assert labelled("\u20ac") == b"\xe2\x82\xac\0\3"


@given(TEXTS, TEXTS)
def test_no_two_lists_of_texts_are_written_alike(one, other):
    assert (labelled(*one) == labelled(*other)) == (one == other)
