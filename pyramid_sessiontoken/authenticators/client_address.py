"""From which address a client sent a request, also behind proxies."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .schemes import environ_key
from .trusted_place import Network, is_among

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The headers in which proxies write the address of their peer.
X_FORWARDED_FOR, FORWARDED = "X-Forwarded-For", "Forwarded"

# RFC 7239, section 6: an IPv6 address stands in brackets; a port may follow.
_IPV4_PORT = re.compile(r"([0-9.]+)(?::[0-9]{1,5})?")
_IPV6_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?")

# RFC 7239, section 4. A quoted text with a comma, a semicolon or a backslash
# is not read: no address has one.
_PAIR = re.compile(
    r"""[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([^",; \t\\]+|"[^",;\\]*")[ \t]*"""
)


class ClientAddress:
    """Finds the address of the client.

    :param header: in which proxies write it; ``None``: only the peer of the
        connection counts.
    :param trusted: the proxies from which the header is accepted.
    """

    def __init__(
        self, header: str | None = None, trusted: tuple[Network, ...] = ()
    ) -> None:
        self._key = None if header is None else environ_key(header)
        self._trusted = trusted
        self._split = _SPLITS.get(header or "", _split_list)

    def find(self, environ: Mapping[str, Any]) -> Address | None:
        """Give the address; ``None`` where the peer has none, as on a unix
        socket.
        """
        address = read_address(environ.get("REMOTE_ADDR") or "")
        if self._key is None or address is None:
            return address
        # Each proxy adds the address of its peer at the end. What stands
        # before the address of a peer that is not trusted, anybody may have
        # written.
        for text in self._split(environ.get(self._key) or ""):
            if not is_among(str(address), self._trusted):
                break
            before = read_address(text)
            if before is None:
                break
            address = before
        return address


def read_address(text: str) -> Address | None:
    """Read an address, with or without a port; ``None`` for anything else."""
    text = text.strip(" \t")
    match = _IPV6_PORT.fullmatch(text) or _IPV4_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(match[1] if match else text)
    except ValueError:
        return None
    # RFC 4291, section 2.5.5.2: a server that listens on IPv6 and IPv4 sees
    # an IPv4 address with ::ffff: before it.
    return getattr(address, "ipv4_mapped", None) or address


def _split_list(value: str) -> Iterator[str]:
    """Give the items of X-Forwarded-For, the last one first."""
    return reversed(value.split(","))


def _split_forwarded(value: str) -> Iterator[str]:
    """Give what the elements of Forwarded (RFC 7239) say after ``for=``, the
    last one first; an empty text for an element that cannot be read.
    """
    return map(_for_of, reversed(value.split(",")))


def _for_of(element: str) -> str:
    found = []
    for pair in element.split(";"):
        match = _PAIR.fullmatch(pair)
        if match is None:
            return ""
        if match[1].lower() == "for":
            found.append(match[2].strip('"'))
    return found[0] if len(found) == 1 else ""


_SPLITS: dict[str, Callable[[str], Iterator[str]]] = {
    X_FORWARDED_FOR: _split_list,
    FORWARDED: _split_forwarded,
}
