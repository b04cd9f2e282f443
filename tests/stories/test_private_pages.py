"""What Back shows after a sign-out, in a browser."""

import sys
from types import ModuleType

import pytest
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import forget, remember
from support.pages import ROOT, blocks_of, run_python
from webtest.http import StopableWSGIServer

PAGE = ROOT / "docs" / "howto" / "private_pages.rst"


def sign_in(request):
    return HTTPSeeOther("/", headers=remember(request, "alice"))


def only_forget(request):
    return HTTPSeeOther("/", headers=forget(request))


def home(request):
    return Response("home")


def private(request):
    return Response(f"for {request.authenticated_userid}")


def careless(request):
    # It has a Cache-Control, so the subscriber leaves it alone.
    return Response(
        f"for {request.authenticated_userid}", cache_control="private"
    )


@pytest.fixture
def url(monkeypatch):
    """Serve the subscriber and the sign-out of the page."""
    docs = ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", docs)
    for block in blocks_of(PAGE):
        run_python(block, PAGE, docs, tests=False)
    config = Configurator(
        settings={
            "sessiontoken.keys": "ephemeral",
            "sessiontoken.require_tls": "false",
        }
    )
    config.include("pyramid_sessiontoken")
    config.include(docs.includeme)
    config.add_route("home", "/")
    config.add_view(home, route_name="home")
    for view in (sign_in, only_forget, docs.sign_out, private, careless):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)
    server = StopableWSGIServer.create(config.make_wsgi_app(), port=0)
    yield f"http://127.0.0.1:{server.effective_port}"
    assert server.shutdown()


def signed_out(browser, url, sign_out):
    """Give a tab in which alice saw two pages, and then signed out."""
    tab = browser.new_context().new_page()
    for seen in ("sign_in", "private", "careless", "", sign_out):
        tab.goto(f"{url}/{seen}")
    return tab


def back(tab, steps, seen):
    """Give what the button Back shows."""
    # A page from memory is not loaded anew.
    tab.evaluate(f"history.go({-steps})")
    tab.wait_for_url(f"**/{seen}", wait_until="commit")
    return tab.inner_text("body")


def test_back_shows_no_private_page_after_the_sign_out(browser, url):
    tab = signed_out(browser, url, "only_forget")
    assert back(tab, 2, "careless") == "for alice"
    assert back(tab, 1, "private") == "for None"

    # Clear-Site-Data drops what was kept before.
    tab = signed_out(browser, url, "sign_out")
    assert back(tab, 2, "careless") == "for None"
