"""The demo as a new user meets it: pserve, curl, a real HTTP client."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.ports import free_port

pytestmark = pytest.mark.server

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Serve development.ini on a free port of the loopback."""
    port = free_port()
    ini = tmp_path_factory.mktemp("demo") / "demo.ini"
    text = (TOP / "development.ini").read_text()
    ini.write_text(text.replace("127.0.0.1:6543", f"127.0.0.1:{port}"))
    log = (ini.parent / "log").open("w+")
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "pyramid.scripts.pserve", str(ini)],
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
    assert 0 < status["expires_in"] <= 3600


def test_only_alice_is_an_administrator_and_wrong_passwords_are_refused(demo):
    assert demo.get("/admin", auth=("bob", "bob")).status_code == 403
    assert demo.get("/admin").status_code == 401
    assert "as the basic says" in demo.get("/", auth=("bob", "bob")).text
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


PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def fields(page):
    """Read the hidden fields of a form."""
    return dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    )


def test_a_browser_signs_in_with_the_form_and_out_again(demo):
    with httpx.Client(base_url=demo.base_url, headers=PAGE) as browser:
        page = browser.get("/", follow_redirects=True)
        assert page.url.path == "/signin"
        form = fields(page)
        assert form["next"] == "/"
        wrong = {**form, "username": "alice", "password": "wrong"}
        page = browser.post("/signin", data=wrong)
        assert "Unknown user or wrong password" in page.text
        right = {**form, "username": "alice", "password": "alice"}
        page = browser.post("/signin", data=right, follow_redirects=True)
        assert "You are <b>alice</b>, as the cookie says" in page.text
        assert "admin" in page.text
        assert browser.get("/admin").json() == {"hello": "alice"}
        with httpx.Client(base_url=demo.base_url, headers=PAGE) as phone:
            form = fields(phone.get("/signin"))
            form.update(username="alice", password="alice")
            phone.post("/signin", data=form)
            page = browser.get("/")
            sids = re.findall(r'name="sid" value="([^"]*)"', page.text)
            assert len(sids) == 2
            assert page.text.count("(this one)") == 1
            other = fields(page)
            this = page.text.split("(this one)")[1]
            mine = re.search(r'name="sid" value="([^"]*)"', this)[1]
            for sid in {*sids, "another"} - {mine}:
                browser.post("/end", data={**other, "sid": sid})
            assert phone.get("/").status_code == 302
        page = browser.get("/")
        # A form without its CSRF token.
        assert browser.post("/signout").status_code == 400
        page = browser.post(
            "/signout", data=fields(page), follow_redirects=True
        )
        assert page.url.path == "/signin"


def test_the_way_back_stays_on_this_host(demo):
    with httpx.Client(base_url=demo.base_url, headers=PAGE) as browser:
        page = browser.get("/signin?next=//evil.example/x")
        form = fields(page)
        assert form["next"] == "/evil.example/x"
        form.update(username="bob", password="bob", next="//evil.example")
        page = browser.post("/signin", data=form)
        assert page.status_code == 303
        assert page.headers["Location"].endswith("/evil.example")
        assert page.headers["Location"].startswith(str(demo.base_url))
