"""What repeats is told once."""

from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.once import Once


def test_the_same_is_told_once():
    once = Once()
    asked = [("a", "b"), ("a", "b"), ("ab",), ("b", "a"), ("a",), ("a",)]
    assert [once.is_told(*texts) for texts in asked] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]


def test_no_more_is_remembered_than_so_much():
    once = Once(3)
    for number in range(100):
        assert not once.is_told(str(number))
    assert len(once._told) <= 3
    assert once.is_told("99")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_told(text):
    once = Once()
    assert not once.is_told(text)
    assert once.is_told(text)
