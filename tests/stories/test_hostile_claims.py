"""Claims, identities and tokens that say more than they may."""

import dataclasses
import json

import pytest
from support.authenticators import Own
from support.tokens import compact, sign

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)

#: A user's own words, which an application keeps as one claim.
PROFILE = {
    "sub": "alice",
    "roles": ["admin"],
    "auth_time": 0,
    "session_end": 2**39,
}


def check_with_profile(username, password, request):
    return {"sub": username, "profile": PROFILE}


def add_issuing_view(config, carry):
    """Add a view that begins a session from what an inner claim says."""

    def begin(request):
        return carry(request, request.sessiontoken.claims["profile"])

    config.add_route("begin", "/begin")
    config.add_view(begin, route_name="begin", renderer="json")


def issue(request, claims):
    return request.sessiontoken.issue("mallory", claims).as_dict()


def sign_in(request, claims):
    from pyramid.security import remember

    request.response.headerlist.extend(
        remember(request, "mallory", claims=claims)
    )
    return {}


@pytest.mark.parametrize("carry", [issue, sign_in])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "repository": "memory",
            "token.form": "reference",
            "cookie.form": "reference",
        },
    ],
    ids=["self-contained", "reference"],
)
def test_an_inner_claim_cannot_replace_members_of_a_token(
    make, settings, carry
):
    """In a token, a cookie or a record. It is read-only already."""
    client = make(
        {**settings, "basic.check": check_with_profile},
        setup=lambda config: add_issuing_view(config, carry),
    )
    token = client.swap("mallory")["access_token"]
    assert client.ask(token).json["claims"] == {"profile": PROFILE}

    with pytest.raises(ClaimsError, match="'auth_time'"):
        client.ask(token, "/begin")

    assert client.get("/identity").json["userid"] is None


def test_an_own_authenticator_cannot_replace_a_userid_by_a_principal(
    make, caplog
):
    """The session is genuine, and its ticket stays in the identity."""
    caplog.set_level("INFO", "pyramid_sessiontoken")

    class Renamed(Own):
        def authenticate(self, request):
            name = request.headers.get("X-Own")
            if name is None:
                return None
            state = request.registry["ask"](request)
            return dataclasses.replace(state, userid=name)

    def before(config):
        from pyramid_sessiontoken.interfaces import IAuthenticator

        config.registry["ask"] = lambda request: config.registry.getUtility(
            IAuthenticator, "session"
        ).authenticate(request)

    client = make(
        {"authenticators": "own session cookie basic"},
        setup=lambda config: config.add_sessiontoken_authenticator(
            "own", Renamed(None)
        ),
        before=before,
    )
    token = client.swap("bob")["access_token"]

    # The session itself is good: it is bob still.
    assert client.ask(token, X_Own="role:admin").json["userid"] == "bob"
    assert client.ask(token, "/admin", X_Own="role:admin").status_int == 403
    assert "a userid must not begin with 'role:'" in caplog.text
    assert client.ask(token, X_Own="carol").json["userid"] == "carol"


def forged(token, **changes):
    """Say something else, signed with the right key."""
    header, payload, _ = token.split(".")
    said = {**json.loads(decode_base64url(payload)), **changes}
    return sign(f"{header}.{encode_base64url(compact(said))}")


@pytest.mark.parametrize(
    "changes",
    [
        {"session_end": 253_402_300_800},
        {"session_end": 2**39},
        {"session_end": 2**39, "exp": 2**39},
        {"auth_time": 1_800_000_601},
        {"exp": 1_800_000_000},
        {"exp": 1_799_999_999},
        {"act": {"sub": "role:root"}},
        {"persistent": False},
        {"stamp": 1},
        {"began": {"auth_time": 1}},
    ],
    ids=repr,
)
def test_a_token_that_we_cannot_have_written_is_refused_everywhere(
    make, changes
):
    """Another service that shares the key wrote it, or who stole it."""
    client = make(
        {"repository": "memory", "token.introspectors": "role:admin"}
    )
    genuine = client.swap()["access_token"]
    hostile = forged(genuine, **changes)
    headers = {"Authorization": f"Session {hostile}"}

    assert client.ask(forged(genuine)).json["userid"] == "alice"
    assert client.ask(hostile).json["userid"] is None
    client.post("/token", headers=headers, status=401)
    client.delete("/token", headers=headers, status=401)
    caller = {"Authorization": f"Session {genuine}"}
    form = {"token": hostile}
    told = client.post("/token/introspect", form, headers=caller)
    assert told.json == {"active": False}
    assert client.post("/token/revoke", form, headers=caller).json == {}


def test_an_expiry_policy_that_no_token_can_carry_is_the_applications_fault(
    make,
):
    from pyramid_sessiontoken.errors import SessionTokenError
    from pyramid_sessiontoken.expiry import ExpiryPolicy
    from pyramid_sessiontoken.interfaces import Times

    class Endless(ExpiryPolicy):
        def begin(self, now, identity=None, persistent=False):
            return Times(now, now + 3600.5, now + 36000)

    client = make(
        setup=lambda config: config.set_sessiontoken_expiry_policy(
            Endless(36000)
        )
    )

    with pytest.raises(SessionTokenError, match="not a time"):
        client.swap()


def test_a_session_that_ends_while_its_cookie_is_swapped_gives_no_token(
    make,
):
    """Between the judgement and the answer its last second passes."""
    client = make({"token.exchange": "cookie"})
    client.post_json("/sign_in", {})
    client.clock.advance(3000)
    client.get("/identity")
    for _ in range(11):
        client.clock.advance(3000)
        client.get("/identity")
    client.clock.advance(36000 - 12 * 3000 - 1)
    assert client.get("/identity").json["userid"] == "alice"
    loaded = []

    def load(identity, request):
        if not loaded:
            client.clock.advance(1)
        loaded.append(identity)
        return identity

    from pyramid_sessiontoken.interfaces import IUserLoader

    client.registry.registerUtility(load, IUserLoader)

    response = client.post("/token", status=401)

    assert response.json["error_description"] == "The token expired"
    assert [identity.userid for identity in loaded] == ["alice"]


@pytest.mark.parametrize(("takes", "renews"), [(1800, True), (1801, False)])
def test_a_session_that_ends_during_a_request_is_not_renewed(
    make, caplog, takes, renews
):
    """The view takes longer than the session lasts."""

    def slow(request):
        assert request.authenticated_userid == "alice"
        client.clock.advance(takes)
        return request.response

    def setup(config):
        config.add_route("slow", "/slow")
        config.add_view(slow, route_name="slow")

    client = make({"expiry.absolute": "90m"}, setup=setup)
    token = client.swap()["access_token"]
    client.clock.advance(3599)

    response = client.ask(token, "/slow")

    assert ("Session-Token" in response.headers) is renews
    assert "could not be renewed" not in caplog.text
