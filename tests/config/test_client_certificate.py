"""The settings of client certificates."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
)

from pyramid_sessiontoken.config import client_certificate
from pyramid_sessiontoken.config.client_certificate import (
    read_lines,
    read_names,
    read_thumbprints,
)

BELIEVED = {"client_certificate.issuer": "CN=CA"}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (
            "client_certificate.source",
            "SSL_CLIENT_CERT",
            "neither environ:NAME",
        ),
        ("client_certificate.source", "environ:HTTP_CERT", "anybody can send"),
        ("client_certificate.subject", "alice", "'alice' is no name"),
        ("client_certificate.issuer", "CN=a\nC=Germany", "is no name ("),
        ("client_certificate.thumbprint", "ab:cd", "no SHA-256 digest"),
        ("client_certificate.userid", "CN", "not one of them"),
        (
            "client_certificate.trusted_proxies",
            "0.0.0.0/0",
            "is every address",
        ),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"authenticators": "session client_certificate"},
            [
                "authenticators: 'client_certificate' needs at least one of",
                "client_certificate.subject, .issuer, .thumbprint and .check",
            ],
        ),
        (
            {"client_certificate.source": "header:Client-Cert"},
            [
                "client_certificate.source: anybody can send a header",
                "needs sessiontoken.client_certificate.trusted_proxies",
            ],
        ),
        (
            {"client_certificate.verify": "header:X-Verify"},
            ["client_certificate.verify: anybody can send", "trusted_proxies"],
        ),
        (
            {"client_certificate.bind": "true"},
            ["client_certificate.bind needs 'client_certificate' among"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"authenticators": "client_certificate", **BELIEVED},
        {
            "authenticators": "client_certificate",
            **BELIEVED,
            "client_certificate.bind": "true",
            "client_certificate.source": "header:Client-Cert",
            "client_certificate.verify": "header:X-Verify",
            "client_certificate.trusted_proxies": "10.1.0.0/16",
        },
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


@pytest.mark.parametrize(
    "value",
    ["a, b\n\n  c d \n", "\na, b\nc d", ["a, b", "c d"], ("a, b", " c d ")],
)
def test_lines_are_read(value):
    assert read_lines(value) == ("a, b", "c d")


@pytest.mark.parametrize("value", ["", "\n \n", [], [""], [1], 1, None, {}])
def test_other_values_are_no_lines(value):
    with pytest.raises(ValueError):
        read_lines(value)


def test_names_are_given_as_they_are_written():
    written = ("cn=alice,O=a\\, b", "2.5.4.3=bob")

    assert read_names("\n".join(written)) == written


@pytest.mark.parametrize("value", ["alice", "CN=alice\nbob", "C=Germany"])
def test_other_texts_are_no_names(value):
    with pytest.raises(ValueError, match=r"' is no name"):
        read_names(value)


def test_thumbprints_are_read():
    with_colons = ":".join(["AB"] * 32)

    assert read_thumbprints(f"{'0' * 64} {with_colons}") == (
        "0" * 64,
        "ab" * 32,
    )


@pytest.mark.parametrize("value", ["a" * 63, "g" * 64, "sha256", "a" * 65])
def test_other_texts_are_no_thumbprints(value):
    with pytest.raises(ValueError, match="no SHA-256 digest"):
        read_thumbprints(value)


def test_digests_are_read():
    colons = ":".join(["AB"] * 32)
    read = client_certificate.THUMBPRINTS.read(f"{colons}, {'0' * 64}")
    assert read == ("ab" * 32, "0" * 64)


@pytest.mark.parametrize("value", ["0" * 63, "0" * 65, "g" * 64, "", None])
def test_other_texts_are_no_digests(value):
    with pytest.raises(ValueError):
        client_certificate.THUMBPRINTS.read(value)
