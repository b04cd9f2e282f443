"""The application stands in frames of other sites (CHIPS)."""

import pytest
from pyramid.httpexceptions import HTTPFound

ON = {"cookie.partitioned": "true", "cookie.samesite": "None"}
NAME = "__Host-sessiontoken"
PLAIN = {"cookie.samesite": "None"}


class Browser:
    """A browser in a frame: it keeps cookies with a partition apart from those
    without one, and sends both.

    :param knows: whether it knows partitions; older browsers ignore them.
    """

    def __init__(self, client, *, knows=True):
        self.client = client
        self.knows = knows
        self.cookies = {}

    def open(self, client):
        """Go on with another application at the same place."""
        self.client = client
        return self

    def get(self, path, **kw):
        return self._send(self.client.get, path, **kw)

    def post(self, path, body=None, **kw):
        return self._send(self.client.post_json, path, body or {}, **kw)

    def _send(self, send, *args, **kw):
        self.client.reset()  # Its own cookies.
        pairs = [f"{name}={v}" for (name, _), v in self.cookies.items()]
        headers = {"Cookie": "; ".join(pairs)} if pairs else {}
        response = send(*args, headers=headers, **kw)
        for header in response.headers.getall("Set-Cookie"):
            pair, *attributes = header.split("; ")
            name, _, value = pair.partition("=")
            assert "Secure" in attributes
            key = name, self.knows and "Partitioned" in attributes
            if "Max-Age=0" in attributes:
                self.cookies.pop(key, None)
            else:
                self.cookies[key] = value
        return response

    @property
    def user(self):
        return self.get("/identity").json["userid"]


@pytest.mark.parametrize("knows", [True, False])
def test_a_session_in_a_frame_begins_goes_on_and_ends(make, knows):
    browser = Browser(make(ON), knows=knows)

    browser.post("/sign_in")
    assert list(browser.cookies) == [(NAME, knows)]
    assert browser.user == "alice"
    browser.client.clock.advance(1800)
    before = dict(browser.cookies)
    assert browser.user == "alice"
    assert before != browser.cookies
    assert list(browser.cookies) == [(NAME, knows)]
    browser.get("/sign_out")
    assert browser.cookies == {}
    assert browser.user is None


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("large", [False, True])
def test_the_setting_is_switched_on_while_users_are_signed_in(
    make, knows, large
):
    """Otherwise two cookies would come in, and the old one would outlive a
    sign-out.
    """
    browser = Browser(make(PLAIN), knows=knows)
    claims = {"text": "x" * 3000} if large else {}
    browser.post("/sign_in", {"userid": "alice", "claims": claims})
    assert {key[1] for key in browser.cookies} == {False}
    assert len(browser.cookies) == 1 + large

    browser.open(make(ON))
    assert browser.user == "alice"
    browser.post("/sign_in", {"userid": "bob"})

    assert list(browser.cookies) == [(NAME, knows)]
    assert browser.user == "bob"
    browser.get("/sign_out")
    assert browser.cookies == {}


@pytest.mark.parametrize("knows", [True, False])
def test_a_sign_out_alone_deletes_the_old_cookie(make, knows):
    browser = Browser(make(PLAIN), knows=knows)
    browser.post("/sign_in")

    browser.open(make(ON)).get("/sign_out")

    assert browser.cookies == {}


@pytest.mark.parametrize("knows", [True, False])
def test_a_renewal_leaves_one_session_with_two_copies(make, knows):
    browser = Browser(make(PLAIN), knows=knows)
    browser.post("/sign_in")
    browser.client.clock.advance(1800)

    browser.open(make(ON))
    assert browser.user == "alice"

    assert len(browser.cookies) == 1 + knows
    browser.client.clock.advance(3000)
    # By now the copy without a partition has expired.
    assert browser.user == "alice"
    browser.get("/sign_out")
    assert browser.cookies == {}


def test_what_cannot_be_decoded_is_deleted_in_both_places(make):
    browser = Browser(make(ON))
    browser.cookies = {(NAME, True): "0.forged", (NAME, False): "0.forged"}

    assert browser.user is None

    assert browser.cookies == {}


def test_an_agent_signs_in_as_a_user_in_a_frame(make):
    """The cookie of the agent is put aside, and comes back."""

    def setup(config):
        config.add_route("act", "/act")
        config.add_view(act, route_name="act")

    def act(request):
        headers = request.sessiontoken.act_as("bob", "a ticket")
        return HTTPFound("/identity", headers=headers)

    settings = {
        "impersonation.principals": "role:admin",
        "impersonation.check": lambda *a: True,
        "repository": "memory",
    }
    plain, on = ({**each, **settings} for each in (PLAIN, ON))
    browser = Browser(make(plain))
    browser.post(
        "/sign_in", {"userid": "alice", "claims": {"roles": ["admin"]}}
    )
    [old] = browser.cookies.items()
    browser.open(make(on, setup))
    browser.post(
        "/sign_in", {"userid": "alice", "claims": {"roles": ["admin"]}}
    )
    # The cookie of before, as if its deletion had been lost.
    browser.cookies[old[0]] = old[1]
    browser.get("/act")

    assert browser.user == "bob"
    assert list(browser.cookies) == [(NAME, True), (f"{NAME}-own", True)]
    browser.cookies[old[0]] = old[1]
    browser.get("/sign_out")
    assert browser.user == "alice"
    assert list(browser.cookies) == [(NAME, True)]


def test_without_the_setting_nothing_is_cleared(make):
    browser = Browser(make(PLAIN))

    answer = browser.post("/sign_in")

    [header] = answer.headers.getall("Set-Cookie")
    assert "Partitioned" not in header
