"""A session token in the cookie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from ..cookies.jar import Jar
from ..errors import REASON_EXPIRED, InvalidCredential, Undecodable
from ..identity.identity import Identity
from ..interfaces import EXPIRED, IAuthenticator
from .certificate_binding import require_certificate
from .names import COOKIE
from .session import Redeem
from .state import ShownToken, note_beside, note_token

BEHIND_A_COMMA = (
    "it stands behind a comma in the Cookie header, where it is not read: the"
    " server joins several Cookie lines of a proxy, which must send one, with"
    " the cookies separated by semicolons (RFC 9113, section 8.2.3)"
)


@implementer(IAuthenticator)
class CookieAuthenticator:
    """Redeem the session token that the cookie carries.

    A browser sends one name twice where the path or the domain of the cookie
    changed. Of several genuine cookies the session counts that was signed in
    last, and of one session the copy that was renewed last. So a cookie that
    no sign-in and no sign-out reaches brings no earlier user back.

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
        genuine, refused, undecodable = self._redeem_all(request, shown.values)
        if genuine:
            return self._last(request, genuine)
        # New exceptions: a kept one would hold its frames, and the request.
        if refused is None and shown.is_joined:
            # It may be genuine, so it is not deleted.
            raise InvalidCredential(BEHIND_A_COMMA)
        if refused is None and not shown.is_cut_off:
            raise Undecodable(undecodable)
        many = "the Cookie header contains it too often"
        raise InvalidCredential(refused or many)

    def _redeem_all(
        self, request: Any, values: Iterable[str]
    ) -> tuple[list[ShownToken], str | None, str]:
        """Give the genuine tokens, also those that expired; the reason of the
        last refusal, if there is one; and why a value cannot be decoded.
        """
        genuine: list[ShownToken] = []
        refused: str | None = None
        undecodable = "one of its chunks is missing"
        for value in values:
            try:
                ticket, reference, verdict = self._redeem(value)
                if ticket.thumbprint is not None:
                    require_certificate(request, ticket.thumbprint)
            except Undecodable as error:
                undecodable = error.reason
                continue
            except InvalidCredential as error:
                refused = error.reason
                if error.ticket is None:
                    continue
                ticket, reference, verdict = error.ticket, None, EXPIRED
            genuine.append(
                ShownToken(self.name, ticket, reference, value, verdict)
            )
        return genuine, refused, undecodable

    def _last(self, request: Any, genuine: list[ShownToken]) -> Identity:
        """Give the identity of the session that was signed in last.

        :raises InvalidCredential: where it expired.
        """
        last = genuine[0]
        if len(genuine) > 1:
            last = max(reversed(genuine), key=_signed_in)
            note_beside(request, [t for t in genuine if t is not last])
        ticket = last.ticket
        if last.verdict is EXPIRED:
            raise InvalidCredential(REASON_EXPIRED, ticket)
        note_token(request, last)
        return Identity(ticket.userid, ticket.claims, self.name, ticket)

    def challenge(self, request: Any) -> str | None:
        return None


def _signed_in(shown: ShownToken) -> tuple[int, int, bool]:
    ticket = shown.ticket
    return ticket.auth_time, ticket.iat, shown.verdict is not EXPIRED
