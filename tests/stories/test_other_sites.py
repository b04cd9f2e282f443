"""What pages of other sites make a browser send, and what that may do."""

import base64

import pytest
from support import TLS

BASIC = {"Authorization": "Basic " + base64.b64encode(b"alice:alice").decode()}
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
HOST = "trusted.example"
TRUSTED = f"https://{HOST}"


@pytest.fixture
def trusting(make):
    def before(config):
        config.add_settings({"pyramid.csrf_trusted_origins": HOST})

    return make(before=before)


def asks_before_routing(config):
    """As pyramid_tm does, for its annotation."""
    config.add_tween(f"{__name__}.tween_that_asks")


def tween_that_asks(handler, registry):
    def tween(request):
        request.authenticated_userid  # noqa: B018
        return handler(request)

    return tween


def tween_that_keeps(handler, registry):
    """As a plugin does that lets a CDN keep everything."""

    def tween(request):
        response = handler(request)
        response.headers["CDN-Cache-Control"] = "max-age=600"
        response.headers["X-Accel-Expires"] = "600"
        return response

    return tween


@pytest.mark.parametrize("setup", [None, asks_before_routing])
@pytest.mark.parametrize("prefix", [None, "/auth"])
def test_an_image_of_another_site_cannot_use_a_remembered_password(
    make, setup, prefix
):
    client = make(setup=setup, **({"route_prefix": prefix} if prefix else {}))
    url = f"{prefix or ''}/token"

    assert client.get(url, headers=BASIC).json["token_type"] == "Session"
    for headers in (IMAGE, {"Origin": "https://evil.example"}):
        refused = client.get(url, headers={**BASIC, **headers}, status=401)
        assert "access_token" not in refused.json
    refused = client.get(url, headers={**BASIC, **IMAGE}, status=401)
    # No password box opens for an image.
    assert "Basic" not in str(refused.headers.getall("WWW-Authenticate"))
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert client.get(url, headers={**BASIC, **own}).json["access_token"]
    # Pages that are only read are the application's business.
    who = client.get(f"{prefix or ''}/identity", headers={**BASIC, **IMAGE})
    assert who.json["userid"] == "alice"


def test_a_websocket_of_another_origin_cannot_use_the_cookie(client):
    client.lint = False  # WebTest knows no wss.
    client.post_json("/sign_in", {})
    shake = {"Upgrade": "websocket", "Connection": "Upgrade"}

    for origin, userid in (
        ("https://localhost", "alice"),
        ("https://evil.example", None),
        ("null", None),
    ):
        headers = {**shake, "Origin": origin}
        for scheme in ("https", "wss"):
            answer = client.get(
                "/identity",
                headers=headers,
                extra_environ={**TLS, "wsgi.url_scheme": scheme},
            )
            assert answer.json["userid"] == userid


def test_a_page_of_a_trusted_origin_may_use_the_cookie(trusting):
    """Whatever the browser calls the site: Pyramid's own check asks for
    nothing more.
    """
    trusting.post_json("/sign_in", {})
    headers = {"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"}

    assert trusting.post("/identity", headers=headers).json["userid"] == (
        "alice"
    )
    for origin in ("null", "https://evil.example", f"{TRUSTED}.evil.example"):
        headers["Origin"] = origin
        answer = trusting.post("/identity", headers=headers)
        assert answer.json["userid"] is None


@pytest.mark.parametrize("setup", [None, asks_before_routing])
def test_the_endpoint_trusts_no_other_origin(make, setup):
    def before(config):
        config.add_settings({"pyramid.csrf_trusted_origins": HOST})

    client = make({"token.exchange": "basic cookie"}, setup, before)
    client.post_json("/sign_in", {})
    trusted = {"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"}

    assert client.post("/token").json["access_token"]
    client.post("/token", headers=trusted, status=401)
    client.post("/token", headers={**BASIC, **trusted}, status=401)
    client.post("/token/revoke", headers=trusted, status=401)


def test_a_prefetch_does_not_keep_a_session_alive(client):
    client.post_json("/sign_in", {})
    client.clock.advance(1800)

    ahead = client.get("/identity", headers={"Sec-Purpose": "prefetch"})
    assert ahead.json["userid"] == "alice"
    assert "Set-Cookie" not in ahead.headers
    assert "Set-Cookie" in client.get("/identity").headers


def test_no_answer_of_the_library_is_sniffed(make):
    client = make({"repository": "memory", "login_url": "/login"})
    token = client.swap()["access_token"]

    for answer in (
        client.post("/token", headers=BASIC),
        client.get("/admin", headers={"Accept": "text/html"}, status=302),
        client.post("/admin", status=401),
        client.post("/token", status=401),
        client.put("/token", status=405),
        client.get("/token/status"),
        client.post("/token/introspect", status=401),
        client.post(
            "/token", extra_environ={"wsgi.url_scheme": "http"}, status=403
        ),
        client.delete("/token", headers={"Authorization": f"Session {token}"}),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_answer_that_signs_in_is_not_cached(make):
    """Words to a CDN beat Cache-Control (RFC 9213, section 2.1)."""

    def setup(config):
        config.add_tween(f"{__name__}.tween_that_keeps")

    client = make(setup=setup)
    public = client.get("/public")
    assert public.headers["CDN-Cache-Control"] == "max-age=600"
    for answer in (
        client.post("/token", headers=BASIC),
        client.post_json("/sign_in", {}),
        client.post("/sign_out"),
    ):
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "CDN-Cache-Control" not in answer.headers
        assert "X-Accel-Expires" not in answer.headers
