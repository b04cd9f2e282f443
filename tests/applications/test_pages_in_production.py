"""The pages behind nginx: four workers of gunicorn, and Redis. The files are
those of the docs, with other ports and paths.
"""

import re
import shutil
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

import httpx
import psutil
import pytest
from support.applications import APPLICATIONS, environment, put
from support.nginx import configuration
from support.ports import free_port, listens
from support.programs import program
from support.servers import Server, wait_until
from support.tls import Authority

from pyramid_sessiontoken.scripts import main as psessiontoken

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="elsewhere, this machine is not all of 127.0.0.0/8",
    ),
]

WORKERS = 4

#: The address of the client, which is not that of the proxy.
CLIENT = "127.0.0.2"

FORM = {"name": "alice", "password": "correct horse battery"}


class Site:
    """The application, as its users and its administrator see it."""

    def __init__(self, folder, trust, port, careless_port, gunicorn):
        self.folder, self.trust = folder, trust
        self.url = f"https://localhost:{port}"
        self.careless_url = f"https://localhost:{careless_port}"
        self.gunicorn = psutil.Process(gunicorn.process.pid)
        self.stack = ExitStack()

    def browser(self, url=None):
        transport = httpx.HTTPTransport(
            verify=self.trust, local_address=CLIENT
        )
        browser = httpx.Client(
            base_url=url or self.url,
            transport=transport,
            timeout=60,
            headers={
                "Accept": "text/html",
                "Origin": url or self.url,
                # The client wrote it: it is not believed.
                "X-Forwarded-For": "192.0.2.66",
            },
        )
        return self.stack.enter_context(browser)

    def workers(self):
        return {child.pid for child in self.gunicorn.children()}

    def log(self):
        return (self.folder / "gunicorn.log").read_text()

    def ask_each_worker(self, browser):
        """Give the statuses of answers, some of each worker."""
        before, statuses = len(self.log()), set()
        with ThreadPoolExecutor(2 * WORKERS) as threads:
            while not self.workers() <= self.asked_since(before):
                asked = threads.map(browser.get, ["/"] * 2 * WORKERS)
                statuses |= {answer.status_code for answer in asked}
        return statuses

    def asked_since(self, before):
        found = re.findall(
            r"^worker <(\d+)>", self.log()[before:], re.MULTILINE
        )
        return set(map(int, found))


@contextmanager
def serving(command, port, folder):
    server = Server(
        [str(word) for word in command],
        partial(listens, port),
        cwd=folder,
        env=environment(folder),
    )
    server.start()
    try:
        yield server
    finally:
        server.end()


def rewrite(path, changes, more=""):
    path.write_text(put(path.read_text(), changes) + more)


def run(folder, *words):
    done = subprocess.run(  # noqa: S603
        [sys.executable, *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory, redis_process):
    """The folder of the docs, for this machine."""
    folder = tmp_path_factory.mktemp("production") / "pages"
    shutil.copytree(APPLICATIONS / "pages", folder)
    keys = folder / "sessiontoken.jwks"
    assert psessiontoken(["keygen", "--out", str(keys)]) == 0
    rewrite(
        folder / "production.ini",
        {
            "postgresql+psycopg:///noticeboard": f"sqlite:///{folder}/db",
            "/etc/noticeboard/sessiontoken.jwks": keys,
            "redis://127.0.0.1:6379/0": redis_process.tcp,
        },
    )
    redis_process.client.flushall()
    run(folder, "-m", "alembic", "-c", "production.ini", "upgrade", "head")
    return folder


@pytest.fixture(scope="module")
def site(folder):
    pytest.importorskip("gunicorn")
    nginx = program("nginx")
    authority = Authority(folder)
    pair = authority.pair("localhost")
    upstream, port, careless_port = free_port(), free_port(), free_port()
    rewrite(
        folder / "deploy" / "gunicorn.conf.py",
        {"127.0.0.1:8000": f"127.0.0.1:{upstream}"},
        f"errorlog = accesslog = '{folder}/gunicorn.log'\n"
        "capture_output = True\naccess_log_format = 'worker %(p)s'\n",
    )
    servers = put(
        (folder / "deploy" / "nginx.conf").read_text(),
        {
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "/etc/nginx/board.example.pem": pair,
            "/etc/nginx/board.example.key": pair,
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    careless = put(
        servers[servers.rindex("server {") :],
        {f":{port} ssl": f":{careless_port} ssl", "$http_host": "$host"},
    )
    (folder / "nginx.conf").write_text(
        configuration(folder, servers + careless)
    )
    words = "--config deploy/gunicorn.conf.py --paste production.ini"
    gunicorn = [sys.executable, "-m", "gunicorn", *words.split()]
    nginx = [nginx, "-p", folder, "-c", folder / "nginx.conf"]
    with (
        serving(gunicorn, upstream, folder) as served,
        serving(nginx, port, folder),
    ):
        trust = ssl.create_default_context(cafile=authority.path)
        site = Site(folder, trust, port, careless_port, served)
        wait_until(lambda: len(site.workers()) == WORKERS)
        with site.stack:
            yield site


@pytest.fixture(scope="module")
def alice(site):
    """The browser with which a user signed up."""
    browser = site.browser()
    form = {**FORM, "repeated": FORM["password"]}
    answer = browser.post("/sign-up", data=form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"{site.url}/"
    assert "Secure" in answer.headers["Set-Cookie"]
    return browser


def test_the_settings_are_those_of_a_site_in_production(folder):
    code = "from pyramid_sessiontoken.scripts import main; main()"
    said = run(folder, "-c", code, "check", "production.ini")
    assert "Verdict: the application starts; no warning\n" in said
    assert "signs until" in said


def test_a_sign_out_is_noticed_by_all_workers(site, alice):
    phone = site.browser()
    assert phone.post("/sign-in", data=FORM).status_code == 303
    copy = site.browser()
    copy.cookies = phone.cookies
    assert site.ask_each_worker(copy) == {200}

    [token] = re.findall(
        'name="csrf_token" value="([^"]+)', phone.get("/password").text
    )[:1]
    signed_out = phone.post("/sign-out", data={"csrf_token": token})

    assert signed_out.headers["Location"] == f"{site.url}/sign-in"
    wait_until(lambda: site.ask_each_worker(copy) == {302})
    assert site.ask_each_worker(alice) == {200}


def test_a_session_survives_a_worker(site, alice):
    killed = min(site.workers())
    psutil.Process(killed).kill()

    wait_until(lambda: len(site.workers() - {killed}) == WORKERS)

    assert site.ask_each_worker(alice) == {200}


def test_the_address_is_that_of_the_client(site, alice):
    page = alice.get("/devices").text
    assert f"<td>{CLIENT}</td>" in page
    assert "192.0.2.66" not in page


def test_a_port_that_the_proxy_drops_makes_forms_foreign(site):
    browser = site.browser(site.careless_url)
    refused = browser.post("/sign-in", data=FORM)
    assert refused.status_code == 400
    assert "This form is too old" in refused.text


def test_the_log_tells_who_was_refused_and_no_credential(site, alice):
    site.browser().post("/sign-in", data={**FORM, "password": "a guess"})
    log = site.log()
    assert re.search(rf"basic refused: .*'alice'.*address {CLIENT}\]", log)
    assert "Traceback" not in log
    [cookie] = [c for c in alice.cookies.jar if "sessiontoken" in c.name]
    for secret in (cookie.value, "a guess", FORM["password"]):
        assert secret not in log
