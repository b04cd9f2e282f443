"""The settings of the cookie."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
    value_of,
)

from pyramid_sessiontoken.config import cookie


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("cookie.transform", "encrypted", "encrypted"),
        ("cookie.samesite", "Strict", "Strict"),
        ("cookie.chunk_size", "100", 100),
        ("cookie.chunk_size", "3900", 3900),
        ("cookie.max_chunks", "1", 1),
        ("cookie.max_chunks", "20", 20),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("cookie.name", "a b", "characters"),
        ("cookie.secure", "2", "neither true nor false"),
        ("cookie.samesite", "lax", "not one of them"),
        ("cookie.path", "app", "characters"),
        ("cookie.domain", "a b", "characters"),
        ("cookie.transform", "no.such:transform", "cannot be imported"),
        ("cookie.chunk_size", "99", "out of range"),
        ("cookie.chunk_size", "3901", "out of range"),
        ("cookie.max_chunks", "0", "out of range"),
        ("cookie.max_chunks", "21", "out of range"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"cookie.samesite": "None", "cookie.secure": "false"},
            ["cookie.samesite: None needs", "cookie.secure"],
        ),
        (
            {"cookie.partitioned": "true", "cookie.secure": "false"},
            ["cookie.partitioned needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__Secure-a", "cookie.secure": "false"},
            ["cookie.name: '__Secure-a' needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__hOST-a", "cookie.secure": "false"},
            ["cookie.name: '__hOST-a' needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__Host-a", "cookie.path": "/app"},
            ["cookie.name: '__Host-a' needs", "cookie.path = /"],
        ),
        (
            {"cookie.name": "__Host-a", "cookie.domain": "example.org"},
            ["cookie.name: '__Host-a' allows no", "cookie.domain"],
        ),
        (
            {"cookie.chunk_size": "3900", "cookie.name": "a" * 194},
            ["cookie.chunk_size", "4096"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"cookie.samesite": "None"},
        {"cookie.chunk_size": "3900", "cookie.name": "a" * 193},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "__Host-sessiontoken"),
        ({"cookie.path": "/app"}, "__Secure-sessiontoken"),
        ({"cookie.domain": "example.org"}, "__Secure-sessiontoken"),
        ({"cookie.secure": "false"}, "sessiontoken"),
        ({"cookie.secure": "false", "cookie.path": "/app"}, "sessiontoken"),
        ({"cookie.name": "mine"}, "mine"),
        ({"cookie.name": "__Secure-mine"}, "__Secure-mine"),
    ],
)
def test_the_default_name_of_the_cookie_is_the_strictest_allowed(given, name):
    parsed, faults = read(given)

    assert faults == []
    assert parsed.cookie.full_name == name


@pytest.mark.parametrize(
    ("given", "secure", "name"),
    [
        ({}, True, "__Host-sessiontoken"),
        ({"require_tls": "false"}, None, "sessiontoken"),
        ({"require_tls": "false", "cookie.path": "/a"}, None, "sessiontoken"),
        ({"require_tls": "false", "cookie.name": "mine"}, None, "mine"),
        (
            {"require_tls": "false", "cookie.name": "__hOST-mine"},
            True,
            "__hOST-mine",
        ),
        (
            {"require_tls": "false", "cookie.name": "__Secure-mine"},
            True,
            "__Secure-mine",
        ),
        (
            {"require_tls": "false", "cookie.samesite": "None"},
            True,
            "__Host-sessiontoken",
        ),
        (
            {"require_tls": "false", "cookie.partitioned": "true"},
            True,
            "__Host-sessiontoken",
        ),
        (
            {"require_tls": "false", "cookie.secure": "true"},
            True,
            "__Host-sessiontoken",
        ),
        (
            {"require_tls": "false", "cookie.secure": "false"},
            False,
            "sessiontoken",
        ),
        ({"cookie.secure": "false"}, False, "sessiontoken"),
    ],
)
def test_secure_follows_require_tls_by_default(given, secure, name):
    parsed, faults = read(given)

    assert faults == []
    assert parsed.cookie.secure is secure
    assert parsed.cookie.full_name == name
    warned = [w for w in parsed.warnings() if "not Secure over http" in w]
    assert len(warned) == (secure is None)


def test_no_warning_about_the_cookie_without_the_authenticator():
    parsed, _ = read({"require_tls": "false", "authenticators": "session"})

    assert "Secure" not in str(list(parsed.warnings()))


@pytest.mark.parametrize(
    ("given", "is_advised"),
    [
        ({}, False),
        ({"cookie.max_chunks": "3"}, True),
        ({"cookie.chunk_size": "3801"}, True),
        ({"cookie.max_chunks": "3", "cookie.chunk_size": "2500"}, False),
        ({"cookie.max_chunks": "3", "authenticators": "session"}, False),
        (
            {
                "cookie.max_chunks": "3",
                "cookie.form": "reference",
                "repository": "memory",
            },
            False,
        ),
    ],
)
def test_cookies_that_common_servers_refuse_are_advised_against(
    given, is_advised
):
    advice = str(list(read(given)[0].advice()))

    assert ("proxy_buffer_size" in advice) is is_advised


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "true"),
        ({"cookie.secure": "false"}, "false"),
        ({"require_tls": "false"}, "over https alone"),
    ],
)
def test_secure_is_printed_as_it_applies(given, shown):
    assert read(given)[0].cookie.shown_secure == shown


@pytest.mark.parametrize(
    "value",
    ["example.org", "localhost", ".example.org", "xn--a.b-c.0d"],
)
def test_a_domain_is_read(value):
    assert cookie.COOKIE_DOMAIN.read(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        "a;b",
        "a/b",
        "a:80",
        "",
        ".",
        "..",
        "a..b",
        "..a",
        "a.",
        "-a.b",
        "a-.b",
        "a" * 64,
        "caf\xe9.example",
    ],
)
def test_other_texts_are_no_domains(value):
    with pytest.raises(ValueError):
        cookie.COOKIE_DOMAIN.read(value)


@pytest.mark.parametrize("value", ["/", "/app", "/app/"])
def test_a_cookie_path_is_read(value):
    assert cookie.COOKIE_PATH.read(value) == value


@pytest.mark.parametrize("value", ["", "app", "/a;b", "/a b", "/\xe9"])
def test_other_texts_are_no_cookie_paths(value):
    with pytest.raises(ValueError):
        cookie.COOKIE_PATH.read(value)


@pytest.mark.parametrize("samesite", ["Lax", "Strict", "None"])
def test_a_partitioned_cookie_needs_samesite_none_to_reach_a_frame(samesite):
    parsed, faults = read(
        {"cookie.partitioned": "true", "cookie.samesite": samesite}
    )

    assert faults == []
    advice = [a for a in parsed.cookie.advice() if "partitioned" in a]
    assert (advice == []) == (samesite == "None")
    if advice:
        assert "sessiontoken.cookie.samesite = None" in advice[0]
