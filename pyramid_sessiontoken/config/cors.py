"""``cors.*``: pages of other origins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

from ..policy.cors import Cors
from .kinds import Kind, read_list
from .row import Group, setting

# What a browser writes (RFC 6454, section 6.2): in lower case, in ASCII.
_LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_HOST = rf"{_LABEL}(\.{_LABEL})*|\[(?P<address>[0-9a-f:.]+)\]"
_ORIGIN = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://({_HOST})(:(?P<port>[1-9][0-9]{{0,4}}))?"
)

_STANDARD_PORTS = {"http": "80", "https": "443"}


def read_origins(value: Any) -> tuple[str, ...]:
    """Read origins as browsers write them; no pattern is one."""
    origins = read_list(value)
    for origin in origins:
        match = _ORIGIN.fullmatch(origin)
        if match is None or not _has_host(match["address"]):
            raise ValueError(
                f"{origin!r} is no origin as browsers write it: a scheme and a"
                " host in lower case, no path, no slash at the end"
            )
        port = match["port"]
        if port and port == _STANDARD_PORTS.get(match["scheme"]):
            raise ValueError(
                f"{origin!r}: browsers leave out :{port}, which is the"
                " standard port"
            )
    return origins


def _has_host(address: str | None) -> bool:
    """Tell whether what stands in brackets is an address; ``None`` for a host
    without brackets.
    """
    if address is None:
        return True
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


ORIGINS = Kind(
    "origins: https://app.example http://localhost:3000", read_origins
)


@dataclass(frozen=True, slots=True)
class CorsSettings(Group):
    """Pages of other origins."""

    origins: tuple[str, ...] | None = setting(
        ORIGINS,
        None,
        "Origins whose pages may use the library's own routes: preflights are"
        " answered there, and scripts may read the answers. Credentials come"
        " in headers; cookies of other origins never count.",
    )

    def make(
        self, request_headers: Iterable[str], renewal_header: str | None
    ) -> Cors | None:
        """Give ``None`` where no other origin may.

        :param request_headers: those of the authenticators.
        :param renewal_header: the response header with a renewed token.
        """
        if self.origins is None:
            return None
        exposed = ("WWW-Authenticate", "Retry-After")
        return Cors(
            frozenset(self.origins),
            _join(
                "Authorization",
                "Content-Type",
                *request_headers,
                "Session-Slide",
            ),
            _join(*filter(None, (renewal_header,)), *exposed),
        )


def _join(*names: str) -> str:
    """Write names of headers, each once; upper and lower case are equal."""
    once: dict[str, str] = {}
    for name in names:
        once.setdefault(name.lower(), name)
    return ", ".join(once.values())
