"""A request leaves no reference cycle behind: each would wait for the garbage
collector, which costs more than the request itself.
"""

import base64
import gc

import pytest
from pyramid.request import Request
from pyramid.response import Response
from support import TLS
from support.stepup import add_view


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


@pytest.mark.parametrize(
    "shown", ["nothing", "token", "forged", "cookie", "junk", "password"]
)
def test_a_request_leaves_no_cycle_behind(make, shown):
    # The root of the other tests holds the request.
    client = make(root_factory=lambda request: {})
    token = client.swap()["access_token"]
    client.post_json("/sign_in", {})
    cookies = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    headers = {
        "nothing": {},
        "token": {"Authorization": f"Session {token}"},
        "forged": {"Authorization": f"Session {token[:-5]}AAAAA"},
        "cookie": {"Cookie": cookies},
        "junk": {"Cookie": "__Host-sessiontoken=0.junk"},
        "password": basic(b"alice:wrong"),
    }[shown]

    assert_no_cycle(client, "/identity", headers)


def test_the_options_of_a_view_leave_no_cycle_behind(make):
    def setup(config):
        add_view(config, sessiontoken_max_age=300, sessiontoken_check="now")

    client = make(
        {"repository": "memory", "token.form": "reference"},
        setup=setup,
        root_factory=lambda request: {},
    )
    token = client.swap()["access_token"]
    assert client.ask(token, "/danger").text == "hello"

    assert_no_cycle(client, "/danger", {"Authorization": f"Session {token}"})


@pytest.mark.parametrize("word", ["alice", "wrong", "a\nb", None])
def test_a_password_from_a_form_leaves_no_cycle_behind(make, word):
    def setup(config):
        config.add_route("form", "/form")
        config.add_view(
            lambda request: Response(
                str(request.sessiontoken.check_password("alice", word))
            ),
            route_name="form",
        )

    client = make(
        {"throttle.attempts": "99/minute"},
        setup=setup,
        root_factory=lambda request: {},
    )

    assert_no_cycle(client, "/form", {})


def test_a_session_in_which_somebody_acts_leaves_no_cycle_behind(make):
    client = make(
        {"repository": "memory", "impersonation.principals": "role:admin"},
        root_factory=lambda request: {},
    )
    request = Request.blank("/", base_url="https://localhost")
    request.registry = client.registry
    token = client.swap()["access_token"]
    request.headers["Authorization"] = f"Session {token}"
    acting = request.sessiontoken.act_as("bob", "why").access_token

    assert client.ask(acting).json["userid"] == "bob"
    assert_no_cycle(
        client, "/identity", {"Authorization": f"Session {acting}"}
    )


def assert_no_cycle(client, path, headers):
    def ask():
        request = Request.blank(path, headers=headers)
        request.environ.update(TLS)
        b"".join(client.app(request.environ, lambda *_: None))

    for _ in range(3):
        ask()
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            ask()
        assert gc.collect() == 0
    finally:
        gc.enable()
