"""The bodies of 401 and 403."""

import pytest
from pyramid.httpexceptions import HTTPForbidden

PAGE = {"Accept": "text/html,*/*;q=0.8"}
PLAIN = {"wsgi.url_scheme": "http"}


class Worded(HTTPForbidden):
    explanation = "In our own words."


@pytest.fixture
def forbidding(make):
    """Make a client whose /no raises an exception of the test's."""

    def make_client(error, settings=()):
        def no(request):
            raise error

        def setup(config):
            config.add_route("no", "/no")
            config.add_view(no, route_name="no")

        client = make(settings, setup=setup)
        client.token = client.swap()["access_token"]
        return client

    return make_client


def shape(response):
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert set(response.json) == {"error", "error_description"}
    return response.status_code, *response.json.values()


def page(response):
    assert response.content_type == "text/html"
    assert response.charset.lower() == "utf-8"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.text.startswith("<!doctype html>")
    assert len(response.text) < 1000
    return response.text


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "a/b"}])
def test_a_program_gets_json(client, accept):
    token = client.swap()["access_token"]
    bad = {**accept, "Authorization": "Session no"}
    wrong = {**accept, "Authorization": "Basic YTpi"}

    assert shape(client.get("/admin", headers=accept, status=401)) == (
        401,
        "unauthorized",
        "A credential is needed",
    )
    assert shape(client.get("/admin", headers=bad, status=401)) == (
        401,
        "invalid_token",
        "The token was refused",
    )
    assert shape(client.get("/admin", headers=wrong, status=401)) == (
        401,
        "unauthorized",
        "The credential was refused",
    )
    assert shape(client.ask(token, "/forbidden", **accept)) == (
        403,
        "forbidden",
        "The user may not do this",
    )
    plain = client.get("/admin", extra_environ=PLAIN, status=403)
    assert shape(plain)[:2] == (403, "tls_required")


def test_a_browser_shows_a_page(client):
    token = client.swap()["access_token"]

    unknown = page(client.get("/admin", headers=PAGE, status=401))
    assert "<h1>401 Unauthorized</h1>" in unknown
    assert "<h1>403 Forbidden</h1>" in page(
        client.ask(token, "/forbidden", **PAGE)
    )
    plain = client.get("/admin", headers=PAGE, extra_environ=PLAIN, status=403)
    assert "X-Forwarded-Proto" in page(plain)
    # The endpoint is for programs.
    for path in ("/token", "/token/introspect"):
        answer = client.post(path, headers=PAGE, status=401)
        assert answer.content_type == "application/json"


def test_an_expired_token_is_reported_as_expired(client):
    token = client.swap()["access_token"]
    client.clock.advance(3700)

    assert shape(client.ask(token, "/admin")) == (
        401,
        "invalid_token",
        "The token expired",
    )


def test_a_token_of_another_issuer_is_reported_like_ours(make):
    client = make(
        {
            "authenticators": "session bearer",
            "bearer.issuer": "https://issuer.example",
            "bearer.audience": "us",
            "bearer.algorithms": "HS256",
            "bearer.key": "bDdFJjN6dHEyRmt5VDhtV3ZSMXhDOXBKNHNOYkg2Z0s",
            "basic.check": None,
        }
    )
    headers = {"Authorization": "Bearer a.b.c"}

    answer = client.get("/admin", headers=headers, status=401)

    assert shape(answer)[1] == "invalid_token"


def test_the_text_of_a_403_of_the_application_is_kept(forbidding):
    client = forbidding(
        HTTPForbidden("Not on <Sundays>", headers=[("X-Day", "Sunday")])
    )

    answer = client.ask(client.token, "/no")
    assert shape(answer) == (403, "forbidden", "Not on <Sundays>")
    assert answer.headers["X-Day"] == "Sunday"
    assert "Not on &lt;Sundays&gt;" in page(
        client.ask(client.token, "/no", **PAGE)
    )


def test_a_lacking_permission_is_not_named(client):
    token = client.swap("bob")["access_token"]

    answer = client.ask(token, "/admin")

    assert shape(answer) == (403, "forbidden", "The user may not do this")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (HTTPForbidden(text="mine"), "mine"),
        (HTTPForbidden(json_body={"code": 7}), '{"code":7}'),
        (HTTPForbidden(body_template="<b>mine</b>"), "<b>mine</b>"),
    ],
)
def test_a_body_of_the_application_is_kept(forbidding, error, text):
    client = forbidding(error)

    answer = client.ask(client.token, "/no", **PAGE)

    assert answer.status_code == 403
    assert text in answer.text
    # For a stranger it is a 401 like any other.
    assert shape(client.get("/no", status=401))[1] == "unauthorized"


def test_an_exception_without_a_result_is_answered(forbidding):
    error = Worded()
    del error.result
    client = forbidding(error)

    assert shape(client.ask(client.token, "/no"))[1] == "forbidden"


def test_a_head_request_gets_headers_only(client):
    answer = client.head("/admin", status=401)

    assert answer.body == b""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
