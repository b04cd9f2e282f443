"""A session token in the cookie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from ..cookies.jar import Jar
from ..errors import (
    REASON_EXPIRED,
    Expired,
    InvalidCredential,
    Malformed,
    Undecodable,
)
from ..identity.identity import Identity, identity_of
from ..interfaces import EXPIRED, IAuthenticator
from ..sessions.shown import ShownToken
from .certificate_binding import require_certificate
from .names import COOKIE
from .once import Once
from .session import Redeem
from .state import note_beside, note_token

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
    #: Asks the repository itself, in a strict request.
    strict: CookieAuthenticator

    def __init__(self, redeem: Redeem, jar: Jar) -> None:
        self._redeem = redeem
        self._jar = jar
        self._told = Once()

    def authenticate(self, request: Any) -> Identity | None:
        shown = self._jar.read(request.environ)
        if shown is None:
            return None
        genuine, refused, undecodable = self._redeem_all(request, shown.values)
        if genuine:
            token = genuine[0]
            if len(genuine) > 1:
                token = _last(request, genuine)
            if token.verdict is EXPIRED:
                is_told = self._told.is_told(REASON_EXPIRED, token.text)
                raise Expired(REASON_EXPIRED, token.ticket, is_told=is_told)
            note_token(request, token)
            return token.identity
        # New exceptions: a kept one would hold its frames, and the request.
        if refused is None and shown.is_joined:
            # It may be genuine, so it is not deleted.
            raise Malformed(BEHIND_A_COMMA)
        if refused is None and not shown.is_cut_off:
            raise Undecodable(undecodable)
        if refused is None:
            raise Malformed("the Cookie header contains it too often")
        reason, code, about = refused
        # The browser sends it again and again.
        is_told = self._told.is_told(reason, *shown.values)
        raise InvalidCredential(
            reason, code=code, about=about, is_told=is_told
        )

    def _redeem_all(
        self, request: Any, values: Iterable[str]
    ) -> tuple[list[ShownToken], tuple[str, str, Any] | None, str]:
        """Give the genuine tokens, also those that expired; the reason, the
        code and the user of the last refusal, if there is one; and why a value
        cannot be decoded.
        """
        genuine: list[ShownToken] = []
        refused: tuple[str, str, Any] | None = None
        undecodable = "one of its chunks is missing"
        for value in values:
            try:
                token = self._redeem(value)
                thumbprint = token.ticket.thumbprint
                if thumbprint is not None:
                    require_certificate(request, thumbprint)
            except Undecodable as error:
                undecodable = error.reason
                continue
            except InvalidCredential as error:
                refused = error.reason, error.code, error.about
                ticket = error.ticket
                if ticket is None:
                    continue
                identity = identity_of(ticket, self.name)
                token = ShownToken(identity, ticket, None, value, EXPIRED)
            genuine.append(token)
        return genuine, refused, undecodable

    def challenge(self, request: Any) -> str | None:
        return None


def _last(request: Any, genuine: list[ShownToken]) -> ShownToken:
    """Give the token of the session that was signed in last; note the others
    as beside it.
    """
    last = max(reversed(genuine), key=_signed_in)
    note_beside(request, [t for t in genuine if t is not last])
    return last


def _signed_in(shown: ShownToken) -> tuple[int, int, bool]:
    ticket = shown.ticket
    return ticket.auth_time, ticket.iat, shown.verdict is not EXPIRED
