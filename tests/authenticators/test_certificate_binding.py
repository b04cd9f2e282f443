"""A session that is bound to a certificate does not work without it."""

import logging

import jwt
import pytest
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from support import KEY, START
from support.certificates import SUCCESS, make_certificate
from zope.interface import implementer

from pyramid_sessiontoken.authenticators.certificate_binding import (
    require_certificate,
)
from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.interfaces import IAuthenticator
from pyramid_sessiontoken.keys.base64url import decode_base64url

ALICE = make_certificate()
AGAIN = make_certificate()
BOB = make_certificate("bob")


def shown(made, verify=SUCCESS):
    return {"SSL_CLIENT_CERT": made.pem, "SSL_CLIENT_VERIFY": verify}


BOUND = {
    "authenticators": "session cookie basic client_certificate",
    "client_certificate.subject": "CN=alice\nCN=bob",
    "client_certificate.bind": "true",
}
FORMS = {
    "self-contained": {},
    "revocable": {"repository": "memory"},
    "reference": {
        "repository": "memory",
        "token.form": "reference",
        "cookie.form": "reference",
    },
    "encrypted": {"cookie.transform": "encrypted"},
}


@pytest.fixture(params=FORMS)
def client(make, request):
    return make({**BOUND, **FORMS[request.param]})


def swap(client, made=ALICE):
    answer = client.post("/token", extra_environ=shown(made))
    return answer.json["access_token"]


def who(client, token, **environ):
    return client.fresh(**environ).ask(token).json["userid"]


def payload(token):
    return jwt.decode(token, options={"verify_signature": False})


#: Requests that do not show the certificate.
NOT_THAT = {
    "nothing": {},
    "another of the same name": shown(AGAIN),
    "another's": shown(BOB),
    "not verified": shown(ALICE, "FAILED"),
    "nobody says": {"SSL_CLIENT_CERT": ALICE.pem},
    "only the verdict": {"SSL_CLIENT_VERIFY": SUCCESS},
    "nonsense": {"SSL_CLIENT_CERT": "x", "SSL_CLIENT_VERIFY": SUCCESS},
    "by a stranger": {
        "HTTP_SSL_CLIENT_CERT": ALICE.pem,
        "HTTP_SSL_CLIENT_VERIFY": SUCCESS,
    },
}


def test_a_bound_token_needs_its_certificate(client):
    token = swap(client)

    assert who(client, token, **shown(ALICE)) == "alice"
    for label, environ in NOT_THAT.items():
        assert who(client, token, **environ) is None, label


def test_a_bound_cookie_needs_its_certificate(client):
    client.post_json(
        "/sign_in", {"userid": "carol"}, extra_environ=shown(ALICE)
    )

    answer = client.get("/identity", extra_environ=shown(ALICE))
    assert answer.json["userid"] == "carol"
    assert answer.json["authenticator"] == "cookie"
    for label, environ in NOT_THAT.items():
        answer = client.get("/identity", extra_environ=environ)
        assert answer.json["authenticator"] != "cookie", label
        # The cookie is not deleted: the certificate may come again.
        assert "Set-Cookie" not in answer.headers
    answer = client.get("/identity", extra_environ=shown(ALICE))
    assert answer.json["userid"] == "carol"


def test_the_reason_is_logged(make, caplog):
    caplog.set_level(logging.INFO)
    client = make(BOUND)
    token = swap(client)

    client.ask(token)

    (message,) = caplog.messages
    assert message == (
        "session refused: the request does not show the certificate to which"
        " it is bound (cnf) [other_certificate]"
    )


def test_a_token_names_the_certificate_it_is_bound_to(make):
    """RFC 8705, section 3.1: every resource server can read it."""
    said = payload(swap(make(BOUND)))

    assert said["cnf"] == {"x5t#S256": ALICE.x5t}
    assert said["amr"] == ["hwk"]


def test_a_renewal_is_bound_to_the_same_certificate(client, clock):
    """In the response header, in the cookie, and at the token endpoint."""
    token = swap(client)
    client.post_json(
        "/sign_in", {"userid": "alice"}, extra_environ=shown(ALICE)
    )
    clock.advance(1900)

    carried = client.fresh(**shown(ALICE)).ask(token)
    renewed = carried.headers.get("Session-Token", token)
    again = client.fresh(**shown(ALICE)).post(
        "/token", headers={"Authorization": f"Session {renewed}"}
    )
    client.get("/identity", extra_environ=shown(ALICE))

    clock.advance(1900)
    for each in (renewed, again.json["access_token"]):
        assert who(client, each, **shown(ALICE)) == "alice"
        assert who(client, each) is None
    for environ, userid in ((shown(ALICE), "alice"), ({}, None)):
        answer = client.get("/identity", extra_environ=environ)
        assert answer.json["userid"] == userid


def test_without_the_certificate_nothing_is_renewed(make, clock):
    client = make(BOUND)
    token = swap(client)
    clock.advance(1900)

    answer = client.ask(token)
    assert "Session-Token" not in answer.headers
    client.post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )


def test_a_bound_cookie_is_swapped_for_a_bound_token(make):
    client = make({**BOUND, "token.exchange": "cookie"})
    client.post_json(
        "/sign_in", {"userid": "carol"}, extra_environ=shown(ALICE)
    )

    token = swap(client)

    assert payload(token)["cnf"] == {"x5t#S256": ALICE.x5t}
    client.post("/token", status=401)


def test_a_bound_token_is_not_replaced_by_another_certificate(make):
    """No ambient credential replaces a refused explicit one."""
    client = make(BOUND)
    token = swap(client)

    assert who(client, token, **shown(BOB)) is None
    client.fresh(**shown(BOB)).post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )


def test_a_session_ends_with_its_certificate(make, clock):
    """The end of the session is later than that of the certificate."""
    short = make_certificate(ends=START + 600)
    client = make(BOUND)
    token = swap(client, short)

    clock.advance(600)
    assert who(client, token, **shown(short)) == "alice"
    clock.advance(1)
    assert who(client, token, **shown(short)) is None


# Bound sessions.


def test_every_session_that_begins_with_an_accepted_certificate_is_bound(make):
    """Also if another credential or the application vouches."""
    client = make(BOUND)
    basic = {"Authorization": "Basic Ym9iOmJvYg=="}

    with_one = client.post(
        "/token", headers=basic, extra_environ=shown(ALICE)
    ).json["access_token"]
    without = client.post("/token", headers=basic).json["access_token"]

    assert payload(with_one)["sub"] == "bob"
    assert payload(with_one)["cnf"] == {"x5t#S256": ALICE.x5t}
    assert "cnf" not in payload(without)
    assert who(client, with_one) is None
    assert who(client, without) == "bob"


def issue(request):
    token = request.sessiontoken.issue("carol").access_token
    return Response(json=token)


def test_a_session_that_the_application_begins_is_bound(make):
    def setup(config):
        config.add_route("issue", "/issue")
        config.add_view(issue, route_name="issue")

    client = make(BOUND, setup=setup)

    bound = client.get("/issue", extra_environ=shown(ALICE)).json
    free = client.get("/issue").json

    assert who(client, bound, **shown(ALICE)) == "carol"
    assert who(client, bound) is None
    assert who(client, free) == "carol"


@pytest.mark.parametrize(
    "environ",
    [
        shown(ALICE, "FAILED"),
        shown(make_certificate("eve")),
        {"SSL_CLIENT_CERT": "nonsense", "SSL_CLIENT_VERIFY": SUCCESS},
    ],
    ids=["not verified", "not believed", "nonsense"],
)
def test_a_certificate_that_is_refused_binds_nothing(make, environ):
    client = make(BOUND)

    client.post_json("/sign_in", {"userid": "bob"}, extra_environ=environ)

    assert client.get("/identity").json["userid"] == "bob"


def test_sessions_are_bound_only_where_the_settings_say_so(make):
    client = make({**BOUND, "client_certificate.bind": None})
    token = swap(client)

    assert "cnf" not in payload(token)
    assert who(client, token) == "alice"


def test_a_bound_token_stays_bound_when_the_settings_change(make):
    token = swap(make(BOUND))
    client = make({**BOUND, "client_certificate.bind": "false"})

    assert who(client, token, **shown(ALICE)) == "alice"
    assert who(client, token) is None


def test_a_bound_token_is_refused_without_the_certificate_authenticator(
    make, caplog
):
    caplog.set_level(logging.INFO)
    token = swap(make(BOUND))
    client = make()

    assert who(client, token, **shown(ALICE)) is None
    assert (
        "sessiontoken.authenticators has no 'client_certificate'"
        in caplog.text
    )


def test_a_bound_token_is_refused_by_an_own_certificate_authenticator(make):
    @implementer(IAuthenticator)
    class Mine:
        scheme = None
        vary = ()
        ambient = True

        def authenticate(self, request):
            return None

        def challenge(self, request):
            return None

    token = swap(make(BOUND))
    client = make(
        {"authenticators": "session cookie client_certificate"},
        setup=lambda config: config.add_sessiontoken_authenticator(
            "client_certificate", Mine()
        ),
    )

    assert who(client, token, **shown(ALICE)) is None
    client.post_json("/sign_in", {"userid": "bob"}, extra_environ=shown(ALICE))
    assert client.get("/identity").json["userid"] == "bob"


def test_a_certificate_in_a_header_adds_the_header_to_vary(make):
    """The header of an untrusted peer proves nothing."""
    proxied = {
        **BOUND,
        "client_certificate.source": "header:Client-Cert",
        "client_certificate.verify": "header:X-Verify",
        "client_certificate.trusted_proxies": "10.1.0.1",
    }
    client = make(proxied).fresh(REMOTE_ADDR="10.1.0.1")
    headers = {"Client-Cert": ALICE.byte_sequence, "X-Verify": SUCCESS}
    token = client.post("/token", headers=headers).json["access_token"]
    headers["Authorization"] = f"Session {token}"

    good = client.get("/identity", headers=headers)
    bad = client.fresh(REMOTE_ADDR="10.1.0.2").get(
        "/identity", headers=headers
    )

    assert good.json["userid"] == "alice"
    assert good.headers["Vary"] == "Authorization, Client-Cert, X-Verify"
    assert bad.json["userid"] is None
    assert bad.headers["Vary"].startswith(
        "Authorization, Client-Cert, X-Verify"
    )


def test_the_binding_can_be_checked_before_a_request_is_judged():
    request = Request.blank("/")
    request.registry = Registry("test")

    with pytest.raises(InvalidCredential, match="that reads certificates"):
        require_certificate(request, ALICE.x5t)


def test_the_binding_can_be_checked_without_a_request_state(make):
    client = make(BOUND)
    request = Request.blank("/", environ=shown(ALICE))
    request.registry = client.registry

    require_certificate(request, ALICE.x5t)
    with pytest.raises(InvalidCredential, match="does not show"):
        require_certificate(request, BOB.x5t)


# Reports of the binding.


def test_introspection_names_the_certificate_of_a_bound_token(make):
    """RFC 8705, section 3.2: so that a resource server can check it."""
    client = make(BOUND)
    bound = swap(client)
    free = client.swap()["access_token"]
    headers = {"Authorization": f"Session {free}"}

    told = {
        token: client.post(
            "/token/introspect", {"token": token}, headers=headers
        ).json
        for token in (bound, free)
    }

    assert told[bound]["active"] is True
    assert told[bound]["cnf"] == {"x5t#S256": ALICE.x5t}
    assert "cnf" not in told[free]


def test_a_thumbprint_is_that_of_the_certificate():
    assert decode_base64url(ALICE.x5t).hex() == ALICE.thumbprint


# Forgery, with a key of the ring.

HOSTILE = [
    None,
    True,
    "",
    ALICE.x5t,
    [],
    [{"x5t#S256": ALICE.x5t}],
    {},
    {"x5t#S256": None},
    {"x5t#S256": 1},
    {"x5t#S256": []},
    {"x5t#S256": ""},
    {"x5t#S256": ALICE.x5t[:-1]},
    {"x5t#S256": ALICE.x5t + "="},
    {"x5t#S256": ALICE.x5t + "AA"},
    {"x5t#S256": "\xe9" * 43},
    {"x5t#S256": "a" * 43},
    {"x5t#s256": ALICE.x5t},
    {"x5t": ALICE.x5t},
    {"jkt": ALICE.x5t},
    {"x5t#S256": ALICE.x5t, "jkt": ALICE.x5t},
]


@pytest.mark.parametrize(
    "cnf", HOSTILE, ids=[str(number) for number in range(len(HOSTILE))]
)
def test_an_unknown_confirmation_method_is_refused(make, cnf):
    client = make(BOUND)
    token = swap(client)
    header = jwt.get_unverified_header(token)
    forged = jwt.encode(
        {**payload(token), "cnf": cnf},
        decode_base64url(KEY),
        headers=header,
    )

    for environ in (shown(ALICE), {}):
        assert who(client, forged, **environ) is None


def test_a_claim_of_a_user_is_no_confirmation(make):
    client = make(BOUND)

    with pytest.raises(ValueError, match="'cnf'"):
        client.post_json("/sign_in", {"userid": "bob", "claims": {"cnf": {}}})


def test_an_unbound_token_has_no_new_members(make):
    """The token has no additional member."""
    token = make(BOUND).swap()["access_token"]

    assert set(payload(token)) == set(
        "iss aud jti sub iat exp auth_time session_end sid amr roles".split()
    )


def test_a_stored_ticket_keeps_its_confirmation(make):
    kept = []
    client = make(
        {**BOUND, **FORMS["reference"]},
        setup=lambda config: config.add_view(
            lambda request: (
                kept.append(request.sessiontoken.ticket) or Response("ok")
            ),
            name="ticket",
        ),
    )

    client.fresh(**shown(ALICE)).ask(swap(client), "/ticket")

    (ticket,) = kept
    assert ticket.thumbprint == ALICE.x5t
