"""The answer to HTTPForbidden."""

import pytest
from pyramid.exceptions import HTTPForbidden
from pyramid.response import Response


def test_an_unknown_user_is_challenged_and_a_known_one_forbidden(client):
    response = client.get("/forbidden", status=401)
    assert response.headers["Vary"] == "Authorization, Cookie"
    token = client.swap()["access_token"]
    assert client.ask(token, "/forbidden").status_code == 403


@pytest.mark.parametrize(
    ("headers", "moves"),
    [
        ({"Accept": "text/html,*/*"}, True),
        ({"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Accept": "*/*", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Accept": "text/html", "Sec-Fetch-Mode": "cors"}, False),
        ({"Accept": "*/*"}, False),
        ({}, False),
        (
            {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"},
            False,
        ),
    ],
)
def test_pages_are_sent_to_where_users_sign_in(make, headers, moves):
    client = make({"login_url": "/login?x=1"})
    response = client.get("/admin?a=b&c", headers=headers, status="*")
    if moves:
        assert response.status_code == 302
        assert response.headers["Location"] == (
            "https://localhost/login?x=1&next=%2Fadmin%3Fa%3Db%26c"
        )
        assert client.post("/forbidden", headers=headers, status=401)
    else:
        assert response.status_code == 401
    token = client.swap()["access_token"]
    assert client.ask(token, "/forbidden", **headers).status_code == 403


def test_a_fragment_stays_at_the_end(make):
    client = make({"login_url": "/login?a=b#form"})
    response = client.get("/admin", headers={"Accept": "text/html"})
    assert response.headers["Location"] == (
        "https://localhost/login?a=b&next=%2Fadmin#form"
    )


def test_the_login_page_may_be_a_route(make):
    client = make({"login_url": "sign_in"})
    response = client.get("/admin", headers={"Accept": "text/html"})
    assert response.headers["Location"] == (
        "https://localhost/sign_in?next=%2Fadmin"
    )


def test_the_applications_forbidden_view_wins(make):
    def setup(config):
        config.add_forbidden_view(lambda request: Response("mine", 418))

    assert make(setup=setup).get("/admin", status=418).text == "mine"


def test_another_plugins_forbidden_view_wins_without_a_conflict(make):
    """As cornice sets one, included before and after the library."""

    def plugin(config):
        config.add_view(
            lambda request: Response("plugin", 418), context=HTTPForbidden
        )

    for place in ("before", "setup"):
        client = make(**{place: lambda config: config.include(plugin)})
        assert client.get("/admin", status=418).text == "plugin"


def test_the_forbidden_view_can_be_switched_off(make):
    client = make({"forbidden_view": "off"})
    assert "WWW-Authenticate" not in client.get("/admin", status=403).headers
