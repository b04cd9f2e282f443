"""The answer to StepUpRequired: see also stories/test_step_up.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator
from support import KEY, Client, includeme
from support.stepup import ERROR, PAGE, add_view

from pyramid_sessiontoken import StepUpRequired


@pytest.fixture
def asking(make):
    """Make a client who is signed in, and whose view asks for something."""

    def make_asking(settings=(), **needed):
        def ask(request):
            raise StepUpRequired(**needed)

        client = make(settings, setup=lambda c: add_view(c, "danger", ask))
        client.post("/sign_in")
        return client

    return make_asking


@pytest.mark.parametrize(
    ("needed", "written"),
    [
        ({}, ""),
        ({"max_age": 0}, ', max_age="0"'),
        ({"amr": "otp"}, ', acr_values="otp"'),
        ({"amr": ("otp", "face")}, ', acr_values="otp face"'),
        ({"amr": 'a"b\\'}, ', acr_values="a\\"b\\\\"'),
        ({"amr": "\xfc\r\nX: y"}, ', acr_values="???X: y"'),
        ({"max_age": 9, "amr": "o"}, ', max_age="9", acr_values="o"'),
    ],
)
def test_the_challenge_says_what_is_needed(asking, needed, written):
    answer = asking(**needed).get("/danger", status=401)

    assert answer.headers.getall("WWW-Authenticate") == [
        f'Session realm="session", {ERROR}{written}'
    ]
    assert answer.json == {
        "error": "insufficient_user_authentication",
        "error_description": "This needs a new sign-in",
    }


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/login", "/login?next=%2Fdanger&max_age=9&amr=a+b%26c"),
        ("/login?next=%2F", "/login?next=%2F&max_age=9&amr=a+b%26c"),
        (
            "/login?max_age=1#x",
            "/login?max_age=1&next=%2Fdanger&amr=a+b%26c#x",
        ),
    ],
)
def test_the_page_is_told_what_is_needed(asking, url, location):
    client = asking({"stepup.url": url}, max_age=9, amr=("a", "b&c"))

    away = client.get("/danger", headers=PAGE, status=302)

    assert away.location == f"https://localhost{location}"
    assert away.headers["X-Content-Type-Options"] == "nosniff"


def test_a_way_back_that_is_too_long_leaves_the_rest(asking):
    client = asking({"stepup.url": "/login"}, max_age=9)

    away = client.get(f"/danger?{'a' * 2000}", headers=PAGE, status=302)

    assert away.location == "https://localhost/login?max_age=9"


def test_a_page_for_head_is_answered_as_for_get(asking):
    client = asking({"stepup.url": "/login"}, max_age=9)

    assert client.head("/danger", headers=PAGE, status=302).location


@given(
    amr=st.text(st.characters(), max_size=30)
    | st.lists(st.text(st.characters()), max_size=3),
    max_age=st.none() | st.integers(),
)
def test_any_demand_fits_the_headers(app_asking, amr, max_age):
    """A view may ask for whatever it likes."""
    client, needed = app_asking
    needed.update(amr=amr, max_age=max_age)

    for headers, status, name in (
        ({}, 401, "WWW-Authenticate"),
        (PAGE, 302, "Location"),
    ):
        answer = client.get("/danger", headers=headers, status=status)
        assert answer.headers[name].isascii()
        assert answer.headers[name].isprintable()


@pytest.fixture(scope="module")
def app_asking():
    """One client for all examples; what its view asks for may change."""
    needed = {}

    def ask(request):
        raise StepUpRequired(**needed)

    config = Configurator(
        settings={
            "sessiontoken.keys": KEY,
            "sessiontoken.stepup.url": "/login",
            "sessiontoken.expiry.absolute": "1d",
        }
    )
    config.include("pyramid_sessiontoken")
    config.include(includeme)
    add_view(config, "danger", ask)
    client = Client(config.make_wsgi_app(), None)
    client.post("/sign_in")
    return client, needed
