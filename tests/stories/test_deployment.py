"""The files of the page about proxies, with the real programs: gunicorn runs
the application of the page behind nginx, HAProxy and Apache.
"""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from textwrap import dedent

import pytest
from support.applications import put
from support.certificates import Authority
from support.certified import LOCALHOST, Site, write_pairs
from support.nginx import configuration
from support.pages import DOCS, blocks_of
from support.ports import free_port, listens
from support.programs import apache_with, program
from support.servers import Server

from pyramid_sessiontoken.scripts import main

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="elsewhere, this machine is not all of 127.0.0.0/8",
    ),
]

PAGE = DOCS / "howto" / "deploy.rst"
FORM = {"username": "alice", "password": "wonderland"}


def file_of(name):
    """Give a file of the page, by the end of its caption."""
    [found] = re.findall(
        rf"^   :caption: (?:\S*/)?{re.escape(name)}\n\n((?:   .*\n|\n)+)",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    return dedent(found)


@pytest.fixture(scope="module")
def authority():
    return Authority("Example Staff CA")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, authority):
    """The application of the page, and certificates."""
    folder = tmp_path_factory.mktemp("deployed")
    write_pairs(folder, authority)
    [application] = [b for b in blocks_of(PAGE) if "def main" in b.code]
    (folder / "myapp.py").write_text(application.code)
    assert main(["keygen", "--out", str(folder / "keys.jwks")]) == 0
    [certificates] = [
        b.code for b in blocks_of(PAGE) if "client_certificate" in b.code
    ]
    listed, _, options = certificates.partition("\n")
    ini = put(
        file_of("production.ini"),
        {
            "file:sessiontoken.jwks": "file:keys.jwks",
            "/var/lib/app": folder,
            "sessiontoken.authenticators = session cookie": listed,
        },
    )
    options = put(
        options, {"CN=Example Staff CA,O=Example": "CN=Example Staff CA"}
    )
    (folder / "production.ini").write_text(ini + options)
    return folder


@contextmanager
def running(command, port, folder):
    server = Server(
        list(map(str, command)), partial(listens, port), cwd=folder
    )
    server.crash = "SIGTERM"
    server.start()
    try:
        yield
    finally:
        server.end()


@pytest.fixture(scope="module")
def upstream(folder):
    """The port of gunicorn, which has the file of the page."""
    pytest.importorskip("gunicorn")
    port = free_port()
    config = {":6543": f":{port}", "workers = 3": "workers = 1"}
    (folder / "gunicorn.conf.py").write_text(
        put(file_of("gunicorn.conf.py"), config)
    )
    words = "-m gunicorn --paste production.ini --config gunicorn.conf.py"
    with running([sys.executable, *words.split()], port, folder):
        yield port


def nginx(folder, port, upstream, host="$http_host"):
    server = put(
        file_of("conf.d/app.conf"),
        {
            "listen 80": f"listen {LOCALHOST}:{free_port()}",
            "listen 443": f"listen {LOCALHOST}:{port}",
            "/etc/ssl/app.example.pem": folder / "server.pem",
            "/etc/ssl/app.example.key": folder / "server.key",
            "127.0.0.1:6543": f"{LOCALHOST}:{upstream}",
            "Host $http_host": f"Host {host}",
        },
    )
    (folder / "nginx.conf").write_text(configuration(folder, server))
    return [program("nginx"), "-p", folder, "-c", folder / "nginx.conf"]


def nginx_without_the_port(folder, port, upstream):
    return nginx(folder, port, upstream, "$host")


def haproxy(folder, port, upstream):
    (folder / "haproxy.cfg").write_text(
        put(
            file_of("haproxy.cfg"),
            {
                "bind :80": f"bind {LOCALHOST}:{free_port()}",
                "bind :443": f"bind {LOCALHOST}:{port}",
                "/etc/ssl/app.example.both.pem": folder / "both.pem",
                "/etc/ssl/staff-ca.pem": folder / "ca.pem",
                "app 127.0.0.1:6543": f"app {LOCALHOST}:{upstream}",
            },
        )
    )
    return [program("haproxy"), "-db", "-f", folder / "haproxy.cfg"]


def apache(folder, port, upstream):
    found, loaded = apache_with(
        "mpm_event authz_core alias headers ssl socache_shmcb proxy proxy_http"
    )
    other = free_port()
    hosts = put(
        file_of("sites-available/app.conf"),
        {
            "*:80": f"{LOCALHOST}:{other}",
            "*:443": f"{LOCALHOST}:{port}",
            "/etc/ssl/app.example.pem": folder / "server.pem",
            "/etc/ssl/app.example.key": folder / "server.key",
            "127.0.0.1:6543": f"{LOCALHOST}:{upstream}",
        },
    )
    # Root may not serve: it is built to refuse that.
    user = "User nobody\n" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nPidFile {folder}/apache.pid\n"
        f"ErrorLog {folder}/error.log\nServerName localhost\n"
        f"Mutex file:{folder}\nDefaultRuntimeDir {folder}\n{loaded}{user}"
        f"Listen {LOCALHOST}:{port}\nListen {LOCALHOST}:{other}\n"
        f"StartServers 1\nThreadsPerChild 5\nMaxRequestWorkers 10\n{hosts}"
    )
    return [found, "-X", "-f", folder / "apache.conf"]


@contextmanager
def site_behind(make, folder, authority, upstream):
    port = free_port()
    with running(make(folder, port, upstream), port, folder):
        site = Site(folder, authority, port, upstream)
        site.origin = f"https://{LOCALHOST}:{port}"
        yield site
        for client in site.clients:
            client.close()


@pytest.fixture(
    scope="module",
    params=[nginx, haproxy, apache],
    ids=lambda make: make.__name__,
)
def site(request, folder, authority, upstream):
    with site_behind(request.param, folder, authority, upstream) as site:
        yield site


def test_the_application_knows_what_the_client_sees(site):
    client = site.client(address="127.0.0.3")
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
    seen = client.get("/whoami", headers=forged)
    assert seen.headers["Strict-Transport-Security"]
    assert seen.json()["origin"] == site.origin

    token = client.post("/token", auth=("alice", "wonderland"), headers=forged)
    shown = {"Authorization": f"Session {token.json()['access_token']}"}
    assert client.get("/whoami", headers=shown).json()["userid"] == "alice"


def test_a_form_signs_in_and_its_cookie_counts(site):
    client = site.client(address="127.0.0.3")
    own = {"Origin": site.origin, "X-Forwarded-For": "203.0.113.7"}

    answer = client.post("/sign_in", data=FORM, headers=own)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{site.origin}/whoami"
    # Of the client itself, not of the proxy, nor of what the client says.
    found = client.get("/whoami", headers=own).json()
    assert found["userid"] == "alice"
    assert found["addresses"] == ["127.0.0.3"]
    other = {"Origin": "https://evil.example"}
    assert client.post("/whoami", headers=own).json()["userid"] == "alice"
    assert client.post("/whoami", headers=other).json()["userid"] is None
    assert client.delete("/token", headers=own).status_code == 204


def test_haproxy_passes_certificates_on(folder, authority, upstream):
    bob = authority.make("bob")
    forged = {"Client-Cert": bob.byte_sequence, "X-Client-Verify": "SUCCESS"}
    with site_behind(haproxy, folder, authority, upstream) as site:
        for headers in ({}, forged):
            assert seen(site.client(bob), headers)["userid"] == "bob"
            eve = site.client(authority.make("eve"))
            assert seen(eve, headers)["userid"] == "eve"
            assert seen(site.client(), headers)["userid"] is None


def test_without_its_port_an_application_takes_itself_for_another_origin(
    folder, authority, upstream
):
    without = nginx_without_the_port
    with site_behind(without, folder, authority, upstream) as site:
        client = site.client()
        assert seen(client)["origin"] == f"https://{LOCALHOST}"
        own = {"Origin": site.origin}
        refused = client.post("/sign_in", data=FORM, headers=own)
        assert refused.status_code == 400


def test_systemd_finds_no_fault(folder):
    found = program("systemd-analyze")
    unit = put(
        file_of("app.service"),
        {
            "/srv/app/env/bin/gunicorn": sys.executable,
            "=app\n": "=root\n",
        },
    )
    (folder / "app.service").write_text(unit)
    made = subprocess.run(  # noqa: S603
        [found, "verify", "--recursive-errors=no", folder / "app.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert "app.service" not in made.stderr, made.stderr


def seen(client, headers=()):
    answer = client.get("/whoami", headers=dict(headers))
    assert answer.status_code == 200, answer.text
    return answer.json()
