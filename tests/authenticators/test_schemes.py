"""The grammar of Authorization and of WWW-Authenticate."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.schemes import (
    TOKEN,
    challenge,
    credential_of,
    environ_key,
    quote,
)

#: RFC 9110, section 5.6.4.
QUOTED_STRING = re.compile(
    r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"'
)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Authorization", "HTTP_AUTHORIZATION"),
        ("X-Api-Key", "HTTP_X_API_KEY"),
        ("x-api-key", "HTTP_X_API_KEY"),
    ],
)
def test_headers_have_their_wsgi_names(header, key):
    assert environ_key(header) == key


@pytest.mark.parametrize(
    ("value", "credential"),
    [
        ("Session abc", "abc"),
        ("session abc", "abc"),
        ("SESSION abc", "abc"),
        ("Session   abc  ", "abc"),
        ("Session a b", "a b"),
        ("Session a, Basic b", "a, Basic b"),
        ("Session", ""),
        ("Session ", ""),
        ("Basic abc", None),
        ("Sessions abc", None),
        ("Ses sion abc", None),
        ("abc", None),
        ("", None),
    ],
)
def test_a_scheme_is_compared_without_case_and_as_a_whole(value, credential):
    assert credential_of(value, "Session") == credential


@given(
    st.text(st.characters(max_codepoint=255)),
    st.sampled_from(["Session", "Basic"]),
)
@example("Session\tabc", "Session")
def test_a_credential_is_always_part_of_the_header(value, scheme):
    credential = credential_of(value, scheme)

    assert (credential is None) == (
        value.split(" ")[0].lower() != scheme.lower()
    )
    assert credential is None or credential in value


@given(st.text() | st.text('"\\ab\r\n\t\x7f\xe9'))
@example('"')
@example("\\")
@example('a\r\nSet-Cookie: "x"')
def test_a_quoted_text_never_ends_its_quotes(text):
    quoted = quote(text)

    assert QUOTED_STRING.fullmatch(quoted)
    unescaped = re.sub(r"\\(.)", r"\1", quoted[1:-1])
    assert len(unescaped) == len(text)
    assert all(
        one == (other if TEXT.fullmatch(other) else "?")
        for one, other in zip(unescaped, text, strict=True)
    )


TEXT = re.compile(r"[\x20-\x7e]")


def test_a_challenge_has_its_parameters_in_order():
    value = challenge("Basic", {"realm": 'a "b"', "charset": "UTF-8"})

    assert value == r'Basic realm="a \"b\"", charset="UTF-8"'


@pytest.mark.parametrize("name", ["Session", "X-Api-Key", "a!#$%&'*+.^_`|~9"])
def test_good_names_of_schemes_and_headers_are_accepted(name):
    assert TOKEN.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "a b", "a:b", "a/b", "a,b", 'a"', "a\n", "(a)", "\xe9"]
)
def test_other_texts_are_no_names_of_schemes_and_headers(name):
    assert not TOKEN.fullmatch(name)
