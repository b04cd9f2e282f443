"""``request.sessiontoken``."""

import uuid

import pytest
from pyramid.registry import Registry
from pyramid.request import Request
from support import START

from pyramid_sessiontoken import csrf_required
from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.interfaces import IUserLoader
from pyramid_sessiontoken.policy.request import SessionTokenAttribute


@pytest.fixture
def request_of(client):
    """Make a request outside of a view."""

    def make_request(**headers):
        request = Request.blank(
            "/", base_url="https://localhost", headers=headers
        )
        request.registry = client.registry
        return request

    return make_request


def test_request_sessiontoken_gives_identity_and_ticket(client, request_of):
    token = client.swap()["access_token"]
    session = request_of(Authorization=f"Session {token}").sessiontoken
    assert session.identity.userid == "alice"
    assert session.claims == {"roles": ["admin"]}
    assert session.ticket.auth_time == START
    assert session.failure is None


def test_request_sessiontoken_is_empty_for_an_unknown_user(request_of):
    session = request_of().sessiontoken
    assert session.identity is None
    assert session.ticket is None
    assert session.claims == {}
    assert session.failure is None


def test_another_credential_gives_no_ticket(request_of):
    request = request_of(Authorization="Basic YWxpY2U6YWxpY2U=")
    assert request.sessiontoken.identity.authenticator == "basic"
    assert request.sessiontoken.ticket is None


@pytest.mark.parametrize("userid", ["carol", 42, -1, uuid.UUID(int=7)])
def test_request_sessiontoken_issues_tokens(client, request_of, userid):
    issued = request_of().sessiontoken.issue(userid, {"n": [1, {"a": None}]})
    assert issued.as_dict() == {
        "access_token": issued.access_token,
        "token_type": "Session",
        "expires_in": 3600,
        "session_expires_in": 36000,
    }
    assert issued.access_token not in repr(issued)
    request = request_of(Authorization=f"Session {issued.access_token}")
    assert request.authenticated_userid == userid
    assert type(request.authenticated_userid) is type(userid)
    assert request.sessiontoken.claims == {"n": [1, {"a": None}]}
    assert request.sessiontoken.ticket.amr == ("application",)


@pytest.mark.parametrize(
    ("userid", "claims"),
    [
        ("", {}),
        ("x" * 256, {}),
        ("role:admin", {}),
        ("a\nb", {}),
        (None, {}),
        (True, {}),
        (1.5, {}),
        ("alice", {"exp": 1}),
        ("alice", {"x": object()}),
        ("alice", {"x": "y" * 8000}),
    ],
)
def test_an_answer_that_no_token_can_carry_is_refused(
    request_of, userid, claims
):
    with pytest.raises(ClaimsError):
        request_of().sessiontoken.issue(userid, claims)


def test_claims_are_read_only(client, request_of):
    token = client.swap()["access_token"]
    for _ in range(2):
        request = request_of(Authorization=f"Session {token}")
        claims = request.sessiontoken.claims
        with pytest.raises(TypeError):
            claims["roles"] = []
        with pytest.raises(TypeError):
            claims["roles"].append("other")
        assert claims == {"roles": ["admin"]}


def test_request_sessiontoken_may_be_set_and_is_absent_elsewhere(request_of):
    request = request_of()
    request.sessiontoken = "mine"
    assert request.sessiontoken == "mine"
    assert isinstance(Request.sessiontoken, SessionTokenAttribute)
    elsewhere = Request.blank("/")
    assert not hasattr(elsewhere, "sessiontoken")
    elsewhere.registry = Registry("elsewhere")
    assert not hasattr(elsewhere, "sessiontoken")
    assert csrf_required(elsewhere)


def test_the_user_loader_loads_a_user_who_just_signed_in(make):
    client = make()
    client.registry.registerUtility(
        lambda identity, request: f"user {identity.userid}", IUserLoader
    )
    request = Request.blank("/", base_url="https://localhost")
    request.registry = client.registry
    from pyramid.security import remember

    remember(request, "alice")
    assert request.identity == "user alice"
    assert request.sessiontoken.ticket.userid == "alice"


IDS = ("42", 42)


@pytest.mark.parametrize(("mine", "other"), [IDS, IDS[::-1]])
def test_a_text_means_the_user_of_any_type_that_has_sessions(
    make, mine, other
):
    """A userid from a form or a URL is text, also where users are numbers."""
    settings = {"repository": "memory", "token.form": "reference"}
    client = make(settings)
    session = new_request(client).sessiontoken
    token = session.issue(mine).access_token
    session.revoke_all("43")
    session.revoke_all(uuid.UUID(int=42))
    assert client.ask(token).json["userid"] == mine
    session.revoke_all("42")
    assert client.ask(token).json["userid"] is None
    # Each was ended where it alone was meant, and the other was not.
    again = [session.issue(user).access_token for user in (mine, other)]
    session.revoke_all(42)
    lives = [client.ask(token).json["userid"] for token in again]
    assert lives == ["42" if user == "42" else None for user in (mine, other)]


def test_a_text_means_the_user_of_every_type_where_none_is_stored(make):
    client = make({"repository": "memory"})
    session = new_request(client).sessiontoken
    tokens = [session.issue(user).access_token for user in ("42", 42, 43)]
    session.revoke_all("42")
    lives = [client.ask(token).json["userid"] for token in tokens]
    assert lives == [None, None, 43]


def test_the_user_of_a_request_ends_no_other_by_a_name_that_reads_alike(make):
    client = make({"repository": "memory"})
    issue = new_request(client).sessiontoken.issue
    text, number = (issue(user).access_token for user in IDS)
    request = new_request(client, Authorization=f"Session {text}")
    request.sessiontoken.revoke_all(request.authenticated_userid)
    assert client.ask(text).json["userid"] is None
    assert client.ask(number).json["userid"] == 42


def new_request(client, **headers):
    request = Request.blank("/", base_url="https://localhost", headers=headers)
    request.registry = client.registry
    return request
