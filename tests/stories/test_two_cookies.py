"""One name, two genuine cookies: the path or the domain of the cookie was
changed, and the browser sends the old one, too.
"""

import pytest

from pyramid_sessiontoken.events import SessionEnded

NAME = "__Host-sessiontoken"

STORED = {"repository": "memory"}
REFERENCES = {**STORED, "cookie.form": "reference"}


class Browser:
    """Keeps a cookie that no header of today reaches, beside another one."""

    def __init__(self, client, old):
        self.client = client
        self.old = old
        self.told = []
        client.registry.registerHandler(self.told.append, (SessionEnded,))

    def send(self, path="/identity", method="get", new=None, **kw):
        both = [c for c in (new, self.old) if c]
        header = "; ".join(f"{NAME}={value}" for value in both)
        fresh = self.client.fresh()
        response = getattr(fresh, method)(
            path, headers={"Cookie": header}, **kw
        )
        changed = {
            name: value
            for name, _, value in (
                header.partition(";")[0].partition("=")
                for header in response.headers.getall("Set-Cookie")
            )
        }
        return response, changed

    def userid(self, *values):
        header = "; ".join(f"{NAME}={value}" for value in values)
        answer = self.client.fresh().get(
            "/identity", headers={"Cookie": header}
        )
        return answer.json["userid"]


@pytest.fixture(params=[{}, STORED, REFERENCES], ids=["", "stored", "refs"])
def browser(make, request):
    client = make(request.param)
    client.stored = bool(request.param)
    client.post_json("/sign_in", {"userid": "alice"})
    [old] = client.cookies.values()
    client.reset()
    client.clock.advance(1)
    browser = Browser(client, old)
    browser.keeps_references = request.param is REFERENCES
    return browser


def sign_in(browser, userid):
    response, changed = browser.send(
        "/sign_in", "post_json", params={"userid": userid}
    )
    assert response.headers["X-Who"] == userid
    return changed[NAME]


def test_a_new_sign_in_beats_the_cookie_of_another_user(browser):
    new = sign_in(browser, "bob")

    assert browser.userid(new, browser.old) == "bob"
    assert browser.userid(browser.old, new) == "bob"
    ended = None if browser.client.stored else "alice"
    assert browser.userid(browser.old) == ended
    assert [event.identity.userid for event in browser.told] == ["alice"]


def test_sign_out_ends_all_that_came(browser):
    """Say a second device of the user's own, long signed in."""
    fresh = browser.client.fresh()
    fresh.post_json("/sign_in", {"userid": "bob"})
    [new] = fresh.cookies.values()

    _, changed = browser.send("/sign_out", "post", new=new)

    assert changed == {NAME: ""}
    assert [e.identity.userid for e in browser.told] == ["bob", "alice"]
    if browser.client.stored:
        assert browser.userid(browser.old) is None
        assert browser.userid(new) is None
        assert browser.userid(new, browser.old) is None


@pytest.mark.parametrize(
    "browser", [STORED, REFERENCES], ids=["stored", "refs"], indirect=True
)
def test_the_endpoint_ends_all_that_came_and_tells_each_once(browser):
    fresh = browser.client.fresh()
    fresh.post_json("/sign_in", {"userid": "bob"})
    [new] = fresh.cookies.values()

    _, changed = browser.send("/token", "delete", new=new)

    assert changed == {NAME: ""}
    assert [e.identity.userid for e in browser.told] == ["bob", "alice"]
    assert browser.userid(browser.old) is None
    assert browser.userid(new) is None


def test_another_site_ends_neither(browser):
    fresh = browser.client.fresh()
    fresh.post_json("/sign_in", {"userid": "bob"})
    [new] = fresh.cookies.values()
    headers = {
        "Cookie": f"{NAME}={new}; {NAME}={browser.old}",
        "Sec-Fetch-Site": "cross-site",
    }

    browser.client.fresh().post("/sign_out", headers=headers)

    assert browser.told == []
    assert browser.userid(browser.old) == "alice"
    assert browser.userid(new) == "bob"


def test_the_renewed_copy_counts_before_the_one_that_is_out_of_reach(browser):
    browser.client.clock.advance(1800)
    _, changed = browser.send()
    new = changed[NAME]
    browser.client.clock.advance(1830)
    # A reference does not change when it is renewed.
    assert browser.userid(browser.old) == (
        "alice" if browser.keeps_references else None
    )

    assert browser.userid(browser.old, new) == "alice"
    assert browser.userid(new, browser.old) == "alice"


def test_an_expired_cookie_under_the_same_name_ends_at_sign_out(make):
    """Its session could be renewed elsewhere."""
    client = make(STORED)
    client.post_json("/sign_in", {"userid": "alice"})
    [old] = client.cookies.values()
    client.reset()
    client.clock.advance(1800)
    response = client.get("/identity", headers={"Cookie": f"{NAME}={old}"})
    [renewed] = (
        header.partition(";")[0].partition("=")[2]
        for header in response.headers.getall("Set-Cookie")
    )
    client.reset()
    client.clock.advance(1830)
    fresh = client.fresh()
    fresh.post_json("/sign_in", {"userid": "bob"})
    [new] = fresh.cookies.values()
    browser = Browser(client, old)
    assert browser.userid(old) is None
    assert browser.userid(renewed) == "alice"

    browser.send("/sign_out", "post", new=new)

    assert browser.userid(renewed) is None
