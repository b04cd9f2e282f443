"""Documents that everybody may read, and that caches may keep."""

import pytest
from support import OTHER_KEY
from support.cors import (
    APP,
    ASKS,
    OF_PAGE,
    assert_readable,
    assert_silent,
    assert_unreadable,
)

ON = {
    "authenticators": "session cookie bearer",
    "bearer.issuer": "https://issuer.example",
    "bearer.audience": "https://api.example",
    "bearer.algorithms": "HS256",
    "bearer.key": OTHER_KEY,
    "metadata.resource": "https://api.example",
}
PATH = "/.well-known/oauth-protected-resource"


def test_caches_may_keep_it(make):
    for answer in (make(ON).get(PATH), make(ON).head(PATH)):
        headers = answer.headers
        assert headers["Cache-Control"] == "public, max-age=3600"
        assert headers["Content-Type"] == "application/json"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Vary" not in headers
        assert "Set-Cookie" not in headers
        assert int(headers["Content-Length"]) > 60
    assert answer.body == b""


def test_a_credential_makes_no_difference(make):
    client = make(ON)
    plain = client.get(PATH)
    headers = {"Authorization": "Bearer nonsense", "Cookie": "a=b"}

    answer = client.get(PATH, headers=headers)

    assert answer.body == plain.body
    assert dict(answer.headers) == dict(plain.headers)


def test_it_renews_nothing_where_a_tween_asks_first(make):
    def setup(config):
        config.add_tween(f"{__name__}.tween_that_asks")

    client = make({**ON, "authenticators": "session cookie bearer"}, setup)
    client.post_json("/sign_in", {})
    client.clock.advance(1800)

    answer = client.get(PATH)

    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Vary" not in answer.headers
    client = make(
        {**ON, "authenticators": "session bearer", "cors.origins": APP}, setup
    )
    assert client.get(PATH).headers["Vary"] == "Origin"


def tween_that_asks(handler, registry):
    def tween(request):
        request.authenticated_userid  # noqa: B018
        return handler(request)

    return tween


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_other_methods_are_405(make, method):
    answer = getattr(make(ON), method)(PATH, status=405)

    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_over_plain_http_it_is_403(make):
    client = make(ON)
    client.extra_environ["wsgi.url_scheme"] = "http"

    answer = client.get(PATH, status=403)

    assert answer.json["error"] == "tls_required"
    assert answer.headers["Cache-Control"] == "private, no-store"
    client = make({**ON, "require_tls": "false"})
    client.extra_environ["wsgi.url_scheme"] = "http"
    client.get(PATH)


def test_a_page_of_another_origin_may_read_it(make):
    client = make({**ON, "cors.origins": APP})

    answer = client.options(PATH, headers={**OF_PAGE, **ASKS}, status=204)
    allowed = assert_readable(answer).headers["Access-Control-Allow-Methods"]
    assert allowed == "GET, HEAD"
    answer = client.get(PATH, headers=OF_PAGE)
    assert_readable(answer)
    assert answer.headers["Vary"] == "Origin"
    assert_unreadable(client.get(PATH))
    assert_silent(make(ON).get(PATH, headers=OF_PAGE))
