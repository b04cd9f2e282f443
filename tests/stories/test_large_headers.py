"""Large tokens and cookies behind a stock nginx: what the docs say of it."""

import os
import shutil
import socket
import subprocess

import httpx
import pytest
from support.programs import lack
from webtest.http import StopableWSGIServer

LOCALHOST = "127.0.0.1"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

#: Nothing but the defaults, and a larger buffer below /large.
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
  server {{
    listen {localhost}:{port};
    proxy_set_header Host localhost;
    proxy_set_header X-Forwarded-Proto https;
    location / {{
      proxy_pass http://{localhost}:{upstream};
    }}
    location /large/ {{
      proxy_buffer_size 16k;
      proxy_buffers 8 16k;
      proxy_busy_buffers_size 16k;
      proxy_pass http://{localhost}:{upstream}/;
    }}
  }}
}}
"""


@pytest.fixture
def issuing(make):
    def issue(request):
        claims = {"text": request.POST["text"]}
        return request.sessiontoken.issue("alice", claims).as_dict()

    def setup(config):
        config.add_route("issue", "/issue")
        config.add_view(issue, route_name="issue", renderer="json")

    return make(setup=setup)


@pytest.fixture
def site(issuing, tmp_path):
    """A client of nginx, in front of waitress."""
    if NGINX is None:
        lack("nginx")
    server = StopableWSGIServer.create(
        issuing.app,
        host=LOCALHOST,
        port=0,
        trusted_proxy=LOCALHOST,
        trusted_proxy_headers={"x-forwarded-proto"},
        clear_untrusted_proxy_headers=True,
    )
    os.chmod(tmp_path, 0o755)  # noqa: S103
    with socket.create_server((LOCALHOST, 0)) as listening:
        port = listening.getsockname()[1]
        (tmp_path / "nginx.conf").write_text(
            CONFIGURATION.format(
                folder=tmp_path,
                user="root" if os.geteuid() == 0 else "nobody",
                localhost=LOCALHOST,
                port=port,
                upstream=server.effective_port,
            )
        )
        process = subprocess.Popen(  # noqa: S603
            [NGINX, "-p", str(tmp_path), "-c", "nginx.conf"],
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
    with httpx.Client(
        base_url=f"http://{LOCALHOST}:{port}", trust_env=False, timeout=20
    ) as client:
        yield client
    process.terminate()
    assert process.wait(20) == 0, (tmp_path / "error.log").read_text()
    server.shutdown()
    server.runner.join()


def begin(site, length):
    answer = site.post("/issue", data={"text": "x" * length})
    return answer.json()["access_token"]


def ask(site, token):
    return site.get("/identity", headers={"Authorization": f"Session {token}"})


@pytest.mark.server
@pytest.mark.parametrize("length", [100, 2100, 2300, 2600, 5000])
def test_a_request_with_a_token_that_is_due_is_never_answered_502(
    issuing, site, length
):
    """A buffer of one page holds the longest that is renewed there."""
    token = begin(site, length)
    issuing.clock.advance(1800)

    answer = ask(site, token)

    assert answer.status_code == 200
    assert answer.json()["userid"] == "alice"
    assert ("Session-Token" in answer.headers) is (len(token) <= 3500)
    # The body of an answer has no such limit.
    headers = {"Authorization": f"Session {token}"}
    renewed = site.post("/token", headers=headers)
    assert renewed.status_code == 200
    assert ask(site, renewed.json()["access_token"]).status_code == 200


@pytest.mark.server
def test_a_large_cookie_needs_a_larger_buffer(issuing, site):
    claims = {"userid": "alice", "claims": {"text": "x" * 4000}}

    assert site.post("/sign_in", json=claims).status_code == 502
    assert site.post("/large/sign_in", json=claims).status_code == 302
