"""Spellings that a database may take for one name have one count."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.plain_name import plain_name


@pytest.mark.parametrize(
    "names",
    [
        ["alice", "Alice", " ALICE ", "alic\xe9", "a\u200blice", "\uff41lice"],
        ["bjorn", "bj\xf8rn", "BJ\xd8RN", "bj\xf6rn", "bjoern", "b j\xf8rn"],
        ["lukasz", "\u0142ukasz", "\u0141UKASZ"],
        ["dorde", "\u0111or\u0111e", "\xf0or\xf0e"],
        ["strase", "stra\xdfe", "strasse", "STRA\u1e9eE"],
        ["aesir", "\xe6sir", "\u01fdsir"],
        ["thor", "\xfeor", "\xdeOR"],
        ["isik", "\u0131\u015f\u0131k", "I\u015eIK", "\u0130\u015f\u0131k"],
        ["user1", "user\u0967", "user\u0661", "user\u2460"],
        ["\u304b\u306a", "\u30ab\u30ca", "\uff76\uff85", "\u304c\u306a"],
        ["x\U0001f600", "x\U0001f601"],
    ],
)
def test_spellings_of_one_name(names):
    assert len(set(map(plain_name, names))) == 1


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alice", "alicia"),
        ("bob", "rob"),
        ("user1", "user2"),
        ("\u0438\u0432\u0430\u043d", "\u0438\u0432\u043e\u043d"),
        ("\u01bb", "2"),
        ("a.b", "ab"),
        ("a-b", "a_b"),
        ("\u4e2d", "\u4e2e"),
    ],
)
def test_names_of_two(name, other):
    assert plain_name(name) != plain_name(other)


@given(st.text())
@example("\u025f\u1e9c\ua764")
@example("\ud800")
def test_a_plain_name_is_one_in_each_spelling(name):
    plain = plain_name(name)

    assert plain_name(plain) == plain
    assert plain_name(f" {name}\u200d ") == plain


@given(st.characters(exclude_categories=["Cs"]))
def test_a_letter_is_one_in_each_case_and_form(letter):
    for spelling in (
        letter.upper(),
        letter.casefold(),
        unicodedata.normalize("NFC", letter),
        unicodedata.normalize("NFKC", letter),
    ):
        assert plain_name(spelling) == plain_name(letter)
