"""A user and a password that an OAuth 2 client encodes as a form does."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.form_encoded import (
    FormEncoded,
    decode,
)
from pyramid_sessiontoken.errors import InvalidCredential, TooManyAttempts


class Check:
    """Let in some pairs; remember which were asked about."""

    def __init__(self, *right, answer=True):
        self.right, self.answer, self.asked = right, answer, []

    def __call__(self, username, password, request):
        self.asked.append((username, password))
        return self.answer if (username, password) in self.right else None


def ask(check, username, password, is_encoded=True):
    encoded = FormEncoded(check, lambda request: is_encoded)
    return encoded(username, password, None)


@pytest.mark.parametrize(
    ("sent", "decoded"),
    [
        ("a", "a"),
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%3ab", "a:b"),
        ("%E2%82%AC", "€"),
        ("€", "€"),
        ("100%25", "100%"),
    ],
)
def test_what_a_form_encodes_is_decoded(sent, decoded):
    assert decode(sent) == decoded


@pytest.mark.parametrize(
    "sent",
    [
        "100%",
        "%",
        "%2",
        "%zz",
        "a%2",
        "%ff",
        "%e2%82",
        "a%00",
        "a%0A",
        "%7f",
        "%C2%80",
    ],
)
def test_what_no_form_encodes_is_not(sent):
    assert decode(sent) is None


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_whatever_a_client_encodes_comes_back(text):
    assert decode(quote_plus(text)) == text
    assert decode(quote(text, safe="")) == text


@given(st.text())
def test_any_text_can_be_looked_at(text):
    assert decode(text) is None or isinstance(decode(text), str)


def test_the_decoded_pair_is_asked_first():
    check = Check(("a b", "c d"))

    # The name that was accepted is the userid.
    assert ask(check, "a+b", "c%20d") == "a b"
    assert check.asked == [("a b", "c d")]


@pytest.mark.parametrize("answer", ["id", 7, {"sub": "id"}])
def test_what_the_check_answers_is_answered(answer):
    assert ask(Check(("a b", "c"), answer=answer), "a+b", "c") == answer
    assert ask(Check(("a+b", "c"), answer=answer), "a+b", "c") == answer


@pytest.mark.parametrize("refusal", [None, False, InvalidCredential("no")])
def test_the_pair_as_sent_is_asked_second(refusal):
    """Many clients encode nothing."""
    asked = []

    def check(username, password, request):
        asked.append((username, password))
        if (username, password) == ("a+b", "50%25"):
            return True
        if isinstance(refusal, Exception):
            raise refusal
        return refusal

    assert ask(check, "a+b", "50%25") is True
    assert asked == [("a b", "50%"), ("a+b", "50%25")]


@pytest.mark.parametrize(
    ("username", "password"),
    [("a", "b"), ("a+b", "50%"), ("a%ff", "b"), ("a%00b", "c"), ("%", "%")],
)
def test_what_is_the_same_or_cannot_be_decoded_is_asked_once(
    username, password
):
    check = Check()

    assert ask(check, username, password) is None
    assert check.asked == [(username, password)]


def test_elsewhere_nothing_is_decoded():
    check = Check()

    assert ask(check, "a+b", "c%20d", is_encoded=False) is None
    assert check.asked == [("a+b", "c%20d")]


def test_a_refusal_of_the_pair_as_sent_is_that_of_the_check():
    def check(username, password, request):
        raise InvalidCredential(username)

    with pytest.raises(InvalidCredential, match=r"a\+b"):
        ask(check, "a+b", "c")


@pytest.mark.parametrize("error", [TooManyAttempts("stop", 7), LookupError()])
def test_another_error_of_the_check_is_no_refusal(error):
    asked = []

    def check(username, password, request):
        asked.append(username)
        raise error

    with pytest.raises(type(error)):
        ask(check, "a+b", "c")
    assert asked == ["a b"]


@pytest.mark.parametrize(
    ("username", "is_encoded", "names"),
    [
        ("a", True, ("a",)),
        ("a+b", True, ("a+b", "a b")),
        ("a+b", False, ("a+b",)),
        ("a%", True, ("a%",)),
    ],
)
def test_a_failure_counts_for_both_names(username, is_encoded, names):
    encoded = FormEncoded(Check(), lambda request: is_encoded)

    assert encoded.names_counted(username, None) == names
