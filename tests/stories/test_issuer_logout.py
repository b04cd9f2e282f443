"""The issuer signs a user out, and its tokens and sessions end here (OpenID
Connect Back-Channel Logout 1.0).
"""

import json
import logging

import joserfc.jwt
import pytest
from joserfc.jwk import RSAKey
from pyramid.config import Configurator
from pyramid.response import Response
from support import KEY, START, Client
from support.issuer import (
    payload,
    pem,
    private_key,
    respond,
    serving,
    token,
)
from support.logout import (
    FORMS,
    HEARING,
    ISSUER,
    access_token,
    issuing_to,
    logout_claims,
    logout_token,
    tell,
)
from support.outages import Flaky
from support.stored import FourVerbs

from pyramid_sessiontoken.events import CredentialRefused, SessionEnded
from pyramid_sessiontoken.interfaces import IClock, ITokenRepository


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture
def client(make, form):
    return make({**HEARING, **form}, issuing_to({}))


def swap(client, text):
    shown = {"Authorization": f"Bearer {text}"}
    return client.fresh().post("/token", headers=shown).json["access_token"]


def lives(client, token):
    return client.fresh().ask(token).json["userid"] is not None


def believes(client, text):
    found = client.fresh().ask(text, scheme="Bearer").json
    return found["userid"] is not None


def test_what_began_with_the_issuers_token_ends(client):
    text, others = access_token(), access_token(sub="bob")
    session, of_bob = swap(client, text), swap(client, others)

    answer = tell(client, logout_token())

    assert answer.body == b""
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Content-Type" not in answer.headers
    assert not lives(client, session)
    assert not believes(client, text)
    assert lives(client, of_bob)
    assert believes(client, others)


def test_a_session_of_the_issuer_ends_alone(client):
    one, other = access_token(sid="1"), access_token(sid="2")
    nameless = access_token()
    sessions = [swap(client, text) for text in (one, other, nameless)]

    tell(client, logout_token(sid="1"))

    assert [believes(client, t) for t in (one, other, nameless)] == [
        False,
        True,
        True,
    ]
    assert [lives(client, s) for s in sessions] == [False, True, True]
    tell(client, logout_token(sub=None, sid="2"))
    assert not believes(client, other)
    assert believes(client, nameless)


def test_the_same_token_again_ends_nothing_newer(client, clock):
    old = swap(client, access_token())
    told = logout_token()
    tell(client, told)
    clock.advance(10)
    text = access_token(START + 10)
    new = swap(client, text)

    tell(client, told)
    tell(client, logout_token(START - 5, exp=START + 60))

    assert not lives(client, old)
    assert lives(client, new)
    assert believes(client, text)
    tell(client, logout_token(START + 10))
    assert not lives(client, new)


def test_it_ends_what_was_issued_up_to_its_time(client, clock):
    clock.advance(10)
    before, same = access_token(START + 9), access_token(START + 10)
    after = access_token(START + 11)

    tell(client, logout_token(START + 10))

    assert not believes(client, before)
    assert not believes(client, same)
    assert believes(client, after)


def test_a_renewed_session_ends(client, clock):
    session = swap(client, access_token())
    clock.advance(1800)
    answer = client.fresh().ask(session)
    renewed = answer.headers.get("Session-Token", session)
    assert lives(client, renewed)

    tell(client, logout_token(START, exp=START + 600), status=400)
    tell(client, logout_token(START + 1800))

    assert not lives(client, renewed)


@pytest.mark.parametrize(
    "how", ["userid", "amr", "identity", "issue", "issue_amr"]
)
def test_a_session_that_the_application_begins_ends(make, form, how):
    client = make({**HEARING, **form}, issuing_to({"how": how}))
    shown = {"Authorization": f"Bearer {access_token()}"}
    answer = client.post("/begin", headers=shown)

    if how.startswith("issue"):
        token = answer.json["token"]
        assert lives(client, token)
        tell(client, logout_token())
        assert not lives(client, token)
        return
    assert client.get("/identity").json["userid"] == "alice"
    tell(client, logout_token())
    assert client.get("/identity").json["userid"] is None


def test_a_session_of_another_user_is_not_the_tokens(make, form):
    """The token signed alice in; the application signs carol in."""
    client = make(
        {**HEARING, **form}, issuing_to({"how": "userid", "user": "carol"})
    )
    shown = {"Authorization": f"Bearer {access_token()}"}
    client.post("/begin", headers=shown)

    tell(client, logout_token())

    assert client.get("/identity").json["userid"] == "carol"


def test_sessions_that_began_otherwise_stay(make, form):
    client = make({**HEARING, **form}, issuing_to({"how": "userid"}))
    client.post("/begin", {"user": "alice"})
    assert client.get("/identity").json["userid"] == "alice"

    tell(client, logout_token())

    assert client.get("/identity").json["userid"] == "alice"


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        ({"sub": "alice"}, {}),
        ({"sub": "alice"}, {"sub": "alice"}),
        ({"sub": "alice", "sid": "7"}, {"sid": "7"}),
        ({"sid": "7"}, {"sid": "7", "sub": None}),
    ],
)
@pytest.mark.parametrize("how", ["remember", "issued"])
def test_an_application_names_the_session_of_the_issuer(
    make, form, how, told, ends
):
    said = {"how": how, "issuer_session": {"iss": ISSUER, **told}, "user": 42}
    client = make({**HEARING, **form}, issuing_to(said))
    begun = client.post("/begin")

    def signed_in():
        if how == "remember":
            return client.get("/identity").json["userid"] == 42
        return lives(client, begun.json["token"])

    tell(client, logout_token(sub="bob"))
    tell(client, logout_token(sid="8"))
    assert signed_in()
    tell(client, logout_token(**ends))
    assert not signed_in()


@pytest.mark.parametrize(
    "told",
    [
        {"iss": "https://other.example", "sub": "alice"},
        {"iss": ISSUER},
        {"sub": "alice"},
        {"iss": ISSUER, "sub": ""},
        {"iss": ISSUER, "sub": 1},
        {"iss": ISSUER, "sub": "alice", "x": "y"},
        {},
        "alice",
        [ISSUER],
    ],
)
def test_another_session_of_an_issuer_is_a_value_error(make, told):
    said = {"how": "remember", "issuer_session": told}
    client = make(HEARING, issuing_to(said))

    with pytest.raises(ValueError, match=r"^issuer_session: "):
        client.post("/begin")


def test_without_a_logout_path_no_session_of_an_issuer_can_be_named(make):
    said = {
        "how": "remember",
        "issuer_session": {"iss": ISSUER, "sub": "alice"},
    }
    client = make({**HEARING, "bearer.logout_path": None}, issuing_to(said))

    with pytest.raises(ValueError, match=r"set sessiontoken\.bearer\.logout"):
        client.post("/begin")


def test_other_carriers_of_the_session_end(make, form):
    """A cookie that is swapped for a token is the same session."""
    client = make(
        {
            **HEARING,
            **form,
            "token.exchange": "session cookie bearer",
            "bearer.key": HEARING["bearer.key"],
        },
        issuing_to({"how": "userid"}),
    )
    shown = {"Authorization": f"Bearer {access_token()}"}
    client.post("/begin", headers=shown)
    token = client.post("/token").json["access_token"]
    assert lives(client, token)

    tell(client, logout_token())

    assert not lives(client, token)
    assert client.get("/identity").json["userid"] is None


def test_a_session_begun_from_that_session_ends(make, form):
    """The application gives the identity of the session to remember."""
    client = make({**HEARING, **form}, issuing_to({"how": "identity"}))
    session = swap(client, access_token())
    client.post("/begin", headers={"Authorization": f"Session {session}"})
    assert client.get("/identity").json["userid"] == "alice"

    tell(client, logout_token())

    assert client.get("/identity").json["userid"] is None


def test_a_session_that_begins_while_a_request_is_judged_has_no_issuer(make):
    """The user of the request is not known yet."""
    begun = []

    def load(identity, request):
        if not begun:
            begun.append(request.sessiontoken.issue(identity.userid))
        return identity

    client = make({**HEARING, "user_loader": load})
    assert believes(client, access_token())

    tell(client, logout_token())

    assert lives(client, begun[0].access_token)


def test_a_user_who_acts_for_another_stops(make, form):
    client = make(
        {
            **HEARING,
            **form,
            "impersonation.principals": "alice",
            "impersonation.check": allow,
        },
        acting,
    )
    own = swap(client, access_token())
    acted = client.fresh().ask(own, "/act").json["token"]
    assert client.fresh().ask(acted).json["userid"] == "bob"

    tell(client, logout_token())

    assert not lives(client, acted)


def allow(identity, userid, request):
    return True


def acting(config):
    config.add_route("act", "/act")

    def act(request):
        issued = request.sessiontoken.act_as("bob", "to help")
        return Response(json={"token": issued.access_token})

    config.add_view(act, route_name="act")


def test_a_swap_that_is_under_way_ends(make, form):
    """The issuer signs out after the token was accepted, and before the
    session is written.
    """

    def setup(config):
        issuing_to({})(config)
        config.set_sessiontoken_claims_transformer(transformer)

    class Transformer:
        client = None

        def transform(self, identity, request):
            if self.client is not None:
                tell(self.client, logout_token())
            return identity

    transformer = Transformer()
    client = make({**HEARING, **form}, setup)
    transformer.client = client

    session = swap(client, access_token())

    assert not lives(client, session)
    if form:
        repository = client.registry.getUtility(ITokenRepository)
        assert not [key for key in repository._items if key.startswith("t")]


def test_four_verbs_are_enough(make, clock, form):
    def before(config):
        config.registry.registerUtility(FourVerbs(clock), ITokenRepository)

    settings = {**HEARING, **form, "repository": None}
    client = make(settings, issuing_to({}), before)
    text = access_token(sid="1")
    session, other = swap(client, text), swap(client, access_token())

    tell(client, logout_token(sid="1"))
    assert not lives(client, session)
    assert lives(client, other)
    tell(client, logout_token())
    assert not lives(client, other)
    assert not believes(client, access_token())


def test_other_processes_know_within_the_time_of_the_cache(make, clock, form):
    repository = Flaky(clock)

    def before(config):
        config.registry.registerUtility(repository, ITokenRepository)

    settings = {**HEARING, **form, "repository": None}
    here = make(settings, issuing_to({}), before)
    there = make(settings, issuing_to({}), before)
    text = access_token()
    session = swap(here, text)
    for each in (here, there):
        assert lives(each, session)
        assert believes(each, text)

    tell(here, logout_token())

    assert not lives(here, session)
    assert not believes(here, text)
    assert lives(there, session)
    assert believes(there, text)
    clock.advance(6)
    assert not lives(there, session)
    assert not believes(there, text)


def test_an_outage_is_503(make, clock, form):
    repository = Flaky(clock)

    def before(config):
        config.registry.registerUtility(repository, ITokenRepository)

    settings = {**HEARING, **form, "repository": None}
    client = make(settings, issuing_to({}), before)
    session = swap(client, access_token())
    repository.down = True

    answer = tell(client, logout_token(), 503)

    assert answer.headers["Retry-After"]
    assert answer.json["error"] == "temporarily_unavailable"
    assert "no-store" in answer.headers["Cache-Control"]
    shown = {"Authorization": f"Bearer {access_token(sub='new')}"}
    client.fresh().get("/identity", headers=shown, status=503)
    repository.down = False
    tell(client, logout_token())
    assert not lives(client, session)


def test_keys_that_cannot_be_fetched_are_503(make):
    with serving() as down:
        url = down.url
    client = make({**HEARING, "bearer.key": None, "bearer.jwks": url})

    assert tell(client, logout_token(), 503).headers["Retry-After"]


def test_the_issuers_tokens_need_a_time(client):
    assert not believes(client, access_token(None))
    assert believes(client, access_token(START - 400 * 86400))
    assert not believes(client, access_token(START - 400 * 86400 - 1))
    assert believes(client, access_token(START - 0.5))
    assert believes(client, access_token(sid=1))


def test_without_a_logout_path_tokens_need_no_time(make):
    client = make({**HEARING, "bearer.logout_path": "off"})

    assert believes(client, access_token(None))
    assert believes(client, access_token(5))
    client.post("/signed-out", status=404)


def test_what_was_ended_is_remembered(make, clock, form):
    """Sessions that could still live are refused until their end."""
    client = make(
        {
            **HEARING,
            **form,
            "expiry.absolute": "400d",
            "expiry.sliding": "400d",
        },
        issuing_to({}),
    )
    text = access_token()
    session = swap(client, text)
    tell(client, logout_token())
    tell(client, logout_token(sub="bob"))

    clock.advance(400 * 86400 - 1)

    assert not lives(client, session)
    assert not believes(client, text)
    assert not believes(client, access_token(sub="bob"))


def listing(config):
    config.add_route("listed", "/listed/{user}")
    config.add_view(
        lambda request: Response(
            json=len(request.sessiontoken.sessions(request.matchdict["user"]))
        ),
        route_name="listed",
    )


def test_ended_sessions_are_not_listed(make):
    client = make({**HEARING, **FORMS["reference"]}, listing)
    swap(client, access_token(sid="1"))
    swap(client, access_token())
    assert client.get("/listed/alice").json == 2

    tell(client, logout_token(sid="1"))

    assert client.get("/listed/alice").json == 1


def test_ended_sessions_do_not_count_for_the_limit(make):
    client = make(
        {
            **HEARING,
            **FORMS["reference"],
            "sessions.limit": "1",
            "sessions.over_limit": "refuse",
        },
        listing,
    )
    swap(client, access_token(sid="1"))
    tell(client, logout_token(sid="1"))

    assert lives(client, swap(client, access_token(sid="2")))


def test_subscribers_and_the_audit_are_told(make, caplog):
    events = []

    def setup(config):
        config.add_subscriber(events.append, SessionEnded)
        config.add_subscriber(events.append, CredentialRefused)

    caplog.set_level(logging.INFO)
    client = make(
        {**HEARING, "audit": "on", "bearer.userid": "{iss}#{sub}"}, setup
    )

    tell(client, logout_token())
    tell(client, logout_token(sub=None, sid="1"))
    tell(client, logout_token(nonce="x"), 400)

    userids = [event.userid for event in events]
    assert userids == [f"{ISSUER}#alice", None]
    for event in events:
        assert event.reason == "issuer"
        assert event.sid is None
        assert event.identity is None
        assert event.ticket is None
        assert event.actor is None
        assert event.authenticator == "bearer"
        assert event.request.path == "/signed-out"
    told = [
        json.loads(record.message)
        for record in caplog.records
        if record.name.endswith(".audit")
    ]
    assert [each["reason"] for each in told] == ["issuer"] * 2
    assert told[0]["sub"] == f"{ISSUER}#alice"
    assert told[0]["authenticator"] == "bearer"
    assert "sub" not in told[1]
    assert "bearer: a logout token is refused: it has a 'nonce'" in caplog.text


def test_a_template_of_other_claims_tells_no_user(make):
    events = []
    client = make(
        {**HEARING, "bearer.userid": "{email}"},
        lambda config: config.add_subscriber(events.append, SessionEnded),
    )
    text = access_token(email="a@example.org")
    session = swap(client, text)

    tell(client, logout_token())

    assert events[-1].userid is None
    assert not lives(client, session)
    assert not believes(client, text)


def test_each_issuer_has_a_path_of_its_own(make):
    other = "https://other.example"
    client = make(
        {
            **HEARING,
            "authenticators": "session bearer other=bearer",
            "other.issuer": other,
            "other.audience": "api",
            "other.algorithms": "ES256",
            "other.key": pem(private_key("ES256", 1)),
            "other.logout_path": "/other/signed-out",
            "other.userid": "other:{sub}",
        }
    )
    text = token(payload(iss=other, iat=START), number=1)
    mine, theirs = swap(client, access_token()), swap(client, text)

    tell(client, logout_token(iss=other), 400)
    tell(client, logout_token(), 400, "/other/signed-out")
    assert lives(client, mine)
    assert lives(client, theirs)
    told = token(logout_claims(iss=other), number=1)
    tell(client, told, path="/other/signed-out")
    assert lives(client, mine)
    assert not lives(client, theirs)


def test_it_serves_an_application_that_accepts_no_tokens(make, form):
    """The application signs users in by OpenID Connect itself."""
    said = {
        "how": "remember",
        "issuer_session": {"iss": ISSUER, "sub": "alice"},
    }
    client = make(
        {
            **HEARING,
            **form,
            "authenticators": "session cookie",
            "bearer.audience": None,
            "bearer.logout_audience": "web mobile",
        },
        issuing_to(said),
    )
    client.post("/begin")
    assert client.get("/identity").json["userid"] == "alice"

    tell(client, logout_token(), 400)
    assert client.get("/identity").json["userid"] == "alice"
    tell(client, logout_token(aud=["x", "mobile"]))
    assert client.get("/identity").json["userid"] is None


def test_the_path_stands_under_the_prefix_of_the_include(clock):
    config = Configurator(
        settings={
            f"sessiontoken.{key}": value
            for key, value in {**HEARING, "keys": KEY}.items()
            if value is not None
        }
    )
    config.registry.registerUtility(clock, IClock)
    config.include("pyramid_sessiontoken", route_prefix="/auth")
    client = Client(config.make_wsgi_app(), clock)

    tell(client, logout_token(), path="/auth/signed-out")


def test_over_plain_http_it_is_refused(make):
    client = make(HEARING)

    answer = client.post(
        "/signed-out",
        {"logout_token": logout_token()},
        extra_environ={"wsgi.url_scheme": "http"},
        status=403,
    )

    assert answer.json["error"] == "tls_required"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]
)
def test_other_methods_are_405(make, method):
    client = make({**HEARING, "cors.origins": "https://app.example"})

    answer = client.request(
        "/signed-out",
        method=method,
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
        },
        status=405,
    )

    assert answer.headers["Allow"] == "POST"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in answer.headers


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"logout_token=x", "text/plain", 415),
        (b"logout_token=" + b"x" * 70000, FORM, 413),
        (b"", FORM, 400),
        (b"logout_token=", FORM, 400),
        (b"logout_token=x", FORM, 400),
        (b"other=x", FORM, 400),
        (b"logout_token=%ff", FORM, 400),
        (b"\xff", FORM, 400),
        (b"&".join([b"a=b"] * 101), FORM, 400),
    ],
)
def test_another_body_is_refused(make, body, content_type, status):
    client = make(HEARING)

    answer = client.post(
        "/signed-out", body, {"Content-Type": content_type}, status=status
    )

    assert answer.json["error"] == "invalid_request"
    assert "no-store" in answer.headers["Cache-Control"]
    if status == 400:
        assert answer.json == {"error": "invalid_request"}


def test_other_fields_are_ignored_and_a_second_token_is_refused(make):
    client = make(HEARING)
    text = logout_token()
    several = f"a=1&logout_token={text}&a=2&client_id=x"
    client.post("/signed-out", several)
    twice = f"logout_token={text}&logout_token={text}"
    answer = client.post("/signed-out", twice, status=400)
    assert answer.json == {"error": "invalid_request"}


def test_no_credential_and_no_csrf_token_is_needed(make):
    def setup(config):
        config.set_default_csrf_options(require_csrf=True)
        config.set_default_permission("nobody")

    client = make(HEARING, setup)

    tell(client, logout_token())
    client.fresh().post(
        "/signed-out",
        {"logout_token": logout_token()},
        headers={
            "Authorization": "Bearer junk",
            "Origin": "https://other.example",
            "Sec-Fetch-Site": "cross-site",
        },
    )


def test_a_logout_token_is_no_credential(make):
    client = make(HEARING)

    assert not believes(client, logout_token())
    assert not believes(client, logout_token(said={"alg": "ES256"}))


def test_a_restart_of_a_repository_in_memory_is_warned_of(make, caplog):
    make(HEARING)

    assert (
        "sessiontoken.repository: a restart forgets which users an issuer"
        " signed out, so its tokens are accepted again until they expire"
    ) in caplog.text


def test_logout_tokens_of_another_library_are_believed(make):
    """Keys, access token and logout token are made by joserfc."""
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    published = json.dumps({"keys": [key.as_dict(private=False)]}).encode()

    def sign(claims, typ):
        said = {"alg": "RS256", "kid": "1", "typ": typ}
        return joserfc.jwt.encode(said, claims, key)

    with serving() as issuer:
        issuer.answer = respond(published)
        client = make(
            {
                **HEARING,
                "bearer.key": None,
                "bearer.jwks": issuer.url,
                "bearer.algorithms": "RS256",
            }
        )
        text = sign(payload(iss=ISSUER, iat=START, sid="s"), "at+jwt")
        session = swap(client, text)
        told = sign(logout_claims(sid="s"), "logout+jwt")

        tell(client, told[:-4] + "AAAA", 400)
        assert lives(client, session)
        tell(client, told)

        assert not lives(client, session)
        assert not believes(client, text)
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("name", ["sub", "sid"])
def test_half_a_character_is_no_error_of_the_server(client, name):
    half = "\ud800"

    # No userid has it, and a session of the issuer may.
    assert believes(client, access_token(**{name: half})) is (name == "sid")
    assert tell(client, logout_token(**{name: half})).body == b""
    assert not believes(client, access_token(**{name: half}))
    assert believes(client, access_token())
