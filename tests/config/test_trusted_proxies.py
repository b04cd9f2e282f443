"""From which proxies a header is believed."""

import pytest
from support.settings import only_fault

from pyramid_sessiontoken.config.trusted_proxies import (
    read_environ_name,
    read_networks,
    read_place,
)


def test_networks_that_contain_every_address_are_refused():
    for value in (
        "0.0.0.0/1 128.0.0.0/1",
        "::/1 8000::/1",
        "::ffff:0:0/96",
        "::ffff:0:0/97 ::ffff:128.0.0.0/97",
    ):
        fault = only_fault({"remote_user.trusted_proxies": value})
        assert "is every address" in fault


def test_networks_are_read():
    read = read_networks("127.0.0.1, 10.1.0.0/16 2001:db8::/32 ::1")

    assert list(map(str, read)) == [
        "127.0.0.1/32",
        "10.1.0.0/16",
        "2001:db8::/32",
        "::1/128",
    ]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0.0.0.0/0", "every address"),
        ("10.0.0.0/8 ::/0", "every address"),
        ("10.1.0.1/16", "no network"),
        ("localhost", "no network"),
        ("10.1", "no network"),
        ("*", "no network"),
        ("", "empty item"),
        ("10.1.0.0/16,,::1", "empty item"),
        ([167837697], "empty item"),
        (True, "not a list"),
    ],
)
def test_other_texts_are_no_networks(value, why):
    with pytest.raises(ValueError, match=why):
        read_networks(value)


@pytest.mark.parametrize(
    "value", ["environ:SSL_CLIENT_CERT", "header:Client-Cert"]
)
def test_a_place_is_read(value):
    assert read_place(f" {value} ") == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("SSL_CLIENT_CERT", "neither"),
        ("environ:", "neither"),
        ("environ:a b", "neither"),
        ("Header:Client-Cert", "neither"),
        ("environ:HTTP_CLIENT_CERT", "a header, which anybody can send"),
        (1, "not a text"),
    ],
)
def test_other_texts_are_no_places(value, why):
    with pytest.raises(ValueError, match=why):
        read_place(value)


def test_a_variable_that_the_client_sets_is_no_place():
    assert read_environ_name("REMOTE_USER") == "REMOTE_USER"
    with pytest.raises(ValueError, match="anybody can send"):
        read_environ_name("HTTP_REMOTE_USER")
