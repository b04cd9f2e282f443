"""The application of the page on sign-in, where it is used as people do."""

import sys
from types import ModuleType
from urllib.parse import quote

import pytest
from pyramid_retry import RetryableException
from support.pages import ROOT, blocks_of
from webtest import TestApp

PAGE = ROOT / "docs" / "tutorial" / "signin.rst"
TLS = {
    "wsgi.url_scheme": "https",
    "HTTP_HOST": "app.example",
    "HTTP_ORIGIN": "https://app.example",
    "HTTP_ACCEPT": "text/html",
}


def repeats_sign_in(config):
    """Let the first attempt at each POST fail, as a database does."""
    config.include("pyramid_retry")
    config.add_tween(f"{__name__}.failing_once")


def failing_once(handler, registry):
    def tween(request):
        response = handler(request)
        first = request.environ["retry.attempt"] == 0
        if first and request.method == "POST":
            raise RetryableException
        return response

    return tween


@pytest.fixture
def make_browser(monkeypatch):
    module = ModuleType("signin")
    monkeypatch.setitem(sys.modules, "signin", module)
    for begin in ("def is_right(", "def main("):
        code = next(b.code for b in blocks_of(PAGE) if begin in b.code)
        exec(compile(code, str(PAGE), "exec"), vars(module))  # noqa: S102

    def make(**settings):
        app = module.main(
            {},
            **{
                "sessiontoken.keys": "ephemeral",
                "sessiontoken.basic.check": module.is_right,
                "sessiontoken.authorization": "authenticated",
                "sessiontoken.login_url": "/login",
                **settings,
            },
        )
        return TestApp(app, extra_environ=TLS)

    return make


def sign_in(form):
    form["username"], form["password"] = "alice", "wonderland"
    return form.submit(expect_errors=True)


def test_a_second_tab_signs_in_too(make_browser):
    browser = make_browser()
    one, two = browser.get("/login").form, browser.get("/login").form

    assert sign_in(one).status_code == 303
    assert sign_in(two).status_code == 303
    assert "Hello alice" in browser.get("/")


def test_a_repeated_attempt_signs_in_too(make_browser):
    browser = make_browser(
        **{"pyramid.includes": f"{__name__}.repeats_sign_in"}
    )

    answer = sign_in(browser.get("/login").form)
    assert answer.status_code == 303
    home = answer.follow()
    assert "Hello alice" in home
    # Sign-out needs the token that the last attempt set.
    assert home.form.submit().status_code == 303


@pytest.mark.parametrize(
    ("way_back", "location"),
    [
        ("/\u20ac", "/"),
        ("/%E2%82%AC", "/%E2%82%AC"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a b", "/"),
        ("/a?b=c&d=%20", "/a?b=c&d=%20"),
        ("evil", "/"),
    ],
)
def test_a_right_password_leads_back(make_browser, way_back, location):
    page = make_browser().get("/login?next=" + quote(way_back, safe=""))

    assert sign_in(page.form).location == f"https://app.example{location}"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://app.example"]
)
def test_another_site_cannot_sign_a_user_in(make_browser, origin):
    browser = make_browser()
    form = browser.get("/login").form
    browser.extra_environ["HTTP_ORIGIN"] = origin

    assert sign_in(form).status_code == 400
    assert "__Host-sessiontoken" not in browser.cookies
