"""The token tells which authenticator judges it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from support.issuer import payload, token

from pyramid_sessiontoken.authenticators.bearer_scheme import (
    BearerScheme,
    ShownBearer,
)
from pyramid_sessiontoken.authenticators.state import STATE, RequestState
from pyramid_sessiontoken.errors import Malformed, WrongIssuer


def asking(*names):
    request = Request.blank("/")
    request.registry = Registry()
    state = request.__dict__[STATE] = RequestState()
    state.asked = names
    return request


@pytest.fixture
def scheme():
    made = BearerScheme()
    for name in ("one", "two"):
        made.add(
            name, lambda shown, name=name: shown.claims.get("iss") == name
        )
    return made


def of(issuer):
    return token(payload(iss=issuer))


def test_the_one_that_takes_it_judges(scheme):
    request = asking("one", "two")

    assert scheme.is_for("one", request, of("one"))
    assert not scheme.is_for("two", request, of("one"))
    assert scheme.is_for("two", request, of("two"))
    assert scheme.names == ("one", "two")


def test_the_last_that_is_asked_refuses_what_none_takes(scheme):
    text = of("three")

    assert not scheme.is_for("one", asking("one", "two"), text)
    with pytest.raises(WrongIssuer):
        scheme.is_for("two", asking("one", "two"), text)
    with pytest.raises(WrongIssuer):
        scheme.is_for("one", asking("two", "session", "one"), text)
    with pytest.raises(Malformed):
        scheme.is_for("two", asking("one", "two"), "junk")


def test_one_that_is_not_asked_takes_nothing(scheme):
    with pytest.raises(WrongIssuer):
        scheme.is_for("one", asking("one"), of("two"))


def test_one_that_is_asked_alone_counts_as_asked(scheme):
    request = asking("cookie")

    assert scheme.is_for("one", request, of("one"))
    with pytest.raises(WrongIssuer):
        scheme.is_for("one", request, of("two"))


def test_outside_of_a_request_all_are_asked(scheme):
    request = asking()
    del request.__dict__[STATE]

    assert scheme.is_for("one", request, of("one"))
    assert not scheme.is_for("one", request, of("two"))


@given(
    st.text()
    | st.builds("{}.{}.{}".format, *[st.text('aZ0_-{"}', min_size=1)] * 3)
)
def test_claims_of_any_text_are_an_object(text):
    shown = ShownBearer(text)

    assert type(shown.claims) is dict
    assert shown.claims is shown.claims


def test_claims_are_read_without_a_check():
    head, content, _ = of("one").split(".")

    assert ShownBearer(f"{head}.{content}.x").claims["iss"] == "one"
    assert ShownBearer(of("one") + "x" * 9000).claims == {}
