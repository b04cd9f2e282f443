"""``remote_user.*``: a user whom the server or a proxy names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..authenticators.trusted_place import Network, TrustedPlace
from .built_in import BuiltIn, Shared
from .kinds import HEADER
from .row import setting
from .setup import Setup
from .trusted_proxies import ENVIRON, NETWORKS, need_proxies

if TYPE_CHECKING:
    from ..authenticators.remote_user import RemoteUserAuthenticator


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

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        if self.header is not None:
            yield from need_proxies(self, "header", self.trusted_proxies)

    def place(self) -> tuple[Any, str]:
        row = "environ" if self.header is None else "header"
        return self._place.key, self.row(row)

    @property
    def _place(self) -> TrustedPlace:
        if self.header is None:
            return TrustedPlace(self.environ)
        proxies = self.trusted_proxies or ()
        return TrustedPlace.of_header(self.header, proxies)

    def make(self, setup: Setup, shared: Shared) -> RemoteUserAuthenticator:
        from ..authenticators.remote_user import RemoteUserAuthenticator

        return RemoteUserAuthenticator(self._place, self.group)
