"""A token of another issuer in ``Authorization`` (RFC 6750)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..issuers.claims import ClaimsMapping
from ..issuers.tokens import ForeignTokens
from ..issuers.verifying_key import is_hmac
from .schemes import credential_of
from .session import challenge_for_token


@implementer(IAuthenticator)
class BearerAuthenticator:
    """Accept the tokens of another issuer.

    :param now: gives the time, whole seconds since the epoch.
    :param is_ours: tells whether a text is a session token, where those come
        under the same scheme; ``None`` where they come under another one.
    """

    name = "bearer"
    scheme = "Bearer"
    vary = ("Authorization",)
    ambient = False

    def __init__(
        self,
        tokens: ForeignTokens,
        mapping: ClaimsMapping,
        now: Callable[[], int],
        realm: str = "session",
        is_ours: Callable[[str], bool] | None = None,
    ) -> None:
        self._tokens = tokens
        self._mapping = mapping
        self._now = now
        self._realm = realm
        self._is_ours = is_ours

    def authenticate(self, request: Any) -> Identity | None:
        value = request.environ.get("HTTP_AUTHORIZATION")
        shown = credential_of(value, self.scheme) if value else None
        if shown is None:
            return None
        if self._is_ours is not None and self._is_ours(shown):
            return None
        claims = self._tokens.read(shown, self._now())
        return self._mapping.identity(claims, self.name)

    def secrets(self) -> list[bytes]:
        """Give the secret keys of the issuer, for HMAC, that are known now."""
        return [
            key.octets
            for key in self._tokens.keys
            if is_hmac((key.algorithm,))
        ]

    def challenge(self, request: Any) -> str | None:
        return challenge_for_token(
            request, self.name, self.scheme, self._realm
        )
