"""Client certificates and users, as a real nginx passes them on."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager

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
from support.programs import lack

NGINX = shutil.which(
    "nginx",
    path=os.pathsep.join(
        [os.environ["PATH"], "/usr/sbin", "/usr/local/sbin", "/usr/local/bin"]
    ),
)

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        sys.platform != "linux",
        reason="elsewhere, this machine is not all of 127.0.0.0/8",
    ),
]

#: The most lines of a PEM that the configuration can rewrite.
LINES = 40

CONFIGURATION = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  large_client_header_buffers 4 32k;

  # RFC 9440: what stands between the lines of the PEM, without new lines.
  map $ssl_client_raw_cert $client_cert {{
    default "";
    "~^-[^\\n]*-\\n{pattern}-[^\\n]*-\\n?$" ":{joined}:";
  }}

  server {{
    listen {localhost}:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_client_certificate {folder}/ca.pem;
    ssl_verify_client {verify_client};

    proxy_bind {proxy};
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
    proxy_set_header X-Client-Verify $ssl_client_verify;
    proxy_set_header Client-Cert $client_cert;
    proxy_set_header X-User $remote_user;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;

    location / {{
      proxy_pass http://{localhost}:{upstream};
    }}
    location /careless/ {{
      # It passes on what the client sends.
      proxy_bind {proxy};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_pass http://{localhost}:{upstream}/;
    }}
    location /password/ {{
      auth_basic "nginx";
      auth_basic_user_file {folder}/users;
      proxy_pass http://{localhost}:{upstream}/;
    }}
  }}
}}
"""

ESCAPED = {
    "client_certificate.source": "header:X-Client-Cert",
    "client_certificate.verify": "header:X-Client-Verify",
}
RFC_9440 = {**ESCAPED, "client_certificate.source": "header:Client-Cert"}


@pytest.fixture(scope="module")
def authority():
    if NGINX is None:
        lack("nginx")
    return Authority()


@contextmanager
def run_nginx(folder, authority, upstream, verify_client):
    """Give the port of nginx."""
    write_pairs(folder, authority)
    (folder / "users").write_text("carol:{PLAIN}secret\n")
    # nginx takes over a socket that listens already, as when it is upgraded
    # while it runs; so the test need not wait for nginx or for a free port.
    with socket.create_server((LOCALHOST, 0)) as listening:
        port = listening.getsockname()[1]
        (folder / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=folder,
                user="root" if os.geteuid() == 0 else "nobody",
                port=port,
                upstream=upstream,
                localhost=LOCALHOST,
                proxy=PROXY,
                verify_client=verify_client,
                pattern="".join(
                    f"(?:(?<l{n}>[^-\\n]+)\\n)?" for n in range(LINES)
                ),
                joined="".join(f"$l{n}" for n in range(LINES)),
            )
        )
        process = subprocess.Popen(  # noqa: S603
            [NGINX, "-p", str(folder), "-c", "nginx.conf"],
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
    try:
        yield port
    finally:
        process.terminate()
        assert process.wait(20) == 0, (folder / "error.log").read_text()


@contextmanager
def make_site(folder, authority, forms, verify_client="optional"):
    trust = {
        **TRUST,
        # waitress removes X-Forwarded-For, or puts it into REMOTE_ADDR.
        "clear_untrusted_proxy_headers": "address.header" not in forms,
    }
    with (
        serve({**SETTINGS, **forms}, **trust) as upstream,
        run_nginx(folder, authority, upstream, verify_client) as port,
    ):
        site = Site(folder, authority, port, upstream)
        try:
            yield site
        finally:
            for client in site.clients:
                client.close()


@pytest.fixture(
    scope="module", params=[ESCAPED, RFC_9440], ids=["escaped", "RFC 9440"]
)
def site(request, tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("nginx")
    with make_site(folder, authority, request.param) as site:
        yield site


@pytest.fixture(scope="module")
def lenient(tmp_path_factory, authority):
    """A site where nginx does not refuse a certificate by itself."""
    folder = tmp_path_factory.mktemp("nginx")
    with make_site(folder, authority, ESCAPED, "optional_no_ca") as site:
        yield site


def test_a_certificate_is_swapped_for_a_bound_token(site, authority):
    alice = authority.make("alice")
    with_it, without = site.client(alice), site.client()

    token = swap(with_it)

    said = jwt.decode(token, options={"verify_signature": False})
    assert said["sub"] == "alice"
    assert said["amr"] == ["hwk"]
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


def test_nginx_refuses_a_certificate_for_servers(site, authority):
    """OpenSSL checks the usages, too, so nginx refuses by itself."""
    client = site.client(authority.make("alice", usages=(SERVER_AUTH,)))

    answer = client.get("/identity")

    assert answer.status_code == 400
    assert "SSL certificate error" in answer.text


def test_nginx_refuses_a_certificate_of_another_authority(site):
    eve = Authority("Evil CA").make("alice")

    assert site.client(eve).get("/identity").status_code == 400


@pytest.mark.parametrize(
    ("changes", "stranger"),
    [
        ({}, True),
        ({"ends": 1_000_000_000, "begins": 0}, False),
        ({"usages": (SERVER_AUTH,)}, False),
    ],
    ids=["another authority", "expired", "usage"],
)
def test_a_bad_certificate_is_refused_where_nginx_does_not_verify(
    lenient, authority, changes, stranger
):
    signer = Authority(authority.subject.rdns[0].rfc4514_string()[3:])
    made = (signer if stranger else authority).make("alice", **changes)
    client = lenient.client(made)

    answer = client.get("/identity")

    if answer.status_code == 200:
        assert answer.json()["userid"] is None
        assert " is 'FAILED:" in answer.json()["failure"]
    else:
        # nginx lets a certificate pass if it only lacks the chain.
        assert answer.status_code == 400
    assert client.post("/token").status_code in (400, 401)


def test_a_good_certificate_is_accepted_where_nginx_does_not_enforce(
    lenient, authority
):
    client = lenient.client(authority.make("bob"))

    assert who(client, swap(client))["userid"] == "bob"


# Forged headers.


def forged(made):
    return {
        "X-Client-Cert": made.escaped,
        "X-Client-Verify": "SUCCESS",
        "Client-Cert": made.byte_sequence,
        "X-User": "alice",
        "X-Forwarded-For": PROXY,
        "X-Forwarded-Proto": "https",
    }


def test_nginx_replaces_what_a_client_sends(site, authority):
    headers = forged(authority.make("alice"))

    assert who(site.client(), **headers)["userid"] is None
    eve = site.client(authority.make("eve"))
    assert who(eve, **headers)["userid"] is None


def test_a_header_written_with_underscores_is_dropped(site, authority):
    headers = {
        name.replace("-", "_"): value
        for name, value in forged(authority.make("alice")).items()
    }

    assert who(site.client(), **headers)["userid"] is None


def test_a_client_that_goes_around_nginx_is_refused(site, authority):
    """Only a connection from the address of nginx would help."""
    headers = forged(authority.make("alice"))
    with httpx.Client(trust_env=False, headers=headers) as client:
        answer = client.get(f"http://{LOCALHOST}:{site.upstream}/identity")

    assert answer.json()["userid"] is None


@pytest.mark.parametrize("forms", [ESCAPED, RFC_9440])
def test_the_application_refuses_untrusted_peers_by_itself(authority, forms):
    """One application, one forged request, from two addresses."""
    settings = {**SETTINGS, **forms, "require_tls": "false"}
    headers = forged(authority.make("alice"))
    headers.pop("X-User")
    with serve(settings, **TRUST) as port:
        for peer, userid in ((PROXY, "alice"), (LOCALHOST, None)):
            transport = httpx.HTTPTransport(local_address=peer)
            with httpx.Client(
                transport=transport, headers=headers, trust_env=False
            ) as client:
                answer = client.get(f"http://{LOCALHOST}:{port}/identity")
            assert answer.json()["userid"] == userid


def repeated(port, path, headers):
    """Send headers unchanged, from the address of the proxy."""
    connection = http.client.HTTPConnection(
        LOCALHOST, port, source_address=(PROXY, 0), timeout=20
    )
    try:
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("forms", [ESCAPED, RFC_9440])
def test_a_header_that_comes_twice_is_refused(authority, forms):
    """waitress joins headers that come twice."""
    alice, bob = authority.make("alice"), authority.make("bob")
    once = [
        (name, value)
        for name, value in forged(alice).items()
        if name in ("X-Client-Cert", "X-Client-Verify", "Client-Cert")
    ]
    settings = {
        **SETTINGS,
        **forms,
        "require_tls": "false",
        "authenticators": "client_certificate",
    }
    shown = forms["client_certificate.source"].partition(":")[2]
    with serve(settings) as port:
        assert '"userid": "alice"' in repeated(port, "/identity", once)
        for name in (shown, "X-Client-Verify", shown.lower()):
            for made in (alice, bob):
                more = (name, forged(made)[name.title()])
                for twice in ([*once, more], [more, *once]):
                    answer = repeated(port, "/identity", twice)
                    assert '"userid": null' in answer


def test_a_proxy_that_passes_on_client_headers_is_believed(site, authority):
    """The application trusts what it sends: see the docs for the remedy."""
    headers = forged(authority.make("alice"))

    found = who(site.client(), path="/careless/identity", **headers)

    assert found["userid"] == "alice"
    twice = [*headers.items(), ("X-Client-Verify", "SUCCESS")]
    answer = site.client().get("/careless/identity", headers=twice)
    assert answer.json()["authenticator"] == "remote_user"


# Certificates and a throttle at once.


def test_certificates_and_the_throttle_work_at_once(tmp_path, authority):
    """The certificate is believed from the peer, failures are counted by
    client.
    """
    settings = {
        **ESCAPED,
        "authenticators": "session client_certificate basic",
        "basic.check": lambda name, password, request: name == password,
        "throttle.attempts": "2/hour",
        "throttle.by": "address",
        "address.header": "X-Forwarded-For",
        "address.trusted_proxies": PROXY,
    }
    with make_site(tmp_path, authority, settings) as site:
        alice = site.client(authority.make("alice"))
        token = swap(alice)
        assert who(alice, token)["userid"] == "alice"

        stranger = site.client()
        there = {"X-Forwarded-For": "203.0.113.7"}
        for _ in range(2):
            answer = stranger.post("/token", auth=("bob", "x"), headers=there)
            assert answer.status_code == 401
        answer = stranger.post("/token", auth=("bob", "bob"))
        assert answer.status_code == 429
        # Other clients of nginx are not locked out.
        elsewhere = site.client(address="127.0.0.3")
        answer = elsewhere.post("/token", auth=("bob", "bob"))
        assert answer.status_code == 200
        assert who(alice, token)["userid"] == "alice"


# Users that nginx knows.


def test_a_user_of_nginx_gets_a_token(site):
    client = site.client()

    answer = client.post("/password/token", auth=("carol", "secret"))

    token = answer.json()["access_token"]
    assert who(client, token)["userid"] == "carol"
    wrong = client.post("/password/token", auth=("carol", "wrong"))
    assert wrong.status_code == 401
    assert who(client)["userid"] is None
