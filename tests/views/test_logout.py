"""Whatever comes to the path for sign-outs, the answer is 200 or 400."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator
from support import KEY, START, Client
from support.issuer import token
from support.logout import HEARING, logout_claims, logout_token

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock


@pytest.fixture(scope="module")
def hearing():
    settings = {**HEARING, "keys": KEY}
    config = Configurator(
        settings={
            f"sessiontoken.{key}": value
            for key, value in settings.items()
            if value is not None
        }
    )
    clock = ManualClock(START)
    config.registry.registerUtility(clock, IClock)
    config.include("pyramid_sessiontoken")
    return Client(config.make_wsgi_app(), clock)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)


def post(client, body):
    return client.post("/signed-out", body, expect_errors=True)


@given(st.sampled_from(sorted(logout_claims(sid="1", nbf=1))), JSON)
def test_any_claim(hearing, name, value):
    text = token({**logout_claims(), name: value})

    answer = post(hearing, {"logout_token": text})

    assert answer.status_int in (200, 400)
    if answer.status_int == 400:
        assert answer.json == {"error": "invalid_request"}


@given(st.binary())
def test_any_body(hearing, body):
    answer = post(hearing, body)

    assert answer.status_int == 400
    assert answer.json == {"error": "invalid_request"}


@given(st.text(st.characters(codec="utf-8")))
def test_any_text(hearing, text):
    assert post(hearing, {"logout_token": text}).status_int == 400


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "x"]), JSON)
)
def test_any_header(hearing, said):
    text = logout_token(said={"alg": "ES256", **said})

    assert post(hearing, {"logout_token": text}).status_int in (200, 400)


def test_an_answer_has_no_body_and_is_not_stored(hearing):
    answer = post(hearing, {"logout_token": logout_token()})

    assert answer.status_int == 200
    assert answer.body == b""
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == "0"
