"""A header is believed only from a trusted proxy; a variable always."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.authenticators.trusted_place import (
    TrustedPlace,
    find_place,
    is_among,
)
from pyramid_sessiontoken.errors import InvalidCredential

PROXIES = tuple(
    map(ipaddress.ip_network, ("10.1.0.0/16", "127.0.0.1", "2001:db8::/32"))
)
HEADER = TrustedPlace.of_header("X-User", PROXIES)
VARIABLE = TrustedPlace("REMOTE_USER")


def test_a_place_is_found_by_its_name_in_the_settings():
    assert find_place("environ:SSL_CLIENT_CERT", PROXIES) == TrustedPlace(
        "SSL_CLIENT_CERT"
    )
    assert find_place("header:X-User", PROXIES) == HEADER
    assert HEADER.key == "HTTP_X_USER"


def test_only_a_header_is_named_in_vary():
    assert VARIABLE.vary == ()
    assert HEADER.vary == ("X-User",)


def test_a_variable_of_the_server_is_given_unchanged():
    assert VARIABLE.read({"REMOTE_USER": " alice "}) == " alice "
    assert VARIABLE.read({"REMOTE_USER": "(null)"}) == "(null)"


@pytest.mark.parametrize("environ", [{}, {"REMOTE_USER": ""}])
def test_a_variable_may_be_absent(environ):
    assert VARIABLE.read({**environ, "HTTP_REMOTE_USER": "eve"}) is None


@pytest.mark.parametrize(
    "peer",
    [
        "10.1.0.0",
        "10.1.255.255",
        "127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:7f00:1",
        "2001:db8::1",
        "2001:DB8:0:0::1",
        "2001:db8::1%eth0",
    ],
)
def test_a_header_of_a_trusted_proxy_is_believed(peer):
    environ = {"HTTP_X_USER": " \talice ", "REMOTE_ADDR": peer}

    assert HEADER.read(environ) == "alice"


STRANGERS = [
    "10.2.0.0",
    "127.0.0.2",
    "::1",
    "::ffff:10.2.0.0",
    "2001:db9::1",
    "::10.1.2.3",
    # No addresses; the first two are what servers say for a unix socket.
    "",
    "localhost",
    "127.0.0.1:80",
    " 127.0.0.1",
    "127.0.0.1, 127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "127.0.0.01",
    "2130706433",
    "127.0.0.1/32",
    "\ud800",
    "127.0.0.\u0661",
]


@pytest.mark.parametrize("peer", STRANGERS)
def test_a_header_of_an_untrusted_peer_is_refused(peer):
    environ = {"HTTP_X_USER": "alice", "REMOTE_ADDR": peer}

    with pytest.raises(InvalidCredential, match="no trusted proxy") as caught:
        HEADER.read(environ)

    assert "'X-User'" in caught.value.reason
    assert "alice" not in caught.value.reason
    assert caught.value.reason.isprintable()


def test_a_header_is_refused_where_the_peer_is_unknown():
    with pytest.raises(InvalidCredential):
        HEADER.read({"HTTP_X_USER": "alice"})
    with pytest.raises(InvalidCredential):
        HEADER.read({"HTTP_X_USER": "alice", "REMOTE_ADDR": None})


@pytest.mark.parametrize(
    "said",
    [
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_REMOTE_ADDR": "127.0.0.1"},
        {"REMOTE_HOST": "127.0.0.1"},
    ],
)
def test_forwarding_headers_do_not_change_the_peer(said):
    environ = {"HTTP_X_USER": "alice", "REMOTE_ADDR": "10.2.0.1", **said}

    with pytest.raises(InvalidCredential, match=r"'10\.2\.0\.1'"):
        HEADER.read(environ)


@pytest.mark.parametrize("value", [None, "", "  ", "\t", "(null)", " (null) "])
@pytest.mark.parametrize("peer", ["127.0.0.1", "10.2.0.0"])
def test_an_empty_header_is_no_value(value, peer):
    environ = {"REMOTE_ADDR": peer}
    if value is not None:
        environ["HTTP_X_USER"] = value

    assert HEADER.read(environ) is None


@given(st.ip_addresses(), st.ip_addresses().map(ipaddress.ip_network))
@example(ipaddress.ip_address("::ffff:10.1.2.3"), PROXIES[0])
@example(ipaddress.ip_address("10.1.2.3"), ipaddress.ip_network("::/1"))
def test_an_address_is_in_a_network_or_not(address, network):
    mapped = getattr(address, "ipv4_mapped", None)

    assert is_among(str(address), (network,)) == (
        address in network or (mapped is not None and mapped in network)
    )
    assert is_among(str(address), (ipaddress.ip_network(address),))
    assert not is_among(str(address), ())


@given(st.text())
@example("1" * 10_000)
def test_any_peer_is_inside_or_outside_the_networks(peer):
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        assert not is_among(peer, PROXIES)
    else:
        assert is_among(peer, PROXIES) == any(address in p for p in PROXIES)
