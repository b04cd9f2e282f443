"""Swap a credential for a token, use it, renew it, and see it end."""

import jwt as pyjwt
import pytest
from support import KEY, OTHER_KEY, START

from pyramid_sessiontoken.keys.base64url import decode_base64url


def test_a_password_is_swapped_for_a_token_that_signs_in(client):
    answer = client.swap()
    assert list(answer) == [
        "access_token",
        "token_type",
        "expires_in",
        "session_expires_in",
    ]
    assert answer["token_type"] == "Session"
    assert answer["expires_in"] == 3600
    assert answer["session_expires_in"] == 36000
    who = client.ask(answer["access_token"]).json
    assert who == {
        "userid": "alice",
        "signed_in": True,
        "claims": {"roles": ["admin"]},
        "authenticator": "session",
        "failure": None,
    }


def test_any_jose_library_verifies_the_token(client):
    token = client.swap()["access_token"]
    assert pyjwt.get_unverified_header(token) == {
        "alg": "HS256",
        "typ": "session+jwt",
        "kid": pyjwt.get_unverified_header(token)["kid"],
    }
    claims = pyjwt.decode(
        token,
        decode_base64url(KEY),
        algorithms=["HS256"],
        issuer="pyramid_sessiontoken",
        audience="pyramid_sessiontoken",
        options={"verify_iat": False, "verify_exp": False},
    )
    assert claims.pop("jti") != claims.pop("sid")
    assert claims == {
        "iss": "pyramid_sessiontoken",
        "aud": "pyramid_sessiontoken",
        "sub": "alice",
        "iat": START,
        "exp": START + 3600,
        "auth_time": START,
        "session_end": START + 36000,
        "amr": ["pwd"],
        "roles": ["admin"],
    }


def test_a_token_that_is_used_slides_and_ends_for_good(client):
    """A session that is used every half hour lasts ten hours."""
    token = client.swap()["access_token"]
    lived = 0
    while True:
        response = client.ask(token)
        if response.json["userid"] is None:
            break
        token = response.headers.get("Session-Token", token)
        client.clock.advance(1800)
        lived += 1800
    assert lived == 36000
    assert response.json["failure"] == "session refused: the token expired"


def test_a_token_that_is_not_used_dies_after_the_sliding_time(client):
    token = client.swap()["access_token"]
    client.clock.advance(3600 + 29)
    assert client.ask(token).json["userid"] == "alice"
    client.clock.advance(1)
    assert client.ask(token).json["userid"] is None


def test_a_token_is_renewed_only_after_half_of_its_life(client):
    token = client.swap()["access_token"]
    client.clock.advance(1799)
    assert "Session-Token" not in client.ask(token).headers
    client.clock.advance(1)
    response = client.ask(token)
    renewed = response.headers["Session-Token"]
    assert response.headers["Cache-Control"] == "private, no-store"
    assert renewed != token
    # The old token stays valid: parallel requests still show it.
    assert client.ask(token).json["userid"] == "alice"
    client.clock.advance(3599)
    assert client.ask(renewed).json["userid"] == "alice"


def test_the_endpoint_renews_a_token_that_is_shown_to_it(client):
    first = client.swap()
    client.clock.advance(600)
    second = client.post(
        "/token",
        headers={"Authorization": f"Session {first['access_token']}"},
    )
    assert second.json["access_token"] != first["access_token"]
    assert second.json["expires_in"] == 3600
    assert second.json["session_expires_in"] == 36000 - 600
    assert "Session-Token" not in second.headers
    sid = [
        pyjwt.decode(t, options={"verify_signature": False})["sid"]
        for t in (first["access_token"], second.json["access_token"])
    ]
    assert sid[0] == sid[1]


def test_the_status_gives_the_time_left_and_renews_nothing(client):
    token = client.swap()["access_token"]
    client.clock.advance(2000)
    response = client.ask(token, "/token/status")
    assert response.json == {
        "active": True,
        "sub": "alice",
        "expires_in": 1600,
        "session_expires_in": 34000,
        "renews_in": 0,
        "auth_time": START,
        "amr": ["pwd"],
    }
    assert "Session-Token" not in response.headers
    client.clock.advance(-1000)
    assert client.ask(token, "/token/status").json["renews_in"] == 800
    assert client.get("/token/status").json == {"active": False}
    client.clock.advance(4000)
    assert client.ask(token, "/token/status").json == {"active": False}


def test_without_sliding_a_token_lives_as_long_as_its_session(make):
    client = make({"expiry.sliding": "off", "expiry.absolute": "2h"})
    answer = client.swap()
    assert answer["expires_in"] == answer["session_expires_in"] == 7200
    client.clock.advance(7199)
    response = client.ask(answer["access_token"])
    assert response.json["userid"] == "alice"
    assert "Session-Token" not in response.headers
    status = client.ask(answer["access_token"], "/token/status").json
    assert status["renews_in"] is None
    client.clock.advance(1)
    assert client.ask(answer["access_token"]).json["userid"] is None


def test_near_the_absolute_end_a_renewal_must_gain_a_minute(make):
    gains = make({"expiry.absolute": "1h", "expiry.sliding": "59m"})
    token = gains.swap()["access_token"]
    gains.clock.advance(3500)
    assert "Session-Token" in gains.ask(token).headers
    does_not = make({"expiry.absolute": "1h", "expiry.sliding": "3541"})
    token = does_not.swap()["access_token"]
    does_not.clock.advance(3500)
    assert "Session-Token" not in does_not.ask(token).headers


def test_a_role_grants_a_permission_of_an_acl(client):
    alice = client.swap("alice")["access_token"]
    bob = client.swap("bob")["access_token"]
    assert client.ask(alice, "/admin").status_code == 200
    assert client.ask(bob, "/admin").status_code == 403
    refused = client.get("/admin", status=401)
    assert refused.headers.getall("WWW-Authenticate") == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
    ]


def test_the_first_key_signs_and_all_verify(make):
    old = make()
    token = old.swap()["access_token"]
    rotated = make({"keys": f"{OTHER_KEY} {KEY}"})
    assert rotated.ask(token).json["userid"] == "alice"
    assert old.ask(rotated.swap()["access_token"]).json["userid"] is None
    retired = make({"keys": OTHER_KEY})
    assert retired.ask(token).json["userid"] is None


def test_header_tokens_may_have_a_ring_of_their_own(make):
    """A service that has this ring can make tokens, and no cookies."""
    client = make({"token.keys": OTHER_KEY})
    shared = make({"keys": OTHER_KEY, "authenticators": "session basic"})
    token = client.swap()["access_token"]
    assert shared.ask(token).json["userid"] == "alice"
    client.post("/sign_in")
    cookie = client.cookies["__Host-sessiontoken"]
    stranger = make({"keys": OTHER_KEY})
    stranger.set_cookie("__Host-sessiontoken", cookie)
    assert stranger.get("/identity").json["userid"] is None


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_every_algorithm_signs(make, algorithm):
    client = make({"token.algorithm": algorithm})
    token = client.swap()["access_token"]
    assert pyjwt.get_unverified_header(token)["alg"] == algorithm
    assert client.ask(token).json["userid"] == "alice"


def test_the_scheme_is_compared_without_case(make):
    client = make({"token.scheme": "Bearer"})
    answer = client.swap()
    assert answer["token_type"] == "Bearer"
    for scheme in ("Bearer", "bearer", "BEARER"):
        who = client.ask(answer["access_token"], scheme=scheme).json
        assert who["userid"] == "alice"


def test_another_header_carries_the_token_bare(make):
    client = make({"token.header": "X-Session"})
    token = client.swap()["access_token"]
    response = client.get("/identity", headers={"X-Session": token})
    assert response.json["userid"] == "alice"
    assert "X-Session" in response.headers["Vary"]
    assert client.ask(token).json["userid"] is None
    assert (
        client.get("/identity", headers={"X-Session": ""}).json["failure"]
        is None
    )
