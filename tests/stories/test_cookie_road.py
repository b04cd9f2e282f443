"""A browser signs in, stays signed in while it is used, and signs out."""

import base64

import pytest
from support import KEY, OTHER_KEY, START

from pyramid_sessiontoken.errors import ClaimsError

NAME = "__Host-sessiontoken"
GONE = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"


def set_cookies(response):
    return response.headers.getall("Set-Cookie")


@pytest.fixture(params=["signed", "encrypted"])
def browser(make, request):
    return make({"cookie.transform": request.param})


def test_a_browser_signs_in_and_out(browser):
    response = browser.post_json(
        "/sign_in", {"userid": "alice", "claims": {"roles": ["admin"]}}
    )
    assert response.headers["X-Who"] == "alice"
    [cookie] = set_cookies(response)
    assert cookie.startswith(f"{NAME}=0.")
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
    assert response.headers["Cache-Control"] == "private, no-store"

    response = browser.get("/identity")
    assert response.json == {
        "userid": "alice",
        "signed_in": True,
        "claims": {"roles": ["admin"]},
        "authenticator": "cookie",
        "failure": None,
    }
    assert response.headers["Vary"] == "Authorization, Cookie"
    assert set_cookies(response) == []
    assert browser.get("/admin").text == "hello"

    response = browser.post("/sign_out")
    assert response.headers["X-Who"] == "None"
    assert set_cookies(response) == [
        f"{NAME}=; Path=/; {GONE}; Secure; HttpOnly; SameSite=Lax"
    ]
    assert response.headers["Cache-Control"] == "private, no-store"
    assert browser.get("/identity").json["userid"] is None


def test_the_cookie_slides_while_it_is_used_and_ends_for_good(browser):
    browser.post_json("/sign_in", {})
    lived = 0
    while browser.get("/identity").json["userid"] is not None:
        browser.clock.advance(1800)
        lived += 1800
    assert lived == 36000


def test_a_renewed_cookie_is_the_same_session(browser):
    browser.post_json("/sign_in", {"persistent": True})
    browser.clock.advance(1800)
    response = browser.get("/identity")
    [cookie] = set_cookies(response)
    # It outlives the browser, up to the end of the session.
    assert f"; Max-Age={36000 - 1800};" in cookie
    assert response.headers["Cache-Control"] == "private, no-store"
    assert browser.get("/token/status").json == {
        "active": True,
        "sub": "alice",
        "expires_in": 3600,
        "session_expires_in": 34200,
        "renews_in": 1800,
        "auth_time": START,
        "amr": ["application"],
    }


def test_sign_in_decides_whether_the_browser_keeps_the_cookie(make):
    forgets = make()
    keeps = make({"cookie.persistent": "true"})

    def is_kept(client, **given):
        [cookie] = set_cookies(client.post_json("/sign_in", given))
        return "; Max-Age=36000;" in cookie

    assert not is_kept(forgets)
    assert is_kept(forgets, persistent=True)
    assert is_kept(forgets, max_age=60)
    assert not is_kept(forgets, max_age=None, domains=["ignored"])
    assert is_kept(keeps)
    assert not is_kept(keeps, persistent=False)


def test_a_new_sign_in_is_a_new_session(browser):
    browser.post_json("/sign_in", {"userid": "alice"})
    first = browser.cookies[NAME]
    browser.clock.advance(600)
    response = browser.post_json("/sign_in", {"userid": "bob"})
    assert response.headers["X-Who"] == "bob"
    assert browser.cookies[NAME] != first
    status = browser.get("/token/status").json
    assert status["sub"] == "bob"
    assert status["session_expires_in"] == 36000


def test_sign_out_beats_a_renewal_that_is_due(browser):
    browser.post_json("/sign_in", {})
    browser.clock.advance(3000)
    [cookie] = set_cookies(browser.post("/sign_out"))
    assert GONE in cookie


def test_sign_in_beats_a_renewal_that_is_due(browser):
    browser.post_json("/sign_in", {})
    browser.clock.advance(3000)
    assert len(set_cookies(browser.post_json("/sign_in", {}))) == 1
    status = browser.get("/token/status").json
    assert status["session_expires_in"] == 36000


def test_a_large_identity_travels_in_chunks_that_shrink_again(browser):
    large = {"claims": {"text": "x" * 4000}}
    first, second = set_cookies(browser.post_json("/sign_in", large))
    assert first.startswith(f"{NAME}=1.")
    assert second.startswith(f"{NAME}.1=")
    for cookie in (first, second):
        name_and_value = cookie.partition(";")[0]
        assert len(name_and_value) <= 4096
    who = browser.get("/identity").json
    assert who["claims"] == large["claims"]
    first, second = set_cookies(browser.post_json("/sign_in", {}))
    assert first.startswith(f"{NAME}=0.")
    assert second.startswith(f"{NAME}.1=;")
    assert GONE in second
    assert browser.get("/identity").json["userid"] == "alice"


def test_too_large_an_identity_is_refused_at_sign_in(browser):
    with pytest.raises(ClaimsError, match="reference"):
        browser.post_json("/sign_in", {"claims": {"text": "x" * 8000}})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
        lambda value: value[:-5],
        lambda value: value + "AAAA",
        lambda value: "1" + value[1:],
        lambda value: "",
        lambda value: "junk",
        lambda value: '"quoted"',
        lambda value: "0." + "A" * 6000,
    ],
)
def test_an_undecodable_cookie_is_anonymous_and_deleted(browser, spoil):
    browser.post_json("/sign_in", {})
    value = browser.cookies[NAME]
    cookie = f"{NAME}={spoil(value)}; other=1"
    stranger = browser.fresh()
    response = stranger.get("/identity", headers={"Cookie": cookie})
    assert response.json["userid"] is None
    assert response.json["failure"].startswith("cookie refused: ")
    assert set_cookies(response) == [
        f"{NAME}=; Path=/; {GONE}; Secure; HttpOnly; SameSite=Lax"
    ]
    assert response.headers["Cache-Control"] == "private, no-store"


def test_all_undecodable_cookies_are_answered_alike(browser):
    answers = {
        tuple(
            browser.fresh()
            .get("/public", headers={"Cookie": f"{NAME}={value}"})
            .headers.items()
        )
        for value in ("junk", "0.AAAA", "1.AAAA", "0." + "A" * 100)
    }
    assert len(answers) == 1


def test_a_cookie_of_a_lost_key_is_deleted(make):
    browser = make()
    browser.post_json("/sign_in", {})
    lost = make({"keys": OTHER_KEY})
    lost.set_cookie(NAME, browser.cookies[NAME])
    response = lost.get("/identity")
    assert response.json["userid"] is None
    assert GONE in set_cookies(response)[0]


def test_a_cookie_of_an_old_key_is_rewritten_at_its_renewal(make):
    browser = make()
    browser.post_json("/sign_in", {})
    rotated = make({"keys": f"{OTHER_KEY} {KEY}"})
    rotated.set_cookie(NAME, browser.cookies[NAME])
    assert rotated.get("/identity").json["userid"] == "alice"
    rotated.clock.advance(1800)
    assert rotated.get("/identity").json["userid"] == "alice"
    new_only = make({"keys": OTHER_KEY})
    new_only.set_cookie(NAME, rotated.cookies[NAME])
    assert new_only.get("/identity").json["userid"] == "alice"


def test_an_expired_cookie_is_only_ignored(browser):
    browser.post_json("/sign_in", {})
    browser.clock.advance(7200)
    response = browser.get("/identity")
    assert response.json["failure"] == "cookie refused: the token expired"
    assert set_cookies(response) == []


def test_a_bad_cookie_does_not_hide_a_good_token(browser):
    token = browser.swap()["access_token"]
    response = browser.ask(token, Cookie=f"{NAME}=junk; x=\\361")
    assert response.json["userid"] == "alice"


def test_a_bad_token_is_never_replaced_by_a_good_cookie(browser):
    browser.post_json("/sign_in", {})
    response = browser.ask("junk")
    assert response.json["userid"] is None
    assert response.json["failure"].startswith("session refused: ")


def test_a_malformed_cookie_beside_ours_is_ignored(browser):
    browser.post_json("/sign_in", {})
    cookie = f'x="\\377\\376"; {NAME}={browser.cookies[NAME]}; =; ;;y'
    stranger = browser.fresh()
    response = stranger.get("/identity", headers={"Cookie": cookie})
    assert response.json["userid"] == "alice"


def test_of_two_cookies_of_one_name_the_one_that_verifies_is_accepted(browser):
    browser.post_json("/sign_in", {})
    good = f"{NAME}={browser.cookies[NAME]}"
    for cookie in (f"{good}; {NAME}=0.AAAA", f"{NAME}=0.AAAA; {good}"):
        stranger = browser.fresh()
        response = stranger.get("/identity", headers={"Cookie": cookie})
        assert response.json["userid"] == "alice"


def test_a_cookie_is_no_token_and_a_token_no_cookie(browser):
    browser.post_json("/sign_in", {})
    value = browser.cookies[NAME]
    for token in (value, value[2:]):
        assert browser.fresh().ask(token).json["userid"] is None
    stranger = browser.fresh()
    token = stranger.swap()["access_token"]
    for cookie in (token, f"0.{token}"):
        stranger.set_cookie(NAME, cookie)
        assert stranger.get("/identity").json["userid"] is None


def test_each_transform_refuses_values_of_the_others(make):
    signed, encrypted = make(), make({"cookie.transform": "encrypted"})
    signed.post_json("/sign_in", {})
    encrypted.post_json("/sign_in", {})
    for one, other in ((signed, encrypted), (encrypted, signed)):
        stranger = other.fresh()
        stranger.set_cookie(NAME, one.cookies[NAME])
        assert stranger.get("/identity").json["userid"] is None


@pytest.mark.parametrize(
    "other",
    [
        {"token.issuer": "another"},
        {"token.audience": "another"},
        {"cookie.name": "__Host-another"},
    ],
)
def test_another_application_with_the_same_keys_reads_no_cookie(make, other):
    browser = make()
    browser.post_json("/sign_in", {})
    elsewhere = make(other)
    name = other.get("cookie.name", NAME)
    elsewhere.set_cookie(name, browser.cookies[NAME])
    assert elsewhere.get("/identity").json["userid"] is None


def test_only_encryption_hides_the_content_of_the_cookie(make):
    def content(settings):
        browser = make(settings)
        browser.post_json("/sign_in", {"claims": {"word": "visible"}})
        text = browser.cookies[NAME][2:]
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    assert b"visible" in content({})
    assert b"visible" not in content({"cookie.transform": "encrypted"})


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({}, "alice"),
        ({"Sec-Fetch-Site": "same-origin"}, "alice"),
        ({"Sec-Fetch-Site": "none"}, "alice"),
        ({"Sec-Fetch-Site": "same-site"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({"Origin": "https://localhost"}, "alice"),
        ({"Origin": "https://evil.example"}, None),
        ({"Origin": "http://localhost"}, None),
        ({"Origin": "null"}, None),
        ({"Origin": "https://trusted.example"}, "alice"),
    ],
)
def test_the_cookie_is_refused_in_cross_site_requests(make, headers, who):
    def setup(config):
        config.add_settings(
            {"pyramid.csrf_trusted_origins": "trusted.example"}
        )
        config.add_view(
            lambda request: {"userid": request.authenticated_userid},
            route_name="identity",
            request_method="POST",
            renderer="json",
        )

    browser = make(setup=setup)
    browser.post_json("/sign_in", {})
    response = browser.post("/identity", headers=headers)
    assert response.json["userid"] == who
    # The cookie stays in the browser, and a link from the other site works.
    assert set_cookies(response) == []
    assert browser.get("/identity", headers=headers).json["userid"] == "alice"
    allowed = make({"cross_site": "allow"}, setup=setup)
    allowed.post_json("/sign_in", {})
    assert allowed.post("/identity", headers=headers).json["userid"] == "alice"


def test_a_header_token_is_accepted_in_cross_site_requests(client):
    token = client.swap()["access_token"]
    headers = {
        "Authorization": f"Session {token}",
        "Sec-Fetch-Site": "cross-site",
    }
    assert client.post("/sign_in", headers=headers).status_code == 302


def test_the_cookie_of_plain_http_has_no_prefix_and_no_secure(make):
    browser = make({"require_tls": "false", "cookie.secure": "false"})
    browser.extra_environ["wsgi.url_scheme"] = "http"
    [cookie] = set_cookies(browser.post_json("/sign_in", {}))
    assert cookie.startswith("sessiontoken=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert browser.get("/identity").json["userid"] == "alice"


def test_every_attribute_can_be_configured(make):
    browser = make(
        {
            "cookie.domain": "localhost",
            "cookie.path": "/app",
            "cookie.httponly": "no",
            "cookie.samesite": "Strict",
        }
    )
    [cookie] = set_cookies(browser.post_json("/sign_in", {}))
    assert cookie.startswith("__Secure-sessiontoken=")
    ending = "; Path=/app; Domain=localhost; Secure; SameSite=Strict"
    assert cookie.endswith(ending)


def test_without_the_cookie_remember_and_forget_give_nothing(make):
    client = make({"authenticators": "session basic"})
    response = client.post_json("/sign_in", {})
    assert set_cookies(response) == []
    assert response.headers["X-Who"] == "None"
    assert set_cookies(client.post("/sign_out")) == []


def test_over_plain_http_no_session_begins(client):
    client.extra_environ["wsgi.url_scheme"] = "http"
    response = client.post_json("/sign_in", {}, status=403)
    assert response.json["error"] == "tls_required"
    assert set_cookies(response) == []


def test_a_cookie_is_swapped_for_a_token_only_where_configured(make):
    browser = make()
    browser.post_json("/sign_in", {})
    browser.post("/token", status=401)
    chosen = make({"token.exchange": "session cookie basic"})
    chosen.post_json("/sign_in", {})
    answer = chosen.post("/token").json
    assert chosen.ask(answer["access_token"]).json["userid"] == "alice"
    # A cookie cannot be swapped by GET: any page can make a browser send one.
    chosen.get("/token", status=401)
    chosen.post("/token", headers={"Sec-Fetch-Site": "cross-site"}, status=401)


def test_a_cookie_from_the_future_is_refused(browser):
    browser.post_json("/sign_in", {})
    browser.clock.advance(-3600)
    response = browser.get("/identity")
    assert response.json["failure"] == (
        "cookie refused: its iat is later than now: compare the clocks of the"
        " servers, or raise sessiontoken.expiry.clock_skew"
    )


def test_the_cookie_needs_no_quotes(browser):
    """The value has only cookie-octets (RFC 6265, section 4.1.1)."""
    browser.post_json("/sign_in", {"claims": {"name": 'ä";\\ ,'}})
    value = browser.cookies[NAME]
    assert set(value) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )
    assert browser.get("/identity").json["claims"] == {"name": 'ä";\\ ,'}


HTTP = {"wsgi.url_scheme": "http"}


def test_without_require_tls_the_cookie_is_secure_over_https_alone(make):
    """An intranet and a developer's machine need no second setting."""
    client = make({"require_tls": "false"})

    for over, secure in ((HTTP, False), ({}, True)):
        client.reset()
        signed_in = client.post_json("/sign_in", {}, extra_environ=over)
        client.clock.advance(1800)
        [renewed] = set_cookies(client.get("/identity", extra_environ=over))
        signed_out = client.post("/sign_out", extra_environ=over)
        for cookie in (*set_cookies(signed_in), renewed):
            assert cookie.startswith("sessiontoken=0.")
            assert ("; Secure" in cookie) is secure
        [gone] = set_cookies(signed_out)
        assert "Max-Age=0" in gone
        assert ("; Secure" in gone) is secure


def test_a_cookie_may_be_secure_behind_a_proxy_that_hides_the_scheme(make):
    client = make({"require_tls": "false", "cookie.secure": "true"})

    [cookie] = set_cookies(
        client.post_json("/sign_in", {}, extra_environ=HTTP)
    )

    assert cookie.startswith(f"{NAME}=0.")
    assert "; Secure" in cookie
