"""Several credentials on one request: which ones a route accepts, and what
they give together.
"""

import pytest
from pyramid.exceptions import ConfigurationError
from pyramid.response import Response
from pyramid.security import remember
from support import identity

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator, IClaimsTransformer
from pyramid_sessiontoken.policy.csrf import csrf_required


class Badge:
    """A header that names a user: ``alice``, ``-`` for claims without a user,
    ``!`` for a refusal.
    """

    scheme = None

    def __init__(self, header, claims, ambient=False):
        self.vary = (header,)
        self.claims = claims
        self.ambient = ambient

    def authenticate(self, request):
        shown = request.headers.get(self.vary[0])
        if shown is None:
            return None
        if shown == "!":
            raise InvalidCredential("it is forged")
        userid = int(shown) if shown.isdigit() else shown
        return Identity(None if shown == "-" else userid, self.claims)

    def challenge(self, request):
        return None


def setup(config):
    for name, header, claims, ambient in (
        ("badge", "X-Badge", {"floor": 3, "who": "badge"}, False),
        ("card", "X-Card", {"wing": "B", "who": "card"}, False),
        ("door", "X-Door", {"door": "east"}, True),
    ):
        config.add_sessiontoken_authenticator(
            name, Badge(header, claims, ambient)
        )
    config.add_route(
        "by_card", "/by_card", sessiontoken_authenticators="card, cookie"
    )
    config.add_view(identity, route_name="by_card", renderer="json")
    config.add_route("csrf", "/csrf")
    config.add_view(
        lambda request: Response(str(csrf_required(request))),
        route_name="csrf",
    )


NAMES = "session badge card cookie door basic"


@pytest.fixture
def combining(make):
    return make({"combine": "true", "authenticators": NAMES}, setup)


@pytest.fixture
def choosing(make):
    return make({"authenticators": NAMES}, setup)


def who(client, path="/identity", **headers):
    headers = {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return client.get(path, headers=headers).json


# Combined.


def test_identities_of_all_authenticators_are_combined(combining):
    said = who(combining, X_Badge="alice", X_Card="alice", X_Door="alice")
    assert said["userid"] == "alice"
    assert said["authenticator"] == "badge card door"
    assert said["claims"] == {
        "floor": 3,
        "wing": "B",
        "who": "badge",
        "door": "east",
    }


def test_without_combine_the_first_identity_is_taken(choosing):
    said = who(choosing, X_Badge="alice", X_Card="bob")
    assert (said["userid"], said["authenticator"]) == ("alice", "badge")
    assert said["claims"] == {"floor": 3, "who": "badge"}


def test_an_identity_without_a_userid_only_adds_claims(combining):
    said = who(combining, X_Badge="-", X_Card="bob")
    assert said["userid"] == "bob"
    assert said["claims"]["who"] == "badge"
    said = who(combining, X_Badge="-", X_Door="-")
    assert (said["userid"], said["failure"]) == (None, None)
    assert said["claims"] == {}


@pytest.mark.parametrize("other", ["bob", "7"])
def test_two_identities_of_different_users_refuse_each_other(combining, other):
    told = []
    combining.registry.registerHandler(told.append, (CredentialRefused,))
    said = who(combining, X_Badge="alice", X_Card=other, X_Door="-")
    assert said["userid"] is None
    assert said["failure"] == (
        "badge refused: another credential names another user"
    )
    assert [event.authenticator for event in told] == ["badge", "card"]


def test_a_refused_explicit_credential_excludes_ambient_ones(
    combining,
):
    said = who(combining, X_Badge="!", X_Door="alice")
    assert said["failure"] == "badge refused: it is forged"
    assert said["userid"] is None
    said = who(combining, X_Badge="!", X_Card="alice", X_Door="bob")
    assert (said["userid"], said["authenticator"]) == ("alice", "card")


def test_a_refused_ambient_credential_hides_no_other(combining):
    said = who(combining, X_Badge="alice", X_Door="!")
    assert (said["userid"], said["failure"]) == ("alice", None)
    said = who(combining, X_Door="!")
    assert said["failure"] == "door refused: it is forged"


def test_combined_identities_are_swapped_for_one_session(combining):
    headers = {"X-Badge": "alice", "X-Card": "alice"}
    token = combining.post("/token", headers=headers).json["access_token"]
    said = combining.ask(token).json
    assert said["claims"] == {"floor": 3, "wing": "B", "who": "badge"}
    explained = combining.registry["pyramid_sessiontoken.policy"]
    ticket = explained.rules.header.sessions.read(token)[0].ticket
    assert ticket.amr == ("badge", "card")


def test_a_session_that_was_combined_is_renewed_unchanged(combining):
    token = combining.swap()["access_token"]
    said = combining.ask(token, X_Card="alice").json
    assert said["authenticator"] == "session card"
    assert said["claims"] == {"roles": ["admin"], "wing": "B", "who": "card"}
    combining.clock.advance(1800)
    response = combining.ask(token, X_Card="alice")
    renewed = combining.ask(response.headers["Session-Token"]).json
    assert renewed["claims"] == {"roles": ["admin"]}
    again = combining.post(
        "/token", headers={"Authorization": f"Session {token}", "X-Card": "-"}
    ).json
    assert combining.ask(again["access_token"]).json["claims"] == {
        "roles": ["admin"]
    }


def test_a_session_and_a_credential_of_another_user_refuse_each_other(
    combining,
):
    token = combining.swap()["access_token"]
    assert combining.ask(token, X_Card="bob").json["userid"] is None


class AddRoles:
    """Adds roles to credentials; it is never called for a session."""

    def __init__(self):
        self.asked = []

    def transform(self, identity, request):
        self.asked.append((identity.userid, identity.authenticator))
        if "wing" in identity.claims and identity.userid == "eve":
            raise InvalidCredential("eve is barred")
        userid = "bob" if identity.userid == "mallory" else identity.userid
        claims = {**identity.claims, "roles": ["guest"], "floor": 4}
        return Identity(userid, claims)


def test_the_transformer_changes_credentials_and_not_sessions(
    combining,
):
    token = combining.swap()["access_token"]
    transformer = AddRoles()
    combining.registry.registerUtility(transformer, IClaimsTransformer)
    said = combining.ask(token, X_Badge="alice", X_Card="-").json
    assert transformer.asked == [("alice", "badge card")]
    assert said["claims"] == {
        "roles": ["admin"],
        "floor": 4,
        "wing": "B",
        "who": "badge",
    }
    assert combining.ask(token).json["claims"] == {"roles": ["admin"]}
    assert len(transformer.asked) == 1


def test_claims_of_a_credential_before_the_session_win(make):
    client = make(
        {"combine": "true", "authenticators": "badge session basic"}, setup_
    )
    token = client.swap()["access_token"]
    client.registry.registerUtility(AddRoles(), IClaimsTransformer)
    said = client.ask(token, X_Badge="alice").json
    assert said["claims"]["roles"] == ["guest"]
    assert said["authenticator"] == "badge session"


def setup_(config):
    config.add_sessiontoken_authenticator("badge", Badge("X-Badge", {}))


def test_the_transformer_refuses_or_names_another(combining):
    token = combining.swap("eve")["access_token"]
    other = combining.swap("mallory")["access_token"]
    combining.registry.registerUtility(AddRoles(), IClaimsTransformer)
    assert combining.ask(token, X_Card="eve").json["failure"] == (
        "card refused: eve is barred"
    )
    assert combining.ask(other, X_Badge="mallory").json["failure"] == (
        "session refused: another credential names another user"
    )
    said = who(combining, X_Badge="mallory")
    assert (said["userid"], said["failure"]) == ("bob", None)


def test_a_csrf_token_is_needed_where_anything_ambient_vouched(combining):
    def ask(**headers):
        named = {n.replace("_", "-"): v for n, v in headers.items()}
        return combining.get("/csrf", headers=named).text

    assert ask(X_Badge="alice") == "False"
    assert ask(X_Badge="alice", X_Card="alice") == "False"
    assert ask(X_Badge="alice", X_Door="alice") == "True"


def test_an_unregistered_authenticator_is_a_fault_when_combining(make):
    with pytest.raises(ConfigurationError, match="no authenticator 'badge'"):
        make({"combine": "true", "authenticators": "session badge"})


# Chosen by route.


def test_a_route_chooses_its_authenticators(choosing):
    assert who(choosing, "/by_card", X_Badge="alice")["userid"] is None
    assert who(choosing, "/by_card", X_Card="alice")["userid"] == "alice"
    token = choosing.swap()["access_token"]
    assert choosing.ask(token, "/by_card").json["userid"] is None
    assert choosing.ask(token).json["userid"] == "alice"


def test_only_sessions_that_a_route_accepts_are_renewed_there(choosing):
    choosing.post_json("/sign_in", {"userid": "carol"})
    choosing.clock.advance(1800)
    response = choosing.get("/by_card")
    assert response.json["userid"] == "carol"
    assert "Set-Cookie" in response.headers
    token = choosing.fresh().swap()["access_token"]
    choosing.clock.advance(1800)
    response = choosing.fresh().ask(token, "/by_card")
    assert "Session-Token" not in response.headers


def test_a_challenge_names_the_authenticators_of_the_route(make):
    def admin(config):
        setup(config)
        config.add_route(
            "here", "/here", sessiontoken_authenticators="basic cookie"
        )
        config.add_view(
            lambda request: Response("hello"),
            route_name="here",
            permission="administer",
        )

    client = make({"authenticators": NAMES}, admin)
    response = client.get("/here", status=401)
    assert response.headers.getall("WWW-Authenticate") == [
        'Basic realm="session", charset="UTF-8"'
    ]
    assert len(
        client.get("/admin", status=401).headers.getall("WWW-Authenticate")
    ) == len(("Session", "Basic"))


def test_a_request_judged_before_routing_is_judged_again_after_it(make):
    """As pyramid_tm does, which notes the user of a transaction."""

    def tell(config):
        setup(config)
        config.add_subscriber(
            lambda event: event.request.authenticated_userid,
            "pyramid.events.NewRequest",
        )

    client = make({"authenticators": NAMES}, tell)
    assert who(client, "/by_card", X_Badge="alice")["userid"] is None
    assert who(client, X_Badge="alice")["userid"] == "alice"


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ("card,,door", "sessiontoken_authenticators: an empty item"),
        (7, "sessiontoken_authenticators: not a list"),
        ("crad", "the route 'here' names 'crad', which is not in the list"),
    ],
)
def test_a_route_with_an_unknown_authenticator_stops_the_start(
    make, chosen, text
):
    def wrong(config):
        config.add_route("here", "/here", sessiontoken_authenticators=chosen)

    with pytest.raises(ConfigurationError, match=text):
        make({}, wrong)


def test_the_predicate_works_beside_others_and_prints_its_names(make):
    def both(config):
        setup(config)
        config.add_route(
            "post",
            "/post",
            request_method="POST",
            sessiontoken_authenticators=["card"],
        )
        config.add_view(identity, route_name="post", renderer="json")
        config.add_route("plain", "/plain", request_method="POST")
        config.add_view(identity, route_name="plain", renderer="json")

    client = make({"authenticators": NAMES}, both)
    badge = {"X-Badge": "alice"}
    assert client.post("/post", headers=badge).json["userid"] is None
    assert client.post("/plain", headers=badge).json["userid"] == "alice"
    [route] = [
        predicate
        for item in client.registry.introspector.get_category("routes")
        if item["introspectable"]["name"] == "post"
        for predicate in item["introspectable"]["object"].predicates
        if hasattr(predicate, "sessiontoken_authenticators")
    ]
    assert route.text() == route.phash()
    assert route.text() == "sessiontoken_authenticators = card"


def test_remember_works_where_the_cookie_may_not_vouch(make):
    def card_only(config):
        setup(config)
        config.add_route("enter", "/enter", sessiontoken_authenticators="card")
        config.add_view(
            lambda request: Response(headerlist=remember(request, "alice")),
            route_name="enter",
        )

    client = make({"authenticators": NAMES}, card_only)
    client.get("/enter")
    assert client.get("/identity").json["userid"] == "alice"


# Reports of refusals.


def test_a_refusal_decides_where_no_identity_has_a_userid(combining):
    said = who(combining, X_Badge="-", X_Card="!")
    assert said["failure"] == "card refused: it is forged"
    said = who(combining, X_Badge="-", X_Door="!")
    assert said["failure"] == "door refused: it is forged"


def test_too_many_attempts_are_reported_before_any_other_refusal(make):
    for combine in ("true", "false"):
        client = make(
            {
                "combine": combine,
                "authenticators": "badge card basic cookie",
                "throttle.attempts": "1/minute",
            },
            setup,
        )
        wrong = {"Authorization": "Basic YWxpY2U6d3Jvbmc="}
        badge = "-" if combine == "true" else "!"
        shown = {**wrong, "X-Badge": badge, "X-Card": "!"}
        client.post("/token", headers=shown, status=401)
        response = client.post("/token", headers=shown, status=429)
        assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("transforms", [False, True])
def test_a_session_between_two_credentials_keeps_its_place(make, transforms):
    client = make(
        {
            "combine": "true",
            "authenticators": "badge session card basic cookie",
        },
        setup,
    )
    token = client.post(
        "/token", headers={"X-Badge": "alice", "X-Card": "-"}
    ).json["access_token"]
    if transforms:
        client.registry.registerUtility(Keep(), IClaimsTransformer)
    client.registry.registerUtility(
        Badge("X-Badge", {"floor": 9}), IAuthenticator, "badge"
    )
    client.registry.registerUtility(
        Badge("X-Card", {"wing": "Z", "new": 1}), IAuthenticator, "card"
    )
    said = client.ask(token, X_Badge="alice", X_Card="alice").json["claims"]
    # "floor" of the badge before the session, "wing" and "who" of the
    # session, and the rest of the card behind it.
    assert said.pop("seen", None) == (True if transforms else None)
    assert said == {"floor": 9, "wing": "B", "who": "badge", "new": 1}


class Keep:
    def transform(self, identity, request):
        return Identity(identity.userid, {**identity.claims, "seen": True})


@pytest.mark.parametrize("way", ["loader", "transformer", "other"])
def test_the_challenge_says_so_whatever_part_refuses(make, way):
    barred = []
    client = make(
        {
            "combine": str(way == "other").lower(),
            "authenticators": NAMES,
            "user_loader": lambda identity, request: (
                None if barred and way == "loader" else identity
            ),
        },
        setup,
    )
    token = client.swap()["access_token"]
    barred.append(True)
    headers = {"X-Card": "bob"} if way == "other" else {}
    if way == "transformer":
        client.registry.registerUtility(Refuse(), IClaimsTransformer)
        headers["X-Badge"] = "alice"
        response = client.get("/admin", headers=headers, status=401)
        assert "error=" not in response.headers["WWW-Authenticate"]
        return
    response = client.ask(token, "/admin", **headers)
    assert response.status_code == 401
    assert response.headers.getall("WWW-Authenticate")[0] == (
        'Session realm="session", error="invalid_token"'
    )


class Refuse:
    def transform(self, identity, request):
        raise InvalidCredential("not today")


def test_another_site_deletes_no_cookie(make):
    client = make({})
    junk = {"Cookie": "__Host-sessiontoken=0.junk"}
    for site, deletes in (("cross-site", False), ("same-origin", True)):
        response = client.post(
            "/identity", headers={**junk, "Sec-Fetch-Site": site}
        )
        assert ("Set-Cookie" in response.headers) == deletes


def test_plain_http_is_logged(make, caplog):
    caplog.set_level("INFO", "pyramid_sessiontoken")
    client = make({}).fresh(**{"wsgi.url_scheme": "http"})
    client.get("/identity")
    assert "X-Forwarded-Proto" in caplog.text
