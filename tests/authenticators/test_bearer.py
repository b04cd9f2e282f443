"""Tokens of another issuer, in a real application."""

import contextlib
import logging

import jwt as pyjwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.request import Request
from support import KEY, OTHER_KEY, START, check_password
from support.hostile import HOSTILE
from support.issuer import (
    AUDIENCE,
    ISSUER,
    header,
    jwk,
    jwks,
    payload,
    respond,
    serving,
    token,
)
from support.trust import WITH_COOKIE as TRUST
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.interfaces import IAuthenticator, ISessionStore
from pyramid_sessiontoken.issuers.key_sources import COOL_DOWN

SHARED = {**TRUST, "token.scheme": "Bearer"}
INVALID = 'Bearer realm="session", error="invalid_token"'
EXPIRED = INVALID + ', error_description="The token expired"'


@pytest.fixture
def client(make):
    return make(TRUST)


def ask(client, text, path="/identity", **kw):
    return client.ask(text, path, scheme="Bearer", **kw)


def swap(client, text, **kw):
    headers = {"Authorization": f"Bearer {text}"}
    return client.post("/token", headers=headers, **kw)


def challenges(response):
    return response.headers.getall("WWW-Authenticate")


def test_the_authenticator_provides_its_interface(client):
    authenticator = client.registry.getUtility(IAuthenticator, "bearer")

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme == "Bearer"
    assert authenticator.vary == ("Authorization",)
    assert authenticator.ambient is False


def test_a_token_of_the_issuer_signs_its_user_in(client):
    for scheme in ("Bearer", "bearer", "BEARER"):
        response = client.ask(token(), scheme=scheme)
        assert response.json == {
            "userid": "alice",
            "signed_in": True,
            "claims": {},
            "authenticator": "bearer",
            "failure": None,
        }
        assert "Authorization" in response.headers["Vary"]


def test_a_bearer_token_is_swapped_for_a_session_token(make):
    client = make({**TRUST, "bearer.claims": "email groups=roles"})
    claims = payload(email="a@b.example", groups=["admin"], scope="all")
    shown = {"Authorization": f"Bearer {token(claims)}"}
    for answer in (
        client.post("/token", headers=shown),
        client.get("/token", headers=shown),
        client.post(
            "/token", {"grant_type": "client_credentials"}, headers=shown
        ),
    ):
        text = answer.json["access_token"]
        assert answer.json["token_type"] == "Session"
        said = pyjwt.decode(text, options={"verify_signature": False})
        assert said["amr"] == ["bearer"]
        assert said["auth_time"] == START
        who = client.ask(text).json
        assert who["userid"] == "alice"
        assert who["authenticator"] == "session"
        assert who["claims"] == {"email": "a@b.example", "roles": ["admin"]}
        assert client.ask(text, "/admin").status_code == 200


def test_a_session_outlives_the_token_that_began_it(client):
    short = token(payload(exp=START + 60))
    session = swap(client, short).json["access_token"]

    client.clock.advance(600)

    assert ask(client, short).json["failure"] == (
        "bearer refused: the token expired"
    )
    assert client.ask(session).json["userid"] == "alice"


def test_roles_are_taken_over_only_where_the_settings_say_so(make):
    powers = payload(roles=["admin"], groups=["admin"], scope="admin")
    client = make(TRUST)
    assert ask(client, token(powers)).json["claims"] == {}
    assert ask(client, token(powers), "/admin").status_code == 403

    client = make({**TRUST, "bearer.claims": "roles"})
    assert ask(client, token(powers), "/admin").status_code == 200


def test_a_token_of_cognito_names_us_as_its_client(make, caplog):
    """It has no aud: the claim client_id says for whom it is."""
    caplog.set_level("INFO", "pyramid_sessiontoken")
    cognito = payload(aud=None, client_id=AUDIENCE, token_use="access")
    assert ask(make(TRUST), token(cognito)).json["userid"] is None
    assert "it has no 'aud'" in caplog.text

    client = make({**TRUST, "bearer.audience_claim": "client_id"})

    assert ask(client, token(cognito)).json["userid"] == "alice"
    other = payload(aud=None, client_id="another application")
    assert ask(client, token(other)).json["userid"] is None
    both = payload(aud="another api", client_id=AUDIENCE)
    assert ask(client, token(both)).json["userid"] is None


def test_an_id_token_is_no_access_token_where_the_type_is_required(make):
    client = make({**TRUST, "bearer.type": "at+jwt"})

    access = token(said=header(typ="at+jwt"))
    assert ask(client, access).json["userid"] == "alice"
    for typ in ("JWT", None):
        shown = token(said=header(typ=typ))
        assert ask(client, shown).json["userid"] is None


def test_roles_of_keycloak_stand_in_an_object(make, caplog):
    client = make(
        {
            **TRUST,
            "bearer.claims": (
                "realm_access.roles=roles resource_access.shop.team=groups"
                " locale"
            ),
        }
    )
    claims = payload(
        realm_access={"roles": ["admin"]},
        resource_access={"shop": {"team": "staff"}},
    )

    assert ask(client, token(claims)).json["claims"] == {
        "roles": ["admin"],
        "groups": ["staff"],
    }
    assert ask(client, token(claims), "/admin").status_code == 200
    [told] = [m for m in caplog.messages if "has no claim" in m]
    assert told == (
        "sessiontoken.bearer.claims: a token has no claim 'locale' (this"
        " warning comes once)"
    )


@pytest.mark.parametrize(
    ("form", "good"), [("self-contained", False), ("reference", True)]
)
def test_claims_behind_a_reference_may_be_longer(make, form, good):
    client = make(
        {
            **TRUST,
            "bearer.claims": "roles",
            "repository": "memory",
            "token.form": form,
        }
    )
    roles = [f"role-{number}" for number in range(400)]
    shown = token(payload(roles=roles))
    assert len(shown) < 8192

    if good:
        assert ask(client, shown).json["claims"] == {"roles": roles}
        session = swap(client, shown).json["access_token"]
        assert client.ask(session).json["claims"] == {"roles": roles}
    else:
        assert ask(client, shown).json["userid"] is None
        swap(client, shown, status=401)


def test_two_users_of_an_issuer_never_have_one_userid(make):
    client = make({**TRUST, "bearer.userid": "{tenant}#{sub}"})

    first = token(payload(tenant="a", sub="b#c"))
    second = token(payload(tenant="a#b", sub="c"))

    assert ask(client, first).json["userid"] == "a#b#c"
    assert ask(client, second).json["userid"] is None


def test_a_userid_may_name_its_issuer(make):
    client = make({**TRUST, "bearer.userid": "{iss}#{sub}"})

    assert ask(client, token()).json["userid"] == f"{ISSUER}#alice"
    everyone = token(payload(sub="system.Everyone"))
    assert ask(client, everyone).json["userid"].endswith("#system.Everyone")


@pytest.mark.parametrize(
    "sub", ["system.Everyone", "role:admin", "x" * 256, "a\nb", "\ud800"]
)
def test_a_subject_that_is_no_userid_is_refused(client, sub):
    response = ask(client, token(payload(sub=sub)))

    assert response.json["userid"] is None
    assert "userid" in response.json["failure"]


def test_a_lacking_claim_is_a_refusal(make):
    client = make({**TRUST, "bearer.userid": "{tenant}:{sub}"})

    assert "'tenant'" in ask(client, token()).json["failure"]
    there = token(payload(tenant=7))
    assert ask(client, there).json["userid"] == "7:alice"


def test_claims_that_fit_no_token_are_refused_not_an_error(make):
    client = make({**TRUST, "bearer.claims": "x"})

    swap(client, token(payload(x="x" * 4600)), status=401)
    text = swap(client, token(payload(x="x" * 4400))).json["access_token"]

    assert client.ask(text).json["userid"] == "alice"


def test_a_bearer_token_alone_is_no_session(client):
    shown = {"Authorization": f"Bearer {token()}"}

    status = client.get("/token/status", headers=shown)
    assert status.json == {"active": False}
    client.delete("/token", headers=shown, status=405)


def test_leeway_is_that_of_our_own_tokens(make):
    for options, leeway in (
        ({}, 30),
        ({"expiry.clock_skew": "0"}, 0),
        ({"expiry.sliding": "1m"}, 6),
        ({"expiry.clock_skew": "5m", "expiry.sliding": "off"}, 300),
    ):
        client = make({**TRUST, **options})
        text = token(payload(exp=START - leeway + 1))
        assert ask(client, text).json["userid"] == "alice"
        text = token(payload(exp=START - leeway))
        assert ask(client, text).json["userid"] is None


# Challenges.


def test_a_challenge_without_a_credential_has_no_error(client):
    response = client.get("/admin", status=401)

    assert challenges(response) == [
        'Session realm="session"',
        'Bearer realm="session"',
    ]


def test_a_challenge_says_whether_the_token_was_invalid_or_expired(client):
    bad = ask(client, token(number=1, said=header()), "/admin")
    old = ask(client, token(payload(exp=START - 3600)), "/admin")

    assert challenges(bad) == ['Session realm="session"', INVALID]
    assert challenges(old) == ['Session realm="session"', EXPIRED]
    answer = swap(client, token(number=1, said=header()), status=401)
    assert answer.json["error"] == "invalid_client"
    assert challenges(answer)[1] == INVALID


def test_a_refused_token_is_never_replaced_by_the_cookie(client):
    client.post("/sign_in")
    assert client.get("/identity").json["authenticator"] == "cookie"

    response = ask(client, token() + "x")

    assert response.json["userid"] is None
    assert "Set-Cookie" not in response.headers


def test_other_schemes_are_ignored(client):
    for value in ("Basic YTph", "Session x", "BearerX y", ""):
        response = client.get("/identity", headers={"Authorization": value})
        assert "bearer" not in str(response.json["failure"])


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x y"])
def test_a_malformed_token_is_refused_and_not_ignored(client, value):
    response = client.get("/identity", headers={"Authorization": value})

    assert "bearer refused" in response.json["failure"]


def test_a_token_in_the_url_or_in_the_body_is_never_read(client):
    """RFC 6750, section 5.3."""
    client.get(f"/admin?access_token={token()}", status=401)
    client.post("/token", {"access_token": token()}, status=401)


def test_a_bearer_token_needs_no_csrf_token(client):
    """A browser does not send it by itself, whatever page is open."""
    shown = {
        "Authorization": f"Bearer {token()}",
        "Sec-Fetch-Site": "cross-site",
    }

    assert client.post("/token", headers=shown).json["access_token"]


def in_a_header(text):
    """Blanks around a value are not part of it (RFC 9110, section 5.5)."""
    return text.isascii() and text.isprintable() and text == text.strip()


@pytest.mark.parametrize("trust", [TRUST, SHARED], ids=["apart", "shared"])
def test_every_hostile_token_is_refused_without_an_error(
    make, trust, caplog, tmp_path
):
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "keys.jwks"
    path.write_bytes(jwks(jwk()))
    client = make({**trust, "bearer.key": None, "bearer.jwks": str(path)})
    for name, text in HOSTILE:
        if not in_a_header(text):
            continue
        shown = {"HTTP_AUTHORIZATION": f"Bearer {text}"}
        for method in (client.get, client.post):
            response = method("/token", extra_environ=shown, status="*")
            assert response.status_code == 401, name
            assert 'error="invalid_token"' in str(challenges(response))
        parts = [part for part in text.split(".") if len(part) > 20]
        assert not [part for part in parts if part in caplog.text]


# Session tokens under the same scheme.


@pytest.fixture
def shared(make):
    return make(SHARED)


def own(client):
    """Give a session token."""
    return swap(client, token()).json["access_token"]


def test_session_and_bearer_tokens_may_share_one_scheme(shared):
    for _ in range(2):
        assert ask(shared, token()).json["authenticator"] == "bearer"
        assert ask(shared, own(shared)).json["authenticator"] == "session"


def test_the_order_of_session_and_bearer_does_not_matter(make):
    client = make({**SHARED, "authenticators": "bearer session"})

    assert ask(client, token()).json["authenticator"] == "bearer"
    assert ask(client, own(client)).json["authenticator"] == "session"
    assert "session refused" in ask(client, own(client) + "x").json["failure"]


def test_a_shared_scheme_has_one_challenge_of_the_refusing_authenticator(
    shared,
):
    assert challenges(shared.get("/admin", status=401)) == [
        'Bearer realm="session"'
    ]
    ours = own(shared)
    old = token(payload(exp=START + 60))
    shared.clock.advance(3600 + 30)
    for text, said in (
        (ours, EXPIRED),
        (old, EXPIRED),
        (ours + "x", INVALID),
        (token() + "x", INVALID),
        ("junk", INVALID),
    ):
        assert challenges(ask(shared, text, "/admin")) == [said]
        assert challenges(swap(shared, text, status=401)) == [said]


def test_a_session_token_is_judged_by_the_session_authenticator_alone(
    make, shared
):
    """Also if its key left the ring, or if it only says that it is ours."""
    retired = own(make({**SHARED, "keys": OTHER_KEY}))
    said = header(typ="session+jwt")
    for text in (
        retired,
        own(shared) + "x",
        "pst_" + "a" * 43,
        "pst_",
        token(said=said),
        token(said=header(typ="application/Session+JWT")),
    ):
        assert "session refused" in ask(shared, text).json["failure"]


def test_any_other_token_is_judged_by_the_bearer_authenticator(shared):
    for text in ("junk", "", "a.b.c", token() + "x", token()[1:]):
        assert "bearer refused" in ask(shared, text).json["failure"]


def test_references_are_session_tokens(make):
    client = make(
        {**SHARED, "repository": "memory", "token.form": "reference"}
    )
    text = own(client)
    assert text.startswith("pst_")

    assert ask(client, text).json["authenticator"] == "session"
    assert ask(client, token()).json["authenticator"] == "bearer"
    other = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert "session refused" in ask(client, other).json["failure"]


class Drawer:
    """A session store of the application, with references of its own."""

    def __init__(self, options, registry):
        self.tickets = {}

    def store(self, ticket):
        self.tickets["drawer-1"] = ticket
        return "drawer-1"

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        self.tickets[reference] = ticket
        return True

    def remove(self, reference):
        self.tickets.pop(reference, None)


def test_references_of_an_own_store_are_session_tokens(make):
    client = make(
        {
            **SHARED,
            "repository": "memory",
            "session_store": Drawer,
            "token.form": "reference",
        }
    )
    assert isinstance(client.registry.getUtility(ISessionStore), Drawer)

    assert own(client) == "drawer-1"

    assert ask(client, "drawer-1").json["authenticator"] == "session"
    assert "session refused" in ask(client, "drawer-2").json["failure"]
    assert ask(client, token()).json["authenticator"] == "bearer"


def test_a_session_token_is_refused_without_the_session_authenticator(
    make, shared
):
    client = make({**SHARED, "authenticators": "cookie bearer"})

    assert "bearer refused" in ask(client, own(shared)).json["failure"]


def test_a_token_in_a_header_of_its_own_shares_no_scheme(make):
    client = make({**SHARED, "token.header": "X-Session"})
    text = swap(client, token()).json["access_token"]
    shown = {"X-Session": text}
    response = client.get("/identity", headers=shown)

    assert response.json["authenticator"] == "session"
    assert "bearer refused" in ask(client, text).json["failure"]
    assert ask(client, token()).json["authenticator"] == "bearer"


def test_an_authenticator_of_the_application_may_replace_it(make):
    class Own:
        scheme = "Bearer"
        vary = ("Authorization",)
        ambient = False

        def authenticate(self, request):
            return None

        def challenge(self, request):
            return None

    def setup(config):
        config.add_sessiontoken_authenticator("bearer", Own())

    options = {k: v for k, v in SHARED.items() if not k.startswith("bearer")}
    client = make(options, setup)

    assert ask(client, "junk").json["failure"] is None
    assert challenges(client.get("/admin", status=401)) == [
        'Bearer realm="session"'
    ]


# The keys of the issuer at a URL.


@pytest.fixture
def issuer():
    with serving() as issuer:
        yield issuer


def at_url(issuer, **options):
    trust = {**TRUST, "bearer.jwks": issuer.url, **options}
    return {**trust, "bearer.key": None}


def test_keys_are_fetched_when_the_first_token_needs_them(make, issuer):
    client = make(at_url(issuer))
    client.get("/identity")
    ask(client, "junk")
    assert issuer.asked == []

    for _ in range(3):
        assert ask(client, token()).json["userid"] == "alice"
    assert len(issuer.asked) == 1


def test_an_outage_of_the_issuer_is_503_and_ends_no_session(
    make, issuer, caplog
):
    client = make(at_url(issuer))
    client.post("/sign_in")
    issuer.answer = respond(b"", "500 Oh")

    for response in (
        ask(client, token()),
        ask(client, token(), "/admin"),
        swap(client, token(), status=503),
        swap(client, token(), status="*"),
    ):
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert "Set-Cookie" not in response.headers
    assert len(issuer.asked) == 1
    assert client.get("/identity").json["userid"] == "alice"

    issuer.answer = respond(jwks(jwk()))
    client.clock.advance(COOL_DOWN)
    assert ask(client.fresh(), token()).json["authenticator"] == "bearer"
    assert not [p for p in token().split(".")[:2] if p in caplog.text]


def test_a_flood_of_unknown_keys_costs_one_fetch(make, issuer):
    client = make(at_url(issuer))
    for number in range(50):
        text = token(said=header(kid=f"made-up-{number}"))
        assert ask(client, text).json["userid"] is None
    assert ask(client, token()).json["userid"] == "alice"

    assert len(issuer.asked) == 1


def test_no_header_of_a_token_makes_the_server_ask_another_url(make, issuer):
    client = make(TRUST)
    for name in ("jku", "x5u", "kid"):
        said = header(**{name: issuer.url})
        ask(client, token(said=said))
        ask(client, token(said=said, number=1))

    assert issuer.asked == []


def test_an_issuer_changes_its_keys(make, issuer):
    client = make(at_url(issuer))
    assert ask(client, token()).json["userid"] == "alice"
    issuer.answer = respond(jwks(jwk(number=1)))
    client.clock.advance(COOL_DOWN)

    assert ask(client, token(number=1)).json["userid"] == "alice"
    assert ask(client, token()).json["userid"] is None


def test_keys_in_a_file(make, tmp_path):
    path = tmp_path / "keys.jwks"
    path.write_bytes(jwks(jwk(), jwk("RS256"), jwk("EdDSA")))
    for place in (f"file:{path}", str(path)):
        trust = {
            **TRUST,
            "bearer.algorithms": "RS256 ES256 EdDSA",
            "bearer.key": None,
            "bearer.jwks": place,
        }
        client = make(trust)
        for algorithm in ("ES256", "RS256", "EdDSA"):
            text = token(algorithm=algorithm)
            assert ask(client, text).json["userid"] == "alice"
        assert ask(client, token(algorithm="PS256")).json["failure"]


# Any header.


@given(
    st.sampled_from(["Bearer ", "bearer  ", "Bearer\t", "Bearer", ""]),
    st.text()
    | st.text(st.characters(max_codepoint=255))
    | st.sampled_from([token(), token(payload(nbf=START))]),
    st.text(max_size=3) | st.sampled_from([" ", "\r\n", "=", ".", "\0"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_value_is_accepted_or_refused(shared, scheme, text, end):
    request = Request.blank("/")
    request.environ["HTTP_AUTHORIZATION"] = scheme + text + end
    found = []
    for name in ("session", "bearer"):
        authenticator = shared.registry.getUtility(IAuthenticator, name)
        with contextlib.suppress(InvalidCredential):
            found.append(authenticator.authenticate(request))

    assert all(who is None or who.userid == "alice" for who in found)


def test_keys_stand_beside_passwords(make):
    trust = {
        **TRUST,
        "authenticators": "session basic bearer",
        "basic.check": check_password,
        "keys": KEY,
    }
    client = make(trust)

    assert client.swap()["access_token"]
    assert challenges(client.get("/admin", status=401)) == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
        'Bearer realm="session"',
    ]
