"""``POST /token/renew``: a session goes on, as it travels."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.endpoint import BASIC, is_unkept
from support.stored import (
    Drawer,
    FourVerbs,
    kept_of,
    registering,
    repository_of,
)

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.events import CredentialRefused, SessionRenewed
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import (
    IClock,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

MINUTE, HOUR = 60, 3600
FORMS = ["self-contained", "reference"]


ALICE = {"Authorization": "Basic " + base64.b64encode(b"alice:alice").decode()}


def check_key(key, request):
    return {"sub": key}


@pytest.fixture(params=FORMS)
def client(make, request):
    return make(
        {
            "repository": "memory",
            "token.form": request.param,
            "cookie.form": request.param,
            "authenticators": "api_key session cookie basic",
            "api_key.check": check_key,
        }
    )


def show(token):
    return {"Authorization": f"Session {token}"}


def sign_in(client, **given):
    """Sign in by the cookie; give a browser that has it."""
    browser = client.fresh()
    browser.post_json("/sign_in", given)
    return browser


def cookie_of(browser):
    [(name, value)] = browser.cookies.items()
    return {"Cookie": f"{name}={value}"}


def renew(client, headers=(), **kw):
    kw.setdefault("expect_errors", "status" not in kw)
    answer = client.post("/token/renew", headers=dict(headers), **kw)
    assert is_unkept(answer)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer


def watch(client, *kinds):
    told = []
    for kind in kinds:
        client.registry.registerHandler(told.append, (kind,))
    return told


def user_of(client, headers):
    return client.fresh().get("/identity", headers=headers).json["userid"]


def test_a_header_token_is_renewed_before_it_is_due(client):
    told = watch(client, SessionRenewed)
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    answer = renew(client, show(token))
    assert answer.json["expires_in"] == HOUR
    assert answer.json["session_expires_in"] == 10 * HOUR - MINUTE
    assert answer.json["token_type"] == "Session"
    assert "Set-Cookie" not in answer.headers
    assert "Session-Token" not in answer.headers
    [event] = told
    assert event.identity.userid == "alice"
    assert event.ticket.iat == client.clock.now()
    client.clock.advance(HOUR - 1)
    assert user_of(client, show(answer.json["access_token"])) == "alice"


def test_the_cookie_is_renewed_and_its_status_told(client):
    told = watch(client, SessionRenewed)
    browser = sign_in(client)
    client.clock.advance(MINUTE)
    answer = renew(browser)
    status = browser.get("/token/status").json
    assert answer.json == status
    assert status["active"] is True
    assert (status["sub"], status["expires_in"]) == ("alice", HOUR)
    assert "access_token" not in answer.json
    [cookie] = answer.headers.getall("Set-Cookie")
    for attribute in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Max-Age" not in cookie
    assert len(told) == 1
    client.clock.advance(HOUR - 1)
    assert user_of(client, cookie_of(browser)) == "alice"


def test_a_persistent_cookie_outlives_the_browser(client):
    browser = sign_in(client, persistent=True)
    client.clock.advance(MINUTE)
    [cookie] = renew(browser).headers.getall("Set-Cookie")
    assert f"Max-Age={10 * HOUR - MINUTE}" in cookie


def test_within_a_minute_nothing_is_written(client):
    told = watch(client, SessionRenewed)
    token = client.swap()["access_token"]
    browser = sign_in(client)
    client.clock.advance(MINUTE - 1)
    answer = renew(client, show(token))
    assert answer.json["access_token"] == token
    assert answer.json["expires_in"] == HOUR - MINUTE + 1
    answer = renew(browser)
    assert answer.json["expires_in"] == HOUR - MINUTE + 1
    assert "Set-Cookie" not in answer.headers
    assert told == []


def test_of_short_tokens_it_is_a_twentieth(make):
    client = make({"expiry.sliding": "10m"})
    token = client.swap()["access_token"]
    client.clock.advance(29)
    assert renew(client, show(token)).json["access_token"] == token
    client.clock.advance(1)
    assert renew(client, show(token)).json["access_token"] != token


def test_it_ends_when_the_session_does(client):
    token = client.swap()["access_token"]
    for _ in range(10):
        client.clock.advance(HOUR - 1)
        answer = renew(client, show(token))
        token = answer.json["access_token"]
    assert answer.json["expires_in"] == 10
    client.clock.advance(10)
    answer = renew(client, show(token), status=401)
    assert answer.json == {
        "error": "invalid_client",
        "error_description": "The token expired",
    }


def test_of_a_header_token_and_a_cookie_the_token_is_renewed(client):
    browser = sign_in(client, userid="bob")
    token = client.swap()["access_token"]
    before = cookie_of(browser)
    client.clock.advance(MINUTE)
    answer = renew(browser, show(token))
    assert answer.json["expires_in"] == HOUR
    assert "access_token" in answer.json
    assert cookie_of(browser) == before
    status = browser.get("/token/status").json
    assert (status["sub"], status["expires_in"]) == ("bob", HOUR - MINUTE)


@pytest.mark.parametrize("order", ["session cookie", "cookie session"])
def test_with_combined_identities_it_is_the_same(make, order):
    client = make({"combine": "true", "authenticators": f"{order} basic"})
    browser = sign_in(client)
    tokens = [client.swap(name)["access_token"] for name in ("alice", "bob")]
    client.clock.advance(MINUTE)
    answer = renew(browser, show(tokens[0]))
    assert answer.json["expires_in"] == HOUR
    assert "access_token" in answer.json
    renew(browser, show(tokens[1]), status=401)
    renew(browser, ALICE, status=401)
    assert "Set-Cookie" in renew(browser).headers


@pytest.mark.parametrize(
    "headers", [{}, BASIC, {"X-Api-Key": "carol"}, {"X-Api-Key": ""}]
)
def test_without_a_session_it_is_401(client, headers):
    answer = renew(client, headers, status=401)
    assert answer.json == {
        "error": "invalid_client",
        "error_description": (
            "A session token is needed, or the cookie of a session"
        ),
    }
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("headers", [BASIC, {"X-Api-Key": "carol"}])
def test_beside_another_explicit_credential_no_cookie_is_renewed(
    client, headers
):
    browser = sign_in(client)
    client.clock.advance(MINUTE)
    answer = renew(browser, headers, status=401)
    assert "Set-Cookie" not in answer.headers


def test_beside_a_user_whom_the_server_names_the_cookie_is_renewed(make):
    """It comes with each request of a browser, as a certificate does."""
    client = make({"authenticators": "remote_user session cookie"})
    browser = sign_in(client)
    client.clock.advance(MINUTE)
    cookie = cookie_of(browser)
    answer = renew(client.fresh(REMOTE_USER="carol"), cookie)
    assert answer.json["sub"] == "alice"
    assert "Set-Cookie" in answer.headers


@pytest.mark.parametrize(
    "token", ["nonsense", "pst_" + "A" * 43, "eyJh.eyJi.c2ln"]
)
def test_a_refused_token_is_401_also_beside_a_good_cookie(client, token):
    browser = sign_in(client)
    client.clock.advance(MINUTE)
    answer = renew(browser, show(token), status=401)
    assert answer.json["error_description"] == "The credential was refused"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 401), ("same-site", 401), ("none", 200)],
)
def test_a_cookie_is_renewed_for_its_own_site_alone(client, site, status):
    browser = sign_in(client)
    client.clock.advance(MINUTE)
    answer = renew(browser, {"Sec-Fetch-Site": site}, status=status)
    assert ("Set-Cookie" in answer.headers) == (status == 200)


def test_a_token_in_a_header_is_renewed_for_any_site(client):
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    headers = {**show(token), "Sec-Fetch-Site": "cross-site"}
    assert renew(client, headers).json["expires_in"] == HOUR


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_refused(client, method):
    answer = client.request("/token/renew", method=method, status=405)
    assert answer.headers["Allow"] == "POST"


def test_over_plain_http_nothing_is_renewed(client):
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    plain = client.fresh(**{"wsgi.url_scheme": "http"})
    answer = renew(plain, show(token), status=403)
    assert answer.json["error"] == "tls_required"


@pytest.mark.parametrize(
    "settings",
    [
        {"token.exchange": "basic"},
        {"token.renewal_header": "off"},
        {"expiry.renew_on": "unsafe"},
    ],
)
def test_settings_for_other_renewals_do_not_matter(make, settings):
    client = make(settings)
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    headers = {**show(token), "Session-Slide": "no"}
    assert renew(client, headers).json["expires_in"] == HOUR


def test_no_csrf_token_and_no_body_are_needed(make):
    client = make(
        setup=lambda config: config.set_default_csrf_options(require_csrf=True)
    )
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    for kw in ({}, {"params": {"a": "b"}}, {"params": b"\xff" * 100}):
        answer = renew(client, show(token), status=200, **kw)
        assert answer.json["expires_in"] == HOUR


# What ended meanwhile.


def test_the_repository_itself_is_asked(make, clock):
    """Another process ended the session, and this one has not noticed."""
    for form in FORMS:
        settings = {
            "repository": "registered",
            "token.form": form,
            "cookie.form": form,
        }
        shared = registering(MemoryRepository(clock), ITokenRepository)
        one, two = (make(settings, before=shared) for _ in range(2))
        told = watch(two, SessionRenewed)
        token = one.swap()["access_token"]
        browser = sign_in(one)
        cookie = cookie_of(browser)
        # Within a minute, and after it.
        for seconds in (50, 20):
            assert user_of(two, show(token)) == "alice"
            assert user_of(two, cookie) == "alice"
            clock.advance(seconds)
        assert user_of(two, show(token)) == "alice"
        assert user_of(two, cookie) == "alice"
        kept_of(one).end_all("alice")
        assert user_of(two, show(token)) == "alice"
        renew(two, show(token), status=401)
        renew(two.fresh(), cookie, status=401)
        assert told == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("revocation", ["on", "off"])
def test_so_it_is_within_a_minute(make, clock, form, revocation):
    settings = {
        "repository": "registered",
        "token.form": form,
        "revocation": revocation,
    }
    shared = registering(MemoryRepository(clock), ITokenRepository)
    one, two = (make(settings, before=shared) for _ in range(2))
    token = one.swap()["access_token"]
    assert user_of(two, show(token)) == "alice"
    kept_of(one).end_all("alice")
    ended = revocation == "on" or form == "reference"
    renew(two, show(token), status=401 if ended else 200)


def test_a_store_of_the_applications_own_is_asked(make):
    drawer = Drawer()
    client = make(
        {"token.form": "reference"},
        before=registering(drawer, ISessionStore),
    )
    token = client.swap()["access_token"]
    assert renew(client, show(token)).json["access_token"] == token
    client.clock.advance(MINUTE)
    answer = renew(client, show(token))
    assert answer.json["access_token"] == token
    assert answer.json["expires_in"] == HOUR
    drawer.tickets.clear()
    renew(client, show(token), status=401)


def test_four_verbs_are_enough(make, clock):
    client = make(
        {"repository": "registered", "token.form": "reference"},
        before=registering(FourVerbs(clock), ITokenRepository),
    )
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    assert renew(client, show(token)).json["expires_in"] == HOUR
    client.delete("/token", headers=show(token), status=204)
    renew(client, show(token), status=401)


class Renewing(MemoryRepository):
    """Another request renews or ends each session while this one does.

    :ivar meanwhile: what the other request does.
    """

    meanwhile = None

    def renew(self, item, was):
        if self.meanwhile is not None:
            self.meanwhile(item)
            return False
        return super().renew(item, was)


@pytest.mark.parametrize("ends", [True, False])
def test_of_two_renewals_at_once_both_are_answered(make, clock, ends):
    repository = Renewing(clock)
    client = make(
        {"repository": "registered", "token.form": "reference"},
        before=registering(repository, ITokenRepository),
    )
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    if ends:
        repository.meanwhile = lambda item: repository.remove(item.key)
    else:
        repository.meanwhile = repository.add_or_update
    answer = renew(client, show(token))
    assert answer.status_code == (401 if ends else 200)
    if not ends:
        assert answer.json["expires_in"] == HOUR
        assert answer.json["access_token"] == token


def test_in_an_outage_it_is_503_and_the_cookie_stays(make, clock):
    client = make({"repository": "memory"})
    browser = sign_in(client)
    assert browser.get("/identity").json["userid"] == "alice"

    def fail(key):
        raise RepositoryUnavailable("no disk")

    repository_of(client).get = fail
    answer = renew(browser, status=503)
    assert answer.json["error"] == "temporarily_unavailable"
    assert "Retry-After" in answer.headers
    assert "Set-Cookie" not in answer.headers


# What the application says.


def test_a_user_who_is_barred_renews_nothing(make):
    barred = []

    def load(identity, request):
        return None if barred else identity

    client = make({"user_loader": load})
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    assert renew(client, show(token)).status_code == 200
    barred.append("alice")
    answer = renew(client, show(token), status=401)
    assert answer.json["error_description"] == "The credential was refused"


@pytest.mark.parametrize("carrier", ["header", "cookie"])
def test_the_stamp_is_asked_each_time(make, carrier):
    answers = []

    def stamp(userid, request):
        answers.append(userid)
        return text

    text = "first"
    client = make({"repository": "memory", "stamp": stamp})
    refused = watch(client, CredentialRefused)
    browser = sign_in(client)
    shown = cookie_of(browser)
    if carrier == "header":
        shown = show(client.swap()["access_token"])
    answers.clear()
    for seconds in (0, MINUTE):
        client.clock.advance(seconds)
        renew(client.fresh(), shown, status=200)
    assert answers == ["alice"] * 2
    text = "second"
    renew(client.fresh(), shown, status=401)
    assert [event.code for event in refused] == ["stamp"]


class Endless(ExpiryPolicy):
    """No session can be renewed."""

    def renew(self, ticket, now):
        return super().renew(ticket, now)._replace(exp=now)


def test_a_policy_of_the_applications_own_decides(make):
    client = make(
        before=lambda config: config.registry.registerUtility(
            Endless(10 * HOUR, HOUR), IExpiryPolicy
        )
    )
    token = client.swap()["access_token"]
    client.clock.advance(MINUTE)
    answer = renew(client, show(token))
    assert answer.json["access_token"] == token
    assert answer.json["expires_in"] == HOUR - MINUTE
    assert client.registry.getUtility(IClock) is client.clock


@settings(
    max_examples=50, suppress_health_check=list(HealthCheck), deadline=None
)
@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0")),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0")),
    st.binary(max_size=100),
)
def test_whatever_is_shown_the_answer_is_json(client, token, cookie, body):
    environ = {
        "HTTP_AUTHORIZATION": f"Session {token}",
        "HTTP_COOKIE": f"__Host-sessiontoken={cookie}",
        "HTTP_X_API_KEY": "",
    }
    answer = client.fresh(**environ).post(
        "/token/renew", body, expect_errors=True
    )
    assert answer.status_code == 401
    assert is_unkept(answer)
    assert answer.json["error"] == "invalid_client"
