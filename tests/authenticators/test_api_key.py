"""An API key in a header, and the answers of its check."""

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from support.states import begin_state
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.api_key import ApiKeyAuthenticator
from pyramid_sessiontoken.authenticators.chain import Chain
from pyramid_sessiontoken.authenticators.state import Refusal
from pyramid_sessiontoken.errors import UnfitAnswer
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator
from pyramid_sessiontoken.policy.cross_site import is_cross_site

KEY = "shop_kJ8f-2mQ+/=~!"


class Check:
    """A check that knows one key, and notes all keys."""

    def __init__(self, answer="billing"):
        self.answer = answer
        self.asked = []

    def __call__(self, key, request):
        self.asked.append(key)
        return self.answer if key == KEY else None


def make_request(key=None, **environ):
    request = Request.blank("/", environ=environ)
    request.registry = Registry("test")
    if key is not None:
        request.environ["HTTP_X_API_KEY"] = key
    return request


def ask(authenticator, request):
    """Ask the authenticator through a chain."""
    state = begin_state(request)
    request.registry.registerUtility(authenticator, IAuthenticator, "api_key")
    return Chain(is_cross_site).ask(request, state, "api_key")


def test_the_authenticator_provides_its_interface():
    authenticator = ApiKeyAuthenticator(Check())

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme is None
    assert authenticator.ambient is False
    assert authenticator.vary == ("X-Api-Key",)
    assert authenticator.challenge(make_request()) is None


def test_a_key_is_checked_and_gives_its_user():
    check = Check()

    identity = ApiKeyAuthenticator(check).authenticate(make_request(KEY))

    assert identity == Identity("billing", authenticator="api_key")
    assert check.asked == [KEY]


def test_the_check_sees_the_request():
    seen = []
    request = make_request(KEY)

    ApiKeyAuthenticator(lambda *args: seen.append(args) or 7).authenticate(
        request
    )

    assert seen == [(KEY, request)]


def test_the_key_may_come_in_another_header():
    check = Check()
    authenticator = ApiKeyAuthenticator(check, "X-Shop_Key")
    request = make_request("not this one", HTTP_X_SHOP_KEY=KEY)

    assert authenticator.authenticate(request).userid == "billing"
    assert authenticator.vary == ("X-Shop_Key",)
    assert check.asked == [KEY]


@pytest.mark.parametrize(
    "request_",
    [
        make_request(),
        make_request(""),
        make_request(HTTP_AUTHORIZATION=f"Bearer {KEY}"),
        make_request(HTTP_COOKIE=f"X-Api-Key={KEY}"),
        make_request(QUERY_STRING=f"X-Api-Key={KEY}&api_key={KEY}"),
    ],
)
def test_the_check_is_not_called_without_a_key(request_):
    check = Check()

    assert ask(ApiKeyAuthenticator(check), request_) is None
    assert check.asked == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("alice", Identity("alice", {}, "api_key")),
        (7, Identity(7, {}, "api_key")),
        (
            {"sub": "alice", "scope": "read"},
            Identity("alice", {"scope": "read"}, "api_key"),
        ),
        # Claims only, or only that the key is good: they name no user.
        ({"scope": "read"}, Identity(None, {"scope": "read"}, "api_key")),
        (True, Identity(None, {}, "api_key")),
    ],
)
def test_a_check_answers_with_a_userid_or_claims(answer, expected):
    authenticator = ApiKeyAuthenticator(Check(answer))

    assert ask(authenticator, make_request(KEY)) == expected


@pytest.mark.parametrize(
    "answer", [None, False, "", "system.Everyone", 0.5, {"sub": ""}]
)
def test_a_check_refuses_with_none_false_or_an_unusable_userid(answer):
    authenticator = ApiKeyAuthenticator(Check(answer))

    assert isinstance(ask(authenticator, make_request(KEY)), Refusal)


def test_claims_that_no_token_carries_are_no_refusal():
    authenticator = ApiKeyAuthenticator(Check({"sub": "x", "iss": 1}))

    with pytest.raises(UnfitAnswer):
        ask(authenticator, make_request(KEY))


@pytest.mark.parametrize(
    "shown",
    [
        " ",
        f"{KEY} ",
        f" {KEY}",
        # WSGI servers join a header that comes twice.
        f"{KEY}, {KEY}",
        "two words",
        "tab\t",
        "line\n",
        "nul\0",
        "\x7f",
        "caf\xe9",
        "\u2603",
        "\ud800",
        "x" * 4097,
    ],
)
def test_a_malformed_key_is_refused_before_the_check_is_called(shown):
    check = Check()

    refused = ask(ApiKeyAuthenticator(check), make_request(shown))

    assert isinstance(refused, Refusal)
    assert check.asked == []


def test_the_longest_key_is_checked():
    check = Check()

    ask(ApiKeyAuthenticator(check), make_request("x" * 4096))

    assert check.asked == ["x" * 4096]


@given(
    st.text(max_size=300)
    | st.text(st.characters(max_codepoint=255), max_size=300)
)
@example(KEY)
@example("%s%n{0}")
def test_any_header_value_is_accepted_or_refused(shown):
    check = Check()

    answer = ask(ApiKeyAuthenticator(check), make_request(shown))

    assert answer is None or isinstance(answer, (Identity, Refusal))
    assert isinstance(answer, Identity) == (shown == KEY)
    assert all("!" <= c <= "~" for key in check.asked for c in key)


@given(st.data())
def test_every_mutation_of_a_key_is_refused(data):
    where = data.draw(st.integers(0, len(KEY)))
    put = data.draw(st.text(max_size=2))
    cut = data.draw(st.integers(0, 2))
    mutated = KEY[:where] + put + KEY[where + cut :]

    answer = ask(ApiKeyAuthenticator(Check()), make_request(mutated))

    assert (answer is None) == (not mutated)
    assert isinstance(answer, Identity) == (mutated == KEY)


def test_a_key_is_accepted_in_a_cross_site_request():
    """No browser adds such a header by itself, so the key is explicit."""
    request = make_request(KEY, HTTP_SEC_FETCH_SITE="cross-site")
    request.method = "POST"

    identity = ask(ApiKeyAuthenticator(Check()), request)

    assert identity.userid == "billing"


def test_the_key_appears_neither_in_the_log_nor_in_the_reason(caplog):
    caplog.set_level(logging.DEBUG)
    authenticator = ApiKeyAuthenticator(Check())

    for shown in ("hunter2", "hunter2 ", "hunter2" * 1000):
        refused = ask(authenticator, make_request(shown))
        assert "hunter2" not in refused.reason

    assert len(caplog.messages) == 3
    assert "hunter2" not in caplog.text


# In an application.


@pytest.fixture
def shop(make):
    """Make a client of an application that takes API keys."""

    def make_shop(settings=(), answer="billing", **kw):
        return make(
            {
                "authenticators": "session cookie api_key basic",
                "api_key.check": Check(answer),
                **dict(settings),
            },
            **kw,
        )

    return make_shop


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_key_is_swapped_for_a_token(shop, method):
    client = shop(answer={"sub": "alice", "roles": ["admin"]})

    swap = getattr(client, method)
    answer = swap("/token", headers={"X-Api-Key": KEY})

    assert "no-store" in answer.headers["Cache-Control"]
    assert "X-Api-Key" in answer.headers["Vary"]
    who = client.ask(answer.json["access_token"]).json
    assert who["userid"] == "alice"
    assert who["claims"] == {"roles": ["admin"]}
    assert client.ask(answer.json["access_token"], "/admin").text == "hello"


def test_a_key_signs_in_by_itself(shop):
    client = shop()

    answer = client.get("/identity", headers={"X-Api-Key": KEY})

    assert answer.json["userid"] == "billing"
    assert answer.json["authenticator"] == "api_key"


def test_a_wrong_key_is_a_401_without_a_challenge_of_its_own(shop):
    client = shop()

    answer = client.post("/token", headers={"X-Api-Key": "no"}, status=401)

    assert answer.json["error"] == "invalid_client"
    challenges = answer.headers.getall("WWW-Authenticate")
    assert [c.partition(" ")[0] for c in challenges] == ["Session", "Basic"]


def test_a_wrong_key_is_never_replaced_by_the_cookie(shop):
    client = shop()
    client.post_json("/sign_in", {"userid": "bob"})
    assert client.get("/identity").json["userid"] == "bob"

    who = client.get("/identity", headers={"X-Api-Key": "no"}).json

    assert who["userid"] is None
    assert who["failure"] == "api_key refused: unknown key"


@pytest.mark.parametrize("answer", [True, {"scope": "read"}])
def test_a_key_without_a_userid_signs_no_user_in(shop, answer):
    client = shop(answer=answer)

    client.post("/token", headers={"X-Api-Key": KEY}, status=401)
    client.post_json("/sign_in", {"userid": "bob"})

    # The session is accepted, and the key is not refused.
    who = client.get("/identity", headers={"X-Api-Key": KEY}).json
    assert who["userid"] == "bob"


def test_the_settings_name_another_header(shop):
    client = shop({"api_key.header": "X-Shop"})

    answer = client.get("/identity", headers={"X-Shop": KEY})

    assert answer.json["userid"] == "billing"
    assert "X-Shop" in answer.headers["Vary"]


def test_an_authenticator_of_the_application_may_replace_it(make):
    own = ApiKeyAuthenticator(Check("own"), "X-Own")

    client = make(
        {"authenticators": "api_key", "basic.check": None},
        setup=lambda config: config.add_sessiontoken_authenticator(
            "api_key", own
        ),
    )

    answer = client.get("/identity", headers={"X-Own": KEY})
    assert answer.json["userid"] == "own"
