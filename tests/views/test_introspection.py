"""A token in a form is asked about, or ended."""

import pytest

from pyramid_sessiontoken.events import SessionEnded
from pyramid_sessiontoken.identity import Identity


def bearer(token):
    return {"Authorization": f"Session {token}"}


def test_introspection_answers_the_user_and_introspectors(make):
    server = make(
        {"repository": "memory", "token.introspectors": "role:admin"}
    )
    alice = server.swap("alice")["access_token"]
    bob = server.swap("bob")["access_token"]

    def ask(caller, token):
        return server.post(
            "/token/introspect", {"token": token}, headers=bearer(caller)
        ).json

    told = ask(bob, bob)
    assert told["active"]
    assert (told["sub"], told["token_type"]) == ("bob", "Session")
    assert told["exp"] - told["iat"] == 3600
    assert ask(alice, bob) == {**told, "roles": ["user"]}
    assert ask(bob, alice) == {"active": False}
    assert ask(alice, "junk") == {"active": False}
    server.post("/token/introspect", {"token": bob}, status=401)
    server.post("/token/introspect", headers=bearer(bob), status=400)
    server.get("/token/introspect", status=405)
    server.delete("/token", headers=bearer(bob))
    assert ask(alice, bob) == {"active": False}


def test_no_claim_stands_in_place_of_a_member(make):
    """Own members win, whatever the claims are called."""
    claims = {"active": False, "token_type": "x", "client_id": "c", "n": [1]}
    server = make(
        {
            "basic.check": lambda u, p, r: {"sub": u, **claims},
            "token.introspectors": "alice",
        }
    )
    told = {}
    for caller in ("alice", "bob"):
        own = server.swap(caller)["access_token"]
        told[caller] = server.post(
            "/token/introspect", {"token": own}, headers=bearer(own)
        ).json

    assert told["alice"]["active"] is True
    assert told["alice"]["token_type"] == "Session"
    assert (told["alice"]["client_id"], told["alice"]["n"]) == ("c", [1])
    assert not {"client_id", "n"} & set(told["bob"])


def test_scope_is_told_where_it_is_a_text(make):
    server = make({"basic.check": lambda u, p, r: {"sub": u, "scope": "a b"}})
    token = server.swap()["access_token"]
    told = server.post(
        "/token/introspect", {"token": token}, headers=bearer(token)
    )
    assert told.json["scope"] == "a b"


def test_introspection_gives_the_claims_of_the_user(make):
    """So that a gateway knows the roles. What the RFC names wins."""
    said = {
        "roles": ["admin"],
        "scope": ["a", "b"],
        "profile": {"sub": "root"},
        "active": False,
        "token_type": "none",
    }
    server = make(
        {
            "basic.check": lambda u, p, r: {"sub": u, **said},
            "token.introspectors": "gateway",
        }
    )
    alice = server.swap("alice")["access_token"]
    gateway = server.swap("gateway")["access_token"]

    def ask(caller, token):
        return server.post(
            "/token/introspect", {"token": token}, headers=bearer(caller)
        ).json

    own = ask(alice, alice)
    assert own["scope"] == "a b"
    assert {"roles", "profile"}.isdisjoint(own)
    assert ask(gateway, alice) == {
        **own,
        "roles": ["admin"],
        "profile": {"sub": "root"},
    }
    assert own["active"] is True
    assert own["token_type"] == "Session"
    assert ask(gateway, gateway)["roles"] == ["admin"]


@pytest.mark.parametrize("scope", [["a", 1], 5, None])
def test_a_scope_that_is_no_text_is_left_out(make, scope):
    server = make({"basic.check": lambda u, p, r: {"sub": u, "scope": scope}})
    token = server.swap()["access_token"]
    told = server.post(
        "/token/introspect", {"token": token}, headers=bearer(token)
    )
    assert "scope" not in told.json


def test_the_token_of_a_barred_user_is_not_active(make):
    barred = set()

    def load(identity, request):
        return None if identity.userid in barred else identity

    server = make(
        {"token.introspectors": "role:admin"},
        setup=lambda config: config.set_sessiontoken_user_loader(load),
    )
    alice = server.swap("alice")["access_token"]
    bob = server.swap("bob")["access_token"]

    def ask(caller, token, status=200):
        return server.post(
            "/token/introspect",
            {"token": token},
            headers=bearer(caller),
            status=status,
        ).json

    assert ask(alice, bob)["active"] is True
    barred.add("bob")
    assert ask(alice, bob) == {"active": False}
    ask(bob, bob, status=401)
    barred.clear()
    assert ask(alice, bob)["active"] is True


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_user_can_revoke_only_own_tokens(make, form):
    server = make({"repository": "memory", "token.form": form})
    alice = server.swap("alice")["access_token"]
    bob = server.swap("bob")["access_token"]

    def end(caller, token, status=200):
        return server.post(
            "/token/revoke",
            {"token": token},
            headers=bearer(caller),
            status=status,
        )

    assert end(bob, alice).json == {}
    assert end(bob, "junk").json == {}
    assert server.ask(alice).json["userid"] == "alice"
    end(alice, alice)
    assert server.ask(alice).json["userid"] is None
    end(alice, bob, status=401)
    nothing = make()
    token = nothing.swap()["access_token"]
    response = nothing.post(
        "/token/revoke", {"token": token}, headers=bearer(token), status=400
    )
    assert response.json["error"] == "unsupported_token_type"


def test_a_revocation_is_notified(make):
    client = make({"repository": "memory"})
    told = []
    client.registry.registerHandler(told.append, (SessionEnded,))
    token = client.swap()["access_token"]
    other = client.swap()["access_token"]
    client.post("/token/revoke", {"token": other}, headers=bearer(token))
    [event] = told
    assert event.identity == Identity(
        "alice", {"roles": ["admin"]}, "session", event.ticket
    )
    assert client.ask(other).json["userid"] is None


@pytest.mark.parametrize("text", ["junk", "a.b.c", "pst_" + "x" * 43])
def test_revoking_a_text_that_is_no_token_has_no_effect(make, text):
    client = make(
        {
            "repository": "memory",
            "revocation": "off",
            "token.form": "reference",
        }
    )
    token = client.swap()["access_token"]
    form = {"token": text}
    assert client.post("/token/revoke", form, headers=bearer(token)).json == {}


def test_a_token_that_cannot_be_revoked_is_an_error(make):
    client = make({"repository": "memory", "revocation": "off"})
    token = client.swap()["access_token"]
    answer = client.post(
        "/token/revoke", {"token": token}, headers=bearer(token), status=400
    )
    assert answer.json["error"] == "unsupported_token_type"
