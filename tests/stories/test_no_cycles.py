"""A request leaves no reference cycle behind: each would wait for the garbage
collector, which costs more than the request itself.
"""

import base64
import gc

import pytest
from pyramid.request import Request
from support import TLS


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

    def ask():
        request = Request.blank("/identity", headers=headers)
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
