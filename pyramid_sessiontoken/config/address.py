"""``address.*``: where the address of a client stands behind proxies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..authenticators.client_address import (
    FORWARDED,
    X_FORWARDED_FOR,
    ClientAddress,
)
from ..authenticators.trusted_place import Network
from .kinds import one_of
from .row import Group, setting
from .trusted_proxies import NETWORKS, need_proxies


@dataclass(frozen=True, slots=True)
class AddressSettings(Group):
    """Where the address of a client stands behind proxies."""

    header: str | None = setting(
        one_of(X_FORWARDED_FOR, FORWARDED),
        None,
        "Where proxies write the address of the client, for the throttle and"
        " the devices of sessions; without it, REMOTE_ADDR is the client's."
        " REMOTE_ADDR itself stays as it is.",
    )
    trusted_proxies: tuple[Network, ...] | None = setting(
        NETWORKS,
        None,
        "The proxies whose header is believed. The client's address is the"
        " last one in the header that is not of these proxies.",
    )

    def faults(self) -> Iterator[str]:
        """Tell which settings contradict each other."""
        if self.header is not None:
            yield from need_proxies(self, "header", self.trusted_proxies)

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        if self.header is None and self.trusted_proxies is not None:
            yield (
                f"{self.row('trusted_proxies')} does nothing without"
                f" {self.row('header')}"
            )

    def make(self) -> ClientAddress:
        return ClientAddress(self.header, self.trusted_proxies or ())
