"""Where the server, or a proxy in front of it, says something about a
request: shared by ``client_certificate`` and ``remote_user``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UntrustedProxy
from .schemes import environ_key

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The values of a header in which a proxy says nothing. Apache's mod_headers
#: writes the second one for a variable that is not set.
_NOTHING = ("", "(null)")


@dataclass(frozen=True, slots=True)
class TrustedPlace:
    """A variable of the server in the WSGI environ, or a request header. Any
    client can send a header, so it is accepted only from trusted peers.

    :ivar key: in the environ.
    :ivar header: the name of the header, ``None`` for a variable.
    :ivar trusted: the peers from which the header is accepted.
    """

    key: str
    header: str | None = None
    trusted: tuple[Network, ...] = ()

    @classmethod
    def of_header(
        cls, header: str, trusted: tuple[Network, ...]
    ) -> TrustedPlace:
        return cls(environ_key(header), header, trusted)

    @property
    def vary(self) -> tuple[str, ...]:
        """The request headers that are read."""
        return () if self.header is None else (self.header,)

    def read(self, environ: Mapping[str, Any]) -> str | None:
        """Give the value at this place, ``None`` for an empty one.

        :raises InvalidCredential: for a header from a peer that is not
            trusted.
        """
        value: str = environ.get(self.key) or ""
        if self.header is None:
            return value or None
        value = value.strip(" \t")
        if value in _NOTHING:
            return None
        # The peer of the connection. X-Forwarded-For is not read.
        peer = environ.get("REMOTE_ADDR") or ""
        if not is_among(peer, self.trusted):
            raise UntrustedProxy(
                f"the header {self.header!r} came from {peer!r}, which is no"
                " trusted proxy (trusted_proxies)"
            )
        return value


def find_place(text: str, trusted: tuple[Network, ...]) -> TrustedPlace:
    """Give the place that ``environ:NAME`` or ``header:NAME`` names."""
    kind, _, name = text.partition(":")
    if kind == "environ":
        return TrustedPlace(name)
    return TrustedPlace.of_header(name, trusted)


def is_among(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address is in one of some networks. A text that is no
    address, as on a unix socket, is in no network.
    """
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    # RFC 4291, section 2.5.5.2: a server that listens on IPv6 and IPv4 sees
    # an IPv4 address with ::ffff: before it.
    mapped = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in network or mapped in network for network in networks)
