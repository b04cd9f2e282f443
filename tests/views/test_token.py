"""The token endpoint and the forbidden view."""

import base64
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.authorization import ACLHelper
from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.exceptions import HTTPForbidden
from pyramid.renderers import JSONP
from pyramid.response import Response
from support import Client

import pyramid_sessiontoken
from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.events import SessionIssued
from pyramid_sessiontoken.views.forbidden import local_path

BASIC = {"Authorization": "Basic " + base64.b64encode(b"bob:bob").decode()}
FORM = "application/x-www-form-urlencoded"


def is_unkept(response):
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Pragma"] == "no-cache"
    return True


@pytest.mark.parametrize("method", ["get", "post"])
def test_get_and_post_swap_what_is_shown_on_purpose(client, method):
    response = getattr(client, method)("/token", headers=BASIC)
    assert response.json["token_type"] == "Session"
    assert is_unkept(response)
    assert "Authorization" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/token", "DELETE", "GET, POST"),
        ("/token", "PUT", "GET, POST"),
        ("/token", "HEAD", "GET, POST"),
        ("/token", "OPTIONS", "GET, POST"),
        ("/token", "PATCH", "GET, POST"),
        ("/token/status", "POST", "GET"),
        ("/token/status", "HEAD", "GET"),
    ],
)
def test_other_methods_are_405(client, path, method, allow):
    response = client.request(path, method=method, status=405)
    assert response.headers["Allow"] == allow
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "grant_type=client_credentials",
        "grant_type=client_credentials&scope=a%20b&client_id=bob",
        "sub=alice&aud=x&expires_in=999999&roles=admin",
    ],
)
def test_a_form_is_read_and_chooses_nothing(client, body):
    response = client.post("/token", body, headers=BASIC)
    assert response.json["expires_in"] == 3600
    who = client.ask(response.json["access_token"]).json
    assert who["userid"] == "bob"
    assert who["claims"] == {"roles": ["user"]}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        ("grant_type=password", FORM, 400, "unsupported_grant_type"),
        ("grant_type=", FORM, 400, "unsupported_grant_type"),
        ("grant_type", FORM, 400, "unsupported_grant_type"),
        ("a=1&a=2", FORM, 400, "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            FORM,
            400,
            "invalid_request",
        ),
        ("a=%ff", FORM, 400, "invalid_request"),
        (b"a=\xff", FORM, 400, "invalid_request"),
        ("&".join(f"a{i}=1" for i in range(101)), FORM, 400, None),
        ('{"a": 1}', "application/json", 415, "invalid_request"),
        ("x", "text/plain", 415, "invalid_request"),
        ("x", "multipart/form-data", 415, "invalid_request"),
        ("x", "", 415, "invalid_request"),
        ("a=" + "x" * 65535, FORM, 413, "invalid_request"),
    ],
)
def test_any_other_body_is_refused(client, body, content_type, status, error):
    response = client.post(
        "/token",
        body,
        headers={**BASIC, "Content-Type": content_type},
        status=status,
    )
    assert error in (None, response.json["error"])
    assert is_unkept(response)


def test_a_form_in_any_charset_or_case_of_its_type_is_a_form(client):
    for content_type in (
        f"{FORM}; charset=bogus",
        FORM.upper(),
        f"{FORM};charset=utf-8",
    ):
        client.post(
            "/token",
            "grant_type=client_credentials",
            headers={**BASIC, "Content-Type": content_type},
        )


def test_a_body_that_is_shorter_than_announced_is_400(client):
    request = client.RequestClass.blank(
        "/token", {**client.extra_environ, "CONTENT_TYPE": FORM}
    )
    request.method = "POST"
    request.environ["CONTENT_LENGTH"] = "50"
    request.headers.update(BASIC)
    response = request.get_response(client.app)
    assert response.status_code == 400
    assert response.json["error"] == "invalid_request"


def test_a_chunked_body_is_bounded_as_well(client):
    def post(body):
        request = client.RequestClass.blank("/token", client.extra_environ)
        request.method = "POST"
        request.body = body
        request.headers.update(BASIC)
        request.content_type = FORM
        del request.environ["CONTENT_LENGTH"]
        request.environ["wsgi.input_terminated"] = True
        return request.get_response(client.app)

    assert post(b"grant_type=client_credentials").status_code == 200
    assert post(b"a=" + b"x" * 65536).status_code == 413


def test_no_credential_a_wrong_one_and_an_unknown_user(client):
    none = client.post("/token", status=401)
    wrong, unknown = (
        client.fresh().post(
            "/token",
            headers={
                "Authorization": "Basic " + base64.b64encode(shown).decode()
            },
            status=401,
        )
        for shown in (b"alice:wrong", b"nobody:wrong")
    )
    assert none.json["error"] == wrong.json["error"] == "invalid_client"
    assert is_unkept(none)
    # An unknown user gets the same answer as a wrong password.
    assert wrong.body == unknown.body
    assert wrong.headerlist == unknown.headerlist
    assert none.headers.getall("WWW-Authenticate") == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
    ]


def test_an_expired_token_is_called_so_and_all_others_are_alike(client):
    token = client.swap()["access_token"]
    client.clock.advance(3700)
    expired = client.post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )
    assert expired.json["error_description"] == "The token expired"
    assert expired.headers.getall("WWW-Authenticate")[0] == (
        'Session realm="session", error="invalid_token",'
        ' error_description="The token expired"'
    )
    answers = set()
    for junk in ("junk", token[:-3] + "AAA", "a.b.c", token + "x", ""):
        response = client.post(
            "/token", headers={"Authorization": f"Session {junk}"}, status=401
        )
        assert response.headers.getall("WWW-Authenticate")[0] == (
            'Session realm="session", error="invalid_token"'
        )
        answers.add(response.body)
    assert len(answers) == 1


def test_what_may_be_swapped_is_the_deployers_choice(make):
    client = make({"token.exchange": "basic"})
    token = client.swap()["access_token"]
    response = client.post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )
    assert response.headers.getall("WWW-Authenticate") == [
        'Basic realm="session", charset="UTF-8"'
    ]


def test_subscribers_add_fields_and_overwrite_none(make):
    told = []

    def add(event):
        told.append(event)
        event.response_fields["user"] = event.identity.userid

    client = make(
        setup=lambda config: config.add_subscriber(add, SessionIssued)
    )
    answer = client.swap()
    assert answer["user"] == "alice"
    [event] = told
    assert event.authenticator == "basic"
    assert event.ticket.amr == ("pwd",)
    fields = event.response_fields
    for name in ("access_token", "expires_in", "user"):
        with pytest.raises(KeyError):
            fields[name] = 1
        with pytest.raises(KeyError):
            fields |= {name: 1}
    fields |= {"other": 1}
    assert fields == {"user": "alice", "other": 1}


def test_claims_that_fit_no_token_are_an_error_of_the_application(make):
    client = make({"basic.check": lambda u, p, r: {"sub": u, "x": "x" * 8000}})
    with pytest.raises(ClaimsError, match="reference"):
        client.swap()


def test_over_plain_http_there_is_neither_token_nor_challenge(client):
    client.extra_environ["wsgi.url_scheme"] = "http"
    for path in ("/token", "/token/status", "/admin", "/forbidden"):
        response = client.get(path, headers=BASIC, status=403)
        assert response.json["error"] == "tls_required"
        assert "require_tls" in response.json["error_description"]
        assert "X-Forwarded-Proto" in response.json["error_description"]
        assert "WWW-Authenticate" not in response.headers
    client.post("/token", headers=BASIC, status=403)


def test_the_endpoint_stands_under_the_route_prefix(make):
    def before(config):
        config.include("pyramid_sessiontoken", route_prefix="/auth")

    client = make({"token.path": "/swap"}, before=before)
    assert client.post("/auth/swap", headers=BASIC).json["expires_in"]
    client.get("/auth/swap/status")
    client.post("/swap", headers=BASIC, status=404)


def test_nothing_that_applications_set_shuts_the_endpoint(make):
    """Default permission, CSRF tokens, JSON renderer, a catch-all route."""

    def setup(config):
        config.set_default_permission("locked")
        config.set_default_csrf_options(require_csrf=True)
        config.add_renderer("json", JSONP(param_name="callback"))
        config.add_route("all", "/*path")
        config.add_view(lambda request: Response("all"), route_name="all")

    client = make(setup=setup)
    response = client.post("/token?callback=evil", headers=BASIC)
    assert response.body.startswith(b"{")
    assert response.json["token_type"] == "Session"


def test_where_another_policy_wins_no_token_is_issued(make, caplog):
    class Other:
        def identity(self, request):
            return None

        authenticated_userid = remember = forget = identity

        def permits(self, request, context, permission):
            return ACLHelper().permits(context, [], permission)

    with caplog.at_level(logging.WARNING):
        client = make(security_policy=Other())
    assert "another security policy" in caplog.text
    response = client.post("/token", headers=BASIC, status=503)
    assert response.json["error"] == "temporarily_unavailable"
    assert "Retry-After" in response.headers
    # The answers are those of the endpoint.
    assert "WWW-Authenticate" not in client.get("/admin", status=403).headers


def test_an_unknown_user_is_challenged_and_a_known_one_forbidden(client):
    response = client.get("/forbidden", status=401)
    assert response.headers["Vary"] == "Authorization, Cookie"
    token = client.swap()["access_token"]
    assert client.ask(token, "/forbidden").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"X-Requested-With": "XMLHttpRequest"}, {"Sec-Fetch-Mode": "cors"}],
)
def test_no_password_box_opens_over_a_page(client, headers):
    for path in ("/admin", "/token"):
        response = client.get(path, headers=headers, status=401)
        assert response.headers.getall("WWW-Authenticate") == [
            'Session realm="session"'
        ]


def test_a_401_always_has_a_challenge(make):
    """RFC 9110, section 15.5.2."""
    for names in ("cookie", "cookie basic"):
        client = make({"authenticators": names})
        response = client.get(
            "/admin", headers={"Sec-Fetch-Mode": "cors"}, status=401
        )
        assert response.headers.getall("WWW-Authenticate") == [
            'Session realm="session"'
        ]
    client = make({"token.header": "X-Session", "authenticators": "session"})
    assert "WWW-Authenticate" in client.get("/admin", status=401).headers


def test_which_schemes_are_advertised_is_the_deployers_choice(make):
    client = make({"challenge": "basic"})
    response = client.get("/admin", status=401)
    assert response.headers.getall("WWW-Authenticate") == [
        'Basic realm="session", charset="UTF-8"'
    ]


def test_the_realm_is_escaped(make):
    client = make({"realm": 'a "b" \\ ü €'})
    response = client.get("/admin", status=401)
    assert response.headers.getall("WWW-Authenticate")[0] == (
        'Session realm="a \\"b\\" \\\\ ? ?"'
    )


@pytest.mark.parametrize(
    ("headers", "moves"),
    [
        ({"Accept": "text/html,*/*"}, True),
        ({"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Accept": "*/*", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Accept": "text/html", "Sec-Fetch-Mode": "cors"}, False),
        ({"Accept": "*/*"}, False),
        ({}, False),
        (
            {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
            False,
        ),
    ],
)
def test_pages_are_sent_to_where_users_sign_in(make, headers, moves):
    client = make({"login_url": "/login?x=1"})
    response = client.get("/admin?a=b&c", headers=headers, status="*")
    if moves:
        assert response.status_code == 302
        assert response.headers["Location"] == (
            "https://localhost/login?x=1&next=%2Fadmin%3Fa%3Db%26c"
        )
        assert client.post("/forbidden", headers=headers, status=401)
    else:
        assert response.status_code == 401
    token = client.swap()["access_token"]
    assert client.ask(token, "/forbidden", **headers).status_code == 403


def test_a_fragment_stays_at_the_end(make):
    client = make({"login_url": "/login?a=b#form"})
    response = client.get("/admin", headers={"Accept": "text/html"})
    assert response.headers["Location"] == (
        "https://localhost/login?a=b&next=%2Fadmin#form"
    )


def test_the_login_page_may_be_a_route(make):
    client = make({"login_url": "sign_in"})
    response = client.get("/admin", headers={"Accept": "text/html"})
    assert response.headers["Location"] == (
        "https://localhost/sign_in?next=%2Fadmin"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", "/a"),
        ("//evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/\t/evil.example", "/%09/evil.example"),
        ("\\\\evil", "/%5C%5Cevil"),
        ("evil", "/evil"),
        ("https://evil", "/https://evil"),
        ("", "/"),
    ],
)
def test_the_way_back_stays_on_this_host(path, expected):
    assert local_path(path) == expected


@given(st.text())
def test_whatever_the_way_back_is_it_is_a_path_here(path):
    found = local_path(path)
    assert found.startswith("/")
    assert not found.startswith("//")
    assert not set(found) & set("\\\x00\t\r\n\x7f ")


def test_the_applications_forbidden_view_wins(make):
    def setup(config):
        config.add_forbidden_view(lambda request: Response("mine", 418))

    assert make(setup=setup).get("/admin", status=418).text == "mine"


def test_another_plugins_forbidden_view_wins_without_a_conflict(make):
    """As cornice sets one, included before and after the library."""

    def plugin(config):
        config.add_view(
            lambda request: Response("plugin", 418), context=HTTPForbidden
        )

    for place in ("before", "setup"):
        client = make(**{place: lambda config: config.include(plugin)})
        assert client.get("/admin", status=418).text == "plugin"


def test_the_forbidden_view_can_be_switched_off(make):
    client = make({"forbidden_view": "off"})
    assert "WWW-Authenticate" not in client.get("/admin", status=403).headers


def test_csrf_tokens_are_asked_of_what_browsers_send_by_themselves(make):
    def setup(config):
        config.set_csrf_storage_policy(CookieCSRFStoragePolicy())
        config.set_default_csrf_options(
            require_csrf=True, callback=pyramid_sessiontoken.csrf_required
        )
        config.add_route("unsafe", "/unsafe")
        config.add_view(lambda request: Response(), route_name="unsafe")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    client.post("/unsafe", headers=headers, status=200)
    client.post("/unsafe", status=400)
    client.post("/unsafe", headers=BASIC, status=400)
    # An invalid token beside a good cookie does not help.
    headers = {"Authorization": "Session junk"}
    client.post("/unsafe", headers=headers, status=400)

    class Other:
        def identity(self, request):
            return "other"

        authenticated_userid = remember = forget = identity

        def permits(self, request, context, permission):
            return True

    other = make(setup=setup, security_policy=Other())
    other.post("/unsafe", headers=headers, status=400)


def test_the_same_settings_serve_two_applications_in_one_process(make):
    one, other = make({"token.issuer": "one"}), make()
    token = one.swap()["access_token"]
    assert other.ask(token).json["userid"] is None
    assert one.ask(token).json["userid"] == "alice"


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    header=st.sampled_from(["Authorization", "Cookie", "Origin", "Expires"]),
    value=st.text(
        st.characters(min_codepoint=32, max_codepoint=255), max_size=100
    ),
    prefix=st.sampled_from(["", "Session ", "Basic ", "__Host-sessiontoken="]),
    body=st.binary(max_size=100),
)
def test_no_input_is_a_500(client, header, value, prefix, body):
    headers = {header: prefix + value, "Content-Type": FORM}
    stranger = Client(client.app, client.clock)
    response = stranger.post("/token", body, headers=headers, status="*")
    assert response.status_code in (400, 401)
    response = stranger.get("/identity", headers=headers, status="*")
    assert response.status_code == 200
    assert response.json["userid"] is None
