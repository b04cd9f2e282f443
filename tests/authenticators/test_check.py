"""The check of an application may answer in several ways."""

import uuid

import pytest

from pyramid_sessiontoken.authenticators.check import identity_of
from pyramid_sessiontoken.errors import InvalidCredential, UnfitAnswer
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity


@pytest.mark.parametrize("answer", [None, False])
def test_none_and_false_are_refusals(answer):
    with pytest.raises(InvalidCredential, match="refused"):
        identity_of(answer, "basic", "alice")


def test_true_vouches_for_the_name_that_was_shown():
    identity = identity_of(True, "basic", "alice")

    assert identity == Identity("alice", authenticator="basic")


def test_true_without_a_name_gives_an_identity_without_a_userid():
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
    ],
)
def test_a_userid_that_no_token_can_carry_is_refused(answer):
    with pytest.raises(InvalidCredential):
        identity_of(answer, "basic", "alice")


@pytest.mark.parametrize("answer", [object(), 1.0, b"alice", {"sub": ["a"]}])
def test_a_userid_of_another_type_is_logged_as_an_error_of_the_check(
    answer, caplog
):
    with pytest.raises(InvalidCredential):
        identity_of(answer, "api_key")

    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "the check of 'api_key': a userid must be an int" in caplog.text
    assert "; return True for the user who was shown, or claims" in caplog.text


@pytest.mark.parametrize("answer", ["", "role:admin", {"sub": "a\n"}])
def test_a_userid_that_a_client_may_have_chosen_is_no_fault_of_the_check(
    answer, caplog
):
    with pytest.raises(InvalidCredential):
        identity_of(answer, "basic", "alice")

    assert caplog.records == []


@pytest.mark.parametrize("name", ["basic", "api_key"])
@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 5},
        {"act": {"sub": "bob"}},
        {"a": object()},
        {"roles": {"admin"}},
        {"id": uuid.UUID(int=7)},
        {"a": {"b": [1.0, float("nan")]}},
        {7: "a"},
    ],
    ids=["exp", "act", "object", "set", "UUID", "NaN", "name"],
)
def test_claims_that_no_token_can_carry_are_the_applications_fault(
    name, claims
):
    """The credential is good: nobody is told of a wrong password."""
    for answer in ({"sub": "alice", **claims}, claims):
        with pytest.raises(UnfitAnswer, match=f"check of '{name}': "):
            identity_of(answer, name, "alice")


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
    ],
)
def test_the_answer_of_a_check_decides_who_is_signed_in(make, answer, userid):
    client = make({"basic.check": lambda u, p, r: answer})
    client.authorization = ("Basic", ("alice", "x"))
    assert client.get("/identity").json["userid"] == userid
    expected = 200 if userid is not None else 401
    assert client.post("/token", status=expected)


@pytest.mark.parametrize(
    "claims",
    [{"roles": {"admin"}}, {"id": uuid.UUID(int=7)}, {"iss": "y"}],
    ids=["a set", "a UUID", "a name of the token's own"],
)
def test_claims_of_a_check_that_are_no_json_are_an_error(make, caplog, claims):
    """The user is not told that the password was wrong."""
    told = []
    client = make(
        {"basic.check": lambda u, p, r: {"sub": u, **claims}},
        setup=lambda config: config.add_subscriber(
            told.append, CredentialRefused
        ),
    )
    client.authorization = ("Basic", ("alice", "x"))

    with pytest.raises(UnfitAnswer, match="the check of 'basic'"):
        client.get("/identity")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the check of 'basic': " in caplog.text
    answer = client.post("/token", status=400)

    assert answer.json["error"] == "invalid_request"
    assert "WWW-Authenticate" not in answer.headers
    assert told == []


@pytest.mark.parametrize("userid", [7, -1, 0, "7"])
def test_an_int_comes_back_as_an_int(make, userid):
    client = make({"basic.check": lambda u, p, r: {"sub": userid}})
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == userid
