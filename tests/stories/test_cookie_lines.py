"""Several Cookie lines: as servers join them, and as HAProxy does."""

import http.client
import shutil
import subprocess
import time

import pytest
from support.certificates import SERVER_AUTH, Authority
from support.ports import free_port
from support.programs import lack
from webtest.http import StopableWSGIServer

NAME = "__Host-sessiontoken"
LOCALHOST = "127.0.0.1"

CONFIGURATION = """
global
  log stderr format raw local0 notice
defaults
  mode http
  timeout connect 20s
  timeout client 20s
  timeout server 20s
frontend front
  bind {localhost}:{port} ssl crt {pem} alpn h2
  default_backend back
backend back
  http-request set-header X-Forwarded-Proto https
  server application {localhost}:{upstream}
"""


@pytest.fixture
def cookie(client):
    response = client.post_json("/sign_in", {})
    return response.headers["Set-Cookie"].partition(";")[0]


@pytest.fixture
def port(client):
    server = StopableWSGIServer.create(
        client.app,
        host=LOCALHOST,
        port=0,
        trusted_proxy=LOCALHOST,
        trusted_proxy_headers={"x-forwarded-proto"},
        clear_untrusted_proxy_headers=True,
    )
    yield server.effective_port
    server.shutdown()
    server.runner.join()


def ask(port, *lines):
    """Send Cookie lines as they are; give the response's text and cookies."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=20)
    try:
        connection.putrequest("GET", "/identity")
        connection.putheader("X-Forwarded-Proto", "https")
        for line in lines:
            connection.putheader("Cookie", line)
        connection.endheaders()
        response = connection.getresponse()
        return response.read().decode(), response.getheader("Set-Cookie")
    finally:
        connection.close()


@pytest.mark.server
def test_cookie_lines_joined_by_waitress_leave_the_cookie_valid(port, cookie):
    for lines in (
        [cookie],
        [cookie, "theme=dark"],
        [f"lang=de; {cookie}", "theme=dark", "a=b"],
    ):
        text, set_cookie = ask(port, *lines)
        assert '"userid": "alice"' in text
        assert set_cookie is None


@pytest.mark.server
def test_a_cookie_behind_a_comma_is_neither_read_nor_deleted(port, cookie):
    """A host of the same domain could write one into a value of its own."""
    text, set_cookie = ask(port, "theme=dark", cookie)

    assert '"userid": null' in text
    assert "behind a comma in the Cookie header" in text
    assert "RFC 9113, section 8.2.3" in text
    assert set_cookie is None


@pytest.fixture
def haproxy(tmp_path, port):
    """The URL of a proxy that speaks HTTP/2 and HTTP/1.1."""
    program = shutil.which("haproxy") or shutil.which(
        "haproxy", path="/usr/sbin"
    )
    if program is None:
        lack("haproxy")
    host = Authority().make("localhost", usages=(SERVER_AUTH,))
    pem = tmp_path / "server.pem"
    pem.write_text(host.pem + host.key_pem)
    own = free_port()
    (tmp_path / "haproxy.cfg").write_text(
        CONFIGURATION.format(
            localhost=LOCALHOST, port=own, pem=pem, upstream=port
        )
    )
    process = subprocess.Popen(  # noqa: S603
        [program, "-f", str(tmp_path / "haproxy.cfg"), "-db"],
        stderr=subprocess.DEVNULL,
    )
    yield f"https://{LOCALHOST}:{own}"
    process.terminate()
    process.wait(20)


@pytest.mark.server
def test_haproxy_joins_the_cookies_of_http_2_by_semicolons(haproxy, cookie):
    """RFC 9113, section 8.2.3: browsers send each cookie by itself."""
    curl = shutil.which("curl")
    if curl is None:
        lack("curl")
    pairs = ["theme=dark", cookie, "lang=de"]
    words = [word for pair in pairs for word in ("-H", f"Cookie: {pair}")]
    command = [curl, "-sik", "--http2", "--noproxy", "*", *words]
    until = time.monotonic() + 20
    while True:
        done = subprocess.run(  # noqa: S603
            [*command, f"{haproxy}/identity"], capture_output=True, check=False
        )
        if done.returncode == 0:
            break
        assert time.monotonic() < until
    answer = done.stdout.decode()
    assert answer.startswith("HTTP/2 200")
    assert '"userid": "alice"' in answer
    assert "set-cookie" not in answer
