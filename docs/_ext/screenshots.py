"""Take the pictures of the demo: ``docs/_static/demo-*.png``.

``python docs/_ext/screenshots.py`` serves the demo, signs in with Chromium as
a person does, and takes the pictures. It needs the extra ``[testing]`` and
Debian's package chromium. The picture of the debug toolbar has a script of its
own, ``panel_picture.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from pyramid.paster import get_app
from webtest.http import StopableWSGIServer

import pyramid_sessiontoken.demo

STATIC = Path(__file__).parent.parent / "_static"
INI = Path(pyramid_sessiontoken.demo.__file__).with_name("demo.ini")

WIDTH = 760

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"
    " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0"
    " Mobile/15E148 Safari/604.1"
)


def sign_in(browser: Any, url: str, user: str, **context: Any) -> Any:
    """Open the demo in a browser of its own, and sign in."""
    page = browser.new_context(**context).new_page()
    page.goto(url)
    page.fill("[name=username]", user)
    page.fill("[name=password]", user)
    return page


def take(browser: Any, url: str) -> None:
    phone = sign_in(browser, url, "alice", user_agent=PHONE)
    phone.click("form button")
    page = sign_in(
        browser,
        url,
        "alice",
        viewport={"width": WIDTH, "height": 600},
        color_scheme="light",
    )
    page.locator("main").screenshot(path=STATIC / "demo-sign-in.png")
    page.click("form button")
    page.get_by_text("Use renews it").wait_for()
    sessions = page.locator("section", has_text="Your sessions")
    # From the name to the list of the sessions.
    height = sessions.bounding_box()["y"] - 8
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    path = STATIC / "demo-session.png"
    page.screenshot(path=path, full_page=True, clip=clip)
    sessions.screenshot(path=STATIC / "demo-devices.png")


def main() -> None:
    server = StopableWSGIServer.create(get_app(str(INI)), host="localhost")
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-proxy-server", "--no-sandbox"],
            )
            take(browser, server.application_url)
            browser.close()
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()
