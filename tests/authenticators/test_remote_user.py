"""The user that the server, or a trusted proxy, signed in."""

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.request import Request
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.remote_user import (
    RemoteUserAuthenticator,
)
from pyramid_sessiontoken.authenticators.trusted_place import TrustedPlace
from pyramid_sessiontoken.config.trusted_proxies import read_networks
from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator

PROXY = "10.1.0.1"
STRANGER = "10.2.0.1"
NETWORKS = read_networks("10.1.0.0/16")
VARIABLE = RemoteUserAuthenticator(TrustedPlace("REMOTE_USER"))
HEADER = RemoteUserAuthenticator(TrustedPlace.of_header("X-User", NETWORKS))


def make_request(value=None, key="REMOTE_USER", **environ):
    request = Request.blank("/")
    request.environ["REMOTE_ADDR"] = PROXY
    if value is not None:
        request.environ[key] = value
    request.environ.update(environ)
    return request


def in_header(value, **environ):
    return make_request(value, "HTTP_X_USER", **environ)


def as_wsgi(text):
    """Write each byte as one character (PEP 3333)."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("authenticator", "vary"), [(VARIABLE, ()), (HEADER, ("X-User",))]
)
def test_the_authenticator_provides_its_interface(authenticator, vary):
    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme is None
    assert authenticator.ambient is True
    assert authenticator.vary == vary
    assert authenticator.challenge(make_request()) is None


NAMES = ["alice", "al ice", "EXAMPLE\\alice", "alice@EXAMPLE.COM", "\u0142uc"]


@pytest.mark.parametrize("name", [*NAMES, "CN=alice,O=Tests"])
def test_a_variable_of_the_server_gives_the_user(name):
    identity = VARIABLE.authenticate(make_request(as_wsgi(name)))

    assert identity == Identity(name, authenticator="remote_user")


@pytest.mark.parametrize("name", NAMES)
def test_a_header_of_a_trusted_proxy_gives_the_user(name):
    identity = HEADER.authenticate(in_header(f" {as_wsgi(name)} "))

    assert identity == Identity(name, authenticator="remote_user")


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_variable_is_no_credential(value):
    request = make_request(value, HTTP_REMOTE_USER="eve")

    assert VARIABLE.authenticate(request) is None


@pytest.mark.parametrize("value", [None, "", " ", "(null)"])
def test_an_empty_header_is_no_credential(value):
    request = in_header(value, REMOTE_USER="eve")

    assert HEADER.authenticate(request) is None


@pytest.mark.parametrize("peer", [STRANGER, "", "::1", "localhost"])
def test_a_header_of_an_untrusted_peer_is_refused(peer):
    request = in_header("alice", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=PROXY)

    with pytest.raises(InvalidCredential, match="no trusted proxy"):
        HEADER.authenticate(request)


@pytest.mark.parametrize("value", ["alice,bob", "alice, alice", ",", "a,"])
def test_a_header_that_may_have_come_twice_is_refused(value):
    with pytest.raises(InvalidCredential, match="two users"):
        HEADER.authenticate(in_header(value))


NOBODY = [
    "ali\0ce",
    "alice\n",
    "\x7f",
    as_wsgi("\x85"),
    "system.Everyone",
    "role:admin",
    "group:admins",
    "scope:all",
    "x" * 256,
    # Not UTF-8, once each character is one byte (PEP 3333).
    "caf\xe9",
    "\u0142uc",
    as_wsgi("caf\xe9")[:-1],
    "\xed\xa0\x80",
    "\ud800",
]


@pytest.mark.parametrize("value", NOBODY)
def test_an_impossible_userid_is_refused(value):
    with pytest.raises(InvalidCredential):
        VARIABLE.authenticate(make_request(value))
    with pytest.raises(InvalidCredential):
        HEADER.authenticate(in_header(value))


@given(st.text() | st.text().map(as_wsgi))
@example("\x00")
@example(",")
def test_any_value_is_accepted_unchanged_or_refused(value):
    for authenticator, request in (
        (VARIABLE, make_request(value)),
        (HEADER, in_header(value)),
    ):
        try:
            identity = authenticator.authenticate(request)
        except InvalidCredential:
            continue
        if identity is not None:
            assert as_wsgi(identity.userid).strip() == value.strip()


# In an application.

ON = {"authenticators": "session cookie basic remote_user"}
BEHIND = {
    **ON,
    "remote_user.header": "X-User",
    "remote_user.trusted_proxies": "10.1.0.0/16",
}


def test_a_user_of_the_server_gets_a_token(make):
    client = make(ON).fresh(REMOTE_USER="alice")

    token = client.post("/token").json["access_token"]

    assert client.fresh().ask(token).json["userid"] == "alice"
    assert client.get("/identity").json["authenticator"] == "remote_user"
    assert "X-User" not in client.get("/identity").headers["Vary"]


def test_the_variable_may_have_another_name(make):
    client = make({**ON, "remote_user.environ": "SSL_CLIENT_S_DN_CN"})

    for key, userid in (
        ("SSL_CLIENT_S_DN_CN", "alice"),
        ("REMOTE_USER", None),
    ):
        found = client.get("/identity", extra_environ={key: "alice"})
        assert found.json["userid"] == userid


@pytest.mark.parametrize(
    ("peer", "userid"), [(PROXY, "alice"), (STRANGER, None)]
)
def test_a_user_in_a_header_comes_with_vary(make, caplog, peer, userid):
    caplog.set_level(logging.INFO)
    client = make(BEHIND).fresh(REMOTE_ADDR=peer, REMOTE_USER="eve")

    answer = client.get("/identity", headers={"X-User": "alice"})

    assert answer.json["userid"] == userid
    assert answer.headers["Vary"] == "Authorization, Cookie, X-User"
    assert ("came from '10.2.0.1'" in caplog.text) == (userid is None)


def test_a_header_written_with_underscores_is_not_believed(make):
    """X_User has the same key in the environ; servers and proxies drop it."""
    client = make(BEHIND).fresh(REMOTE_ADDR=STRANGER)

    answer = client.get("/identity", headers={"X_User": "alice"})

    assert answer.json["userid"] is None


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_remote_user_is_refused_in_cross_site_requests(make, site):
    client = make(ON).fresh(REMOTE_USER="alice")
    headers = {"Sec-Fetch-Site": site}

    client.post("/token", headers=headers, status=401)
    assert client.post("/identity", headers=headers).json["userid"] is None


def test_a_get_request_swaps_no_remote_user(make):
    make(ON).fresh(REMOTE_USER="alice").get("/token", status=401)


def test_a_refused_remote_user_hides_no_other_credential(make):
    client = make({"authenticators": "remote_user session cookie basic"})
    client = client.fresh(REMOTE_USER="system.Everyone")

    assert client.get("/identity").json["userid"] is None
    token = client.swap("bob")["access_token"]
    assert client.ask(token).json["userid"] == "bob"
    client.post_json("/sign_in", {"userid": "carol"})
    assert client.get("/identity").json["userid"] == "carol"
