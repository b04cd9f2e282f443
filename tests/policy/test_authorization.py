"""Principals and permissions."""

import uuid

import pytest
from pyramid.authorization import Authenticated, Everyone

from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.policy.authorization import principals_of

USER = uuid.UUID(int=1)


@pytest.mark.parametrize("userid", ["alice", 42, USER])
def test_a_user_has_the_principals_everyone_authenticated_and_userid(userid):
    found = principals_of(Identity(userid))
    assert found == [Everyone, Authenticated, userid]


def test_an_unknown_user_has_the_principal_everyone():
    assert principals_of(None) == [Everyone]


@pytest.mark.parametrize(
    ("claims", "principals"),
    [
        ({"roles": ["a", "b"]}, ["role:a", "role:b"]),
        ({"groups": ["a"]}, ["group:a"]),
        ({"scope": "a b"}, ["scope:a", "scope:b"]),
        ({"scope": ["a b"]}, ["scope:a b"]),
        # A text is not a list of letters, and a number is not a role.
        ({"roles": "admin", "groups": {"a": 1}, "scope": 1}, []),
        ({"roles": [1, None, "a"]}, ["role:a"]),
        ({"email": "a@b"}, []),
    ],
)
def test_claims_name_principals(claims, principals):
    assert principals_of(Identity("alice", claims))[3:] == principals


def test_every_signed_in_user_is_permitted(make):
    """The application's own principals do not matter."""
    client = make(
        {
            "authorization": "authenticated",
            "principals": lambda identity, request: [],
        }
    )
    token = client.swap("bob")["access_token"]
    assert client.ask(token, "/admin").status_code == 200
    assert client.get("/admin", status=401)
