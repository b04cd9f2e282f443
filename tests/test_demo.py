"""The demo as a new user meets it: from the wheel, with curl, in a browser."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pyramid.paster import get_app
from support.ports import free_port
from webtest import TestApp

from pyramid_sessiontoken.demo.devices import ago, device_name
from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

pytestmark = pytest.mark.server

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Serve the demo of the wheel on a free port of the loopback."""
    port = free_port()
    log = (tmp_path_factory.mktemp("demo") / "log").open("w+")
    module = [sys.executable, "-m", "pyramid_sessiontoken.demo"]
    server = subprocess.Popen(  # noqa: S603
        [*module, f"http_port={port}", "sessiontoken.expiry.sliding=30s"],
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", transport=transport
    ) as client:
        client.log = lambda: Path(log.name).read_text()
        # Only this client tries again until the server is there.
        client.get("/signin").raise_for_status()
        yield client
    server.terminate()
    server.wait(30)
    log.close()


@pytest.fixture
def app():
    """Make the application of development.ini, whose clock stands still."""
    app = get_app(str(TOP / "development.ini"))
    app.clock = ManualClock(1_800_000_000)
    app.registry.registerUtility(app.clock, IClock)
    return app


CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/156.0.0.0 Safari/537.36"
)


@pytest.fixture
def browser_of(app):
    """Make a browser that has its own cookies, and sign in a user."""

    def make(username=None, user_agent=CHROME):
        environ = {
            "HTTP_ACCEPT": "text/html",
            "HTTP_USER_AGENT": user_agent,
            "REMOTE_ADDR": "127.0.0.1",
        }
        browser = TestApp(app, extra_environ=environ)
        if username is not None:
            sign_in(browser.get("/"), username)
        return browser

    return make


def sign_in(page, username="alice"):
    form = page.form
    form["username"] = form["password"] = username
    return form.submit().follow()


def press(page, action, **fields):
    """Press the button of a form, the first of those for an action."""
    form = next(
        form
        for form in page.forms.values()
        if form.action == action
        and all(form[name].value == fields[name] for name in fields)
    )
    answer = form.submit()
    return answer.follow() if answer.status_int == 303 else answer


def test_a_password_is_swapped_for_a_token_that_opens_the_admin_page(demo):
    answer = demo.post("/token", auth=("alice", "alice")).json()
    headers = {"Authorization": f"Session {answer['access_token']}"}
    assert demo.get("/identity", headers=headers).json() == {
        "userid": "alice",
        "authenticator": "session",
        "claims": {"roles": ["admin", "user"]},
        "refused": None,
    }
    assert demo.get("/admin", headers=headers).json() == {"hello": "alice"}
    status = demo.get("/token/status", headers=headers).json()
    assert status["active"]
    assert 0 < status["expires_in"] <= 30
    assert 0 < status["session_expires_in"] <= 240


def test_only_alice_is_an_administrator_and_wrong_passwords_are_refused(demo):
    assert demo.get("/admin", auth=("bob", "bob")).status_code == 403
    assert demo.get("/admin").status_code == 401
    page = demo.get("/", auth=("bob", "bob")).text
    assert "Signed in with: basic" in page
    assert "There is no session" in page
    assert demo.post("/token", auth=("bob", "wrong")).status_code == 401
    assert demo.post("/token", auth=("mallory", "x")).status_code == 401


def test_the_log_tells_what_was_accepted_and_refused(demo):
    demo.get("/identity", auth=("bob", "bob"))
    demo.get("/identity", auth=("bob", "a secret"))
    demo.get("/identity", headers={"Authorization": "Session junk"})
    log = demo.log()
    assert "basic vouches for 'bob'" in log
    assert "basic refused: unknown user or wrong password for 'bob'" in log
    assert "session refused: " in log
    assert "a secret" not in log


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_swaps_and_uses_a_token(demo):
    def curl(*arguments):
        return subprocess.run(  # noqa: S603
            ["curl", "--silent", "--show-error", *arguments],  # noqa: S607
            capture_output=True,
            check=True,
            text=True,
        ).stdout

    base = str(demo.base_url)
    for options in (("-u", "bob:bob"), ("-u", "bob:bob", "-X", "POST")):
        token = json.loads(curl(*options, f"{base}/token"))["access_token"]
        header = f"Authorization: Session {token}"
        who = json.loads(curl("-H", header, f"{base}/identity"))
        assert who["userid"] == "bob"
    # curl finds out by itself which scheme it can speak.
    who = curl("--anyauth", "-u", "alice:alice", f"{base}/admin")
    assert json.loads(who) == {"hello": "alice"}


def test_a_browser_signs_in_with_the_form_and_out_again(browser_of):
    browser = browser_of()
    asked = browser.get("/account").follow()
    assert "Sign in to see /account." in asked
    form = asked.form
    form["username"], form["password"] = "alice", "wrong"
    wrong = form.submit()
    assert 'role="alert">Unknown user or wrong password.' in wrong
    assert wrong.form["username"].value == "alice"
    assert wrong.form["next"].value == "/account"
    assert sign_in(wrong).request.path == "/account"
    page = browser.get("/")
    assert "<h1>You are alice</h1>" in page
    assert "Roles: admin, user. Signed in with: cookie." in page
    assert "Hello alice" in browser.get("/admin")
    assert "<h1>Sign in</h1>" in press(page, "/signout")


def test_the_way_back_stays_on_this_host(browser_of):
    browser = browser_of()
    form = browser.get("/signin?next=//evil.example/x").form
    assert form["next"].value == "/evil.example/x"
    form["username"] = form["password"] = "bob"
    form["next"] = "//evil.example"
    answer = form.submit()
    assert answer.status_int == 303
    assert answer.location == "http://localhost/evil.example"


def test_sessions_are_cards_that_name_the_device(app, browser_of):
    browser = browser_of("bob")
    app.clock.advance(10)
    other = browser_of("bob", "curl/8.0")
    page = press(browser.get("/"), "/phone")

    assert page.text.count("this device") == 1
    assert "<h3>Safari on iPhone</h3>" in page
    assert "<h3>curl</h3>" in page
    assert 'aria-label="End Chrome on Linux, began 10 seconds ago"' in page
    assert "just now</time>, from 192.0.2.7" in page

    page = press(page, "/end")
    assert page.text.count('aria-label="End ') == 2
    page = press(page, "/others")
    assert page.text.count('aria-label="End ') == 1
    assert "this device" in page
    assert "Your session is over: its session was ended" in other.get("/")


def test_no_form_ends_the_session_of_another_user(browser_of):
    alice, bob = browser_of("alice"), browser_of("bob")
    sids = [
        next(f["sid"].value for f in page.forms.values() if "sid" in f.fields)
        for page in (alice.get("/"), bob.get("/"))
    ]
    form = bob.get("/").forms
    own = next(f for f in form.values() if f.action == "/end")
    own["sid"].force_value(sids[0])
    own.submit()
    assert "You are alice" in alice.get("/")
    assert "You are bob" in bob.get("/")


def test_a_session_that_was_revoked_elsewhere_says_so(browser_of):
    browser = browser_of("bob")
    page = press(browser.get("/"), "/elsewhere")
    assert "Your session is over: its session was ended" in page
    # HTTP Basic has no session to end.
    basic = {"Authorization": "Basic Ym9iOmJvYg=="}
    page = browser.get("/", headers=basic)
    form = next(f for f in page.forms.values() if f.action == "/elsewhere")
    assert form.submit(headers=basic).status_int == 303


def test_a_session_ends_by_itself(app, browser_of):
    browser = browser_of("bob")
    app.clock.advance(41)
    assert "Your session is over: the token expired." in browser.get("/")


def test_an_outage_is_503_and_no_sign_out(app, browser_of):
    browser = browser_of("bob")
    token = browser.post("/token").json["access_token"]
    header = {"Authorization": f"Session {token}", "Accept": "*/*"}
    form = browser.get("/").forms
    next(f for f in form.values() if f.action == "/unplug").submit()

    page = browser.get("/", status=503)
    assert "<h1>503: The repository does not answer</h1>" in page
    assert TestApp(app).get("/use", headers=header, status=503)

    app.clock.advance(8)
    assert "You are bob" in browser.get("/")
    assert TestApp(app).get("/use", headers=header).json["userid"] == "bob"


def test_use_tells_what_came_in_and_what_goes_out(app, browser_of):
    browser = browser_of("bob")
    answer = browser.get("/use").json
    assert answer["authenticator"] == "cookie"
    assert "sessiontoken=" in answer["sent"]["Cookie"]
    secret = browser.cookies["sessiontoken"]
    assert secret not in str(answer)
    assert answer["session"]["exp"] - answer["session"]["iat"] == 40

    app.clock.advance(21)
    answer = browser.get("/use")
    shown = answer.headers["Demo-Set-Cookie"]
    assert shown.startswith("sessiontoken=")
    assert browser.cookies["sessiontoken"] not in shown

    basic = {"Authorization": "Basic Ym9iOmJvYg=="}
    assert TestApp(app).get("/use", headers=basic).json["session"] is None


def test_an_access_token_is_shown_once_and_revoked(app, browser_of):
    browser = browser_of("alice")
    form = next(
        form
        for form in browser.get("/").forms.values()
        if form.action == "/access-token"
    )
    form["name"] = "my <b>backup</b>"
    made = form.submit()
    token = re.search(r'Bearer ([^"]+)', made.text)[1]
    header = {"Authorization": f"Bearer {token}"}
    assert TestApp(app).get("/admin", headers=header).json["hello"] == "alice"
    page = browser.get("/")
    assert token not in page
    assert "<h3>my &lt;b&gt;backup&lt;/b&gt;</h3>" in page
    assert "my &lt;b&gt;" not in press(page, "/revoke")
    TestApp(app).get("/admin", headers=header, status=401)

    form.set("role", False, 0)
    assert "roles: user</p>" in form.submit()
    for field, wrong in (
        ("name", ""),
        ("role", "owner"),
        ("lifetime", "91d"),
    ):
        fields = {**dict(form.submit_fields()), field: wrong}
        page = browser.post("/access-token", fields, status=400)
        assert "<h1>400: Not understood</h1>" in page


def test_refusals_have_pages_of_their_own(app, browser_of):
    browser = browser_of("bob")
    for path, status, title in (
        ("/admin", 403, "Not for you"),
        ("/nothing", 404, "Nothing here"),
        ("/static/demo.ini", 404, "Nothing here"),
    ):
        page = browser.get(path, status=status)
        assert f"<h1>{status}: {title}</h1>" in page
        assert page.headers["Content-Security-Policy"]
    page = browser.post("/signout", status=400)
    assert "<h1>400: This form is too old</h1>" in page
    stranger = browser_of()
    page = stranger.post("/token", status=401)
    assert "<h1>401: Who are you?</h1>" in page
    assert page.headers.getall("WWW-Authenticate")
    # Programs get what they can read.
    answer = TestApp(app).get("/admin", status=401)
    assert answer.json["error"] == "unauthorized"


def test_pages_are_for_every_screen_and_run_no_script_of_others(browser_of):
    page = browser_of().get("/")
    assert 'name="viewport"' in page
    assert "color-scheme" in page
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for path in re.findall(r'(?:src|href)="(/static/[^"]*)"', page.text):
        assert browser_of().get(path).status_int == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME + " Edg/156.0", "Edge on Linux"),
        ("Mozilla/5.0 (Android 16; Mobile) Firefox/150", "Firefox on Android"),
        ("python-requests/2.32", "a Python program"),
        ("", "An unknown program"),
    ],
)
def test_a_device_has_a_name_for_people(user_agent, name):
    assert device_name(user_agent) == name


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "just now"),
        (0, "just now"),
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (125, "2 minutes ago"),
        (3600, "1 hour ago"),
    ],
)
def test_a_time_is_told_in_words(seconds, text):
    assert ago(seconds) == text


def test_to_import_the_command_serves_nothing():
    assert importlib.import_module("pyramid_sessiontoken.demo.__main__").main


def test_settings_on_the_command_line_count_before_the_ini():
    app = get_app(
        str(TOP / "development.ini"),
        options={"sessiontoken.expiry.absolute": "1h", "http_port": "7000"},
    )
    token = TestApp(app).post(
        "/token", headers={"Authorization": "Basic Ym9iOmJvYg=="}
    )
    assert token.json["session_expires_in"] == 3600
    assert token.json["expires_in"] == 40


def test_a_page_asks_for_the_password_again(app, browser_of):
    browser = browser_of()
    page = sign_in(browser.get("/account").follow())
    assert "asks for the password again" in page
    for _ in range(2):
        app.clock.advance(30)
        assert "asks for the password again" in browser.get("/account")

    app.clock.advance(1)

    asked = browser.get("/account").follow()
    assert "<h1>Your password again, please</h1>" in asked
    assert "You are alice" in browser.get("/")
    assert "asks for the password again" in sign_in(asked)


def run_as_shown(page, folder):
    """Run the commands that the page shows."""
    if shutil.which("curl"):
        answer = subprocess.run(  # noqa: S602
            page.inner_text("#curl"),
            shell=True,
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        assert '"userid": "alice"' in answer


def test_the_whole_story_in_a_browser(demo, browser, tmp_path):
    """In the cookie, and then in a header."""
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    errors = []

    def note(error):
        errors.append(error)

    page.on("pageerror", note)

    def told(text):
        page.wait_for_selector(f"#told:has-text({text!r})")

    page.goto(f"{demo.base_url}/")
    page.fill("#username", "alice")
    page.fill("#password", "alice")
    page.keyboard.press("Enter")
    page.wait_for_selector("#timeline:not([hidden])")
    page.click("text=Use the session")
    told("200: the server knows you")
    wire = page.inner_text("#wire")
    assert "sessiontoken=" in wire
    [secret] = [
        cookie["value"]
        for cookie in context.cookies()
        if cookie["name"] == "sessiontoken"
    ]
    assert secret not in page.content()
    run_as_shown(page, tmp_path)
    assert "sessiontoken" not in page.evaluate("document.cookie")

    page.check("[value=header]")
    told("The same session in a header")
    page.click("text=Use the session")
    page.wait_for_selector("#wire:has-text('Authorization: Session eyJ')")
    assert '"sub": "alice"' in page.inner_text("#decoded")
    run_as_shown(page, tmp_path)
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    page.click("text=Sign in on a phone")
    page.wait_for_selector("text=Safari on iPhone")
    page.click("text=End all others")
    page.wait_for_selector("text=Safari on iPhone", state="detached")
    page.click("text=Make an access token")
    page.wait_for_selector("text=It cannot be shown again.")
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    page.click("text=Revoke elsewhere")
    told("The session ended")
    page.click("text=Sign in again")
    page.wait_for_selector("text=Your session is over")

    page.fill("#username", "bob")
    page.fill("#password", "bob")
    page.keyboard.press("Enter")
    page.click("text=Unplug the repository")
    told("503: the repository does not answer")
    assert errors == []
