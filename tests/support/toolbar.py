"""An application in the real pyramid_debugtoolbar, and what its panel says."""

import re
from html import unescape

import pytest

#: A tag, or what lies between two.
_TAG = re.compile(r"<[^>]*>")

_PANEL = re.compile(
    r'id="pDebugPanel-sessiontoken-content".*?<div class="scroll">'
    r"(?P<panel>.*?)</div>",
    re.DOTALL,
)


class Shown:
    """The panel of one request.

    :ivar html: as it stands in the page of the toolbar.
    :ivar rows: the cells of each row of its tables, by the first cell.
    :ivar lines: its texts, in their order.
    """

    def __init__(self, page):
        self.html = _PANEL.search(page)["panel"]
        rows = re.findall(r"<tr.*?</tr>", self.html, re.DOTALL)
        cells = [re.findall(r"<t[hd].*?</t[hd]>", row) for row in rows]
        self.rows = {
            text_of(row[0]): [text_of(cell) for cell in row[1:]]
            for row in cells
        }
        texts = [text_of(line) for line in self.html.splitlines()]
        self.lines = [text for text in texts if text]

    @property
    def user(self):
        return self.lines[0].removeprefix("User: ")

    @property
    def response(self):
        """What became of the session."""
        return self.lines[-1]


def text_of(html):
    return unescape(_TAG.sub("", html)).strip()


class Toolbar:
    """A client of an application, and of the toolbar over it."""

    def __init__(self, client):
        self.client = client

    @property
    def page(self):
        """The page of the toolbar about the last request."""
        history = self.client.app.registry.pdtb_history
        last = history.last(1)[0][0]
        # Without what the application is sent.
        fresh = self.client.fresh(REMOTE_ADDR="127.0.0.1")
        return fresh.get(f"/_debug_toolbar/{last}").text

    @property
    def shown(self):
        return Shown(self.page)


def add_toolbar(config, includes="pyramid_sessiontoken.debugtoolbar"):
    config.add_settings({"debugtoolbar.includes": includes})
    config.include("pyramid_debugtoolbar")


@pytest.fixture
def toolbar(make):
    """Make an application in the toolbar, with settings of the test's own."""

    def make_toolbar(settings=(), setup=None, **kw):
        def both(config):
            add_toolbar(config)
            if setup is not None:
                setup(config)

        client = make(settings, both, **kw)
        return Toolbar(client.fresh(REMOTE_ADDR="127.0.0.1"))

    return make_toolbar
