"""``sessiontoken.js`` in a browser."""

import json
import sys
import time
from types import ModuleType

import pytest
from pyramid.httpexceptions import HTTPFound
from support import START
from support.pages import ROOT, blocks_of, run_python
from support.pages_in_browser import (
    SCRIPT,
    Elsewhere,
    Tab,
    open_to_all,
    pass_time,
)
from webtest.http import StopableWSGIServer

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

MINUTE, HOUR = 60, 3600

SETTINGS = {
    "javascript.path": SCRIPT,
    "repository": "memory",
    "repository.cache_size": "0",
    "expiry.sliding": "20m",
    "expiry.absolute": "1h",
}


@pytest.fixture
def elsewhere():
    """Serve another origin, which is another site, too."""
    application = Elsewhere()
    server = StopableWSGIServer.create(application, port=0)
    application.url = f"http://localhost:{server.effective_port}"
    yield application
    assert server.shutdown()


@pytest.fixture
def pages(serve):
    def start(setup=None, **settings):
        return serve(setup=setup, **{**SETTINGS, **settings})

    return start


@pytest.fixture
def service(pages):
    return pages()


@pytest.fixture
def open_tab(browser):
    """Open tabs of one browser."""
    context = browser.new_context()
    # Only tests let time pass.
    context.clock.install(time=START)
    context.clock.pause_at(START + 1)

    def tab(service, at=None):
        return Tab(context, service, at)

    return tab


def test_a_session_from_its_beginning_to_its_end(open_tab, service):
    tab = open_tab(service).begin(warnBefore=120)
    assert not tab.signed_in
    assert tab.left == [None, None]

    tab.sign_in()

    assert tab.signed_in
    assert tab.left == [20 * MINUTE, HOUR]
    assert tab.who() == "alice"
    # It is renewed while it is used.
    for renewals in (1, 2, 3):
        pass_time(11 * MINUTE, tab)
        assert tab.who() == "alice"
        tab.wait_for(*["renewed"] * renewals)
        assert tab.left == [20 * MINUTE, HOUR - 11 * MINUTE * renewals]
    pass_time(11 * MINUTE, tab)
    assert tab.who() == "alice"
    tab.wait_for(*["renewed"] * 4)
    # The last token lives until the session ends, whatever is done.
    assert tab.left == [16 * MINUTE, 16 * MINUTE]
    pass_time(13 * MINUTE, tab)
    assert tab.who() == "alice"
    assert tab.told == ["renewed"] * 4
    pass_time(2 * MINUTE, tab)
    tab.wait_for(*["renewed"] * 4, "ending")
    assert tab.who() == "alice"
    pass_time(MINUTE, tab)
    tab.wait_for(*["renewed"] * 4, "ending", "ended")
    assert not tab.signed_in
    assert tab.left == [None, None]
    assert tab.who() is None


def test_a_session_that_is_not_used_ends(open_tab, service):
    tab = open_tab(service).begin()
    tab.sign_in()
    pass_time(19 * MINUTE, tab)
    tab.wait_for("ending")
    # Stay signed in.
    tab.run("() => session.renew()")
    tab.wait_for("ending", "renewed")
    assert tab.left == [20 * MINUTE, 41 * MINUTE]
    pass_time(19 * MINUTE, tab)
    tab.wait_for("ending", "renewed", "ending")
    pass_time(MINUTE, tab)
    tab.wait_for("ending", "renewed", "ending", "ended")
    assert tab.who() is None


def test_a_wrong_password_signs_nobody_in(open_tab, service):
    tab = open_tab(service).begin()
    found = tab.run(
        """() => session.signIn({username: "alice", password: "wrong"}).catch(
          ({status, code, message}) => [status, code, message])"""
    )
    assert found == [401, "invalid_client", found[2]]
    assert not tab.signed_in
    assert tab.who() is None
    tab.sign_in("J\u00fcrgen \u2603")
    assert tab.who() == "J\u00fcrgen \u2603"


def test_sign_out_ends_the_session_at_the_server(open_tab, service):
    tab = open_tab(service).begin()
    sent = []
    tab.page.on("request", lambda request: sent.append(request.headers))
    tab.sign_in()
    assert tab.who() == "alice"
    token = sent[-1]["authorization"]

    tab.run("() => session.signOut()")

    assert tab.told == ["ended"]
    assert tab.who() is None
    found = tab.run(
        """async (token) => {
          const headers = {Authorization: token};
          const answer = await fetch("/token/status", {headers});
          return answer.json();
        }""",
        token,
    )
    assert found == {"active": False}


def test_an_end_at_the_server_is_noticed_with_the_next_401(open_tab, service):
    tab = open_tab(service).begin()
    tab.sign_in("bob")
    tab.run(
        """async () => {
          await session.fetch("/token", {method: "DELETE"});
        }"""
    )
    assert tab.signed_in
    assert tab.get("/admin")[0] == 401
    assert tab.told == ["ended"]


def test_a_page_of_another_origin_that_is_named(open_tab, pages, elsewhere):
    def setup(config):
        config.add_tween(f"{open_to_all.__module__}.open_to_all")

    service = pages(setup, **{"cors.origins": elsewhere.url})
    tab = open_tab(service, elsewhere.url).begin()

    tab.sign_in()

    assert tab.who() == "alice"
    pass_time(11 * MINUTE, tab)
    assert tab.who() == "alice"
    assert tab.told == ["renewed"]
    pass_time(19 * MINUTE, tab)
    tab.wait_for("renewed", "ending")
    tab.run("() => session.signOut()")
    tab.wait_for("renewed", "ending", "ended")


def test_a_page_of_an_origin_that_is_not_named(open_tab, pages, elsewhere):
    service = pages(**{"cors.origins": "https://app.example"})
    tab = open_tab(service, elsewhere.url)
    refused = tab.run(
        "script => import(script).catch(error => error.name)",
        service.url + SCRIPT,
    )
    assert refused == "TypeError"
    # A copy of its own does not help it.
    script = tab.page.context.request.get(service.url + SCRIPT).text()
    tab.run(
        """async ([script, url]) => {
          const file = new Blob([script], {type: "text/javascript"});
          const {SessionToken} = await import(URL.createObjectURL(file));
          window.session = new SessionToken({url});
        }""",
        [script, f"{service.url}/token"],
    )
    found = tab.run(
        """() => session.signIn({username: "alice", password: "alice"}).catch(
          error => error.name)"""
    )
    assert found == "TypeError"
    assert not tab.signed_in


def redirect(request):
    return HTTPFound(request.params["to"])


def add_redirect(config):
    config.add_route("redirect", "/redirect")
    config.add_view(redirect, route_name="redirect")


def test_another_origin_gets_no_token_and_is_not_believed(
    open_tab, pages, elsewhere
):
    service = pages(add_redirect)
    tab = open_tab(service).begin()
    tab.sign_in()

    for url in (
        elsewhere.url,
        f"{service.url}/redirect?to={elsewhere.url}/there",
        f"{service.url.replace('127.0.0.1', 'localhost')}/public",
        f"{elsewhere.url}/no-cors",
    ):
        mode = "no-cors" if "no-cors" in url else "cors"
        tab.run(
            "([url, mode]) => session.fetch(url, {mode}).catch(() => {})",
            [url, mode],
        )

    paths = [environ["PATH_INFO"] for environ in elsewhere.seen]
    assert {"/", "/there", "/no-cors"} <= set(paths)
    for environ in elsewhere.seen:
        assert "HTTP_AUTHORIZATION" not in environ
        assert "eyJ" not in repr(environ)
    assert tab.who() == "alice"


def test_scripts_and_storages_have_no_token(open_tab, pages, elsewhere):
    service = pages(add_redirect)
    tab, other = open_tab(service).begin(), open_tab(service)
    other.run(
        """url => {
          window.heard = [];
          for (const cookie of [false, true])
            new BroadcastChannel(`sessiontoken ${cookie} ${url}`).onmessage =
              ({data}) => heard.push(data);
        }""",
        f"{service.url}/token",
    )

    tab.sign_in()
    pass_time(11 * MINUTE, tab)
    assert tab.who() == "alice"
    tab.wait_for("renewed")
    found = tab.run(
        """async () => [
          Object.keys(session), JSON.stringify(session), String(session),
          {...localStorage}, {...sessionStorage}, document.cookie,
          await indexedDB.databases(), await caches.keys(), history.state,
          location.href, window.name,
          performance.getEntries().map(entry => entry.toJSON()),
          JSON.stringify(await session.status()), await session.renew(),
        ]"""
    )
    assert "eyJ" not in json.dumps(found)
    assert found[:7] == [[], "{}", "[object Object]", {}, {}, "", []]
    tab.run("() => session.signOut()")
    other.page.wait_for_function("heard.includes('signed out')")
    heard = other.run("() => heard")
    assert heard == ["renewed", "ended", "signed out"]


def test_a_page_that_embeds_it_sees_no_token(open_tab, service, elsewhere):
    tab = open_tab(service, elsewhere.url)
    found = tab.run(
        """url => new Promise((done) => {
          const frame = document.createElement("iframe");
          frame.src = url;
          frame.onload = () => {
            try { done(Object.keys(frame.contentWindow.session)); }
            catch (error) { done(error.name); }
          };
          document.body.append(frame);
        })""",
        f"{service.url}/public",
    )
    assert found == "SecurityError"


def test_tabs_with_tokens_of_their_own_end_together(open_tab, service):
    tabs = [open_tab(service).begin() for _ in range(2)]
    one, two = tabs
    for tab in tabs:
        tab.sign_in()

    # What is used in one of them is not idle in the other.
    pass_time(11 * MINUTE, one)
    assert one.who() == "alice"
    one.wait_for("renewed")
    two.wait_for("renewed")
    assert two.left == [20 * MINUTE, 49 * MINUTE]
    pass_time(15 * MINUTE, one)
    assert two.who() == "alice"
    one.wait_for("renewed", "renewed")

    one.run("() => session.signOut()")

    two.wait_for("renewed", "renewed", "ended")
    assert not two.signed_in
    assert two.who() is None


@pytest.fixture
def signed_in(open_tab, service):
    """Two tabs that are signed in with a cookie."""
    one, two = tabs = [open_tab(service) for _ in range(2)]
    one.run("() => fetch('/sign_in', {method: 'POST', body: '{}'})")
    for tab in tabs:
        tab.begin(cookie=True)
        tab.run("() => session.status()")
    return one, two


def test_with_a_cookie_it_sees_no_token(signed_in, service):
    tab, _ = signed_in
    answers = []
    tab.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108
    assert tab.signed_in
    assert tab.left == [20 * MINUTE, HOUR]
    assert tab.who() == "alice"
    refused = tab.run(
        """() => session.signIn({username: "alice", password: "alice"}).catch(
          (error) => error.name)"""
    )
    assert refused == "TypeError"
    pass_time(11 * MINUTE, tab)
    assert tab.who() == "alice"
    tab.wait_for("renewed")
    assert tab.left == [20 * MINUTE, 49 * MINUTE]
    assert tab.run("() => document.cookie") == ""
    for answer in answers:
        assert "session-token" not in answer.headers
        assert "access_token" not in answer.text()
    pass_time(19 * MINUTE, tab)
    tab.wait_for("renewed", "ending")
    pass_time(MINUTE, tab)
    tab.wait_for("renewed", "ending", "ended")
    # The server allows for clocks that differ.
    pass_time(MINUTE, tab)
    assert tab.who() is None


def test_tabs_with_one_cookie_are_in_step(signed_in, service):
    one, two = signed_in
    pass_time(11 * MINUTE, one)
    assert one.who() == "alice"
    two.wait_for("renewed")
    assert two.left == one.left == [20 * MINUTE, 49 * MINUTE]
    # The second one is used, and the first one warns of nothing.
    pass_time(15 * MINUTE, one)
    assert two.who() == "alice"
    one.wait_for("renewed", "renewed")
    pass_time(5 * MINUTE, one)
    assert one.told == ["renewed", "renewed"]

    one.run("() => session.signOut()")

    one.wait_for("renewed", "renewed", "ended")
    two.wait_for("renewed", "renewed", "ended")
    assert two.who() is None


def test_a_cookie_that_others_renew_does_not_end_in_this_page(
    signed_in, service
):
    tab, _ = signed_in
    pass_time(12 * MINUTE, tab)
    # As a form does, or an image.
    tab.run("() => fetch('/identity')")
    pass_time(7 * MINUTE + 30, tab)
    tab.wait_for("renewed")
    assert tab.left == [12 * MINUTE + 30, HOUR - 19 * MINUTE - 30]
    # What asks does not renew.
    assert tab.get("/identity", headers={"Session-Slide": "no"})[0] == 200
    assert tab.told == ["renewed"]


def test_references_are_tokens_too(open_tab, pages):
    service = pages(**{"token.form": "reference"})
    tab = open_tab(service).begin()
    tab.sign_in()
    pass_time(11 * MINUTE, tab)
    assert tab.who() == "alice"
    tab.wait_for("renewed")
    assert tab.left == [20 * MINUTE, 49 * MINUTE]
    pass_time(20 * MINUTE, tab)
    tab.wait_for("renewed", "ended")


@pytest.fixture
def application_of_the_docs(request, monkeypatch):
    """Serve what a page of the docs makes; give its URL, and the clock."""
    name = getattr(request, "param", "javascript")
    docs = ROOT / "docs" / "howto" / f"{name}.rst"
    module = ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", module)
    for block in blocks_of(docs):
        if block.language == "python":
            run_python(block, docs, module)
    settings = {
        "keys": "ephemeral",
        "authenticators": "session cookie basic",
        "basic.check": module.check_password,
        "repository": "memory",
        "javascript.path": SCRIPT,
        "authorization": "authenticated",
        "require_tls": "false",
    }
    app = module.main(
        {}, **{f"sessiontoken.{k}": v for k, v in settings.items()}
    )
    clock = ManualClock(int(time.time()))
    app.registry.registerUtility(clock, IClock)
    server = StopableWSGIServer.create(app, port=0)
    yield f"http://127.0.0.1:{server.effective_port}", clock
    assert server.shutdown()


def test_the_application_of_the_docs(application_of_the_docs, browser):
    url, clock = application_of_the_docs
    page = browser.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108
    page.clock.install()
    page.goto(url)

    def sign_in(password):
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()

    sign_in("wrong")
    page.get_by_text("You are not signed in").wait_for()
    assert page.get_by_label("Password").input_value() == ""
    sign_in("wonderland")
    page.get_by_text("Hello alice").wait_for()
    assert page.get_by_role("status").inner_text() == ""
    assert not page.get_by_label("Password").is_visible()
    clock.advance(59 * MINUTE)
    page.clock.run_for(59 * MINUTE * 1000)
    page.get_by_role("button", name="Stay signed in").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    assert page.get_by_label("Password").is_visible()
    assert wrong == []


@pytest.mark.parametrize(
    "application_of_the_docs", ["single_page"], indirect=True
)
def test_the_single_page_application_of_the_docs(
    application_of_the_docs, browser
):
    url, _ = application_of_the_docs
    page = browser.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108
    page.goto(url)
    page.get_by_label("User name").fill("alice")
    for password, said in (
        ("a guess", "Wrong user name or password."),
        ("wonderland", "Hello alice"),
    ):
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text(said).wait_for()
    page.get_by_role("button", name="Order").click()
    page.get_by_text("Ordered: tea").wait_for()
    # The cookie is still there, and no script sees it.
    page.reload()
    page.get_by_text("Hello alice").wait_for()
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    assert page.get_by_label("Password").is_visible()
    assert wrong == []
