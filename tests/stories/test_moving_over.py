"""Applications move over: a wiki of the shape of Pyramid's tutorial, whose
functional tests run on both versions; a cookie that cannot be read; and
sessions in Redis.
"""

import shutil
import sys
from configparser import RawConfigParser
from types import ModuleType

import pytest
from pyramid.config import Configurator
from pyramid.request import Request
from support.pages import DOCS, blocks_of, run_python
from webtest import TestApp

from pyramid_sessiontoken.interfaces import IAuthenticator

MOVING_OVER = DOCS / "moving_over"
WIKI = MOVING_OVER / "wiki"


@pytest.fixture
def make_wiki(tmp_path, monkeypatch):
    """Make the wiki with one version of its security.py and its INI."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def make(version, **settings):
        forget_modules()
        for source in WIKI / "wiki", WIKI / version:
            shutil.copytree(source, tmp_path / "wiki", dirs_exist_ok=True)
        shutil.copy(MOVING_OVER / "old_cookie.py", tmp_path / "wiki")
        ini = RawConfigParser()
        ini.optionxform = str
        ini.read(tmp_path / "wiki" / "testing.ini")
        import wiki.models

        wiki.models.COST = 2**4
        app = wiki.main({}, **dict(ini.items("app:main")), **settings)
        return TestApp(app)

    yield make
    forget_modules()


def forget_modules():
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("wiki", "myapp"):
            del sys.modules[name]


@pytest.fixture(params=["before", "after"])
def wiki(request, make_wiki):
    return make_wiki(request.param)


def sign_in(wiki, name, password=None):
    form = wiki.get("/login").forms["login"]
    form["name"], form["password"] = name, password or name
    return form.submit()


def test_anyone_reads(wiki):
    page = wiki.get("/").follow()
    assert "Welcome" in page
    assert "/FrontPage/edit" not in page
    wiki.get("/NoPage", status=404)


def test_whoever_is_unknown_signs_in_first(wiki):
    login = wiki.get("/FrontPage/edit", status=303).follow()
    form = login.forms["login"]
    form["name"] = form["password"] = "editor"
    answer = form.submit(status=303)
    assert answer.location == "http://localhost/FrontPage/edit"
    assert "edit" in answer.follow().forms


def test_a_wrong_password_signs_nobody_in(wiki):
    for name, password in ("editor", "wrong"), ("nobody", "nobody"):
        assert "Wrong name or password" in sign_in(wiki, name, password)
    assert "logout" not in wiki.get("/FrontPage").forms


def test_an_editor_writes_and_signs_out(wiki):
    sign_in(wiki, "editor")
    form = wiki.get("/FrontPage").click("Edit").forms["edit"]
    form["text"] = "Written by the editor"
    page = form.submit().follow()
    assert "Written by the editor" in page

    page = page.forms["logout"].submit().follow().follow()
    assert "Written by the editor" in page
    assert "logout" not in page.forms
    wiki.get("/FrontPage/edit", status=303)


def test_others_write_their_own_pages_alone(wiki):
    sign_in(wiki, "basic")
    assert "basic may not" in wiki.get("/FrontPage/edit", status=403)
    form = wiki.get("/add/Mine").forms["edit"]
    form["text"] = "My own page"
    assert "My own page" in form.submit().follow().click("Edit")
    assert wiki.get("/add/Mine", status=303).location.endswith("/Mine/edit")


def test_a_form_of_another_site_is_refused(wiki):
    sign_in(wiki, "editor")
    wiki.post("/FrontPage/edit", {"text": "spam"}, status=400)
    wiki.post("/logout", status=400)
    assert "Welcome" in wiki.get("/FrontPage")


SWITCH = {
    "pyramid.includes": "wiki.old_cookie",
    "auth.secret": "the secret of the tests",
    "sessiontoken.authenticators": (
        "session cookie old=wiki.old_cookie:OldCookie"
    ),
    "sessiontoken.old.until": "2100-01-01",
    "sessiontoken.token.exchange": "session",
}


def test_a_user_of_the_wiki_stays_signed_in(make_wiki):
    before = make_wiki("before")
    sign_in(before, "editor")
    assert "auth_tkt" in before.cookies

    after = make_wiki("after", **SWITCH)
    after.cookiejar = before.cookiejar
    assert "edit" in after.get("/FrontPage/edit").forms
    assert set(after.cookies) == {"csrf_token", "sessiontoken"}

    after.get("/FrontPage").forms["logout"].submit()
    assert "logout" not in after.get("/FrontPage").forms


def test_a_cookie_that_cannot_be_read_signs_nobody_in(make_wiki):
    """WebOb raises UnicodeDecodeError for some, which the bridge catches."""
    registry = make_wiki("after", **SWITCH).app.registry
    old = registry.getUtility(IAuthenticator, "old")
    for cookie in (r"a=\361", r"auth_tkt=\361", "auth_tkt=", "auth_tkt"):
        request = Request.blank("/", headers={"Cookie": cookie})
        request.registry = registry
        assert old.authenticate(request) is None


def who(request):
    return {
        "userid": request.authenticated_userid,
        "auth_time": request.sessiontoken.auth_time,
    }


@pytest.fixture
def bridge(monkeypatch):
    """An application with the bridge; a user of the old one comes in."""
    monkeypatch.syspath_prepend(MOVING_OVER)
    import old_cookie

    settings = {
        "sessiontoken.keys": "ephemeral",
        "auth.secret": "secret",
        "sessiontoken.authenticators": (
            "session cookie old=old_cookie:OldCookie"
        ),
        "sessiontoken.old.until": "2100-01-01",
        "sessiontoken.token.exchange": "session",
    }
    with Configurator(settings=settings) as config:
        config.include("pyramid_sessiontoken")
        config.include(old_cookie)
        config.include("pyramid_tm")
        config.add_route("who", "/who")
        config.add_route("api", "/api", sessiontoken_authenticators="session")
        config.add_view(who, route_name="who", renderer="json")
        config.add_view(who, route_name="api", renderer="json")
        app = config.make_wsgi_app()
    tls = {"wsgi.url_scheme": "https", "HTTP_HOST": "app.example"}
    browser = TestApp(app, extra_environ=tls)
    helper = app.registry.getUtility(IAuthenticator, "old").helper
    request = Request.blank("/", base_url="https://app.example")
    cookie = helper.remember(request, 7)[0][1].partition(";")[0]
    yield browser, helper, {"Cookie": cookie}
    sys.modules.pop("old_cookie", None)


def test_a_route_that_does_not_take_it_leaves_the_old_cookie_alone(bridge):
    """Also where pyramid_tm has asked who the user is before there is one."""
    browser, _, shown = bridge
    answer = browser.get("/api", headers=shown)
    assert answer.json["userid"] is None
    assert set_by(answer) == []


def set_by(response):
    return response.headers.getall("Set-Cookie")


def test_a_user_of_the_old_cookie_did_not_sign_in_just_now(bridge):
    """Before and after the swap: a view for a recent sign-in refuses."""
    browser, _, shown = bridge
    seen = {"userid": 7, "auth_time": None}
    assert browser.get("/who", headers=shown).json == seen
    assert browser.get("/who").json == seen


def test_the_new_cookie_outlives_the_browser_where_the_old_one_did(bridge):
    browser, helper, shown = bridge
    [new] = [
        line
        for line in set_by(browser.get("/who", headers=shown))
        if "sessiontoken" in line
    ]
    assert "Max-Age" not in new
    browser.reset()
    helper.max_age = 3600
    [new] = [
        line
        for line in set_by(browser.get("/who", headers=shown))
        if "sessiontoken" in line
    ]
    assert "Max-Age=36000" in new


@pytest.mark.server
@pytest.mark.filterwarnings("ignore:Authentication and authorization")
@pytest.mark.filterwarnings("ignore:Call to deprecated setex")
def test_users_of_sessions_in_redis_stay_signed_in(monkeypatch, redis):
    """The page shows it with beaker."""
    page = MOVING_OVER / "sessions.rst"
    myapp = ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", myapp)
    for block in blocks_of(page):
        if block.language == "python":
            run_python(block, page, myapp, tests=False)
    myapp.SESSIONS = {
        "pyramid.includes": "pyramid_session_redis",
        "redis.sessions.secret": "the secret of the session cookie",
        "redis.sessions.redis_url": redis.tcp,
        "redis.sessions.cookie_secure": "true",
    }
    tests = [name for name in vars(myapp) if name.startswith("test_")]
    assert len(tests) == 4
    for name in tests:
        getattr(myapp, name)()
    assert redis.client.dbsize()
    forget_modules()
