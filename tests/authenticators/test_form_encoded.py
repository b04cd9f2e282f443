"""A user and a password that an OAuth 2 client encodes as a form does."""

from contextlib import contextmanager
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.form_encoded import (
    decode,
    spellings,
)
from pyramid_sessiontoken.authenticators.passwords import Passwords
from pyramid_sessiontoken.errors import InvalidCredential, TooManyAttempts


class Check:
    """Let in some pairs; remember which were asked about."""

    def __init__(self, *right, answer=True):
        self.right, self.answer, self.asked = right, answer, []

    def __call__(self, username, password, request):
        self.asked.append((username, password))
        return self.answer if (username, password) in self.right else None


def ask(check, username, password, is_encoded=True):
    """Give the userid that is accepted; ``None`` where none is."""
    pairs = spellings((username, password), None, lambda _: is_encoded)
    try:
        return Passwords(check, "basic").identity_of(None, pairs).userid
    except InvalidCredential as error:
        if "unknown user or wrong password" in str(error):
            return None
        raise


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
def test_form_encoded_text_is_decoded(sent, decoded):
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
def test_text_that_is_not_form_encoded_is_not_decoded(sent):
    assert decode(sent) is None


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_any_encoded_text_is_decoded_unchanged(text):
    assert decode(quote_plus(text)) == text
    assert decode(quote(text, safe="")) == text


@given(st.text())
def test_any_text_is_decoded_or_rejected(text):
    assert decode(text) is None or isinstance(decode(text), str)


def test_the_decoded_pair_is_checked_first():
    check = Check(("a b", "c d"))

    # The name that was accepted is the userid.
    assert ask(check, "a+b", "c%20d") == "a b"
    assert check.asked == [("a b", "c d")]


@pytest.mark.parametrize("answer", ["id", 7, {"sub": "id"}])
def test_the_answer_of_the_check_is_given(answer):
    userid = 7 if answer == 7 else "id"
    assert ask(Check(("a b", "c"), answer=answer), "a+b", "c") == userid
    assert ask(Check(("a+b", "c"), answer=answer), "a+b", "c") == userid


@pytest.mark.parametrize("refusal", [None, False, InvalidCredential("no")])
def test_the_pair_as_sent_is_checked_second(refusal):
    """Many clients encode nothing."""
    asked = []

    def check(username, password, request):
        asked.append((username, password))
        if (username, password) == ("a+b", "50%25"):
            return True
        if isinstance(refusal, Exception):
            raise refusal
        return refusal

    assert ask(check, "a+b", "50%25") == "a+b"
    assert asked == [("a b", "50%"), ("a+b", "50%25")]


@pytest.mark.parametrize(
    ("username", "password"),
    [("a", "b"), ("a+b", "50%"), ("a%ff", "b"), ("a%00b", "c"), ("%", "%")],
)
def test_a_pair_without_another_spelling_is_checked_once(username, password):
    check = Check()

    assert ask(check, username, password) is None
    assert check.asked == [(username, password)]


def test_other_requests_are_not_decoded():
    check = Check()

    assert ask(check, "a+b", "c%20d", is_encoded=False) is None
    assert check.asked == [("a+b", "c%20d")]


def test_the_reason_of_the_check_for_the_pair_as_sent_is_kept():
    def check(username, password, request):
        raise InvalidCredential(username)

    with pytest.raises(InvalidCredential, match=r"a\+b"):
        ask(check, "a+b", "c")


@pytest.mark.parametrize("error", [TooManyAttempts("stop", 7), LookupError()])
def test_other_errors_of_the_check_are_passed_on(error):
    asked = []

    def check(username, password, request):
        asked.append(username)
        raise error

    with pytest.raises(type(error)):
        ask(check, "a+b", "c")
    assert asked == ["a b"]


class CountedNames:
    """A throttle that remembers the names of each attempt."""

    def __init__(self):
        self.counted = []

    @contextmanager
    def attempt(self, names, request, authenticator):
        self.counted.append(tuple(names))
        yield


@pytest.mark.parametrize(
    ("username", "is_encoded", "names"),
    [
        ("a", True, ("a",)),
        ("a+b", True, ("a+b", "a b")),
        ("a+b", False, ("a+b",)),
        ("a%", True, ("a%",)),
    ],
)
def test_a_failure_is_counted_for_both_spellings_of_the_name(
    username, is_encoded, names
):
    throttle = CountedNames()
    pairs = spellings((username, "x"), None, lambda _: is_encoded)
    with pytest.raises(InvalidCredential):
        Passwords(Check(), "basic", throttle).identity_of(None, pairs)

    assert throttle.counted == [names]
