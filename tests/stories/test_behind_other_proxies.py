"""Client certificates, as a real HAProxy and a real Apache pass them on. They
run with the lines that the docs show.
"""

import os
import re
import sys
from contextlib import contextmanager
from functools import partial
from textwrap import dedent

import httpx
import jwt
import pytest
from support.certificates import SERVER_AUTH, Authority
from support.certified import (
    LOCALHOST,
    PROXY,
    SETTINGS,
    TRUST,
    Site,
    serve,
    swap,
    who,
    write_pairs,
)
from support.pages import ROOT
from support.ports import free_port, listens
from support.programs import apache_with, program
from support.servers import Server

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="elsewhere, this machine is not all of 127.0.0.0/8",
    ),
]

PAGE = (ROOT / "docs" / "howto" / "certificates.rst").read_text("utf-8")

HEADERS = {
    "authenticators": "session client_certificate",
    "client_certificate.source": "header:X-Client-Cert",
    "client_certificate.verify": "header:X-Client-Verify",
}
OF_HAPROXY = {**HEADERS, "client_certificate.success": "0"}


def lines_of(language, mark):
    """Give the block of the docs that has a mark."""
    pattern = rf"\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)"
    [found] = [b for b in re.findall(pattern, PAGE) if mark in b]
    return dedent(found)


def haproxy(folder, port, upstream, strict):
    """Write the configuration of HAProxy; give the command."""
    text = lines_of("text", "ssl_c_der")
    ignore = "" if strict else " crt-ignore-err all ca-ignore-err all"
    for shown, here in (
        ("bind :443", f"bind {LOCALHOST}:{port}"),
        ("/etc/ssl/site.pem", f"{folder}/both.pem"),
        ("/etc/ssl/staff-ca.pem", f"{folder}/ca.pem"),
        ("verify optional", f"verify optional{ignore}"),
        ("127.0.0.1:6543", f"{LOCALHOST}:{upstream} source {PROXY}"),
    ):
        assert shown in text
        text = text.replace(shown, here)
    (folder / "haproxy.cfg").write_text(
        "global\n  maxconn 50\n  tune.bufsize 32768\n"
        "defaults\n  mode http\n  timeout connect 10s\n"
        "  timeout client 10s\n  timeout server 10s\n" + text
    )
    return [program("haproxy"), "-db", "-f", f"{folder}/haproxy.cfg"]


def apache(folder, port, upstream, strict):
    """Write the configuration of Apache; give the command."""
    found, loaded = apache_with(
        "mpm_event authz_core headers ssl socache_shmcb proxy proxy_http"
    )
    text = lines_of("apache", "RequestHeader")
    for shown, here in (
        ("/etc/ssl/staff-ca.pem", f"{folder}/ca.pem"),
        ("127.0.0.1:6543", f"{LOCALHOST}:{upstream}"),
        ("optional", "optional" if strict else "optional_no_ca"),
    ):
        assert shown in text
        text = text.replace(shown, here)
    # Root may not serve: it is built to refuse that.
    user = "User nobody\n" if os.geteuid() == 0 else ""
    (folder / "apache.conf").write_text(
        f"ServerRoot {folder}\nPidFile {folder}/apache.pid\n"
        f"ErrorLog {folder}/error.log\nServerName localhost\n"
        f"Mutex file:{folder}\nDefaultRuntimeDir {folder}\n{loaded}{user}"
        f"Listen {LOCALHOST}:{port}\nStartServers 1\nThreadsPerChild 5\n"
        f"MaxRequestWorkers 10\nProxySourceAddress {PROXY}\n"
        f"LimitRequestFieldSize 32768\n"
        f"<VirtualHost *:{port}>\nSSLEngine on\n"
        f"SSLCertificateFile {folder}/server.pem\n"
        f"SSLCertificateKeyFile {folder}/server.key\n{text}</VirtualHost>\n"
    )
    return [found, "-X", "-f", f"{folder}/apache.conf"]


@contextmanager
def run(make, folder, authority, settings, *, strict=True):
    write_pairs(folder, authority)
    port = free_port()

    with serve({**SETTINGS, **settings}, **TRUST) as upstream:
        server = Server(
            make(folder, port, upstream, strict), partial(listens, port)
        )
        server.crash = "SIGTERM"
        server.start()
        site = Site(folder, authority, port, upstream)
        try:
            yield site
        finally:
            for client in site.clients:
                client.close()
            server.end()


PROXIES = {"HAProxy": (haproxy, OF_HAPROXY), "Apache": (apache, HEADERS)}


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module", params=PROXIES)
def site(request, tmp_path_factory, authority):
    make, settings = PROXIES[request.param]
    folder = tmp_path_factory.mktemp("proxy")
    with run(make, folder, authority, settings) as site:
        yield site


@pytest.fixture(scope="module", params=PROXIES)
def lenient(request, tmp_path_factory, authority):
    """A site where the proxy does not refuse a certificate by itself."""
    make, settings = PROXIES[request.param]
    folder = tmp_path_factory.mktemp("proxy")
    with run(make, folder, authority, settings, strict=False) as site:
        yield site


def test_a_certificate_is_swapped_for_a_bound_token(site, authority):
    alice = authority.make("alice")
    with_it, without = site.client(alice), site.client()

    token = swap(with_it)

    said = jwt.decode(token, options={"verify_signature": False})
    assert said["sub"] == "alice"
    assert said["cnf"] == {"x5t#S256": alice.x5t}
    assert who(with_it, token)["authenticator"] == "session"
    assert who(without, token)["userid"] is None
    other = site.client(authority.make("alice"))
    assert who(other, token)["userid"] is None


def test_a_client_without_a_certificate_is_unknown(site):
    client = site.client()

    assert who(client)["userid"] is None
    assert who(client)["failure"] is None
    assert client.post("/token").status_code == 401


def test_a_certificate_that_the_settings_do_not_name_is_refused(
    site, authority
):
    client = site.client(authority.make("eve"))

    assert who(client)["userid"] is None
    assert "'CN=eve'" in who(client)["failure"]


def test_the_proxy_replaces_what_a_client_sends(site, authority):
    alice = authority.make("alice")
    for value in (alice.escaped, alice.byte_sequence):
        headers = {
            "X-Client-Cert": value,
            "X-Client-Verify": "SUCCESS",
            "X-Forwarded-Proto": "https",
        }
        for word in ("SUCCESS", "0"):
            headers["X-Client-Verify"] = word
            assert who(site.client(), **headers)["userid"] is None
            eve = site.client(authority.make("eve"))
            assert who(eve, **headers)["userid"] is None
            twice = [*headers.items(), *headers.items()]
            answer = site.client().get("/identity", headers=twice)
            assert answer.json()["userid"] is None


@pytest.mark.parametrize(
    ("changes", "stranger"),
    [
        ({}, "Evil CA"),
        ({}, "Tests' CA"),
        ({"ends": 1_000_000_000, "begins": 0}, None),
        ({"usages": (SERVER_AUTH,)}, None),
    ],
    ids=["another authority", "a key of its own", "expired", "usage"],
)
def test_a_certificate_that_the_proxy_finds_bad_is_refused(
    lenient, authority, changes, stranger
):
    signer = authority if stranger is None else Authority(stranger)
    made = signer.make("alice", **changes)
    client = lenient.client(made)
    try:
        answer = client.get("/identity")
    except httpx.TransportError:
        return  # The proxy ended the handshake by itself.

    assert answer.json()["userid"] is None
    assert "did not verify" in answer.json()["failure"]
    assert client.post("/token").status_code == 401


def test_a_good_certificate_is_accepted_where_the_proxy_enforces_nothing(
    lenient, authority
):
    client = lenient.client(authority.make("bob"))

    assert who(client, swap(client))["userid"] == "bob"
