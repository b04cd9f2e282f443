"""An access token that a user made for a program, in ``Authorization``."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..sessions.access_tokens import AccessTokens
from .bearer_scheme import BearerScheme
from .names import ACCESS_TOKEN
from .session import challenge_for_token
from .state import note_access_token


@implementer(IAuthenticator)
class AccessTokenAuthenticator:
    """Accept the access tokens of users, under the scheme ``Bearer`` (RFC
    6750).

    :param among: the authenticators under the same scheme.
    """

    name = ACCESS_TOKEN
    scheme = "Bearer"
    vary = ("Authorization",)
    ambient = False
    #: The throttle counts refused access tokens by address.
    counts_refusals = True
    #: A program shows it by itself.
    is_sign_in = False
    #: The claims transformer ran for the user who made it.
    is_transformed = False
    #: The stamp of the user is asked, as for a session.
    is_stamped = True
    #: Asks the repository itself, in a strict request.
    strict: AccessTokenAuthenticator

    def __init__(
        self, tokens: AccessTokens, realm: str, among: BearerScheme
    ) -> None:
        self._tokens = tokens
        self._realm = realm
        self._among = among

    def authenticate(self, request: Any) -> Identity | None:
        shown = self._among.shown_to(self.name, request)
        if shown is None:
            return None
        token = self._tokens.redeem(shown)
        self._tokens.note_use(token)
        note_access_token(request, token)
        return Identity(token.userid, token.claims, self.name)

    def challenge(self, request: Any) -> str | None:
        return challenge_for_token(
            request, self.name, self.scheme, self._realm
        )
