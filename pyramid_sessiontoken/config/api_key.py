"""``api_key.*``: keys of an API in a header of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..authenticators.schemes import environ_key
from .built_in import BuiltIn, Shared
from .kinds import CALLABLE, HEADER, Named
from .row import PREFIX, setting
from .setup import Setup

if TYPE_CHECKING:
    from ..authenticators.api_key import ApiKeyAuthenticator


@dataclass(frozen=True, slots=True)
class ApiKeySettings(BuiltIn):
    """API keys."""

    header: str = setting(HEADER, "X-Api-Key", "The header with the API key.")
    check: Named | None = setting(
        CALLABLE,
        None,
        "(key, request): None or False refuses; a userid, or claims with sub.",
    )

    def lacks(self) -> Iterator[str]:
        if self.check is None:
            yield self.needs(self.row("check"))

    def place(self) -> tuple[Any, str]:
        return environ_key(self.header), self.row("header")

    def faults_of_header(self, token_header: str | None) -> Iterator[str]:
        """Tell whether the header holds something else as well.

        :param token_header: that of session tokens; ``None`` where the two
            authenticators are not both listed.
        """
        told = f"{self.row('header')}: {self.header}"
        # As they stand in the WSGI environ, where _ and - are one.
        place = environ_key(self.header)
        if place in ("HTTP_AUTHORIZATION", "HTTP_COOKIE"):
            yield (
                f"{told} holds other credentials; a key needs a header of its"
                " own"
            )
        elif token_header is not None and place == environ_key(token_header):
            yield f"{told} is {PREFIX}token.header, too"

    def make(self, setup: Setup, shared: Shared) -> ApiKeyAuthenticator | None:
        if self.check is None:
            return None
        from ..authenticators.api_key import ApiKeyAuthenticator

        return ApiKeyAuthenticator(self.check.value, self.header, self.group)
