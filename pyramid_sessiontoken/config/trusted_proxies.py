"""Where the server or a proxy says something, and from which proxies it is
believed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from ..authenticators.schemes import TOKEN
from ..authenticators.trusted_place import Network
from .kinds import Kind, read_list, read_text
from .row import Group

# Bits before the IPv4 address in ::ffff:0:0/96 (RFC 4291, section 2.5.5.2).
_MAPPED = 96


def read_networks(value: Any) -> tuple[Network, ...]:
    """Read addresses and networks; refuse those that together hold every
    address, and so would trust every peer.
    """
    networks = []
    for item in read_list(value):
        try:
            network = ipaddress.ip_network(item)
        except ValueError:
            raise ValueError(f"{item!r} is no network") from None
        networks.append(network)
    for network in _collapsed(networks):
        if network.prefixlen == 0:
            raise ValueError(f"{network} is every address")
    return tuple(networks)


def _collapsed(networks: list[Network]) -> list[Network]:
    """Give the fewest networks with the same addresses; an IPv4 address that
    is written in IPv6 as IPv4.
    """
    plain: list[Network] = []
    for network in networks:
        first = getattr(network.network_address, "ipv4_mapped", None)
        mapped = first is not None and network.prefixlen >= _MAPPED
        plain.append(
            ipaddress.IPv4Network((first, network.prefixlen - _MAPPED))
            if mapped
            else network
        )
    return [
        *ipaddress.collapse_addresses(
            n for n in plain if isinstance(n, ipaddress.IPv4Network)
        ),
        *ipaddress.collapse_addresses(
            n for n in plain if isinstance(n, ipaddress.IPv6Network)
        ),
    ]


def read_place(value: Any) -> str:
    """Read ``environ:NAME`` or ``header:NAME``."""
    text = read_text(value)
    place, _, name = text.partition(":")
    if place not in ("environ", "header") or TOKEN.fullmatch(name) is None:
        raise ValueError("neither environ:NAME nor header:NAME")
    if place == "environ":
        read_environ_name(name)
    return text


def read_environ_name(value: Any) -> str:
    """Read the name of a variable that only the server sets."""
    text = read_text(value)
    # PEP 3333: what the client sent.
    if text.startswith("HTTP_"):
        raise ValueError(
            "it is a header, which anybody can send: name the header, and the"
            " proxies that are trusted to send it"
        )
    return text


def need_proxies(
    group: Group, row: str, proxies: tuple[Network, ...] | None
) -> Iterator[str]:
    """Tell where the header that a row names is believed from any peer."""
    if proxies is None:
        yield (
            f"{group.row(row)}: anybody can send a header; it needs"
            f" {group.row('trusted_proxies')}"
        )


ENVIRON = Kind(
    "a variable of the server's in the WSGI environ, no header",
    read_environ_name,
)
NETWORKS = Kind("addresses and networks: 127.0.0.1 10.1.0.0/16", read_networks)
PLACE = Kind("environ:NAME or header:NAME", read_place)
