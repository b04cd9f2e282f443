"""Make ``docs/_static/panel.png``: the panel of pyramid_debugtoolbar.

``python docs/_ext/panel_picture.py`` serves a small application in the
toolbar, uses it, and takes the picture with Chromium. It needs the extra
``[testing]`` and Debian's package chromium.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.security import remember
from webtest.http import StopableWSGIServer

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

PICTURE = Path(__file__).parent.parent / "_static" / "panel.png"

SETTINGS = {
    "debugtoolbar.includes": "pyramid_sessiontoken.debugtoolbar",
    "sessiontoken.keys": "ephemeral",
    "sessiontoken.require_tls": "false",
    "sessiontoken.authenticators": "session remote_user cookie",
    "sessiontoken.remote_user.header": "X-Remote-User",
    "sessiontoken.remote_user.trusted_proxies": "10.0.0.1",
}


def sign_in(request):
    return Response("Hello", headers=remember(request, "alice"))


def hello(request):
    return Response(f"Hello {request.authenticated_userid}", status=404)


def take(url: str, clock: ManualClock) -> None:
    """Show a cookie that is due, and a header that no trusted proxy sent; take
    the picture of the panel about this request.
    """
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-proxy-server"],
        )
        page = browser.new_page(
            viewport={"width": 1000, "height": 900},
            extra_http_headers={"X-Remote-User": "mallory"},
        )
        page.goto(f"{url}sign_in")
        clock.advance(2700)
        page.goto(f"{url}hello")
        page.goto(f"{url}_debug_toolbar/")
        page.click("#pDebugPanel-sessiontoken a")
        panel = page.locator("#pDebugPanel-sessiontoken-content")
        panel.evaluate("each => { each.style.padding = '1em' }")
        panel.screenshot(path=PICTURE)
        browser.close()


def main() -> None:
    config = Configurator(settings=SETTINGS)
    clock = ManualClock(1_800_000_000)
    config.registry.registerUtility(clock, IClock)
    config.include("pyramid_sessiontoken")
    config.include("pyramid_debugtoolbar")
    for view in (sign_in, hello):
        config.add_route(view.__name__, f"/{view.__name__}")
        config.add_view(view, route_name=view.__name__)
    server = StopableWSGIServer.create(config.make_wsgi_app())
    try:
        take(server.application_url, clock)
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()
