"""A real WebSocket, with the view that the docs show."""

import sys
import threading
from contextlib import closing
from types import ModuleType

import httpx
import pytest
from simple_websocket import Client, ConnectionClosed
from support.pages import DOCS, blocks_of, run_python
from werkzeug.serving import make_server

from pyramid_sessiontoken.testing import signed_in

pytestmark = pytest.mark.server


@pytest.fixture
def served(monkeypatch):
    """Serve the application of the page; give where, and the application."""
    page, module = DOCS / "howto" / "websocket.rst", ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", module)
    for block in blocks_of(page):
        if block.language == "python" and "def test_" not in block.code:
            run_python(block, page, module)
    settings = {
        "keys": "ephemeral",
        "authenticators": "session cookie",
        "repository": "memory",
        "authorization": "authenticated",
        "require_tls": "false",
    }
    app = module.main(
        {}, **{f"sessiontoken.{k}": v for k, v in settings.items()}
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", app
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_socket_is_opened_by_the_own_page_and_ends_with_the_session(served):
    where, app = served
    user = signed_in(app, "alice", cookie=True)
    # This client says a Host without its port.
    own = {**user, "Origin": "http://127.0.0.1"}
    socket = Client(f"ws://{where}/live", headers=own)
    with closing(socket.sock):
        assert socket.receive(timeout=20) == "hello alice"
        socket.send("tea")
        assert socket.receive(timeout=20) == "alice said tea"

        url = f"http://{where}/token"
        with httpx.Client(trust_env=False, headers=user) as page:
            assert page.delete(url).status_code == 204
        socket.send("more")

        with pytest.raises(ConnectionClosed) as ended:
            socket.receive(timeout=20)
        assert ended.value.reason == 4401
