"""The session in the cookie."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..cookies.jar import Jar
from ..errors import InvalidCredential, Undecodable
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import IAuthenticator
from .certificate_binding import require_certificate
from .session import Redeem
from .state import ShownToken, note_token

BEHIND_A_COMMA = (
    "it stands behind a comma in the Cookie header, where it is not read: the"
    " server joins several Cookie lines of a proxy, which must send one, with"
    " the cookies separated by semicolons (RFC 9113, section 8.2.3)"
)


@implementer(IAuthenticator)
class CookieAuthenticator:
    """Redeem what the cookie carries.

    :param redeem: gives what a cookie says, or raises ``InvalidCredential``.
    """

    name = "cookie"
    scheme = None
    vary = ("Cookie",)
    ambient = True

    def __init__(self, redeem: Redeem, jar: Jar) -> None:
        self._redeem = redeem
        self._jar = jar

    def authenticate(self, request: Any) -> Identity | None:
        shown = self._jar.read(request.environ)
        if shown is None:
            return None
        ended: str | None = None
        expired: Ticket | None = None
        reason = "a part of it is missing"
        for value in shown.values:
            try:
                ticket, reference, verdict = self._redeem(value)
                if ticket.thumbprint is not None:
                    require_certificate(request, ticket.thumbprint)
            except Undecodable as error:
                # A name that comes twice: the one that verifies.
                reason = error.reason
            except InvalidCredential as error:
                ended, expired = error.reason, error.ticket
            else:
                token = ShownToken(
                    self.name, ticket, reference, value, verdict
                )
                note_token(request, token)
                return Identity(
                    ticket.userid, ticket.claims, self.name, ticket
                )
        if ended is None and shown.is_joined:
            # Genuine, as far as anybody can tell: it is not deleted.
            raise InvalidCredential(BEHIND_A_COMMA)
        # New ones: a kept exception holds its frames, and they the request.
        if ended is not None or shown.is_cut_off:
            raise InvalidCredential(
                ended or "it comes too often to be read", expired
            )
        raise Undecodable(reason)

    def challenge(self, request: Any) -> str | None:
        return None
