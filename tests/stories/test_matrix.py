"""Every pair of authenticators, each with no credential, a good one and a bad
one: which of them vouches.
"""

import base64
import itertools

import jwt
import pytest
from pyramid.response import Response
from pyramid.security import remember
from support import START, identity
from support.certificates import SUCCESS, make_certificate

from pyramid_sessiontoken.keys.base64url import encode_base64url

AMBIENT = {"cookie", "client_certificate", "remote_user"}
IN_AUTHORIZATION = {"session", "basic", "bearer"}
NAMES = sorted(AMBIENT | IN_AUTHORIZATION | {"api_key"})
ABSENT, GOOD, BAD = "absent", "good", "bad"

SECRET = bytes(range(100, 164))
CERTIFICATES = {user: make_certificate(user).pem for user in ("alice", "bob")}

SETTINGS = {
    "basic.check": lambda username, password, request: username == password,
    "bearer.issuer": "https://other.example",
    "bearer.audience": "https://ours.example",
    "bearer.algorithms": "HS256",
    "bearer.key": encode_base64url(SECRET),
    "api_key.check": lambda key, request: (
        key.removeprefix("key-") if key.startswith("key-") else None
    ),
    "client_certificate.check": lambda certificate, request: True,
}


def setup(config):
    def issue(request):
        userid = request.matchdict["userid"]
        response = Response(request.sessiontoken.issue(userid).access_token)
        response.headerlist.extend(remember(request, userid))
        return response

    config.add_route("issue", "/issue/{userid}")
    config.add_view(issue, route_name="issue")
    for name in NAMES:
        config.add_route(
            f"only_{name}",
            f"/only/{name}",
            sessiontoken_authenticators=name,
        )
        config.add_view(identity, route_name=f"only_{name}", renderer="json")


class Shower:
    """Makes credentials, as headers and as variables of the server."""

    def __init__(self, client):
        self.client = client

    def show(self, name, state, userid):
        if state == ABSENT:
            return {}, {}
        return getattr(self, name)(userid, good=state == GOOD)

    def session(self, userid, *, good):
        token = self._issued(userid).text
        if not good:
            token = token[:-9] + "A" * 9
        return {"Authorization": f"Session {token}"}, {}

    def cookie(self, userid, *, good):
        header = self._issued(userid).headers["Set-Cookie"]
        pair = header.partition(";")[0]
        return {"Cookie": pair if good else pair[:-9] + "A" * 9}, {}

    def basic(self, userid, *, good):
        password = userid if good else "wrong"
        shown = base64.b64encode(f"{userid}:{password}".encode()).decode()
        return {"Authorization": f"Basic {shown}"}, {}

    def bearer(self, userid, *, good):
        said = {
            "iss": "https://other.example",
            "aud": "https://ours.example",
            "sub": userid,
            "exp": START + (60 if good else -60),
        }
        return {"Authorization": f"Bearer {jwt.encode(said, SECRET)}"}, {}

    def api_key(self, userid, *, good):
        return {"X-Api-Key": f"key-{userid}" if good else "stolen"}, {}

    def client_certificate(self, userid, *, good):
        return {}, {
            "SSL_CLIENT_CERT": CERTIFICATES[userid],
            "SSL_CLIENT_VERIFY": SUCCESS if good else "FAILED:expired",
        }

    def remote_user(self, userid, *, good):
        return {}, {"REMOTE_USER": userid if good else "system.Everyone"}

    def _issued(self, userid):
        client = self.client.fresh()
        return client.get(f"/issue/{userid}")


def pairs():
    return list(itertools.permutations(NAMES, 2))


def requests_of(one, other):
    """Give the states of both, without two values in one header."""
    for states in itertools.product((ABSENT, GOOD, BAD), repeat=2):
        both = ABSENT not in states
        if not (both and {one, other} <= IN_AUTHORIZATION):
            yield dict(zip((one, other), states, strict=True))


def standing(states):
    """Give the authenticators whose identities count, by precedence."""
    refused = any(
        state == BAD and name not in AMBIENT for name, state in states.items()
    )
    return [
        name
        for name, state in states.items()
        if state == GOOD and not (refused and name in AMBIENT)
    ]


@pytest.fixture
def ask(make):
    """Ask for the identity of a request with credentials of two kinds."""

    def begin(pair, users, **settings):
        names = [*pair, *(n for n in NAMES if n not in pair)]
        client = make(
            {**SETTINGS, **settings, "authenticators": " ".join(names)}, setup
        )
        shower = Shower(client)

        def ask_once(states, path="/identity", method="get", **headers):
            environ = {}
            for name, state in states.items():
                shown, variables = shower.show(name, state, users[name])
                headers.update(shown)
                environ.update(variables)
            send = getattr(client.fresh(**environ), method)
            return send(path, headers=headers).json

        return ask_once

    return begin


@pytest.mark.parametrize("pair", pairs(), ids="-".join)
def test_the_first_authenticator_that_vouches_is_taken(ask, pair):
    users = dict(zip(pair, ("alice", "bob"), strict=True))
    ask = ask(pair, users)
    for states in requests_of(*pair):
        said = ask(states)
        winner = next(iter(standing(states)), None)
        assert said["authenticator"] == winner, states
        assert said["userid"] == users.get(winner), states
        shown_and_bad = BAD in states.values()
        assert (said["failure"] is not None) == (
            winner is None and shown_and_bad
        ), states


@pytest.mark.parametrize("pair", pairs(), ids="-".join)
def test_identities_of_one_user_are_combined(ask, pair):
    ask = ask(pair, dict.fromkeys(pair, "alice"), combine="true")
    for states in requests_of(*pair):
        names = " ".join(standing(states)) or None
        assert ask(states)["authenticator"] == names, states


@pytest.mark.parametrize("pair", pairs(), ids="-".join)
def test_identities_of_two_users_refuse_each_other(ask, pair):
    users = dict(zip(pair, ("alice", "bob"), strict=True))
    ask = ask(pair, users, combine="true")
    for states in requests_of(*pair):
        names = standing(states)
        expected = users[names[0]] if len(names) == 1 else None
        assert ask(states)["userid"] == expected, states


@pytest.mark.parametrize("pair", pairs(), ids="-".join)
def test_a_route_ignores_authenticators_it_does_not_choose(ask, pair):
    one, other = pair
    ask = ask(pair, dict(zip(pair, ("alice", "bob"), strict=True)))
    for states in requests_of(*pair):
        said = ask(states, f"/only/{other}")
        good = states[other] == GOOD
        assert said["userid"] == ("bob" if good else None), states
        assert f"{one} refused" not in str(said["failure"])


@pytest.mark.parametrize("pair", pairs(), ids="-".join)
def test_ambient_credentials_are_refused_in_cross_site_requests(ask, pair):
    """Basic is ambient, too, and is refused like an explicit one."""
    users = dict(zip(pair, ("alice", "bob"), strict=True))
    ask = ask(pair, users)
    for states in requests_of(*pair):
        spent = {
            name: BAD
            if state == GOOD and name in {*AMBIENT, "basic"}
            else state
            for name, state in states.items()
        }
        said = ask(states, method="post", **{"Sec-Fetch-Site": "cross-site"})
        winner = next(iter(standing(spent)), None)
        assert said["userid"] == users.get(winner), states
