"""What browsers are told for pages of other origins."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.response import Response
from support import Client
from support.cors import (
    APP,
    ASKS,
    BASIC,
    EVIL,
    EXPOSED,
    OF_PAGE,
    ORIGIN,
    assert_readable,
    assert_silent,
    assert_unreadable,
    vary,
)

from pyramid_sessiontoken.events import SessionIssued


@pytest.fixture
def site(make):
    def make_site(settings=(), *args, **kw):
        return make({"cors.origins": APP, **dict(settings)}, *args, **kw)

    return make_site


# Preflights.


@pytest.mark.parametrize(
    ("below", "methods"),
    [
        ("", "DELETE, GET, POST"),
        ("/status", "GET"),
        ("/renew", "POST"),
        ("/introspect", "POST"),
        ("/revoke", "POST"),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("prefix", [None, "/auth"])
def test_a_preflight_is_answered(site, below, methods, scheme, prefix):
    """Over plain HTTP, too, so that the page can read the 403."""
    client = site(
        {"repository": "memory", "token.header": "X-Session"},
        **({"route_prefix": prefix} if prefix else {}),
    )
    client.extra_environ["wsgi.url_scheme"] = scheme
    path = f"{prefix or ''}/token{below}"

    answer = client.options(path, headers={**OF_PAGE, **ASKS}, status=204)

    headers = assert_readable(answer).headers
    assert headers["Access-Control-Allow-Methods"] == methods
    assert headers["Access-Control-Allow-Headers"] == (
        "Authorization, Content-Type, X-Session, X-Api-Key, Session-Slide"
    )
    assert headers["Access-Control-Max-Age"] == "600"
    assert answer.body == b""
    assert "Content-Type" not in headers
    if scheme == "http":
        answer = client.post(path, headers=OF_PAGE, expect_errors=True)
        assert answer.status_code == (403 if "POST" in methods else 405)
        assert_readable(answer)


def test_the_methods_are_those_of_the_route(site):
    client = site()
    answer = client.options("/token", headers={**OF_PAGE, **ASKS}, status=204)
    allowed = answer.headers["Access-Control-Allow-Methods"]
    assert allowed == "GET, POST"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        ASKS,
        {"Origin": APP},
        {"Origin": EVIL, **ASKS},
        {"Origin": "null", **ASKS},
        {"Origin": APP.upper(), **ASKS},
        {"Origin": f"{APP}/", **ASKS},
        {"Origin": f"{APP}:443", **ASKS},
        {"Origin": f"{APP}.evil.example", **ASKS},
        {"Origin": f"{APP}, {APP}", **ASKS},
        {"Origin": "http://app.example", **ASKS},
        {"Origin": "", **ASKS},
    ],
)
def test_any_other_options_is_405(site, headers):
    answer = site().options("/token", headers=headers, status=405)
    assert answer.headers["Allow"] == "GET, POST"
    if headers.get("Origin") == APP:
        assert_readable(answer)
    else:
        assert_unreadable(answer)


def test_without_the_setting_nothing_is_said_of_origins(make):
    client = make()
    assert_silent(
        client.options("/token", headers={**OF_PAGE, **ASKS}, status=405)
    )
    assert_silent(client.post("/token", headers={"Origin": APP}, status=401))
    client.post("/token", headers={**OF_PAGE, **BASIC}, status=401)


@given(origin=st.text(st.characters(max_codepoint=255), max_size=40))
def test_no_other_origin_is_named(origin):
    client = site_for_hypothesis()
    request = client.RequestClass.blank(
        "/token",
        {
            **client.extra_environ,
            "HTTP_ORIGIN": origin,
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        },
        method="OPTIONS",
    )
    answer = request.get_response(client.app)
    assert answer.status_code == 405
    assert_unreadable(answer)


def site_for_hypothesis(made=[]):  # noqa: B006
    from pyramid.config import Configurator
    from support import KEY

    if not made:
        config = Configurator(
            settings={
                "sessiontoken.keys": KEY,
                "sessiontoken.cors.origins": APP,
            }
        )
        config.include("pyramid_sessiontoken")
        made.append(Client(config.make_wsgi_app(), None))
    return made[0]


# Every answer names the origin.


def test_each_error_can_be_read(site):
    client = site({"repository": "memory"})

    def post(status, body="", path="/token", **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        answer = client.post(
            path, body, headers={**OF_PAGE, **headers}, status=status
        )
        return assert_readable(answer)

    form = "application/x-www-form-urlencoded"
    wrong = "Basic " + base64.b64encode(b"bob:wrong").decode()
    assert post(401).headers["WWW-Authenticate"]
    post(401, Authorization=wrong)
    post(400, "grant_type=password", Content_Type=form)
    post(413, "a=" + "x" * 70000, Content_Type=form)
    post(415, "x", Content_Type="text/plain")
    post(405, path="/token/status")
    post(401, path="/token/introspect")
    client.extra_environ["wsgi.url_scheme"] = "http"
    post(403)


def test_an_outage_and_a_throttled_attempt_can_be_read(site, own_repository):
    client = site(
        {
            "repository": "registered",
            "token.form": "reference",
            "throttle.attempts": "1/hour",
        },
        before=own_repository,
    )
    answer = client.post("/token", headers={**OF_PAGE, **BASIC}, status=503)
    assert assert_readable(answer).headers["Retry-After"]
    wrong = "Basic " + base64.b64encode(b"eve:wrong").decode()
    for status in (401, 429):
        answer = client.post(
            "/token",
            headers={**OF_PAGE, "Authorization": wrong},
            status=status,
        )
        assert_readable(answer)
    assert answer.headers["Retry-After"]


@pytest.fixture
def own_repository():
    from pyramid_sessiontoken.errors import RepositoryUnavailable
    from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
    from pyramid_sessiontoken.repositories.memory import MemoryRepository

    class Down(MemoryRepository):
        def add_or_update(self, item):
            raise RepositoryUnavailable("down")

    def before(config):
        repository = Down(config.registry.getUtility(IClock))
        config.registry.registerUtility(repository, ITokenRepository)

    return before


def test_where_another_policy_wins_the_503_can_be_read(site):
    class Other:
        def identity(self, request):
            return None

        authenticated_userid = permits = remember = forget = identity

    def setup(config):
        config.commit()
        config.set_security_policy(Other())

    client = site(setup=setup)
    client.options("/token", headers={**OF_PAGE, **ASKS}, status=204)
    assert_readable(client.post("/token", headers=OF_PAGE, status=503))


def test_a_shared_answer_of_the_application_names_the_origin_of_each(site):
    """An exception view may give one response to all requests."""
    shared = Response("sorry", status=500)

    def fail(event):
        raise LookupError

    def setup(config):
        config.add_subscriber(fail, SessionIssued)
        config.add_exception_view(lambda exc, request: shared, LookupError)

    client = site({"cors.origins": f"{APP} https://two.example"}, setup)
    for origin in (APP, "https://two.example", EVIL, None, APP):
        headers = {**BASIC}
        if origin is not None:
            headers["Origin"] = origin
        if origin == EVIL:
            del headers["Authorization"]
            answer = client.post("/token", headers=headers, status=401)
            assert_unreadable(answer)
            continue
        answer = client.post("/token", headers=headers, status=500)
        assert answer.headers.get(ORIGIN) == origin
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert vary(answer).count("Origin") == 1
    assert ORIGIN not in shared.headers


def test_without_a_renewal_header_none_is_exposed(site):
    client = site({"token.renewal_header": "off"})
    answer = client.post("/token", headers=OF_PAGE, status=401)
    assert answer.headers[EXPOSED] == "WWW-Authenticate, Retry-After"
