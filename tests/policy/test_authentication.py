"""When and how the user of a request was authenticated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tokens import make_ticket

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.policy.authentication import (
    BY_AUTHENTICATOR,
    How,
    auth_time_of,
    auth_time_of_session,
    check_amr,
    is_method,
    methods_of,
    told_by,
)
from pyramid_sessiontoken.policy.state import PolicyState
from pyramid_sessiontoken.sessions.amr import amr_of


def test_an_unknown_user_has_neither_time_nor_methods():
    assert auth_time_of(None, None, None) is None
    assert methods_of(None, None, None) == ()


def test_credentials_of_another_request_tell_nothing():
    state = PolicyState(rules=None)
    identity = Identity("alice", authenticator="basic api_key")

    assert auth_time_of(None, state, identity) is None
    assert methods_of(None, state, identity) == ()


@pytest.mark.parametrize(
    ("began", "expected"),
    [({}, 1000), ({"at": 900}, 900), ({"at": None}, None)],
)
def test_a_session_may_carry_another_time_than_its_own(began, expected):
    assert auth_time_of_session(make_ticket(auth_time=1000, began=began)) == (
        expected
    )


@pytest.mark.parametrize(
    ("value", "methods"),
    [
        ("otp", ("otp",)),
        (("pwd", "otp"), ("pwd", "otp")),
        (["pwd"], ("pwd",)),
        ("a" * 40, ("a" * 40,)),
        (["a b"] * 10, ("a b",) * 10),
        ("\x7e", ("~",)),
    ],
)
def test_methods_are_a_text_or_a_sequence_of_texts(value, methods):
    assert check_amr(value) == methods


@pytest.mark.parametrize(
    "value",
    [
        "",
        (),
        [],
        "a" * 41,
        ["a"] * 11,
        ["pwd", ""],
        ["pwd", None],
        b"otp",
        {"pwd": 1},
        {"pwd"},
        1,
        True,
        "\xfc",
        "a\n",
        "a\x7f",
        [["pwd"]],
    ],
)
def test_no_other_methods_can_be_written(value):
    with pytest.raises(ClaimsError, match=r"^amr "):
        check_amr(value)


@given(
    st.text(st.characters(max_codepoint=300), max_size=50)
    | st.binary(max_size=3)
    | st.none()
)
def test_a_method_is_accepted_or_refused(value):
    if is_method(value):
        assert check_amr(value) == (value,)
        assert make_ticket(amr=(value,)).flaw() is None
    else:
        with pytest.raises(ClaimsError):
            check_amr(value)


class Name(str):
    """A text of an enumeration, say."""

    __slots__ = ()


def test_a_method_becomes_a_plain_text():
    [method] = check_amr(Name("otp"))
    assert type(method) is str


@pytest.mark.parametrize(
    ("how", "authenticator", "began"),
    [
        (BY_AUTHENTICATOR, "basic", {}),
        (How(("pwd",), is_told=True), "basic", {}),
        (How(("otp",), is_told=True), "basic", {"by": "basic"}),
        (How(("pwd",), is_told=True), "application", {"by": "application"}),
        (How(began={"at": 5}), "bearer", {"at": 5}),
        (How(("otp",), {"by": "basic"}), "cookie", {"by": "basic"}),
    ],
)
def test_the_authenticator_is_written_where_the_methods_do_not_tell_it(
    how, authenticator, began
):
    methods = amr_of(authenticator) if how.amr is None else how.amr
    assert told_by(how, methods, authenticator) == began


def test_another_name_of_a_shipped_one_is_written():
    assert told_by(BY_AUTHENTICATOR, ("pwd",), "staff") == {"by": "staff"}
