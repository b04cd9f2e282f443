"""The check of an application may answer in several ways."""

import uuid

import pytest

from pyramid_sessiontoken.authenticators.check import identity_of
from pyramid_sessiontoken.errors import (
    InvalidCredential,
)
from pyramid_sessiontoken.identity import Identity


@pytest.mark.parametrize("answer", [None, False])
def test_none_and_false_refuse(answer):
    with pytest.raises(InvalidCredential, match="refused"):
        identity_of(answer, "basic", "alice")


def test_true_vouches_for_the_name_that_was_shown():
    identity = identity_of(True, "basic", "alice")

    assert identity == Identity("alice", authenticator="basic")


def test_true_vouches_for_nobody_where_no_name_was_shown():
    assert identity_of(True, "api_key") == Identity(
        None, authenticator="api_key"
    )


@pytest.mark.parametrize("userid", ["bob", 42, uuid.UUID(int=7)])
def test_a_userid_names_the_user(userid):
    identity = identity_of(userid, "basic", "alice")

    assert identity == Identity(userid, authenticator="basic")


@pytest.mark.parametrize("userid", [1, 0])
def test_only_the_objects_true_and_false_are_yes_and_no(userid):
    """1 equals True, and 0 equals False; both are userids."""
    identity = identity_of(userid, "basic", "alice")

    assert identity.userid == userid
    assert type(identity.userid) is int


def test_a_mapping_gives_claims_with_the_userid_as_sub():
    answer = {"sub": 42, "roles": ["admin"]}

    identity = identity_of(answer, "basic", "alice")

    assert identity == Identity(42, {"roles": ["admin"]}, "basic")
    assert answer == {"sub": 42, "roles": ["admin"]}


@pytest.mark.parametrize("answer", [{}, {"roles": ["admin"]}])
def test_a_mapping_without_sub_adds_claims_only(answer):
    identity = identity_of(answer, "basic", "alice")

    assert identity == Identity(None, answer, "basic")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "system.Everyone",
        ("alice",),
        object(),
        1.0,
        b"alice",
        {"sub": True},
        {"sub": ""},
        {"sub": "alice", "exp": 5},
        {"sub": "alice", "a": object()},
    ],
)
def test_what_no_token_can_carry_is_refused(answer):
    with pytest.raises(InvalidCredential):
        identity_of(answer, "basic", "alice")


# In an application.


@pytest.mark.parametrize(
    ("answer", "userid"),
    [
        (None, None),
        (False, None),
        (True, "alice"),
        (7, 7),
        ("other", "other"),
        ({"sub": 8, "roles": []}, 8),
        ({"roles": ["admin"]}, None),
        ("", None),
        ([], None),
        (0.5, None),
        ({"sub": "x", "iss": "y"}, None),
    ],
)
def test_what_a_check_may_answer(make, answer, userid):
    client = make({"basic.check": lambda u, p, r: answer})
    client.authorization = ("Basic", ("alice", "x"))
    assert client.get("/identity").json["userid"] == userid
    expected = 200 if userid is not None else 401
    assert client.post("/token", status=expected)


@pytest.mark.parametrize("userid", [7, -1, 0, "7"])
def test_an_int_comes_back_as_an_int(make, userid):
    client = make({"basic.check": lambda u, p, r: {"sub": userid}})
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == userid
