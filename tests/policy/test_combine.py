"""One identity of several, and the claims of a transformer."""

import uuid

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.policy.combine import combine, distribute, is_agreed


@pytest.mark.parametrize(
    ("userids", "agreed"),
    [
        ([], True),
        ([None, None], True),
        (["alice"], True),
        (["alice", None, "alice"], True),
        (["alice", "bob"], False),
        ([7, 7], True),
        # Each type has users of its own.
        ([7, "7"], False),
        ([uuid.UUID(int=7), str(uuid.UUID(int=7))], False),
    ],
)
def test_identities_agree_that_name_one_user_at_most(userids, agreed):
    assert is_agreed([Identity(userid) for userid in userids]) is agreed


def test_claims_are_joined_and_the_first_of_equal_names_wins():
    whole = combine(
        [
            Identity("alice", {"roles": ["user"], "a": 1}, "session"),
            Identity(None, {"a": 2, "b": 2}, "api_key"),
            Identity("alice", {"b": 3, "c": 3}, "basic"),
        ]
    )

    assert whole == Identity(
        "alice",
        {"roles": ["user"], "a": 1, "b": 2, "c": 3},
        "session api_key basic",
    )


def test_the_first_userid_and_the_first_ticket_are_taken():
    one, other = make_ticket(sid="one"), make_ticket(sid="other")

    whole = combine(
        [
            Identity(None, {}, "api_key"),
            Identity("alice", {}, "session", one),
            Identity("alice", {}, "cookie", other),
        ]
    )

    assert whole.userid == "alice"
    assert whole.ticket is one


def test_identities_without_a_userid_make_one_without_a_userid():
    assert combine([Identity(None, {"a": 1}, "api_key")]).userid is None


def test_claims_that_a_transformer_adds_go_to_the_first_credential():
    session = Identity("alice", {"roles": ["user"]}, "session", make_ticket())
    key = Identity(None, {"plan": "gold"}, "api_key")
    basic = Identity("alice", {"mail": "a@example.org"}, "basic")
    shown = combine([key, basic])

    parts = distribute(
        [session, key, basic],
        shown,
        Identity("alice", {**shown.claims, "limit": 9}),
        [key, basic],
    )

    assert parts == [
        session,
        Identity("alice", {"plan": "gold", "limit": 9}, "api_key"),
        Identity("alice", {"mail": "a@example.org"}, "basic"),
    ]


def test_claims_that_a_transformer_removes_or_changes_are_gone():
    key = Identity(None, {"plan": "gold", "x": 1}, "api_key")
    basic = Identity("alice", {"plan": "free", "y": 1}, "basic")
    shown = combine([key, basic])

    parts = distribute(
        [key, basic],
        shown,
        Identity("alice", {"plan": "none", "y": 1}),
        [key, basic],
    )

    assert [part.claims for part in parts] == [{"plan": "none"}, {"y": 1}]
    assert combine(parts).claims == {"plan": "none", "y": 1}


def test_a_transformer_may_name_another_user_for_all_credentials():
    key, basic = Identity(None, {}, "api_key"), Identity("a", {}, "basic")

    parts = distribute(
        [key, basic],
        combine([key, basic]),
        Identity("alice", {}),
        [key, basic],
    )

    assert [part.userid for part in parts] == ["alice", "alice"]
