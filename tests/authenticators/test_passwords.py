"""Passwords are asked for in the spellings of one attempt."""

from contextlib import contextmanager

import pytest

from pyramid_sessiontoken.authenticators.passwords import (
    Passwords,
    has_control_characters,
)
from pyramid_sessiontoken.errors import InvalidCredential, TooManyAttempts
from pyramid_sessiontoken.identity import Identity


class Full:
    """A throttle that lets nobody in."""

    @contextmanager
    def attempt(self, names, request, authenticator):
        raise TooManyAttempts(f"too many for {list(names)}", 7)
        yield


def accept(*right):
    return lambda username, password, request: (username, password) in right


def test_the_user_is_vouched_for_under_the_name_of_the_authenticator():
    passwords = Passwords(accept(("alice", "x")), "staff")

    identity = passwords.identity_of(None, [("alice", "x")])

    assert identity == Identity("alice", {}, "staff")


def test_the_first_pair_that_is_right_counts():
    passwords = Passwords(accept(("b", "x"), ("c", "x")), "basic")
    pairs = [("a", "x"), ("b", "x"), ("c", "x")]

    assert passwords.identity_of(None, pairs).userid == "b"


def test_the_refusal_names_the_user_as_sent():
    passwords = Passwords(accept(), "basic")
    with pytest.raises(InvalidCredential, match=r"password for 'b'$"):
        passwords.identity_of(None, [("a", "x"), ("b", "x")])


def test_over_the_limit_the_check_is_not_asked():
    passwords = Passwords(lambda *args: 1 / 0, "basic", Full())
    with pytest.raises(TooManyAttempts, match=r"\['b', 'a'\]"):
        passwords.identity_of(None, [("a", "x"), ("b", "x")])


@pytest.mark.parametrize(
    ("text", "has"), [("a b", False), ("a\tb", True), ("\x85", True)]
)
def test_control_characters_are_found(text, has):
    assert has_control_characters(text) is has
