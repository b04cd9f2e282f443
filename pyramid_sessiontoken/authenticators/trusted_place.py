"""Where the server, or a proxy in front of it, says something about a
request: one gate for all.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidCredential
from .schemes import environ_key

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What a proxy's header says where there is nothing to say; the latter is
#: how Apache's mod_headers writes a variable that is not set.
_NOTHING = ("", "(null)")


@dataclass(frozen=True, slots=True)
class Place:
    """A variable of the server's own in the WSGI environ, or a header, which
    anybody can send, and which is believed only from some peers.

    :ivar key: in the environ.
    :ivar header: the name of the header, ``None`` for a variable.
    :ivar trusted: from whom the header is believed.
    """

    key: str
    header: str | None = None
    trusted: tuple[Network, ...] = ()

    @classmethod
    def of_header(cls, header: str, trusted: tuple[Network, ...]) -> Place:
        return cls(environ_key(header), header, trusted)

    @property
    def vary(self) -> tuple[str, ...]:
        """The request headers that are looked at."""
        return () if self.header is None else (self.header,)

    def read(self, environ: Mapping[str, Any]) -> str | None:
        """Give what stands there, ``None`` for nothing.

        :raises InvalidCredential: for a header of somebody else.
        """
        value: str = environ.get(self.key) or ""
        if self.header is None:
            return value or None
        value = value.strip(" \t")
        if value in _NOTHING:
            return None
        # Who is connected, whatever X-Forwarded-For says.
        peer = environ.get("REMOTE_ADDR") or ""
        if not is_among(peer, self.trusted):
            raise InvalidCredential(
                f"the header {self.header!r} came from {peer!r}, which is no"
                " trusted proxy"
            )
        return value


def find_place(text: str, trusted: tuple[Network, ...]) -> Place:
    """Give the place that ``environ:NAME`` or ``header:NAME`` names."""
    kind, _, name = text.partition(":")
    return Place(name) if kind == "environ" else Place.of_header(name, trusted)


def is_among(address: str, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address is in some network; one that cannot be read,
    such as that of a unix socket, is in none.
    """
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    # RFC 4291, section 2.5.5.2: a server that listens on both sees ::ffff:
    # before an IPv4 address.
    mapped = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in network or mapped in network for network in networks)
