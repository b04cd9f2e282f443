"""``cors.*``: which origins are read, and what is made of them."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.settings import only_fault, value_of

from pyramid_sessiontoken.config.cors import CorsSettings, read_origins


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example",
        "https://app.example:8443",
        "http://localhost:3000",
        "http://127.0.0.1:5173",
        "http://[::1]:3000",
        "http://app.example:443",
        "https://xn--bcher-kva.example",
        "https://my_host.example",
        "capacitor://localhost",
        "chrome-extension://abcdefghijklmnop",
    ],
)
def test_an_origin_is_read_as_browsers_write_it(origin):
    assert value_of("cors.origins", origin) == (origin,)


def test_several_origins_are_a_list():
    read = value_of("cors.origins", "https://a.example, https://b.example")
    assert read == ("https://a.example", "https://b.example")
    assert value_of("cors.origins", ["https://a.example"]) == read[:1]


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ("*", "no origin"),
        ("null", "no origin"),
        ("https://*.example", "no origin"),
        ("app.example", "no origin"),
        ("https://", "no origin"),
        ("https://app.example/", "no origin"),
        ("https://app.example/path", "no origin"),
        ("https://app.example?x", "no origin"),
        ("https://app.example#x", "no origin"),
        ("https://user@app.example", "no origin"),
        ("https://App.example", "no origin"),
        ("HTTPS://app.example", "no origin"),
        ("https://bücher.example", "no origin"),
        ("https://app.example.", "no origin"),
        ("https://app.example:", "no origin"),
        ("https://app.example:0443", "no origin"),
        ("https://app.example:443", "standard port"),
        ("http://app.example:80", "standard port"),
        ("", "empty"),
        (5, "not a list"),
    ],
)
def test_anything_else_is_a_fault(origin, why):
    fault = only_fault({"cors.origins": origin})
    assert fault.startswith("sessiontoken.cors.origins: ")
    assert why in fault


def test_nothing_is_made_where_no_origin_is_set():
    assert CorsSettings("cors", None).make((), None) is None


def test_a_header_is_named_once():
    cors = CorsSettings("cors", ("https://app.example",)).make(
        ("authorization", "X-Key", "x-key"), "Session-Token"
    )
    assert cors.allowed == "Authorization, Content-Type, X-Key, Session-Slide"
    assert cors.exposed == "Session-Token, WWW-Authenticate, Retry-After"


PARTS = st.text("ab0:/.-[]@?#*A", max_size=12)


@given(st.tuples(st.sampled_from(["https://", "http://", "x", ""]), PARTS))
@example(("https://", "a.b:1"))
@example(("https://", "[0]"))
@example(("https://", "[::1]:8443"))
def test_what_is_read_is_an_origin_and_nothing_more(parts):
    text = "".join(parts)
    try:
        (origin,) = read_origins([text])
    except ValueError:
        return
    split = urlsplit(origin)
    assert origin == text == f"{split.scheme}://{split.netloc}"
    assert split.hostname
    assert split.username is None
    assert origin == origin.lower()
