"""A session token in the cookie."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..cookies.jar import Jar
from ..errors import InvalidCredential, Undecodable
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import IAuthenticator
from .certificate_binding import require_certificate
from .names import COOKIE
from .session import Redeem
from .state import ShownToken, note_token

BEHIND_A_COMMA = (
    "it stands behind a comma in the Cookie header, where it is not read: the"
    " server joins several Cookie lines of a proxy, which must send one, with"
    " the cookies separated by semicolons (RFC 9113, section 8.2.3)"
)


@implementer(IAuthenticator)
class CookieAuthenticator:
    """Redeem the session token that the cookie carries.

    :param redeem: gives the session of a token, or raises
        ``InvalidCredential``.
    """

    name = COOKIE
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
        undecodable = "one of its chunks is missing"
        refused: str | None = None
        expired: Ticket | None = None
        for value in shown.values:
            try:
                ticket, reference, verdict = self._redeem(value)
                if ticket.thumbprint is not None:
                    require_certificate(request, ticket.thumbprint)
            except Undecodable as error:
                undecodable = error.reason
            except InvalidCredential as error:
                refused, expired = error.reason, error.ticket
            else:
                token = ShownToken(
                    self.name, ticket, reference, value, verdict
                )
                note_token(request, token)
                return Identity(
                    ticket.userid, ticket.claims, self.name, ticket
                )
        # New exceptions: a kept one would hold its frames, and the request.
        if refused is None and shown.is_joined:
            # It may be genuine, so it is not deleted.
            raise InvalidCredential(BEHIND_A_COMMA)
        if refused is None and not shown.is_cut_off:
            raise Undecodable(undecodable)
        many = "the Cookie header contains it too often"
        raise InvalidCredential(refused or many, expired)

    def challenge(self, request: Any) -> str | None:
        return None
