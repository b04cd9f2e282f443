"""The challenges of a 401."""

import pytest
from zope.interface import implementer

from pyramid_sessiontoken.interfaces import IAuthenticator


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


@implementer(IAuthenticator)
class Realm:
    """An authenticator of the application, which also takes passwords."""

    name = "own"
    scheme = "Basic"
    vary = ("Authorization",)
    ambient = True

    def authenticate(self, request):
        return None

    def challenge(self, request):
        return 'Basic realm="mine"'


def test_no_box_opens_for_an_authenticator_of_ones_own(make):
    def setup(config):
        config.add_sessiontoken_authenticator("own", Realm())

    client = make({"authenticators": "session own"}, setup=setup)

    for path in ("/admin", "/token"):
        assert fields(client.get(path, headers=SCRIPT, status=401)) == [
            'Session realm="session"'
        ]
        page = client.get(path, headers={"Accept": "*/*"}, status=401)
        assert 'Basic realm="mine"' in fields(page)


def check_key(key, request):
    return key


def fields(response):
    return response.headers.getall("WWW-Authenticate")


SCRIPT = {"Sec-Fetch-Mode": "cors"}


@pytest.mark.parametrize(
    "settings",
    [
        {"authenticators": "cookie"},
        {"authenticators": "cookie basic"},
        {"authenticators": "session", "token.header": "X-Session"},
        {
            "authenticators": "cookie api_key",
            "api_key.check": check_key,
        },
    ],
)
def test_a_401_names_no_scheme_that_is_refused(make, settings):
    client = make(settings)

    for path in ("/admin", "/token"):
        assert fields(client.get(path, headers=SCRIPT, status=401)) == []


@pytest.mark.parametrize("scheme", ["Session", "Bearer", "x-token"])
def test_a_401_has_a_challenge_wherever_a_scheme_is_accepted(make, scheme):
    """RFC 9110, section 15.5.2."""
    client = make({"challenge": "basic", "token.scheme": scheme})

    for path in ("/admin", "/token"):
        response = client.get(path, headers=SCRIPT, status=401)
        assert fields(response) == [f'{scheme} realm="session"']


def test_a_401_names_what_its_route_takes(make):
    def setup(config):
        for names in ("api_key", "basic", "session", "cookie", "basic cookie"):
            config.add_route(
                names, f"/{names}", sessiontoken_authenticators=names
            )
            config.add_view(
                lambda request: None, route_name=names, permission="view"
            )

    client = make(
        {
            "authenticators": "session cookie basic api_key",
            "api_key.check": check_key,
        },
        setup=setup,
    )
    basic, session = (
        'Basic realm="session", charset="UTF-8"',
        ('Session realm="session"'),
    )
    for path, expected in (
        ("/api_key", []),
        ("/cookie", []),
        ("/basic", [basic]),
        ("/basic cookie", [basic]),
        ("/session", [session]),
        ("/admin", [session, basic]),
    ):
        assert fields(client.get(path, status=401)) == expected


def test_an_expired_cookie_is_reported_like_an_expired_token(client):
    client.post_json("/sign_in", {})
    client.clock.advance(3700)
    answer = client.get("/admin", status=401)

    assert fields(answer)[0] == (
        'Session realm="session", error="invalid_token",'
        ' error_description="The token expired"'
    )
    assert answer.json == {
        "error": "invalid_token",
        "error_description": "The token expired",
    }
    # One that cannot be read is not.
    client.reset()
    client.set_cookie("__Host-sessiontoken", "0.tampered")
    answer = client.get("/admin", status=401)
    assert fields(answer)[0] == 'Session realm="session"'


def test_the_settings_choose_the_schemes_of_a_challenge(make):
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
