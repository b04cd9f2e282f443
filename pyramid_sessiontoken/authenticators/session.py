"""A session token in a request header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..errors import REASON_EXPIRED
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..sessions.shown import ShownToken
from .bearer_scheme import BearerScheme
from .certificate_binding import require_certificate
from .names import SESSION
from .schemes import challenge, credential_of, environ_key
from .state import find_state, note_token

#: The authenticator of the cookie, which has no scheme of its own.
COOKIE = "cookie"

Redeem = Callable[[str], ShownToken]


@implementer(IAuthenticator)
class SessionAuthenticator:
    """Redeem the session token that a header carries.

    :param redeem: gives the session of a token, or raises
        ``InvalidCredential``.
    :param scheme: in ``Authorization``. In another header the token stands
        alone.
    :param among: the authenticators under the same scheme; ``None`` where it
        is the only one.
    """

    name = SESSION
    ambient = False
    #: Asks the repository itself, in a strict request.
    strict: SessionAuthenticator

    def __init__(
        self,
        redeem: Redeem,
        scheme: str = "Session",
        header: str = "Authorization",
        realm: str = "session",
        among: BearerScheme | None = None,
    ) -> None:
        self._redeem = redeem
        self._realm = realm
        self._among = among
        self._environ_key = environ_key(header)
        self.vary = (header,)
        self.scheme = scheme if header.lower() == "authorization" else None

    def authenticate(self, request: Any) -> Identity | None:
        shown = request.environ.get(self._environ_key)
        if not shown:
            return None
        if self.scheme is not None:
            shown = credential_of(shown, self.scheme)
            if shown is None:
                return None
            among = self._among
            if among is not None and not among.is_for(
                self.name, request, shown
            ):
                return None
        token = self._redeem(shown)
        thumbprint = token.ticket.thumbprint
        if thumbprint is not None:
            require_certificate(request, thumbprint)
        note_token(request, token)
        return token.identity

    def challenge(self, request: Any) -> str | None:
        if self.scheme is None:
            return None
        return challenge_for_token(
            request, self.name, self.scheme, self._realm, expired=COOKIE
        )


def challenge_for_token(
    request: Any,
    name: str,
    scheme: str,
    realm: str,
    expired: str | None = None,
) -> str:
    """Write a challenge, with an error if a token was refused (RFC 6750,
    section 3.1). The client learns no reason but that its token expired.

    :param name: of the authenticator.
    :param expired: another authenticator, whose refusal is told if its token
        expired.
    """
    parameters = {"realm": realm}
    state = find_state(request)
    refusal = state.refusal(name) if state else None
    if refusal is None and state is not None and expired is not None:
        other = state.refusal(expired)
        if other is not None and other.reason == REASON_EXPIRED:
            refusal = other
    if refusal is not None:
        parameters["error"] = "invalid_token"
        if refusal.reason == REASON_EXPIRED:
            parameters["error_description"] = "The token expired"
    return challenge(scheme, parameters)
