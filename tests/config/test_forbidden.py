"""The settings of the answer to HTTPForbidden."""

import pytest
from pyramid.httpexceptions import HTTPForbidden
from pyramid.response import Response
from support import KEY
from support.settings import (
    assert_bad_value_is_told,
    faults_of_start,
    value_of,
)

from pyramid_sessiontoken.config.forbidden import read_login_url


@pytest.mark.parametrize(
    "value",
    [
        "/login",
        "/login//here?a=b#c",
        "/%C3%BC",
        "sign_in",
        "sign in/\xfc",
        "https://sso.example",
        "https://sso.example:8443/in?client=a%20b#form",
        "https://127.0.0.1/",
        "https://[::1]:8443/",
    ],
)
def test_a_value_is_read(value):
    assert read_login_url(value) == value
    assert value_of("login_url", value) == value


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("forbidden_view", "maybe", "neither true nor false"),
        ("login_url", "", "empty"),
        ("login_url", "//attacker.example/", "one leading slash"),
        ("login_url", "/\\attacker.example/", "one leading slash"),
        ("login_url", "/a\\b", "no \\"),
        ("login_url", "/\u20ac", "percent-encoded"),
        ("login_url", "/a b", "percent-encoded"),
        ("login_url", "https://sso.example/\xfc", "percent-encoded"),
        ("login_url", "http://sso.example/", "begins with https://"),
        ("login_url", "HTTPS://sso.example/", "begins with https://"),
        ("login_url", "javascript:/alert", "begins with https://"),
        ("login_url", "https:/sso.example/", "begins with https://"),
        ("login_url", "https://", "a host, and no user"),
        ("login_url", "https:///login", "a host, and no user"),
        ("login_url", "https://a\\b/", "a host, and no user"),
        ("login_url", "https://a/\\b", "a host, and no user"),
        ("login_url", "https://sso.example:x/", "no URL"),
        ("login_url", "https://[::1/", "no URL"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


def test_a_url_with_a_user_is_a_fault_without_quoting_it():
    [fault] = faults_of_start(
        {"keys": KEY, "login_url": "https://user:secret@sso.example/"}
    )
    assert "a host, and no user" in fault
    assert "secret" not in fault


def test_the_route_of_the_sign_in_page_must_exist():
    [fault] = faults_of_start({"keys": KEY, "login_url": "sign_in"})
    assert "nor an https URL, nor a route" in fault


def test_the_route_of_the_sign_in_page_has_no_parts_to_fill_in():
    def setup(config):
        config.add_route("sign_in", "/{tenant}/sign_in")

    [fault] = faults_of_start({"keys": KEY, "login_url": "sign_in"}, setup)
    assert "without parts" in fault


# Who answers HTTPForbidden.


def mine(request):
    return Response("mine", 418)


class Callable:
    def __call__(self, context, request):
        return Response("mine", 418)


def warnings_of(client):
    return [
        warning
        for warning in client.registry["pyramid_sessiontoken.warnings"]
        if "HTTPForbidden" in warning
    ]


@pytest.mark.parametrize(
    ("add", "name"),
    [
        (lambda c: c.add_forbidden_view(mine), f"{__name__}.mine"),
        (
            lambda c: c.add_view(Callable(), context=HTTPForbidden),
            f"<{__name__}.Callable object",
        ),
        (
            lambda c: [
                c.add_forbidden_view(mine, xhr=True),
                c.add_forbidden_view(mine),
            ],
            f"{__name__}.mine",
        ),
    ],
)
def test_a_view_without_predicates_replaces_the_forbidden_view_with_a_warning(
    make, add, name
):
    client = make(setup=add)

    assert client.get("/admin", status=418).text == "mine"
    [warning] = warnings_of(client)
    assert warning.startswith(name)
    assert "403 without challenges" in warning
    assert "handle_exceptions = false" in warning


@pytest.mark.parametrize("kept", [{}, {"forbidden_view": "false"}])
def test_without_another_forbidden_view_there_is_no_warning(make, kept):
    assert warnings_of(make(kept)) == []


def test_another_view_causes_no_warning_where_ours_is_off(make):
    client = make(
        {"forbidden_view": "off"}, setup=lambda c: c.add_forbidden_view(mine)
    )

    assert warnings_of(client) == []


@pytest.mark.parametrize(
    "predicates",
    [
        [{"header": "X-Mine:yes"}],
        [{"header": "X-Mine:yes"}, {"request_param": "mine"}],
        [{"header": "X-Mine:yes"}, {"accept": "text/mine"}],
        [{"accept": "text/mine"}],
    ],
    ids=str,
)
def test_a_view_with_predicates_leaves_the_forbidden_view_in_place(
    make, predicates
):
    def setup(config):
        for each in predicates:
            config.add_forbidden_view(mine, **each)

    client = make(setup=setup)
    headers = {"X-Mine": "yes", "Accept": "text/mine"}

    assert warnings_of(client) == []
    assert client.get("/admin", headers=headers, status=418).text == "mine"
    for _ in range(2):
        answer = client.get(
            "/admin", headers={"Accept": "text/plain"}, status=401
        )
        assert answer.headers.getall("WWW-Authenticate")
    token = client.swap()["access_token"]
    known = client.ask(token, "/forbidden", Accept="text/plain")
    assert known.json["error"] == "forbidden"


def test_a_view_of_one_route_leaves_the_forbidden_view_in_place(make):
    client = make(
        setup=lambda c: c.add_forbidden_view(mine, route_name="admin")
    )

    assert warnings_of(client) == []
    assert client.get("/admin", status=418)
    assert client.get("/forbidden", status=401)


def test_a_view_that_is_added_later_is_used_too(make):
    """Under an autocommitting configurator ours is there first."""
    client = make(
        autocommit=True,
        setup=lambda c: c.add_forbidden_view(mine, header="X-Mine:yes"),
    )

    assert client.get("/admin", headers={"X-Mine": "yes"}, status=418)
    assert client.get("/admin", status=401)
