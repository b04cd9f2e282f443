"""Users whom another issuer signed out: its tokens, and the sessions that
began with them, have ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import REASON_ENDED, Ended, Expired, Malformed
from ..expiry import LONGEST
from .revocation import Revocations

if TYPE_CHECKING:
    from ..issuers.logout_token import SignOut

# Members of ``Ticket.began``.
_SESSION, _SUBJECT, _ISSUED = "iss_sid", "iss_sub", "iss_at"


class IssuerSignOuts:
    """The sign-outs of issuers, as marks in the repository.

    The mark of an issuer's session says that it ended. The mark of a user says
    up to which time what was issued has ended. They stay as long as a token,
    or a session that began with it, can live.

    :param issuers: those that tell of sign-outs.
    :param now: gives the time, whole seconds since the epoch.
    """

    def __init__(
        self,
        revocations: Revocations,
        issuers: frozenset[str],
        now: Callable[[], int],
    ) -> None:
        self._revocations = revocations
        self._issuers = issuers
        self._now = now

    def accept(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Accept the token of an issuer that did not sign its user out. Give
        the members of ``Ticket.began`` for a session that begins with it.

        :param claims: of the token, verified.
        :raises InvalidCredential: where its issuer did, or where a sign-out
            would be forgotten by now.
        """
        if "iat" not in claims:
            raise Malformed(
                "it has no 'iat', so a sign-out of its issuer cannot end it"
            )
        issued = math.floor(claims["iat"])
        if issued < self._now() - LONGEST:
            raise Expired(
                "its 'iat' is more than 400 days ago: a sign-out of its issuer"
                " would be forgotten by now"
            )
        session = claims.get("sid")
        began = self._began(
            claims["iss"],
            claims["sub"],
            session if type(session) is str else None,
            issued,
        )
        if self._revocations.is_signed_out(began):
            raise Ended(REASON_ENDED)
        return began

    def began_with(self, told: Any) -> dict[str, Any]:
        """Give the members of ``Ticket.began`` for a session that begins now.

        :param told: ``iss``, and ``sub`` or ``sid`` or both.
        :raises ValueError: for anything else, and for an issuer that tells of
            no sign-outs.
        """
        if (
            not isinstance(told, Mapping)
            or not {"iss"} < {*told} <= {"iss", "sub", "sid"}
            or not all(
                isinstance(text, str) and text for text in told.values()
            )
        ):
            raise ValueError(
                "issuer_session: iss, and sub or sid or both, are needed, as"
                " texts"
            )
        issuer = told["iss"]
        if issuer not in self._issuers:
            raise ValueError(
                f"issuer_session: no logout_path hears of {issuer!r}, which is"
                " the issuer of no bearer that has one"
            )
        return self._began(
            issuer, told.get("sub"), told.get("sid"), self._now()
        )

    def end(self, sign_out: SignOut) -> None:
        """End what an issuer's sign-out ends. To do it twice is no error."""
        names, revocations = self._revocations.names, self._revocations
        if sign_out.session is not None:
            key = names.issuer_session(sign_out.issuer, sign_out.session)
            revocations.end_marked(key)
        else:
            subject = str(sign_out.subject)
            key = names.issuer_subject(sign_out.issuer, subject)
            revocations.end_up_to(key, sign_out.time)

    def _began(
        self,
        issuer: str,
        subject: str | None,
        session: str | None,
        issued: int,
    ) -> dict[str, Any]:
        names, began = self._revocations.names, {}
        if session is not None:
            began[_SESSION] = names.issuer_session(issuer, session)
        if subject is not None:
            began[_SUBJECT] = names.issuer_subject(issuer, subject)
        return {**began, _ISSUED: issued}
