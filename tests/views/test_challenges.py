"""The challenges of a 401."""

import pytest


@pytest.mark.parametrize(
    "headers",
    [{"X-Requested-With": "XMLHttpRequest"}, {"Sec-Fetch-Mode": "cors"}],
)
def test_no_password_box_opens_over_a_page(client, headers):
    for path in ("/admin", "/token"):
        response = client.get(path, headers=headers, status=401)
        assert response.headers.getall("WWW-Authenticate") == [
            'Session realm="session"'
        ]


def test_a_401_always_has_a_challenge(make):
    """RFC 9110, section 15.5.2."""
    for names in ("cookie", "cookie basic"):
        client = make({"authenticators": names})
        response = client.get(
            "/admin", headers={"Sec-Fetch-Mode": "cors"}, status=401
        )
        assert response.headers.getall("WWW-Authenticate") == [
            'Session realm="session"'
        ]
    client = make({"token.header": "X-Session", "authenticators": "session"})
    assert "WWW-Authenticate" in client.get("/admin", status=401).headers


def test_which_schemes_are_advertised_is_the_deployers_choice(make):
    client = make({"challenge": "basic"})
    response = client.get("/admin", status=401)
    assert response.headers.getall("WWW-Authenticate") == [
        'Basic realm="session", charset="UTF-8"'
    ]


def test_the_realm_is_escaped(make):
    client = make({"realm": 'a "b" \\ ü €'})
    response = client.get("/admin", status=401)
    assert response.headers.getall("WWW-Authenticate")[0] == (
        'Session realm="a \\"b\\" \\\\ ? ?"'
    )
