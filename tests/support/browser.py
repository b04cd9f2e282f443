"""A browser: Chromium without a window, driven by Playwright.

Each process of pytest-xdist starts one, with its first test that asks for it.
"""

import asyncio
import os
import shutil
from contextlib import contextmanager

import pytest

from support.programs import lack

HOW = (
    "Chromium with Playwright (Debian: apt-get install chromium; then"
    " pip install playwright)"
)


@contextmanager
def driving(loop):
    """Let Playwright's loop run in this thread, and no longer than here: it
    would be in the way of ``asyncio.run`` in other tests.
    """
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def browser_process():
    """The browser, and the loop that drives it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        program = None
    if program is None:
        lack(HOW)
    driver = sync_playwright().start()
    loop = asyncio.get_running_loop()
    try:
        started = driver.chromium.launch(
            executable_path=program,
            args=["--no-proxy-server", "--disable-dev-shm-usage"],
            # Back shows a page from memory, as in the browsers of people.
            ignore_default_args=["--disable-back-forward-cache"],
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
    finally:
        asyncio._set_running_loop(None)
    yield started, loop
    with driving(loop):
        started.close()
        driver.stop()


@pytest.fixture
def browser(browser_process):
    """Give Playwright's ``Browser``. A test makes a context of its own, which
    ends with the test: ``browser.new_context()``.
    """
    started, loop = browser_process
    with driving(loop):
        yield started
        for context in started.contexts:
            context.close()
