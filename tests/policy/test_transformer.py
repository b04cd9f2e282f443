"""The claims transformer changes identities of credentials."""

import pytest

from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
)
from pyramid_sessiontoken.identity import Identity


class Transformer:
    """Adds a claim, and counts its calls."""

    def __init__(self, does=None):
        self.does = does
        self.seen = []

    def transform(self, identity, request):
        self.seen.append(identity.authenticator)
        if self.does is not None:
            return self.does(identity)
        return Identity(
            identity.userid, {**identity.claims, "groups": ["staff"]}
        )


def test_claims_of_the_transformer_are_kept_in_the_ticket(make):
    transformer = Transformer()
    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            transformer
        )
    )
    token = client.swap()["access_token"]
    claims = {"roles": ["admin"], "groups": ["staff"]}
    who = client.ask(token).json
    assert who["claims"] == claims
    assert who["authenticator"] == "session"
    # It is not called for a session token, nor for the cookie.
    assert transformer.seen == ["basic"]
    client.post_json("/sign_in", {})
    client.get("/identity")
    assert transformer.seen == ["basic", "application"]


def test_the_transformer_may_refuse(make):
    def refuse(identity):
        raise InvalidCredential("barred")

    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(refuse)
        )
    )
    client.authorization = ("Basic", ("alice", "alice"))
    assert client.get("/identity").json["failure"] == "basic refused: barred"
    client.post("/token", status=401)
    with pytest.raises(InvalidCredential):
        client.fresh().post_json("/sign_in", {})


def test_claims_of_the_transformer_that_are_no_json_are_an_error(make, caplog):
    """The user is not told that the password was wrong."""

    def add_set(identity):
        return Identity(identity.userid, {"groups": {"staff"}})

    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(add_set)
        )
    )
    client.authorization = ("Basic", ("alice", "alice"))

    with pytest.raises(ClaimsError, match="not set"):
        client.get("/identity")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    answer = client.post("/token", status=400)
    assert answer.json["error"] == "invalid_request"
    with pytest.raises(ClaimsError, match="not set"):
        client.fresh().post_json("/sign_in", {})


def test_a_transformer_that_removes_the_userid_refuses(make):
    client = make(
        {"authorization": "authenticated"},
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(lambda identity: Identity(None, {"x": 1}))
        ),
    )
    client.authorization = ("Basic", ("alice", "alice"))
    assert client.get("/identity").json["userid"] is None
    client.get("/admin", status=401)
    client.post("/token", status=401)


def test_a_transformer_that_gives_no_identity_is_a_type_error(make):
    client = make(
        setup=lambda config: config.set_sessiontoken_claims_transformer(
            Transformer(lambda identity: None)
        )
    )
    client.authorization = ("Basic", ("alice", "alice"))
    with pytest.raises(TypeError, match="gave NoneType"):
        client.get("/identity")
