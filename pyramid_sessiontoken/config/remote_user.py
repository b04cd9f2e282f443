"""``remote_user.*``: a user whom the server or a proxy names."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..authenticators.remote_user import RemoteUserAuthenticator
from ..authenticators.trusted_place import Network, TrustedPlace
from .built_in import BuiltIn, Shared
from .kinds import HEADER
from .row import setting
from .setup import Setup
from .trusted_proxies import ENVIRON, NETWORKS, need_proxies


@dataclass(frozen=True, slots=True)
class RemoteUserSettings(BuiltIn):
    """A user whom the server or a proxy names."""

    environ: str = setting(
        ENVIRON,
        "REMOTE_USER",
        "Where the server names the user in the WSGI environ.",
    )
    header: str | None = setting(
        HEADER, None, "Where a trusted proxy names the user instead."
    )
    trusted_proxies: tuple[Network, ...] | None = setting(
        NETWORKS, None, "The proxies whose header is believed."
    )

    def faults(self, names: Collection[str]) -> Iterator[str]:
        if self.header is not None:
            yield from need_proxies(self, "header", self.trusted_proxies)

    def make(self, setup: Setup, shared: Shared) -> RemoteUserAuthenticator:
        if self.header is None:
            return RemoteUserAuthenticator(TrustedPlace(self.environ))
        proxies = self.trusted_proxies or ()
        return RemoteUserAuthenticator(
            TrustedPlace.of_header(self.header, proxies)
        )
