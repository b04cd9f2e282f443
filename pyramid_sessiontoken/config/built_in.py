"""What the settings of each authenticator of the library's own can tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..authenticators.bearer_scheme import BearerScheme
from ..authenticators.passwords import Passwords
from ..policy.carriers import Carriers
from .row import PREFIX, Group
from .setup import Setup

if TYPE_CHECKING:
    from ..sessions.access_tokens import AccessTokens
    from ..sessions.issuer_signouts import IssuerSignOuts


@dataclass(frozen=True, slots=True)
class Shared:
    """What several authenticators are made with, beside their own settings.

    :ivar carriers: how sessions travel.
    :ivar realm: for challenges.
    :ivar leeway: seconds, for times that another issuer wrote.
    :ivar bearers: the authenticators under the scheme ``Bearer``.
    :ivar has_scheme_of_bearer: whether session tokens come under it, too, and
        are not the only ones.
    :ivar issuers: how many authenticators have an issuer.
    :ivar writes_references: whether no session token has to hold the claims
        of another issuer.
    :ivar passwords: what checks passwords, by the name of the group that says
        how.
    :ivar signouts: what other issuers ended; ``None`` where none tells of it.
    :ivar issuer_keys: the keys of other issuers that were made, by the name of
        the group.
    :ivar access_tokens: those in the repository; ``None`` where they are not
        accepted.
    """

    carriers: Carriers
    realm: str
    leeway: int
    bearers: BearerScheme
    has_scheme_of_bearer: bool
    issuers: Mapping[str | None, int]
    writes_references: bool
    passwords: Mapping[str, Passwords]
    access_tokens: AccessTokens | None
    signouts: IssuerSignOuts | None
    issuer_keys: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuiltIn(Group, ABC):
    """The settings of an authenticator that ships with the library."""

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        """Tell which settings contradict each other, also where the
        authenticator is not listed.

        :param names: of the authenticators that are listed; for each the
            shipped one that it is.
        """
        yield from ()

    def lacks(self) -> Iterator[str]:
        """Tell which settings the authenticator needs and lacks."""
        yield from ()

    def needs(self, what: str) -> str:
        """Write that the authenticator needs something."""
        return f"{PREFIX}authenticators: {self.group!r} needs {what}"

    def place(self) -> tuple[Any, str] | None:
        """Give what tells its credentials from those of another authenticator
        of the same kind, and the key of the setting that says it; ``None``
        where it has no such setting.
        """
        return None

    @abstractmethod
    def make(self, setup: Setup, shared: Shared) -> Any:
        """Make the authenticator; ``None`` at a fault, which is told."""
