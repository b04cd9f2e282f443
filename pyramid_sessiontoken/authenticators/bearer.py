"""A token of another issuer in ``Authorization`` (RFC 6750)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..issuers.claims import ClaimsMapping
from ..issuers.tokens import ForeignTokens, sign_in_time
from ..keys.algorithms import is_hmac
from ..sessions.issuer_signouts import IssuerSignOuts
from .bearer_scheme import BearerScheme
from .session import challenge_for_token
from .state import note_began, note_time


@implementer(IAuthenticator)
class BearerAuthenticator:
    """Accept the tokens of another issuer.

    :param now: gives the time, whole seconds since the epoch.
    :param among: the authenticators under the same scheme.
    :param signouts: the sign-outs of the issuer; ``None`` if it does not tell
        of them.
    """

    scheme = "Bearer"
    vary = ("Authorization",)
    ambient = False
    #: The token says when the user signed in.
    is_sign_in = False

    def __init__(  # noqa: PLR0913
        self,
        tokens: ForeignTokens,
        mapping: ClaimsMapping,
        now: Callable[[], int],
        *,
        realm: str,
        among: BearerScheme,
        name: str = "bearer",
        signouts: IssuerSignOuts | None = None,
    ) -> None:
        self._signouts = signouts
        self.name = name
        self._tokens = tokens
        self._mapping = mapping
        self._now = now
        self._realm = realm
        self._among = among

    def authenticate(self, request: Any) -> Identity | None:
        shown = self._among.shown_to(self.name, request)
        if shown is None:
            return None
        now = self._now()
        claims = self._tokens.read(shown, now)
        if self._signouts is not None:
            note_began(request, self.name, self._signouts.accept(claims))
        note_time(request, self.name, sign_in_time(claims, now))
        return self._mapping.identity(claims, self.name)

    def issuer_secrets(self) -> list[bytes]:
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
