"""The panel in the real pyramid_debugtoolbar."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.response import Response
from pyramid.security import remember
from support import KEY
from support.toolbar import Shown, add_toolbar
from webtest import TestApp
from webtest.http import StopableWSGIServer

from pyramid_sessiontoken.debugtoolbar import panel as panel_of

# The panel Versions of the toolbar runs uname.
pytestmark = pytest.mark.server


def test_the_panel_stands_in_the_toolbar(toolbar):
    bar = toolbar()
    bar.client.ask(bar.client.swap()["access_token"])
    page = bar.page
    assert 'id="pDebugPanel-sessiontoken"' in page
    assert "Session token" in page
    assert '<span class="badge pull-right ">session</span>' in page
    assert bar.shown.user == "'alice', by session"


def test_it_shows_the_request_that_was_chosen(toolbar):
    bar = toolbar()
    token = bar.client.swap()["access_token"]
    bar.client.ask(token)
    bar.client.get("/identity")
    history = bar.client.app.registry.pdtb_history
    users = [
        Shown(bar.client.get(f"/_debug_toolbar/{each}").text).user
        for each, _ in history.last(3)
    ]
    assert sorted(users) == [
        "'alice', by basic",
        "'alice', by session",
        "Nobody: no credential was shown.",
    ]


def test_a_request_that_is_not_finished_has_no_findings(toolbar):
    def view(request):
        (panel,) = [
            each
            for each in request.debug_toolbar.panels
            if each.name == "sessiontoken"
        ]
        vars_ = panel.render_vars(request)
        return Response(vars_["findings"].user + panel.nav_subtitle)

    def setup(config):
        config.add_route("looks", "/looks")
        config.add_view(view, route_name="looks")

    assert toolbar(setup=setup).client.get("/looks").text == (
        "The request is not finished."
    )


def test_the_panel_in_a_browser(toolbar, browser):
    """As somebody opens it: the button on the page, then the tab."""

    def hello(request):
        assert request.identity is None
        return Response("<html><body>Hello</body></html>")

    def setup(config):
        config.add_route("hello", "/hello")
        config.add_view(hello, route_name="hello")

    bar = toolbar({"require_tls": "false"}, setup)
    server = StopableWSGIServer.create(bar.client.app, host="127.0.0.1")
    try:
        page = browser.new_context().new_page()
        page.goto(f"{server.application_url}hello")
        with page.expect_popup() as opened:
            page.click("#pShowToolBarButton")
        tool = opened.value
        tool.click("#pDebugPanel-sessiontoken a")
        panel = tool.locator("#pDebugPanel-sessiontoken-content")
        panel.wait_for(state="visible")
        assert "Nobody: no credential was shown." in panel.inner_text()
        assert panel.locator("tbody tr").count() == 3
    finally:
        server.shutdown()


def test_a_panel_that_fails_fails_no_request(toolbar, monkeypatch, caplog):
    def broken(request):
        raise LookupError("hunter2")

    monkeypatch.setattr(panel_of, "find", broken)
    bar = toolbar()
    assert bar.client.get("/identity").json["userid"] is None
    assert bar.shown.lines == [
        "User: The panel failed with LookupError: see the log."
    ]
    assert "the toolbar panel cannot tell of a request" in caplog.text


def test_an_application_without_the_library_is_told_so():
    config = Configurator()
    add_toolbar(config)
    config.add_route("hello", "/hello")
    config.add_view(lambda request: Response("hello"), route_name="hello")
    app = config.make_wsgi_app()
    client = TestApp(app, extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    client.get("/hello")
    (last, _), *_ = app.registry.pdtb_history.last(1)
    assert Shown(client.get(f"/_debug_toolbar/{last}").text).lines == [
        "User: The application does not include pyramid_sessiontoken."
    ]


def test_the_includes_of_the_application_are_the_wrong_place():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    with pytest.raises(ConfigurationError, match=r"debugtoolbar\.includes"):
        config.include("pyramid_sessiontoken.debugtoolbar")


def test_no_credential_and_no_claim_is_shown(toolbar):
    """Of sessions that are shown, begun, renewed, expired and refused."""

    def setup(config):
        config.add_route("begins", "/begins")
        config.add_view(begins, route_name="begins")

    def begins(request):
        headers = remember(request, "alice", claims={"plan": "golden-plan"})
        return Response("ok", headers=headers)

    bar = toolbar(setup=setup)
    client = bar.client
    agent = {"User-Agent": "the-device"}
    token = client.swap(headers={**agent, **basic("alice")})["access_token"]
    panels = [bar.shown.html]
    for path, headers, seconds in [
        ("/identity", {"Authorization": f"Session {token}"}, 1800),
        ("/identity", {"Authorization": f"Session {token}"}, 7200),
        ("/identity", {"Authorization": f"Session {token}x"}, 0),
        ("/identity", basic("alice", "hunter2"), 0),
        ("/begins", {}, 0),
        ("/identity", {}, 1800),
    ]:
        client.clock.advance(seconds)
        client.get(path, headers={**agent, **headers})
        panels.append(bar.shown.html)
    whole = "".join(panels)
    assert "2027-01-15" in whole
    cookie = client.cookies["__Host-sessiontoken"].strip('"')
    for secret in (token, cookie):
        assert not any(
            secret[at : at + 12] in whole for at in range(len(secret) - 11)
        )
    for secret in ("admin", "golden-plan", "hunter2", "the-device"):
        assert secret not in whole
    assert basic("alice")["Authorization"][6:] not in whole


def test_a_userid_is_no_markup(toolbar):
    """Whatever it is; and no claim comes into the panel."""
    given_now = {}

    def begins(request):
        claims = {"secret": given_now["secret"]}
        try:
            remember(request, given_now["userid"], claims=claims)
        except ValueError:  # No token carries it.
            remember(request, "another", claims=claims)
        return Response(repr(request.authenticated_userid))

    def setup(config):
        config.add_route("begins", "/begins")
        config.add_view(begins, route_name="begins")

    bar = toolbar(setup=setup)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(
        userid=st.text(min_size=1, max_size=30)
        | st.sampled_from(["<script>", "</td>", "'\"&amp;", "${1}", "%>"]),
        secret=st.text("klmnop").map("secret-{}".format),
    )
    def show(userid, secret):
        given_now.update(userid=userid, secret=secret)
        user = bar.client.get("/begins").text
        shown = bar.shown
        assert "<script" not in shown.html
        assert shown.user == f"{user}, by remember() in this request"
        assert secret not in shown.html

    show()


def basic(user, password=None):
    pair = f"{user}:{user if password is None else password}"
    encoded = base64.b64encode(pair.encode()).decode()
    return {"Authorization": f"Basic {encoded}"}
