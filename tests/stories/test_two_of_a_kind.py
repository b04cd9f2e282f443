"""Shipped authenticators under names of one's own: two issuers, two API keys,
two certificate sources.
"""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.response import Response
from support import KEY, START, Client, Root, includeme
from support.certificates import SUCCESS, make_certificate
from support.issuer import jwk, jwks, payload, pem, private_key, serving, token

from pyramid_sessiontoken.events import CredentialRefused, SessionIssued
from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

GOOGLE, INTRANET = "https://google.example", "https://intranet.example"


def issuer(name, iss, number=0, **options):
    """Give the settings of an issuer, by the name of its authenticator."""
    every = {
        "issuer": iss,
        "audience": "api",
        "algorithms": "ES256",
        "key": pem(private_key("ES256", number)),
        **options,
    }
    return {f"{name}.{key}": value for key, value in every.items()}


TWO = {
    "authenticators": "session cookie google=bearer intranet=bearer",
    "basic.check": None,
    **issuer("google", GOOGLE, userid="google:{sub}"),
    **issuer("intranet", INTRANET, 1, claims="email"),
}


def of_google(**changes):
    return token(payload(iss=GOOGLE, **changes))


def of_intranet(**changes):
    return token(payload(iss=INTRANET, **changes), number=1)


def challenges(response):
    return response.headers.getall("WWW-Authenticate")


def refusals(events):
    return [
        (event.authenticator, event.code)
        for event in events
        if isinstance(event, CredentialRefused)
    ]


@pytest.fixture
def events():
    return []


@pytest.fixture
def listening(events):
    def setup(config):
        config.add_subscriber(events.append, CredentialRefused)
        config.add_subscriber(events.append, SessionIssued)

    return setup


def test_two_issuers_sign_users_in(make, listening, events):
    client = make(TWO, listening)

    one = client.ask(of_google(), scheme="Bearer").json
    other = client.ask(
        of_intranet(email="a@example.org"), scheme="Bearer"
    ).json

    assert one["userid"] == "google:alice"
    assert other["userid"] == "alice"
    assert other["claims"] == {"email": "a@example.org"}
    assert refusals(events) == []


def test_the_name_is_that_of_the_authenticator_everywhere(
    make, listening, events, caplog
):
    client = make(
        {
            **TWO,
            "repository": "memory",
            "token.form": "reference",
            "audit": "on",
        },
        lambda config: (listening(config), add_sessions(config)),
    )
    caplog.set_level(logging.INFO)
    session = client.post(
        "/token", headers={"Authorization": f"Bearer {of_google()}"}
    ).json["access_token"]

    assert events[-1].authenticator == "google"
    assert events[-1].ticket.amr == ("google",)
    assert client.ask(session, "/listed").json == ["google"]
    told = [
        json.loads(record.message)
        for record in caplog.records
        if record.name == "pyramid_sessiontoken.audit"
    ]
    assert told[-1]["authenticator"] == "google"
    caplog.clear()
    client.ask(of_google(exp=1), scheme="Bearer")
    assert "google refused: " in caplog.text


def add_sessions(config):
    config.add_route("listed", "/listed")
    config.add_view(
        lambda request: Response(
            json=[
                each.authenticator for each in request.sessiontoken.sessions()
            ]
        ),
        route_name="listed",
    )


def test_a_swap_names_the_authenticators_that_may(make):
    client = make({**TWO, "token.exchange": "session google"})

    def swap(text, status):
        shown = {"Authorization": f"Bearer {text}"}
        return client.post("/token", headers=shown, status=status)

    swap(of_google(), 200)
    swap(of_intranet(), 401)


@pytest.mark.parametrize(
    "text",
    [
        token(payload(iss="https://other.example")),
        token(payload(iss=None)),
        token(payload(iss=[GOOGLE])),
        token(b"[]"),
        "junk",
        "a.b.c",
        "x" * 9000,
    ],
)
def test_a_token_that_none_takes_is_refused_once_by_the_last(
    text, make, listening, events
):
    client = make(TWO, listening)
    client.post("/sign_in")

    answer = client.ask(text, scheme="Bearer")

    assert answer.json["userid"] is None
    assert [name for name, _ in refusals(events)] == ["intranet"]


def on_routes(config):
    for name in ("google", "intranet", "session"):
        config.add_route(
            name, f"/only/{name}", sessiontoken_authenticators=name
        )
        config.add_view(
            lambda request: Response(json=[request.authenticated_userid]),
            route_name=name,
        )


def test_a_token_of_an_issuer_that_is_not_asked_is_refused(
    make, listening, events
):
    client = make(TWO, lambda config: (listening(config), on_routes(config)))

    assert client.ask(of_google(), "/only/google", scheme="Bearer").json == [
        "google:alice"
    ]
    assert client.ask(of_google(), "/only/intranet", scheme="Bearer").json == [
        None
    ]
    assert refusals(events) == [("intranet", "wrong_issuer")]


def before_routing(handler, registry):
    """Ask who the user is before a route is matched, as pyramid_tm does."""

    def tween(request):
        assert request.identity is None or request.authenticated_userid
        return handler(request)

    return tween


def test_a_route_counts_though_another_part_asked_before_routing(
    make, listening, events
):
    def setup(config):
        listening(config)
        on_routes(config)
        config.add_tween(f"{__name__}.before_routing")

    client = make(TWO, setup)

    shown = client.ask(of_intranet(), "/only/google", scheme="Bearer")

    assert shown.json == [None]
    assert refusals(events) == [("google", "wrong_issuer")]


def test_session_tokens_may_share_the_scheme(make, listening, events):
    client = make(
        {**TWO, "token.scheme": "Bearer"},
        lambda config: (listening(config), on_routes(config)),
    )
    shown = {"Authorization": f"Bearer {of_google()}"}
    session = client.post("/token", headers=shown).json["access_token"]

    assert client.ask(session, scheme="Bearer").json["userid"] == (
        "google:alice"
    )
    assert client.ask(of_intranet(), scheme="Bearer").json["userid"] == (
        "alice"
    )
    assert refusals(events) == []
    assert client.ask(of_google(), "/only/session", scheme="Bearer").json == [
        None
    ]
    assert refusals(events) == [("session", "wrong_issuer")]
    assert client.ask(session, "/only/intranet", scheme="Bearer").json == [
        None
    ]
    assert [name for name, _ in refusals(events)] == ["session", "intranet"]


def test_who_is_asked_is_not_who_is_believed(make, listening, events):
    """A token names its issuer; the keys of that one verify it."""
    client = make(TWO, listening)
    forged = token(payload(iss=GOOGLE), number=1)

    assert client.ask(forged, scheme="Bearer").json["userid"] is None
    assert refusals(events) == [("google", "wrong_signature")]


def test_one_issuer_may_have_two_audiences(make, listening, events):
    client = make(
        {
            "authenticators": "session app=bearer web=bearer",
            "basic.check": None,
            **issuer("app", GOOGLE, audience="app", userid="app:{sub}"),
            **issuer("web", GOOGLE, audience="web other", userid="web:{sub}"),
        },
        listening,
    )

    def who(aud):
        shown = token(payload(iss=GOOGLE, aud=aud))
        return client.ask(shown, scheme="Bearer").json["userid"]

    assert who("app") == "app:alice"
    assert who(["x", "other"]) == "web:alice"
    assert who(["app", "web"]) == "app:alice"
    assert refusals(events) == []
    assert who("x") is None
    assert refusals(events) == [("web", "wrong_issuer")]


def test_keys_that_cannot_be_had_are_an_outage_for_their_tokens_alone(make):
    with serving() as down:
        url = down.url
    with serving() as up:
        up.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + jwks(
            jwk(number=1)
        )
        client = make(
            {
                **TWO,
                "google.key": None,
                "google.jwks": url,
                "intranet.key": None,
                "intranet.jwks": up.url,
            }
        )

        shown = {"Authorization": f"Bearer {of_google()}"}
        client.get("/identity", headers=shown, status=503)
        assert client.ask(of_intranet(), scheme="Bearer").json["userid"]
        elsewhere = token(payload(iss="https://other.example"))
        assert client.ask(elsewhere, scheme="Bearer").json["userid"] is None


def test_a_401_has_one_challenge_for_each_scheme(make):
    client = make(TWO)

    assert challenges(client.get("/admin", status=401)) == [
        'Session realm="session"',
        'Bearer realm="session"',
    ]
    for text in (of_google(exp=1), of_intranet(exp=1)):
        shown = {"Authorization": f"Bearer {text}"}
        told = challenges(client.get("/admin", headers=shown, status=401))
        assert told[1:] == [
            (
                'Bearer realm="session", error="invalid_token",'
                ' error_description="The token expired"'
            )
        ]


@given(st.text() | st.binary().map(bytes.hex), st.sampled_from([0, 1]))
def test_any_token_is_refused_by_one_or_accepted_by_one(
    two_issuers, text, number
):
    client, events = two_issuers
    del events[:]
    shown = token(payload(iss=text), number=number)

    answer = client.ask(shown, scheme="Bearer").json

    assert answer["userid"] is None
    assert len(refusals(events)) == 1


@pytest.fixture(scope="module")
def two_issuers():
    events = []
    config = Configurator(
        settings={
            f"sessiontoken.{key}": value
            for key, value in {**TWO, "keys": KEY}.items()
            if value is not None
        },
        root_factory=Root,
    )
    clock = ManualClock(START)
    config.registry.registerUtility(clock, IClock)
    config.include("pyramid_sessiontoken")
    config.include(includeme)
    config.add_subscriber(events.append, CredentialRefused)
    return Client(config.make_wsgi_app(), clock), events


def check_one(key, request):
    return "robot" if key == "one" else None


def check_two(key, request):
    return "other" if key == "two" else None


def test_two_api_keys_stand_in_two_headers(make, listening, events):
    client = make(
        {
            "authenticators": "session api_key partner=api_key",
            "basic.check": None,
            "api_key.check": check_one,
            "partner.check": check_two,
            "partner.header": "X-Partner-Key",
        },
        listening,
    )

    def who(**headers):
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return client.get("/identity", headers=named).json["userid"]

    assert who(X_Api_Key="one") == "robot"
    assert who(X_Partner_Key="two") == "other"
    assert who(X_Partner_Key="one") is None
    assert refusals(events) == [("partner", "wrong_api_key")]


ALICE, BOB = make_certificate(), make_certificate("bob")
TWO_SOURCES = {
    "authenticators": "session basic client_certificate inner="
    "client_certificate",
    "client_certificate.subject": "CN=alice",
    "inner.subject": "CN=bob",
    "inner.source": "environ:INNER_CERT",
    "inner.verify": "environ:INNER_VERIFY",
    "inner.bind": "true",
}


def test_two_certificate_sources(make):
    client = make(TWO_SOURCES)

    def who(token=None, **environ):
        if token is None:
            return client.get("/identity", extra_environ=environ).json
        return client.fresh(**environ).ask(token).json

    outer = {"SSL_CLIENT_CERT": ALICE.pem, "SSL_CLIENT_VERIFY": SUCCESS}
    inner = {"INNER_CERT": BOB.pem, "INNER_VERIFY": SUCCESS}
    assert who(**outer)["userid"] == "alice"
    assert who(**inner)["userid"] == "bob"
    begun = client.post("/token", extra_environ=inner).json
    session = begun["access_token"]
    assert who(session)["userid"] is None
    assert who(session, **inner)["userid"] == "bob"
    # At the place of any of them.
    moved = {"SSL_CLIENT_CERT": BOB.pem, "SSL_CLIENT_VERIFY": SUCCESS}
    assert who(session, **moved)["userid"] == "bob"
    assert who(session, **outer)["userid"] is None
    assert who(session, **{**outer, **inner})["userid"] == "bob"
    bad = {"SSL_CLIENT_CERT": ALICE.pem, "SSL_CLIENT_VERIFY": "FAILED"}
    assert who(session, **bad)["userid"] is None
    assert who(session, **{**bad, **inner})["userid"] == "bob"


def test_methods_are_those_of_the_shipped_ones(make, listening, events):
    client = make(
        {
            **TWO_SOURCES,
            "authenticators": "session staff=basic api_key"
            " inner=client_certificate pwd=api_key",
            "client_certificate.subject": None,
            "staff.check": check_staff,
            "basic.check": None,
            "api_key.check": check_one,
            "pwd.check": check_two,
            "pwd.header": "X-Other",
            "repository": "memory",
            "token.form": "reference",
        },
        lambda config: (listening(config), add_sessions(config)),
    )
    inner = {"INNER_CERT": BOB.pem, "INNER_VERIFY": SUCCESS}
    swaps = [
        client.swap("carol"),
        client.post("/token", headers={"X-Api-Key": "one"}).json,
        client.post("/token", headers={"X-Other": "two"}).json,
        client.post("/token", extra_environ=inner).json,
    ]

    assert [event.ticket.amr for event in events] == [
        ("pwd",),
        ("api_key",),
        ("pwd",),
        ("hwk",),
    ]
    names = [
        client.fresh(**inner).ask(swap["access_token"], "/listed").json
        for swap in swaps
    ]
    assert names == [["staff"], ["api_key"], ["pwd"], ["inner"]]


def check_staff(username, password, request):
    return password == username


def test_a_form_asks_the_only_one_that_checks_passwords(make):
    def add(config):
        config.add_route("asked", "/asked")
        config.add_view(
            lambda request: Response(
                json=[
                    found and found.authenticator
                    for found in (
                        request.sessiontoken.check_password(*each)
                        for each in (
                            ("carol", "carol"),
                            ("carol", "wrong"),
                            ("carol", "carol", "staff"),
                        )
                    )
                ]
            ),
            route_name="asked",
        )

    staff = {
        "authenticators": "session staff=basic",
        "staff.check": check_staff,
    }
    assert make({**staff, "basic.check": None}, add).get("/asked").json == [
        "staff",
        None,
        "staff",
    ]
    both = {**staff, "basic.check": check_none}
    assert make(both, add).get("/asked").json == [None, None, "staff"]


def check_none(username, password, request):
    return None


def test_users_of_two_are_counted_apart(make):
    """A user name of one says nothing of the other."""
    add = add_check
    client = make(
        {
            "authenticators": "session staff=basic",
            "staff.check": check_staff,
            "basic.check": check_none,
            "throttle.attempts": "2/minute",
            "throttle.by": "user",
        },
        add,
    )
    for _ in range(2):
        client.get("/check/basic")
    client.get("/check/basic", status=429)
    assert client.get("/check/staff").json == ["staff"]


HERE = {"REMOTE_ADDR": "192.0.2.1"}


def test_addresses_are_counted_together(make):
    client = make(
        {
            "authenticators": "session staff=basic",
            "staff.check": check_staff,
            "basic.check": check_none,
            "throttle.attempts": "2/minute",
            "throttle.by": "address",
        },
        add_check,
    )
    for _ in range(2):
        client.get("/check/basic", extra_environ=HERE)
    client.get("/check/staff", status=429, extra_environ=HERE)


def add_check(config):
    config.add_route("check", "/check/{name}")

    def view(request):
        found = request.sessiontoken.check_password(
            "carol", "carol", authenticator=request.matchdict["name"]
        )
        return Response(json=[found and found.authenticator])

    config.add_view(view, route_name="check")


def test_with_combine_one_of_two_issuers_is_asked(make, listening, events):
    client = make({**TWO, "combine": "true"}, listening)

    assert client.ask(of_google(), scheme="Bearer").json["userid"] == (
        "google:alice"
    )
    assert client.ask(of_intranet(), scheme="Bearer").json[
        "authenticator"
    ] == ("intranet")
    assert refusals(events) == []
    other = token(payload(iss="https://other.example"))
    assert client.ask(other, scheme="Bearer").json["userid"] is None
    assert refusals(events) == [("intranet", "wrong_issuer")]
