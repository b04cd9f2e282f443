"""What became of a request, told by the panel over WSGI."""

import base64

import pytest
from pyramid.httpexceptions import HTTPNotModified
from pyramid.response import Response
from pyramid.security import remember
from zope.interface import implementer

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IAuthenticator,
    IExpiryPolicy,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

# The panel Versions of the toolbar runs uname.
pytestmark = pytest.mark.server

NAME = "__Host-sessiontoken"
NOT_ASKED = ["not asked", "another credential decided", ""]
VOUCHED = ["a user (vouched)", "", ""]
NOTHING = ["nothing", "", ""]
NOT_RENEWED = "The session was not renewed: "


def basic(user, password=None):
    pair = f"{user}:{user if password is None else password}"
    encoded = base64.b64encode(pair.encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def viewing(view, **route):
    """Give a setup that adds a view at ``/custom``."""

    def setup(config):
        config.add_route("custom", "/custom", **route)
        config.add_view(view, route_name="custom")

    return setup


def asking(**response):
    """Give a setup with a view that asks who the user is."""

    def view(request):
        assert request.identity is not None
        return Response("ok", **response)

    return viewing(view)


def due(bar, path="/custom", method="GET", **headers):
    """Use a header token that is due; give what the panel shows."""
    token = bar.client.swap()["access_token"]
    bar.client.clock.advance(1800)
    use = bar.client.get if method == "GET" else bar.client.post
    headers = {"Authorization": f"Session {token}", **headers}
    use(path, headers=headers, expect_errors=True)
    return bar.shown


def test_a_request_that_nobody_judged(toolbar):
    bar = toolbar()
    bar.client.get("/public")
    assert bar.shown.lines == [
        "User: No code asked who the user is, so no credential was read."
    ]


def test_an_anonymous_request(toolbar):
    bar = toolbar()
    bar.client.get("/identity")
    shown = bar.shown
    assert shown.user == "Nobody: no credential was shown."
    assert [shown.rows[n] for n in ("session", "cookie", "basic")] == (
        [NOTHING] * 3
    )
    assert "Session ends" not in shown.rows
    assert shown.response == (
        "Nothing was renewed: no valid session was shown."
    )


def test_a_session_and_its_times(toolbar):
    bar = toolbar()
    token = bar.client.swap()["access_token"]
    bar.client.clock.advance(600)
    bar.client.ask(token)
    shown = bar.shown
    assert shown.user == "'alice', by session"
    assert shown.rows["session"] == VOUCHED
    assert shown.rows["cookie"] == NOT_ASKED
    assert shown.rows["basic"] == NOT_ASKED
    sid = shown.rows["Session"][0]
    assert len(sid) == 9
    assert sid.endswith("…")
    assert {name: shown.rows[name][0] for name in list(shown.rows)[5:]} == {
        "Travels in": "header (self-contained)",
        "Signed in with": "pwd",
        "Persistent": "no",
        "Signed in": "2027-01-15 08:00:00 UTC, 10 min ago",
        "This token made": "2027-01-15 08:00:00 UTC, 10 min ago",
        "A use renews it from": "2027-01-15 08:30:00 UTC, in 20 min",
        "This token expires": "2027-01-15 09:00:00 UTC, in 50 min",
        "Session ends": "2027-01-15 18:00:00 UTC, in 9 h 50 min",
    }
    assert shown.response == ("Nothing was renewed: the token is not due yet.")


def test_a_session_that_is_renewed(toolbar):
    shown = due(toolbar(setup=asking()))
    assert shown.rows["A use renews it from"] == [
        "2027-01-15 08:30:00 UTC, now"
    ]
    assert shown.response.startswith("The session was renewed.")


def test_a_token_that_no_use_renews(toolbar):
    bar = toolbar({"expiry.absolute": "1h"})
    bar.client.ask(bar.client.swap()["access_token"])
    assert bar.shown.rows["A use renews it from"] == [
        "never: it expires before a use can renew it"
    ]


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ({"status": 404}, "the response is an error, 404."),
        (
            {"headers": {"Cache-Control": "max-age=60"}},
            "a cache may keep the response.",
        ),
    ],
)
def test_a_response_that_carries_no_token(toolbar, response, why):
    bar = toolbar(setup=asking(**response))
    assert due(bar).response == NOT_RENEWED + why


def test_a_304_carries_no_token(toolbar):
    def view(request):
        assert request.identity is not None
        return HTTPNotModified()

    bar = toolbar(setup=viewing(view))
    assert due(bar).response == NOT_RENEWED + "a cache may keep the response."


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Session-Slide": "no"}, "the client sent Session-Slide: no."),
        ({"Sec-Purpose": "prefetch"}, "the browser only prefetches the page."),
    ],
)
def test_a_request_that_renews_nothing(toolbar, headers, why):
    bar = toolbar(setup=asking())
    assert due(bar, **headers).response == NOT_RENEWED + why


def test_a_method_that_renews_nothing(toolbar):
    bar = toolbar({"expiry.renew_on": "unsafe"}, asking())
    assert due(bar).response == (
        NOT_RENEWED + "GET renews nothing: sessiontoken.expiry.renew_on."
    )
    assert due(bar, method="POST").response.startswith("The session was ren")


def test_no_header_for_a_renewed_token(toolbar):
    bar = toolbar({"token.renewal_header": "off"}, asking())
    assert due(bar).response == (
        NOT_RENEWED
        + "no header carries it: sessiontoken.token.renewal_header."
    )


def test_the_token_endpoint_leaves_a_session_as_it_is(toolbar):
    bar = toolbar()
    assert due(bar, "/token/status").response == (
        NOT_RENEWED + "the token endpoint leaves the session as it is."
    )


def test_the_user_comes_from_another_credential(toolbar):
    """A refused credential that was shown on purpose rules out the cookie."""

    def setup(config):
        asking()(config)
        refused = Answering(InvalidCredential("it is wrong, for a test"))
        config.add_sessiontoken_authenticator("mine", refused)

    bar = toolbar(
        {"authenticators": "cookie basic mine", "combine": "true"}, setup
    )
    bar.client.post("/sign_in")
    bar.client.clock.advance(1800)
    bar.client.get("/custom", headers=basic("bob"))
    shown = bar.shown
    assert shown.user == "'bob', by basic"
    assert shown.rows["cookie"] == ["a user", "", ""]
    assert shown.rows["mine"] == [
        "refused",
        "it is wrong, for a test",
        "refused",
    ]
    assert shown.rows["Travels in"] == ["cookie (self-contained)"]
    assert shown.response == (
        NOT_RENEWED + "the user of the request comes from another credential."
    )


def test_of_two_sessions_the_one_that_counts_is_not_due(toolbar):
    bar = toolbar({"combine": "true"}, asking())
    bar.client.post("/sign_in")
    bar.client.clock.advance(1800)
    token = bar.client.fresh().swap()["access_token"]
    bar.client.ask(token, "/custom")
    shown = bar.shown
    assert shown.user == "'alice', by session cookie"
    assert shown.response == (
        NOT_RENEWED + "the session that counts is not due yet."
    )


def test_a_user_who_is_gone(toolbar):
    gone = set()

    def setup(config):
        asking()(config)
        config.set_sessiontoken_user_loader(
            lambda identity, request: (
                None if identity.userid in gone else identity
            )
        )

    bar = toolbar(setup=setup)
    token = bar.client.swap()["access_token"]
    gone.add("alice")
    bar.client.clock.advance(1800)
    bar.client.ask(token)
    shown = bar.shown
    assert shown.user == "Nobody: session decided, user_gone."
    assert shown.rows["session"] == [
        "refused",
        "the user loader gave None: the user is gone or barred",
        "user_gone",
    ]
    assert shown.response == NOT_RENEWED + "no user is signed in."
    assert "Session ends" in shown.rows


def test_a_backend_that_fails_at_the_renewal(toolbar):
    class Down(MemoryRepository):
        def renew(self, item, was):
            raise RepositoryUnavailable("it is down, for a test")

    bar = toolbar(
        {"repository": "registered", "token.form": "reference"}, asking()
    )
    registry = bar.client.app.registry
    registry.registerUtility(Down(bar.client.clock), ITokenRepository)
    shown = due(bar)
    assert shown.rows["Travels in"] == ["header (a reference)"]
    assert shown.response == NOT_RENEWED + "a backend failed: see the log."


def test_code_that_fails_at_the_renewal(toolbar):
    class Broken(ExpiryPolicy):
        def renew(self, ticket, now):
            raise LookupError

    bar = toolbar(setup=asking())
    registry = bar.client.app.registry
    registry.registerUtility(Broken(36000, 3600), IExpiryPolicy)
    assert due(bar).response == NOT_RENEWED + "code failed: see the log."


def test_a_session_that_another_request_ends_meanwhile(toolbar):
    class Gone(MemoryRepository):
        def renew(self, item, was):
            return False

    bar = toolbar(
        {"repository": "registered", "token.form": "reference"}, asking()
    )
    registry = bar.client.app.registry
    registry.registerUtility(Gone(bar.client.clock), ITokenRepository)
    assert due(bar).response == (
        NOT_RENEWED
        + "the session is at its end, or another request ended or renewed it"
        " meanwhile."
    )


def test_a_wrong_password(toolbar):
    bar = toolbar()
    bar.client.get("/identity", headers=basic("alice", "hunter2"))
    shown = bar.shown
    assert shown.user == "Nobody: basic decided, wrong_password."
    assert shown.rows["basic"] == [
        "refused",
        "unknown user or wrong password for 'alice'",
        "wrong_password",
    ]


def test_a_token_that_expired(toolbar):
    bar = toolbar()
    token = bar.client.swap()["access_token"]
    bar.client.clock.advance(3660)
    bar.client.ask(token)
    shown = bar.shown
    assert shown.rows["session"] == ["refused", "the token expired", "expired"]
    assert shown.rows["Travels in"] == ["header (the token expired)"]
    assert shown.rows["This token expired"] == [
        "2027-01-15 09:00:00 UTC, 1 min ago"
    ]
    assert shown.rows["Session ends"] == [
        "2027-01-15 18:00:00 UTC, in 8 h 59 min"
    ]


def test_a_refused_password_outweighs_a_cookie(toolbar):
    bar = toolbar()
    bar.client.post("/sign_in")
    bar.client.get("/identity", headers=basic("alice", "wrong"))
    shown = bar.shown
    assert shown.rows["cookie"] == ["a user", "", ""]
    assert shown.rows["basic"][2] == "wrong_password"
    assert shown.user == "Nobody: basic decided, wrong_password."


def test_a_route_that_accepts_fewer(toolbar):
    bar = toolbar(
        setup=viewing(
            lambda request: Response(str(request.identity)),
            sessiontoken_authenticators="session",
        )
    )
    bar.client.get("/custom")
    assert bar.shown.rows["basic"] == [
        "not asked",
        "it is not accepted on this route",
        "",
    ]


def test_plain_http_is_asked_nothing(toolbar):
    bar = toolbar()
    bar.client.get(
        "/identity",
        extra_environ={"wsgi.url_scheme": "http", "HTTP_HOST": "a.example"},
    )
    shown = bar.shown
    assert shown.user.endswith("decided, tls_required.")
    assert shown.rows["basic"] == ["not asked", "", ""]


def test_remember_in_this_request(toolbar):
    bar = toolbar({"cookie.persistent": "true"})
    bar.client.post("/sign_in")
    shown = bar.shown
    assert shown.user == "'alice', by remember() in this request"
    assert shown.rows["Travels in"] == ["cookie (began now)"]
    assert shown.rows["Persistent"] == ["yes"]
    assert shown.response == (
        "remember() began a session: its headers set the cookie."
    )


def test_remember_where_no_code_asks_after_it(toolbar):
    def view(request):
        assert request.identity is None
        return Response("ok", headers=remember(request, "bob"))

    bar = toolbar(setup=viewing(view))
    bar.client.get("/custom")
    assert bar.shown.user == "'bob', by remember() in this request"


def test_remember_a_user_whom_the_user_loader_bars(toolbar):
    def view(request):
        headers = remember(request, "bob")
        assert request.identity is None
        return Response("ok", headers=headers)

    def setup(config):
        viewing(view)(config)
        config.set_sessiontoken_user_loader(lambda identity, request: None)

    bar = toolbar(setup=setup)
    bar.client.get("/custom")
    assert bar.shown.user.endswith("decided, user_gone.")


def test_a_token_that_the_endpoint_issues(toolbar):
    bar = toolbar()
    bar.client.swap()
    shown = bar.shown
    assert shown.rows["Travels in"] == ["header (began now)"]
    assert shown.response == (
        "The response may carry a token that was made in this request."
    )


def test_a_token_for_the_session_of_the_cookie(toolbar):
    bar = toolbar({"token.exchange": "cookie basic"})
    bar.client.post("/sign_in")
    bar.client.clock.advance(60)
    assert bar.client.post("/token").json["access_token"]
    shown = bar.shown
    assert shown.user == "'alice', by cookie"
    assert shown.rows["Signed in"][0].endswith("1 min ago")
    assert shown.response == (
        "Nothing was renewed by use: the endpoint answers for itself."
    )


def test_forget_in_this_request(toolbar):
    bar = toolbar()
    bar.client.post("/sign_in")
    bar.client.post("/sign_out")
    shown = bar.shown
    assert shown.user == "Nobody: forget() signed out in this request."
    assert shown.response == (
        "forget() ended the session, and the cookie is deleted."
    )


def test_a_cookie_that_cannot_be_decoded(toolbar):
    bar = toolbar(
        setup=viewing(
            lambda request: Response(
                str(request.identity), cache_control="max-age=9"
            )
        )
    )
    cached = "a cache may keep the response"
    for path, response in [
        ("/identity", "The cookie cannot be decoded, and is deleted."),
        (
            "/custom",
            f"The cookie cannot be decoded, and stays: {cached}.",
        ),
    ]:
        headers = {"Cookie": f"{NAME}=garbage"}
        bar.client.get(path, headers=headers)
        assert bar.shown.rows["cookie"][::2] == ["refused", "undecodable"]
        assert bar.shown.response == response


def test_claims_that_change(toolbar):
    def view(request):
        request.sessiontoken.update({"tenant": "blue"})
        return Response("ok")

    bar = toolbar(setup=viewing(view))
    bar.client.ask(bar.client.swap()["access_token"], "/custom")
    assert bar.shown.response == (
        "update() changed the claims, and renewed the session."
    )


def test_a_request_that_no_response_ends(toolbar):
    """The page of the toolbar cannot show it, but its panel was told."""

    def view(request):
        assert request.identity is None
        raise LookupError

    def setup(config):
        viewing(view)(config)
        config.registry.settings["debugtoolbar.intercept_exc"] = False

    bar = toolbar(setup=setup)
    with pytest.raises(LookupError):
        bar.client.get("/custom")
    ((_, last),) = bar.client.app.registry.pdtb_history.last(1)
    (panel,) = [p for p in last.panels if p.name == "sessiontoken"]
    assert panel.render_vars(None)["findings"].response == (
        "No response left the application."
    )


@implementer(IAuthenticator)
class Answering:
    """Answers what a test wants."""

    ambient = False
    scheme = None
    vary = ("X-Mine",)

    def __init__(self, answer):
        self.answer = answer

    def authenticate(self, request):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def challenge(self, request):
        return None


@pytest.mark.parametrize(
    ("error", "row", "user"),
    [
        (
            LookupError("hunter2"),
            ["failed", "LookupError: see the log", "application_error"],
            "Nobody: application decided, application_error.",
        ),
        (
            RepositoryUnavailable("redis://:hunter2@host"),
            [
                "failed",
                "RepositoryUnavailable: see the log",
                "repository_unavailable",
            ],
            "Nobody: repository decided, repository_unavailable.",
        ),
    ],
)
def test_an_authenticator_that_fails(toolbar, error, row, user):
    def setup(config):
        config.add_sessiontoken_authenticator("mine", Answering(error))
        viewing(lambda request: Response(str(request.identity)))(config)

    bar = toolbar({"authenticators": "mine session"}, setup)
    bar.client.get("/custom", expect_errors=True)
    shown = bar.shown
    assert shown.rows["mine"] == row
    assert shown.user == user
    assert "hunter2" not in shown.html
    assert '<span class="badge pull-right ">failed</span>' in bar.page


def test_several_that_vouch_together(toolbar):
    def setup(config):
        plan = Identity(None, {"plan": "gold"}, "mine")
        config.add_sessiontoken_authenticator("mine", Answering(plan))

    bar = toolbar(
        {"authenticators": "mine session basic", "combine": "true"}, setup
    )
    bar.client.get("/identity", headers=basic("alice"))
    shown = bar.shown
    assert shown.user == "'alice', by mine basic"
    assert shown.rows["mine"] == ["claims, but no user (vouched)", "", ""]
    assert shown.rows["basic"] == VOUCHED
    assert "gold" not in shown.html


def test_who_acts_for_another(toolbar):
    def view(request):
        return Response(
            "ok", headers=request.sessiontoken.act_as("bob", "a ticket")
        )

    bar = toolbar(
        {"impersonation.principals": "role:admin", "repository": "memory"},
        viewing(view),
    )
    bar.client.post("/sign_in", b'{"claims": {"roles": ["admin"]}}')
    bar.client.get("/custom")
    bar.client.get("/identity")
    shown = bar.shown
    assert shown.user == "'bob', by cookie"
    assert shown.rows["Acting user"] == ["'alice'"]


def test_another_policy_in_use(toolbar):
    class Other:
        def identity(self, request):
            return None

        def authenticated_userid(self, request):
            return None

        def permits(self, request, context, permission):
            return True

        def remember(self, request, userid, **kw):
            return []

        def forget(self, request, **kw):
            return []

    def setup(config):
        config.commit()
        config.set_security_policy(Other())
        config.commit()

    bar = toolbar(setup=setup)
    bar.client.get("/public")
    assert bar.shown.lines == [
        "User: The application uses another security policy."
    ]


def test_a_time_of_grace_renews_nothing(toolbar):
    down = []

    class Repository(MemoryRepository):
        def get(self, key):
            if down:
                raise RepositoryUnavailable("it is down, for a test")
            return super().get(key)

    bar = toolbar(
        {
            "repository": "registered",
            "revocation": "on",
            "repository.cache_ttl": "0",
            "repository.grace": "10m",
            "expiry.sliding": "10m",
        },
        asking(),
    )
    registry = bar.client.app.registry
    registry.registerUtility(Repository(bar.client.clock), ITokenRepository)
    token = bar.client.swap()["access_token"]
    bar.client.ask(token, "/custom")
    down.append(True)
    bar.client.clock.advance(300)
    bar.client.ask(token, "/custom")
    assert "in a time of grace" in bar.shown.response
