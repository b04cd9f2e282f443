"""Sessions: issue, redeem, renew, judge.

What is swappable is looked up in the registry when it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import clock
from ..errors import (
    REASON_EXPIRED,
    ClaimsError,
    InvalidCredential,
    SessionTokenError,
)
from ..expiry import LONGEST
from ..identity.claims import freeze_claims
from ..identity.identity import Identity
from ..identity.ticket import Ticket, new_id
from ..identity.userid import check_userid
from ..interfaces import EXPIRED, RENEW, VALID, IExpiryPolicy, Verdict
from .forms import Decoded, Form
from .remaining import renewal, session_end, token_end
from .revocation import Revocations

#: RFC 8176 has names for these; others go by the authenticator's own name.
AMR = {"basic": "pwd", "client_certificate": "hwk"}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and what its client needs to know (RFC 6749, section 5.1).

    :ivar expires_in: seconds until the token dies unless it is renewed.
    :ivar session_expires_in: seconds until the session ends for good.
    :ivar ticket: what the token says.
    """

    access_token: str
    token_type: str
    expires_in: int
    session_expires_in: int
    ticket: Ticket

    def __repr__(self) -> str:
        return f"<IssuedToken {self.token_type} for session {self.ticket.sid}>"

    def as_dict(self) -> dict[str, Any]:
        """Give the fields of the token endpoint's JSON."""
        return {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "session_expires_in": self.session_expires_in,
        }


#: A token that is accepted now: its ticket, the reference that it is or holds
#: (``None`` where it is self-contained), and ``VALID`` or ``RENEW``.
Redeemed = tuple[Ticket, str | None, Verdict]


class Sessions:
    """The sessions that travel in one carrier, in one form.

    :param registry: where ``IClock`` and ``IExpiryPolicy`` are looked up.
    :param token_type: what tokens are called.
    :param revocations: what may end sessions early.
    """

    def __init__(
        self,
        registry: Any,
        form: Form,
        token_type: str,
        revocations: Revocations | None = None,
    ) -> None:
        self._revocations = revocations
        self._registry = registry
        self._form = form
        self._token_type = token_type

    def issue(
        self,
        identity: Identity,
        *,
        persistent: bool = False,
        device: Mapping[str, str] | None = None,
        thumbprint: str | None = None,
    ) -> IssuedToken:
        """Begin a session.

        :param thumbprint: of the certificate that it is bound to.
        :raises ClaimsError: for an identity that no token can carry.
        :raises SessionTokenError: where the expiry policy makes it longer
            than 400 days.
        """
        now = self._now()
        if identity.userid is None:
            raise ClaimsError("a session needs a userid")
        userid = check_userid(identity.userid)
        times = self._expiry.begin(now, identity, persistent)
        if times.session_end > now + LONGEST:
            raise SessionTokenError(
                "the expiry policy begins a session of more than 400 days:"
                " what ends a session early is remembered no longer"
            )
        auth_time = now
        if self._revocations is not None:
            auth_time = self._revocations.first_auth_time(userid, now)
        ticket = Ticket(
            userid=userid,
            sid=new_id(),
            iat=times.iat,
            exp=times.exp,
            auth_time=auth_time,
            session_end=times.session_end,
            amr=tuple(
                AMR.get(name, name) for name in identity.authenticator.split()
            ),
            claims=freeze_claims(identity.claims),
            persistent=persistent,
            device=freeze_claims(device or {}),
            thumbprint=thumbprint,
        )
        return self._issued(self._form.encode(ticket), ticket, now)

    def read(self, text: str) -> Decoded:
        """Give the ticket of a token, whether or not its time is now.

        :raises InvalidCredential: for a text that is no token of ours.
        """
        return self._form.decode(text)

    def redeem(self, text: str) -> Redeemed:
        """Give the ticket of a token that is accepted now.

        :raises InvalidCredential: with the reason ``errors.REASON_EXPIRED``
            where only the time is wrong.
        """
        ticket, reference = self._form.decode(text)
        verdict = self.verdict_of(ticket)
        if verdict is VALID or verdict is RENEW:
            return ticket, reference, verdict
        if verdict is EXPIRED:
            raise InvalidCredential(REASON_EXPIRED, ticket)
        raise InvalidCredential("it is from the future")

    def renew(
        self, ticket: Ticket, reference: str | None
    ) -> IssuedToken | None:
        """Let a session go on: same session, same end, a new token.

        :param reference: of the token that is renewed, if it was one.
        :return: ``None`` where the session was ended, or renewed by another
            request, meanwhile.
        """
        now = self._now()
        times = self._expiry.renew(ticket, now)
        renewed = replace(
            ticket,
            iat=times.iat,
            exp=times.exp,
            session_end=_prolonged(ticket, times.session_end),
        )
        text = self._form.renew(reference, renewed)
        if text is None:
            return None
        return self._issued(text, renewed, now)

    def as_it_is(self, ticket: Ticket, text: str) -> IssuedToken:
        """Tell of a token that is at hand."""
        return self._issued(text, ticket, self._now())

    def exchange(self, ticket: Ticket) -> IssuedToken:
        """Give a session that travels elsewhere a token in this form."""
        now = self._now()
        times = self._expiry.renew(ticket, now)
        renewed = replace(ticket, iat=times.iat, exp=times.exp)
        return self._issued(self._form.encode(renewed), renewed, now)

    def verdict_of(self, ticket: Ticket) -> Verdict:
        """Judge a ticket by the time of now."""
        now = clock.now(self._registry)
        policy = self._registry.utilities.lookup((), IExpiryPolicy)
        verdict: Verdict = policy.judge(ticket, now)
        return verdict

    def remaining(self, ticket: Ticket) -> dict[str, int | None]:
        """Tell what is left, in seconds: until the token dies, until the
        session ends, and until a use renews the token (``None``: never).
        """
        now, policy = self._now(), self._expiry
        due = renewal(policy, ticket, now)
        return {
            "expires_in": token_end(policy, ticket, now) - now,
            "session_expires_in": session_end(policy, ticket, now) - now,
            "renews_in": None if due is None else due - now,
        }

    def _issued(self, text: str, ticket: Ticket, now: int) -> IssuedToken:
        policy = self._expiry
        return IssuedToken(
            access_token=text,
            token_type=self._token_type,
            expires_in=token_end(policy, ticket, now) - now,
            session_expires_in=session_end(policy, ticket, now) - now,
            ticket=ticket,
        )

    def _now(self) -> int:
        return clock.now(self._registry)

    @property
    def _expiry(self) -> Any:
        return self._registry.getUtility(IExpiryPolicy)


def _prolonged(ticket: Ticket, end: int) -> int:
    """Give the end that an expiry policy of the application's own puts off,
    but not past the longest session.
    """
    return min(end, max(ticket.session_end, ticket.auth_time + LONGEST))
