"""Views that ask for a sign-in of late, or for a method (RFC 9470)."""

import base64
from uuid import UUID

import pytest
import transaction
from pyramid.httpexceptions import (
    HTTPForbidden,
)
from pyramid.response import Response
from pyramid.security import remember
from pyramid.static import static_view
from pyramid.view import (
    render_view_to_response,
    view_defaults,
)
from support.issuer import AUDIENCE, ISSUER, payload, pem, private_key, token
from support.stepup import (
    ERROR,
    PAGE,
    STALE,
    add_pages,
    add_view,
    hello,
)
from support.stepup import Everyone as Root

from pyramid_sessiontoken import StepUpRequired
from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.identity import Identity

BEARER = {
    "authenticators": "session cookie bearer basic api_key",
    "bearer.issuer": ISSUER,
    "bearer.audience": AUDIENCE,
    "bearer.algorithms": "ES256",
    "bearer.key": pem(private_key("ES256")),
    "api_key.check": lambda key, request: {"sub": key},
}


@pytest.fixture
def app(make):
    """Make a client of an application with the view /danger."""

    def make_app(settings=(), setup=None, **options):
        def set_up(config):
            add_pages(config)
            if options:
                add_view(config, **options)
            if setup is not None:
                setup(config)

        return make(settings, setup=set_up, root_factory=Root)

    return make_app


def basic(user="alice"):
    text = base64.b64encode(f"{user}:{user}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def challenges(response):
    return response.headers.getall("WWW-Authenticate")


# Scripts.


def test_a_script_whose_sign_in_is_old_gets_a_challenge(app):
    client = app(sessiontoken_max_age=300, permission="view")
    token = client.swap()["access_token"]
    client.clock.advance(300)
    assert client.ask(token, "/danger").text == "hello"

    client.clock.advance(1)

    stale = client.ask(token, "/danger")
    assert stale.status_code == 401
    assert challenges(stale) == [STALE]
    assert stale.json["error"] == "insufficient_user_authentication"
    assert stale.headers["Cache-Control"] == "private, no-store"
    assert stale.headers["Vary"] == "Authorization"
    assert client.ask(token).json["userid"] == "alice"
    again = client.swap()["access_token"]
    assert client.ask(again, "/danger").text == "hello"


def change_password(request):
    """End all sessions, and begin one."""
    request.sessiontoken.revoke_all("alice")
    return Response(headerlist=remember(request, "alice"))


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_sign_in_behind_revoke_all_is_as_old_as_any(app, form):
    def setup(config):
        config.add_route("change", "/change")
        config.add_view(change_password, route_name="change")

    client = app(
        {
            "repository": "memory",
            "cookie.form": form,
            "expiry.clock_skew": "5m",
            "repository.cache_ttl": "0",
        },
        setup,
        sessiontoken_max_age=10,
        permission="view",
    )
    other = client.fresh()
    for each in (client, other):
        each.post_json("/sign_in", {"userid": "alice"})

    client.post("/change")

    assert other.get("/identity").json["userid"] is None
    status = client.get("/token/status").json
    assert status["auth_time"] == client.clock.now()
    client.clock.advance(10)
    assert client.get("/danger").text == "hello"
    client.clock.advance(1)
    client.get("/danger", status=401)


@pytest.mark.parametrize(
    ("option", "setting", "seconds"),
    [(300, "1h", 300), ("2m", "1h", 120), (True, "90s", 90), ("90", "1h", 90)],
)
def test_the_age_is_a_number_a_duration_or_that_of_the_setting(
    app, option, setting, seconds
):
    client = app({"stepup.max_age": setting}, sessiontoken_max_age=option)
    token = client.swap()["access_token"]
    client.clock.advance(seconds)
    assert client.ask(token, "/danger").status_code == 200

    client.clock.advance(1)

    [challenge] = challenges(client.ask(token, "/danger"))
    assert challenge.endswith(f'{ERROR}, max_age="{seconds}"')


def test_a_renewal_is_no_sign_in(app):
    client = app(sessiontoken_max_age="40m")
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    renewed = client.ask(token, "/danger")
    token = renewed.headers["Session-Token"]

    client.clock.advance(601)

    assert client.ask(token, "/danger").status_code == 401
    assert client.ask(token).json["userid"] == "alice"


def test_a_password_in_the_request_is_a_sign_in_now(app):
    client = app(sessiontoken_max_age=1)
    assert client.get("/danger", headers=basic()).text == "hello"
    assert client.get("/times", headers=basic()).json == {
        "auth_time": client.clock.now(),
        "amr": ["pwd"],
    }


@pytest.mark.parametrize("kept", [{}, {"permission": "view"}])
def test_an_unknown_user_gets_the_ordinary_401(app, kept):
    client = app({"login_url": "/login"}, sessiontoken_max_age=300, **kept)

    response = client.get("/danger", status=401)

    assert challenges(response) == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
    ]
    assert response.json["error"] == "unauthorized"
    away = client.get("/danger", headers=PAGE, status=302)
    assert away.location == "https://localhost/login?next=%2Fdanger"


def test_the_permission_is_asked_first(app):
    client = app(sessiontoken_max_age=300, permission="administer")
    token = client.swap()["access_token"]
    client.clock.advance(301)

    assert client.ask(token, "/danger").status_code == 403


def test_the_csrf_token_is_asked_later(app):
    client = app(sessiontoken_max_age=300, require_csrf=True)

    client.post("/danger", status=401)
    client.post("/sign_in")
    client.post("/danger", status=400)


@pytest.mark.parametrize(
    ("settings", "scheme"),
    [
        ({"challenge": "Basic"}, "Session"),
        ({"token.scheme": "Bearer"}, "Bearer"),
        ({"token.header": "X-Token"}, "Session"),
        ({"authenticators": "cookie"}, "Session"),
        ({"realm": 'a "b"'}, "Session"),
    ],
)
def test_the_challenge_is_that_of_session_tokens_alone(app, settings, scheme):
    client = app(settings, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    [challenge] = challenges(client.get("/danger", status=401))

    realm = settings.get("realm", "session").replace('"', '\\"')
    assert challenge == f'{scheme} realm="{realm}", {ERROR}, max_age="300"'


# Pages.


def test_a_page_asks_for_the_password_and_comes_back(app):
    client = app({"login_url": "/login"}, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    away = client.get("/danger?x=1", headers=PAGE, status=302)

    assert away.location == (
        "https://localhost/login?next=%2Fdanger%3Fx%3D1&max_age=300"
    )
    page = away.follow(headers=PAGE)
    assert "max_age=300" in page.text
    back = client.post(page.request.path_qs, {"password": "alice"})
    assert back.location == "https://localhost/danger?x=1"
    assert back.follow(headers=PAGE).text == "hello"


@pytest.mark.parametrize(
    ("settings", "location"),
    [
        ({"stepup.url": "/login"}, "https://localhost/login?"),
        ({"stepup.url": "login"}, "https://localhost/login?"),
        (
            {"stepup.url": "/login?a=b#c", "login_url": "/other"},
            "https://localhost/login?a=b&",
        ),
        (
            {"stepup.url": "https://sso.example/again"},
            "https://sso.example/again?",
        ),
        ({"login_url": "/login"}, "https://localhost/login?"),
    ],
)
def test_the_page_to_sign_in_again_is_that_of_the_settings(
    app, settings, location
):
    client = app(settings, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    away = client.get("/danger", headers=PAGE, status=302)

    assert away.location.startswith(location)
    assert "max_age=300" in away.location
    assert away.location.endswith("#c") == ("#c" in str(settings))


def test_without_a_page_to_sign_in_a_page_gets_401(app):
    client = app(sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    page = client.get("/danger", headers=PAGE, status=401)

    assert challenges(page) == [STALE]
    assert "<h1>401 Unauthorized</h1>" in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Requested-With": "XMLHttpRequest", **PAGE},
        {"Sec-Fetch-Mode": "cors", **PAGE},
        {},
    ],
)
def test_a_script_of_the_page_is_not_redirected(app, headers):
    client = app({"login_url": "/login"}, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    stale = client.get("/danger", headers=headers, status=401)

    assert challenges(stale) == [STALE]


def test_a_form_is_not_redirected(app):
    """A redirect would lose what the user wrote."""
    client = app({"login_url": "/login"}, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    assert challenges(client.post("/danger", headers=PAGE, status=401)) == [
        STALE
    ]


def test_the_page_to_sign_in_again_that_needs_one_answers_401(app, caplog):
    client = app(
        {"stepup.url": "/danger", "login_url": "/login"},
        sessiontoken_max_age=300,
    )
    client.post("/sign_in")
    client.clock.advance(301)

    page = client.get("/danger", headers=PAGE, status=401)

    assert challenges(page) == [STALE]
    assert "sessiontoken.stepup.url, or login_url = /danger" in caplog.text
    assert "without end" in caplog.text


# Methods.


def test_a_view_that_needs_a_method_names_it(app):
    client = app({"login_url": "/login"}, sessiontoken_amr="otp")
    client.post("/login", {"password": "alice"})

    missing = client.get("/danger", status=401)
    page = client.get("/danger", headers=PAGE, status=302)

    assert challenges(missing) == [
        f'Session realm="session", {ERROR}, acr_values="otp"'
    ]
    assert page.location == ("https://localhost/login?next=%2Fdanger&amr=otp")
    client.post("/login", {"password": "alice", "amr": "otp"})
    assert client.get("/danger").text == "hello"
    client.clock.advance(3599)
    assert client.get("/danger").text == "hello"


def test_all_methods_are_needed(app):
    client = app(sessiontoken_amr=("pwd", "otp", "face"))
    client.post("/login", {"password": "alice", "amr": "pwd"})
    [challenge] = challenges(client.get("/danger", status=401))
    assert challenge.endswith('acr_values="otp face"')

    form = [("password", "alice"), *(("amr", m) for m in ("face", "x", "otp"))]
    client.post("/login", form)
    [challenge] = challenges(client.get("/danger", status=401))
    assert challenge.endswith('acr_values="pwd"')

    client.post("/login", [*form, ("amr", "pwd")])
    assert client.get("/danger").text == "hello"


def test_age_and_method_may_both_be_at_fault(app):
    client = app(
        {"login_url": "/login"}, sessiontoken_max_age=60, sessiontoken_amr="x"
    )
    client.post("/login", {"password": "alice"})
    client.clock.advance(61)

    stale = client.get("/danger", status=401)
    page = client.get("/danger", headers=PAGE, status=302)

    assert challenges(stale)[0].endswith('max_age="60", acr_values="x"')
    assert page.location.endswith("&max_age=60&amr=x")


# Who never passes.


def test_an_api_key_and_its_session_never_pass(app):
    client = app(BEARER, sessiontoken_max_age=300)
    key = {"X-Api-Key": "alice"}

    refused = client.get("/danger", headers=key, status=401)
    session = client.post("/token", headers=key).json["access_token"]
    of_session = client.ask(session, "/danger")

    assert challenges(refused) == challenges(of_session) == [STALE]
    assert client.get("/times", headers=key).json["auth_time"] is None
    assert client.ask(session, "/times").json == {
        "auth_time": None,
        "amr": ["api_key"],
    }
    status = client.ask(session, "/token/status").json
    assert status["auth_time"] == client.clock.now()
    client.clock.advance(1800)
    renewed = client.ask(session, "/times")
    assert renewed.json["auth_time"] is None
    token = renewed.headers["Session-Token"]
    assert client.ask(token, "/danger").status_code == 401


def test_an_api_key_does_not_pass_by_its_method_either(app):
    client = app(BEARER, sessiontoken_amr="api_key")

    [challenge] = challenges(
        client.get("/danger", headers={"X-Api-Key": "alice"}, status=401)
    )

    assert challenge.endswith(f'{ERROR}, acr_values="api_key"')


def act(request):
    """Act for bob, in the header or in the cookie."""
    answer = request.sessiontoken.act_as("bob", "to help")
    if isinstance(answer, list):
        request.response.headerlist.extend(answer)
        return {}
    return {"token": answer.access_token}


@pytest.mark.parametrize(
    "option",
    [{"sessiontoken_max_age": "1d"}, {"sessiontoken_amr": "pwd"}],
)
def test_who_acts_for_another_never_passes(app, option):
    client = app(
        {"impersonation.principals": "role:admin"},
        setup=lambda c: add_view(c, "act", act, renderer="json"),
        **option,
    )
    text = client.swap()["access_token"]
    assert client.ask(text, "/danger").text == "hello"
    assert "actor" not in client.ask(text, "/token/status").json

    acting = client.ask(text, "/act").json["token"]

    assert client.ask(acting).json["userid"] == "bob"
    refused = client.ask(acting, "/danger")
    assert refused.status_code == 401
    assert ERROR in challenges(refused)[0]
    assert client.ask(acting, "/token/status").json["actor"] == "alice"
    browser = client.fresh()
    browser.post_json(
        "/sign_in", {"userid": "alice", "claims": {"roles": ["admin"]}}
    )
    browser.get("/act")
    assert browser.get("/identity").json["userid"] == "bob"
    browser.get("/danger", status=401)


# Tokens of another issuer.


@pytest.mark.parametrize(
    ("claims", "age"),
    [
        ({"iat": -100}, 100),
        ({"iat": -100, "auth_time": -4000}, 4000),
        ({"iat": -100, "auth_time": -4000.5}, 4001),
        ({"iat": 5}, 0),
        ({"iat": -100, "auth_time": 1000}, 0),
        ({"iat": -100, "auth_time": None}, None),
        ({}, None),
    ],
)
def test_a_bearer_token_tells_its_own_time(app, claims, age):
    client = app(BEARER, sessiontoken_max_age="1h")
    now = client.clock.now()
    own = {k: v if v is None else now + v for k, v in claims.items()}
    text = token({**payload(iat=None), **own})

    shown = client.ask(text, "/times", scheme="Bearer")
    swapped = client.post(
        "/token", headers={"Authorization": f"Bearer {text}"}
    ).json["access_token"]
    of_session = client.ask(swapped, "/times")

    expected = None if age is None else now - age
    assert shown.json == of_session.json
    assert shown.json == {"auth_time": expected, "amr": ["bearer"]}
    passes = age is not None and age <= 3600
    for response in (
        client.ask(text, "/danger", scheme="Bearer"),
        client.ask(swapped, "/danger"),
    ):
        assert (response.status_code == 200) is passes


@pytest.mark.parametrize("by", ["issue", "remember", "identity"])
@pytest.mark.parametrize(
    ("headers", "age"),
    [
        (lambda now: bearer({"iat": now - 500}), 500),
        (lambda now: {"X-Api-Key": "alice"}, None),
        (lambda now: basic(), 0),
    ],
)
def test_a_session_that_the_application_begins_has_the_time_of_the_credential(
    app, by, headers, age
):
    client = app(BEARER, setup=add_begin)
    now = client.clock.now()

    begun = client.post(f"/begin?by={by}", headers=headers(now))

    token = begun.json.get("token")
    told = client.ask(token, "/times") if token else client.get("/times")
    expected = None if age is None else now - age
    assert told.json["auth_time"] == expected


def test_the_methods_that_the_application_names_are_a_sign_in_now(app):
    """It checked a code, say, of a user whom a key signed in."""
    client = app(BEARER, setup=add_begin)

    client.post("/begin?by=remember&amr=otp", headers={"X-Api-Key": "alice"})

    assert client.get("/times").json == {
        "auth_time": client.clock.now(),
        "amr": ["otp"],
    }


def test_the_sign_in_of_another_user_has_its_own_time(app):
    client = app(BEARER, setup=add_begin)

    client.post("/begin?by=remember", headers={"X-Api-Key": "robot"})

    assert client.get("/times").json["auth_time"] == client.clock.now()


@pytest.mark.parametrize("userid", [42, UUID(int=42)])
def test_a_userid_is_that_of_the_key_only_if_its_type_is(app, userid):
    def begin_for(request):
        given = userid if "same" in request.GET else str(userid)
        request.response.headerlist.extend(remember(request, given))
        return {}

    client = app(
        {**BEARER, "api_key.check": lambda key, request: {"sub": userid}},
        setup=lambda c: add_view(c, "begin", begin_for, renderer="json"),
        sessiontoken_max_age=300,
    )
    key = {"X-Api-Key": "robot"}

    client.post("/begin?same", headers=key)
    client.get("/danger", status=401)
    client.post("/begin", headers=key)
    client.get("/danger", status=200)


def test_a_session_of_a_session_keeps_its_time_and_methods(app):
    """Say, from the header to the cookie."""
    client = app(setup=add_begin)
    client.post("/login", {"password": "alice", "amr": "otp"})
    began = client.clock.now()
    client.clock.advance(600)

    token = client.post("/begin?by=identity&in=header").json["token"]

    for told in (client.fresh().ask(token, "/times"), client.get("/times")):
        assert told.json == {"auth_time": began, "amr": ["otp"]}


def test_a_stored_session_tells_its_authenticator_beside_the_methods(app):
    settings = {"repository": "memory", "cookie.form": "reference"}

    def told(client, **given):
        client.post_json("/sign_in", given)
        return client.get("/sessions").json

    def sessions(request):
        found = request.sessiontoken.sessions()
        return [info.authenticator for info in found]

    def setup(config):
        add_begin(config)
        add_view(config, "sessions", sessions, renderer="json")

    client = app({**settings, "token.form": "reference"}, setup=setup)
    assert told(client) == ["application"]
    assert told(client, amr=["pwd", "otp"]) == ["application"]
    client.post("/begin?by=identity&in=header")
    assert client.get("/sessions").json == ["application", "application"]


def bearer(claims):
    text = token({**payload(iat=None), **claims})
    return {"Authorization": f"Bearer {text}"}


def begin(request):
    """Begin a session for alice, in one of three ways."""
    session = request.sessiontoken
    amr = request.GET.get("amr")
    by = request.GET["by"]
    user = session.identity if by == "identity" else "alice"
    if by == "remember" or ("in" not in request.GET and by == "identity"):
        request.response.headerlist.extend(remember(request, user, amr=amr))
        return {}
    return {"token": session.issue(user, amr=amr).access_token}


def add_begin(config):
    add_view(config, "begin", begin, renderer="json")


# Several credentials.


def own_authenticator(**attributes):
    """Make an authenticator that vouches for who stands in a header."""

    class Badge:
        scheme = None
        vary = ("X-Badge",)
        ambient = False

        def authenticate(self, request):
            shown = request.headers.get("X-Badge")
            return shown and Identity(None if shown == "-" else shown)

        def challenge(self, request):
            return None

    for name, value in attributes.items():
        setattr(Badge, name, value)
    return lambda config: config.add_sessiontoken_authenticator(
        "badge", Badge()
    )


COMBINED = {
    **BEARER,
    "combine": "true",
    "authenticators": "session bearer api_key badge",
}


def test_of_several_credentials_the_latest_sign_in_counts(app):
    client = app(
        COMBINED,
        setup=own_authenticator(),
        sessiontoken_max_age=300,
        sessiontoken_amr=("api_key", "badge"),
    )
    now = client.clock.now()
    old = bearer({"iat": now - 500, "auth_time": now - 600})
    key, badge = {"X-Api-Key": "alice"}, {"X-Badge": "alice"}

    def told(*headers):
        merged = {k: v for each in headers for k, v in each.items()}
        return client.get("/times", headers=merged).json

    assert told(old, key) == {
        "auth_time": now - 600,
        "amr": ["bearer", "api_key"],
    }
    assert told(key, badge) == {"auth_time": now, "amr": ["api_key", "badge"]}
    assert told(key) == {"auth_time": None, "amr": ["api_key"]}
    client.get("/danger", headers={**old, **key}, status=401)
    assert client.get("/danger", headers={**key, **badge}).text == "hello"


def test_a_session_of_several_credentials_has_the_latest_sign_in(app):
    client = app(COMBINED, setup=own_authenticator())
    now = client.clock.now()
    shown = {**bearer({"iat": now - 500}), "X-Api-Key": "alice"}

    text = client.post("/token", headers=shown).json["access_token"]
    client.clock.advance(100)

    assert client.ask(text, "/times").json == {
        "auth_time": now - 500,
        "amr": ["bearer", "api_key"],
    }
    beside = client.ask(text, "/times", X_Badge="alice")
    assert beside.json == {
        "auth_time": now + 100,
        "amr": ["bearer", "api_key", "badge"],
    }


def test_a_credential_that_names_no_user_is_no_sign_in(app):
    """A badge at the door, say, or the certificate of a machine."""
    client = app(COMBINED, setup=own_authenticator())
    shown = {"X-Api-Key": "alice", "X-Badge": "-"}

    assert client.get("/times", headers=shown).json == {
        "auth_time": None,
        "amr": ["api_key", "badge"],
    }


def test_an_authenticator_of_ones_own_may_say_that_it_is_no_sign_in(app):
    shown = {"X-Badge": "alice"}
    settings = {"authenticators": "session badge"}
    for is_sign_in, status in ((True, 200), (False, 401)):
        client = app(
            settings,
            setup=own_authenticator(is_sign_in=is_sign_in),
            sessiontoken_max_age=300,
        )
        client.get("/danger", headers=shown, status=status)


# Other people's views for HTTPForbidden.


def mine(request):
    return Response("mine", 418)


@pytest.mark.parametrize(
    "others",
    [
        lambda c: c.add_forbidden_view(mine),
        lambda c: c.add_view(mine, context=HTTPForbidden),
        lambda c: c.add_view(mine, context=Exception),
        lambda c: c.add_forbidden_view(mine, route_name="danger"),
        lambda c: c.add_exception_view(mine, route_name="danger"),
        lambda c: c.add_forbidden_view(mine, request_method="GET"),
        lambda c: c.include(lambda c: c.add_forbidden_view(mine)),
    ],
)
def test_the_answer_stands_beside_a_view_for_all_that_is_forbidden(
    app, others
):
    client = app(setup=others, sessiontoken_max_age=300)
    token = client.swap()["access_token"]
    client.clock.advance(301)

    assert challenges(client.ask(token, "/danger")) == [STALE]


def test_the_answer_stays_where_the_forbidden_view_is_off(app):
    client = app({"forbidden_view": "off"}, sessiontoken_max_age=300)
    client.get("/danger", status=403)
    token = client.swap()["access_token"]
    client.clock.advance(301)

    assert challenges(client.ask(token, "/danger")) == [STALE]


def own_answer(context, request):
    return Response(f"mine: {context.max_age} {context.amr}", 418)


@pytest.mark.parametrize(
    "own",
    [
        lambda c: c.add_exception_view(own_answer, context=StepUpRequired),
        lambda c: c.add_view(own_answer, context=StepUpRequired),
        lambda c: c.add_exception_view(
            own_answer, context=StepUpRequired, route_name="danger"
        ),
        lambda c: c.add_exception_view(
            own_answer, context=StepUpRequired, request_method="GET"
        ),
        lambda c: c.include(
            lambda c: c.add_exception_view(own_answer, context=StepUpRequired)
        ),
    ],
)
def test_the_applications_own_answer_wins(app, own):
    client = app(setup=own, sessiontoken_max_age=300, sessiontoken_amr="otp")
    client.post("/sign_in")
    client.clock.advance(301)

    answered = client.get("/danger", status=418)

    assert answered.text == "mine: 300 ('otp',)"


def test_an_own_answer_for_other_requests_leaves_the_librarys(app):
    def setup(config):
        config.add_exception_view(
            own_answer, context=StepUpRequired, request_method="PUT"
        )

    client = app(setup=setup, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    assert challenges(client.get("/danger", status=401)) == [STALE]
    client.put("/danger", status=418)


def test_a_view_may_ask_for_a_new_sign_in_itself(app):
    def ask(request):
        raise StepUpRequired("Too much money", max_age=60, amr="otp")

    client = app(
        {"login_url": "/login"}, view=ask, name="danger", permission="view"
    )
    client.get("/danger", status=401)
    client.post("/sign_in")

    asked = client.get("/danger", status=401)

    assert challenges(asked) == [
        f'Session realm="session", {ERROR}, max_age="60", acr_values="otp"'
    ]
    assert asked.json["error_description"] == "Too much money"
    page = client.get("/danger", headers=PAGE, status=302)
    assert page.location.endswith("max_age=60&amr=otp")


def test_an_unknown_user_of_such_a_view_gets_the_ordinary_401(app):
    def ask(request):
        raise StepUpRequired

    client = app(view=ask, name="danger", request_method="GET")

    assert client.get("/danger", status=401).json["error"] == "unauthorized"


# Another security policy.


class OwnPolicy:
    def identity(self, request):
        return "alice"

    authenticated_userid = identity

    def permits(self, request, context, permission):
        return True


@pytest.mark.parametrize(
    "options",
    [
        {"sessiontoken_max_age": 300},
        {"sessiontoken_amr": "pwd"},
    ],
)
def test_under_another_policy_the_view_is_forbidden(app, options):
    def setup(config):
        config.set_security_policy(OwnPolicy())

    client = app(setup=setup, **options)

    assert "WWW-Authenticate" not in client.get("/danger", status=403).headers


def test_an_answer_of_ones_own_raise_is_forbidden_there(app):
    def setup(config):
        config.set_security_policy(OwnPolicy())

    def ask(request):
        raise StepUpRequired("again")

    client = app(setup=setup, view=ask, name="danger", xhr=False)

    assert "again" in client.get("/danger", status=403).text


# Kinds of views.


@view_defaults(
    route_name="danger", renderer="string", sessiontoken_max_age=300
)
class Dangerous:
    def __init__(self, request):
        self.request = request

    def show(self):
        return "shown"


def test_a_class_may_have_the_options(app):
    def setup(config):
        config.add_route("danger", "/danger")
        show = {"attr": "show", "request_method": "GET"}
        config.add_view(Dangerous, **show)
        change = {"attr": "show", "request_method": "POST"}
        config.add_view(Dangerous, sessiontoken_amr="x", **change)

    client = app(setup=setup)
    client.post("/sign_in")
    assert client.get("/danger").text == "shown"
    client.post("/danger", status=401)
    client.clock.advance(301)
    client.get("/danger", status=401)


def test_each_view_of_a_route_has_its_own_options(app):
    def setup(config):
        config.add_view(
            lambda r: Response("json"),
            route_name="danger",
            accept="application/json",
        )

    client = app(setup=setup, sessiontoken_max_age=300)
    client.post("/sign_in")
    client.clock.advance(301)

    client.get("/danger", headers={"Accept": "text/plain"}, status=401)
    free = client.get("/danger", headers={"Accept": "application/json"})
    assert free.text == "json"


def test_a_view_that_is_looked_up_asks_as_well(app):
    """Also one that is rendered without its permission."""

    def part(request):
        return Response("secret")

    def whole(request):
        secure = request.GET["secure"] == "yes"
        return render_view_to_response(
            request.context, request, "part", secure
        )

    def setup(config):
        config.add_view(
            part, name="part", sessiontoken_max_age=300, permission="view"
        )
        add_view(config, "whole", whole)

    client = app(setup=setup)
    for secure in ("yes", "no"):
        client.get(f"/whole?secure={secure}", status=401)
    client.post("/sign_in")
    for secure in ("yes", "no"):
        assert client.get(f"/whole?secure={secure}").text == "secret"
    client.clock.advance(301)
    for secure in ("yes", "no"):
        client.get(f"/whole?secure={secure}", status=401)


def test_files_may_need_a_new_sign_in(app, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")

    def setup(config):
        config.add_route("files", "/files/*subpath")
        config.add_view(
            static_view(str(tmp_path), use_subpath=True),
            route_name="files",
            sessiontoken_max_age=300,
        )

    client = app(setup=setup)
    client.get("/files/secret.txt", status=401)
    client.post("/sign_in")
    assert client.get("/files/secret.txt").text == "secret"
    client.clock.advance(301)
    client.get("/files/secret.txt", status=401)


def fail(request):
    raise LookupError(request.GET.get("what", ""))


@pytest.mark.parametrize(
    ("add", "path"),
    [
        (
            lambda c, **kw: c.add_exception_view(
                lambda r: Response("seen", 418), context=LookupError, **kw
            ),
            "/fail",
        ),
        (
            lambda c, **kw: c.add_notfound_view(
                lambda r: Response("seen", 418), **kw
            ),
            "/nowhere",
        ),
        (
            lambda c, **kw: c.add_forbidden_view(
                lambda r: Response("seen", 418), **kw
            ),
            "/forbidden",
        ),
    ],
)
def test_exception_views_have_the_options(app, add, path):
    def setup(config):
        add_view(config, "fail", fail)
        add(config, sessiontoken_max_age=300)

    client = app(setup=setup)
    assert client.get(path, status=401).json["error"] == "unauthorized"
    client.post("/sign_in")
    assert client.get(path, status=418).text == "seen"
    client.clock.advance(301)
    assert challenges(client.get(path, status=401)) == [STALE]


def test_in_an_exception_view_the_applications_answer_counts(app):
    def setup(config):
        config.add_exception_view(own_answer, context=StepUpRequired)
        config.add_notfound_view(mine, sessiontoken_max_age=300)

    client = app(setup=setup)
    client.post("/sign_in")
    client.clock.advance(301)

    assert client.get("/nowhere", status=418).text == "mine: 300 ()"


def test_views_without_a_context_are_no_exception_views(app):
    def setup(config):
        config.add_route("none", "/none", factory=lambda request: None)
        config.add_view(hello, route_name="none", sessiontoken_max_age=300)

    client = app(setup=setup)

    assert client.get("/none", status=401).json["error"] == "unauthorized"


# Faults and outages.


def broken(identity, request):
    raise LookupError("the database of users")


def test_an_error_of_the_application_is_its_own(app):
    client = app({"user_loader": broken}, sessiontoken_max_age=300)

    with pytest.raises(LookupError, match="of users"):
        client.get("/danger", headers=basic())


def away(username, password, request):
    raise RepositoryUnavailable("the directory is away")


def test_an_outage_is_503(app):
    def setup(config):
        config.add_forbidden_view(hello, sessiontoken_max_age=300)

    client = app({"basic.check": away}, setup=setup, sessiontoken_max_age=300)

    client.get("/danger", headers=basic(), status=503)
    client.get("/forbidden", headers=basic(), status=503)


def test_over_plain_http_the_answer_says_so(app):
    client = app(sessiontoken_max_age=300)
    token = client.swap()["access_token"]
    plain = client.fresh(**{"wsgi.url_scheme": "http"})

    assert plain.ask(token, "/danger").json["error"] == "tls_required"


def test_under_pyramid_tm_a_transaction_that_asks_anew_is_aborted(app):
    seen = []

    def note(request):
        seen.append(transaction.get().user)
        return Response("hello")

    def setup(config):
        config.include("pyramid_tm")

    client = app(
        {"login_url": "/login"},
        setup=setup,
        view=note,
        sessiontoken_max_age=300,
    )
    client.post("/sign_in")
    assert client.get("/danger").text == "hello"
    client.clock.advance(301)

    assert challenges(client.get("/danger", status=401)) == [STALE]
    assert client.get("/danger", headers=PAGE, status=302)
    assert seen == ["alice"]
