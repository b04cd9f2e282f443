"""The address of a client is read from the end of what proxies write."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.client_address import (
    ClientAddress,
    read_address,
)

PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8:a::/48")))
PEER = "10.0.0.1"


def find(header, value, peer=PEER):
    environ = {"REMOTE_ADDR": peer}
    if value is not None:
        environ["HTTP_" + header.upper().replace("-", "_")] = value
    found = ClientAddress(header, PROXIES).find(environ)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_an_address_with_or_without_a_port(text, address):
    assert str(read_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "localhost",
        "_hidden",
        "/run/app.sock",
        "@",
        "192.0.2.1:",
        "192.0.2.1:http",
        "192.0.2.1:123456",
        "192.0.2.1, 192.0.2.2",
        "\u0661.0.0.1",
        "2001:db8::1]:80",
        "[2001:db8::1",
        "[]:80",
        "1",
        "01.2.3.4",
    ],
)
def test_what_is_no_address(text):
    assert read_address(text) is None


@given(st.text())
@example("1" * 10_000)
def test_whatever_stands_there_is_read_or_not(text):
    address = read_address(text)

    assert address is None or read_address(str(address)) == address


@given(st.ip_addresses(), st.integers(0, 65535))
def test_a_port_is_no_part_of_the_address(address, port):
    text = f"[{address}]" if address.version == 6 else f"{address}"

    assert read_address(f"{text}:{port}") == read_address(str(address))


def test_without_a_header_the_peer_is_the_client():
    environ = {"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": "192.0.2.1"}

    assert str(ClientAddress().find(environ)) == PEER


@pytest.mark.parametrize("peer", ["", "localhost", "/run/app.sock", None])
def test_a_unix_socket_has_no_address_and_is_not_trusted(peer):
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "192.0.2.1"}

    for address in (ClientAddress(), ClientAddress("X-Forwarded-For")):
        assert address.find(environ) is None
        assert address.find({}) is None


XFF = [
    (None, PEER),
    ("", PEER),
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2.1:4711", "192.0.2.1"),
    ("[2001:db8::1]:4711", "2001:db8::1"),
    # What the client wrote itself stands before what the proxy saw.
    ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
    ("10.0.0.3, 192.0.2.1", "192.0.2.1"),
    # Several proxies of our own.
    ("203.0.113.9,192.0.2.1,10.2.0.1, 10.3.0.1", "192.0.2.1"),
    ("192.0.2.1, 2001:db8:a::5", "192.0.2.1"),
    ("192.0.2.1, ::ffff:10.1.1.1", "192.0.2.1"),
    ("10.0.0.5, 10.0.0.6", "10.0.0.5"),
    # What cannot be read ends the reading at the address after it.
    ("unknown", PEER),
    ("192.0.2.1, unknown", PEER),
    ("192.0.2.1, unknown, 10.2.0.1", "10.2.0.1"),
    ("192.0.2.1,", PEER),
    ("192.0.2.1,,10.2.0.1", "10.2.0.1"),
    ("for=192.0.2.1", PEER),
]


@pytest.mark.parametrize(("value", "client"), XFF)
def test_x_forwarded_for(value, client):
    assert find("X-Forwarded-For", value) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (None, PEER),
        ("for=192.0.2.1", "192.0.2.1"),
        ('For="192.0.2.1:4711";proto=https', "192.0.2.1"),
        ('proto=https; by=10.0.0.1 ;FOR="[2001:db8::1]:47"', "2001:db8::1"),
        ("for=203.0.113.9, for=192.0.2.1", "192.0.2.1"),
        ("for=192.0.2.1,for=10.2.0.1", "192.0.2.1"),
        ("for=192.0.2.1, for=_hidden, for=10.2.0.1", "10.2.0.1"),
        ("for=unknown", PEER),
        ("proto=https", PEER),
        ("for=192.0.2.1;for=192.0.2.2", PEER),
        ("for", PEER),
        ("192.0.2.1", PEER),
        ("for=192.0.2.1;", PEER),
        # A quotation mark of the client hides nothing that the proxy adds.
        ('for="x, for=192.0.2.1', "192.0.2.1"),
        ('host="a, for="[2001:db8::1]"', "2001:db8::1"),
        ('for="192.0.2.1', PEER),
        ('for="192.0.2.1\\"', PEER),
    ],
)
def test_forwarded(value, client):
    assert find("Forwarded", value) == client


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_peer_that_is_no_proxy_says_nothing(header):
    for value in ("10.0.0.9", "for=10.0.0.9", "for=192.0.2.1", "192.0.2.1"):
        assert find(header, value, "203.0.113.1") == "203.0.113.1"


@given(st.text(max_size=40), st.sampled_from(["X-Forwarded-For", "Forwarded"]))
@example('for="', "Forwarded")
def test_what_a_client_writes_never_changes_what_the_proxy_saw(text, header):
    seen = "for=192.0.2.1" if header == "Forwarded" else "192.0.2.1"

    assert find(header, f"{text}, {seen}") == "192.0.2.1"
    assert find(header, text, "203.0.113.1") == "203.0.113.1"
    find(header, text)
