"""What the settings of each authenticator of the library's own can tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..authenticators.basic import Check
from ..policy.carriers import Carriers
from .row import PREFIX, Group
from .setup import Setup


@dataclass(frozen=True, slots=True)
class Shared:
    """What several authenticators are made with, beside their own settings.

    :ivar carriers: how sessions travel.
    :ivar realm: for challenges.
    :ivar leeway: seconds, for times that another issuer wrote.
    :ivar is_ours: tells session tokens from those of another issuer;
        ``None`` where they do not come under one scheme.
    :ivar claims_limit: the most bytes of the claims of another issuer;
        ``None`` where no session token has to hold them.
    :ivar throttled: puts a limit to the failures of a check.
    """

    carriers: Carriers
    realm: str
    leeway: int
    is_ours: Callable[[str], bool] | None
    claims_limit: int | None
    throttled: Callable[[Check], Check]


@dataclass(frozen=True, slots=True)
class BuiltIn(Group, ABC):
    """The settings of an authenticator that ships with the library."""

    def faults(self, names: Collection[str]) -> Iterator[str]:
        """Tell which settings contradict each other, also where the
        authenticator is not listed.

        :param names: of the authenticators that are listed.
        """
        yield from ()

    def lacks(self) -> Iterator[str]:
        """Tell which settings the authenticator needs and lacks."""
        yield from ()

    def needs(self, what: str) -> str:
        """Write that the authenticator needs something."""
        return f"{PREFIX}authenticators: {self.group!r} needs {what}"

    @abstractmethod
    def make(self, setup: Setup, shared: Shared) -> Any:
        """Make the authenticator; ``None`` at a fault, which is told."""
