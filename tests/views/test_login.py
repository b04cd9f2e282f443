"""Where pages sign in, and the way back from there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.request import Request
from pyramid.response import Response

from pyramid_sessiontoken.views.login import (
    is_login_page,
    local_path,
    login_location,
)

PAGE = {"Accept": "text/html"}
SSO = "https://sso.example/sign-in"


def make_request(path="/", query="", script="", host="localhost"):
    request = Request.blank("/", base_url=f"https://{host}")
    request.environ.update(
        PATH_INFO=path, QUERY_STRING=query, SCRIPT_NAME=script
    )
    request.matched_route = None
    return request


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", "/a"),
        ("//evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/\t/evil.example", "/%09/evil.example"),
        ("\\\\evil", "/%5C%5Cevil"),
        ("evil", "/evil"),
        ("https://evil", "/https://evil"),
        ("", "/"),
        ("/€", "/%E2%82%AC"),
        ("/é", "/%C3%A9"),
        ("/\ud800", "/%3F"),
        ("/%E2%82%AC?a=b&c=d", "/%E2%82%AC?a=b&c=d"),
    ],
)
def test_the_way_back_stays_on_this_host(path, expected):
    assert local_path(path) == expected


@given(st.text(st.characters()))
def test_any_way_back_is_made_a_path_on_this_host(path):
    found = local_path(path)
    assert found.startswith("/")
    assert not found.startswith("//")
    assert found.isascii()
    assert not set(found) & set("\\\x00\t\r\n\x7f ")


@given(
    path=st.binary().map(lambda raw: "/" + raw.decode("latin-1")),
    query=st.binary().map(lambda raw: raw.decode("latin-1")),
    script=st.sampled_from(["", "/app", "/\xe2\x82\xac", "//evil"]),
    login_url=st.sampled_from(["/login", "/login?a=b#c", SSO]),
)
def test_any_request_gives_a_location_that_fits_a_header(
    path, query, script, login_url
):
    try:
        location = login_location(make_request(path, query, script), login_url)
    except UnicodeDecodeError:
        return  # Pyramid answers 400 before any view.
    assert location.isascii()
    assert location.isprintable()
    assert not location.startswith("//")
    assert len(location) < 6100
    if login_url == SSO:
        assert location.startswith(SSO)


@pytest.mark.parametrize(
    ("query", "way_back"),
    [
        # As browsers send it, and as programs do that escape nothing.
        ("q=%E2%82%AC", "%2F%3Fq%3D%25E2%2582%25AC"),
        ("q=\xe2\x82\xac", "%2F%3Fq%3D%25E2%2582%25AC"),
        ("q=\xff", "%2F%3Fq%3D%25FF"),
    ],
)
def test_the_query_is_kept_byte_by_byte(query, way_back):
    location = login_location(make_request(query=query), "/login")

    assert location == f"/login?next={way_back}"


@pytest.mark.parametrize(
    ("length", "is_kept"), [(2000, True), (2001, False), (60_000, False)]
)
def test_a_long_way_back_is_left_out(length, is_kept):
    """Stock servers take header lines of 4 or 8 KiB."""
    path = "/" + "a" * (length - 1)

    for url in ("/login", "/login?a=b#c", "/login#c"):
        location = login_location(make_request(path), url)
        assert ("next=" in location) is is_kept
        if not is_kept:
            assert location == url


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", "/login"),
        ("/app", "/app/login"),
        ("/a/b", "/a/b/login"),
        ("/\xe2\x82\xac", "/%E2%82%AC/login"),
        ("//evil.example", "/evil.example/login"),
    ],
)
def test_the_sign_in_page_is_relative_to_the_application(script, expected):
    """Wherever it is mounted."""
    request = make_request("/page", script=script)

    location = login_location(request, "/login")

    assert location.partition("?")[0] == expected
    assert is_login_page(make_request("/login", script=script), "/login?a#b")
    assert not is_login_page(request, "/login")


@pytest.mark.parametrize(
    ("host", "url", "expected"),
    [
        (
            "app.example",
            SSO,
            f"{SSO}?next=https%3A%2F%2Fapp.example%2Fp%3Fa%3Db",
        ),
        (
            "App.Example:443",
            f"{SSO}?client=7#form",
            f"{SSO}?client=7&next=https%3A%2F%2Fapp.example%2Fp%3Fa%3Db#form",
        ),
        (
            "app.example:8443",
            SSO,
            f"{SSO}?next=https%3A%2F%2Fapp.example%3A8443%2Fp%3Fa%3Db",
        ),
        ("app.example", f"{SSO}?next=/home", f"{SSO}?next=/home"),
        ("app.example", f"{SSO}?a=b&next=", f"{SSO}?a=b&next="),
        ("app.example", "/login?next=/home#a", "/login?next=/home#a"),
    ],
)
def test_a_sign_in_page_on_another_host_gets_the_whole_url(
    host, url, expected
):
    request = make_request("/p", "a=b", host=host)

    assert login_location(request, url) == expected


@pytest.mark.parametrize(
    ("host", "path", "script", "expected"),
    [
        ("sso.example", "/sign-in", "", True),
        ("SSO.example:443", "/sign-in", "", True),
        ("sso.example", "/in", "/sign", False),
        ("sso.example", "/", "/sign-in", False),
        ("sso.example", "/other", "", False),
        ("app.example", "/sign-in", "", False),
        ("sso.example:8443", "/sign-in", "", False),
    ],
)
def test_the_page_of_a_url_is_that_path_on_that_host(
    host, path, script, expected
):
    request = make_request(path, "a=b", script, host)

    assert is_login_page(request, f"{SSO}?client=7#form") is expected


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example",
        "https://app.example/",
        "https://App.example:443/",
    ],
)
def test_the_page_of_a_bare_host_is_its_root(url):
    assert is_login_page(make_request(host="app.example"), url)
    assert not is_login_page(make_request("/a", host="app.example"), url)


# Over WSGI.


@pytest.fixture
def protected(make):
    """Make a client whose sign-in page is protected by mistake."""

    def make_client(login_url):
        def setup(config):
            config.add_route("sign in", "/sign-in/ü")
            config.add_view(
                lambda request: Response("form"),
                route_name="sign in",
                permission="view",
            )

        return make({"login_url": login_url}, setup=setup)

    return make_client


@pytest.mark.parametrize(
    "login_url",
    ["/sign-in/%C3%BC", "/sign-in/%c3%bc?a=b", "sign in"],
)
def test_a_protected_sign_in_page_is_401_and_logged(
    protected, login_url, caplog
):
    client = protected(login_url)

    away = client.get("/admin", headers=PAGE, status=302)
    assert caplog.text == ""
    answer = away.follow(headers=PAGE, status=401)

    assert answer.content_type == "text/html"
    [said] = caplog.records
    assert said.levelname == "WARNING"
    assert f"sessiontoken.login_url = {login_url}" in said.getMessage()
    assert "protected itself" in said.getMessage()


def test_the_sign_in_page_is_found_under_a_prefix(client, make):
    client = make({"login_url": "/login"})

    answer = client.get(
        "/admin",
        headers=PAGE,
        extra_environ={"SCRIPT_NAME": "/app"},
        status=302,
    )

    assert answer.location == (
        "https://localhost/app/login?next=%2Fapp%2Fadmin"
    )


@pytest.mark.parametrize("login_url", ["/login", "sign_in"])
def test_head_is_answered_as_get(make, login_url):
    """Link checkers and chats ask so before they show a page."""
    client = make({"login_url": login_url})

    get = client.get("/admin", headers=PAGE)
    head = client.head("/admin", headers=PAGE)

    assert (head.status_code, head.location) == (302, get.location)
    for headers in ({}, {**PAGE, "X-Requested-With": "XMLHttpRequest"}):
        assert client.head("/admin", headers=headers, status=401)
