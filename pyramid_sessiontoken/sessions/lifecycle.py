"""Sessions: issue, redeem, renew and judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import clock
from ..errors import (
    REASON_EXPIRED,
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
)
from ..expiry import LONGEST
from ..identity.claims import freeze_claims
from ..identity.identity import Identity
from ..identity.ticket import MOST_AHEAD, Ticket, new_id
from ..identity.userid import Userid
from ..interfaces import EXPIRED, RENEW, VALID, IExpiryPolicy, Verdict
from .forms import Decoded, Form
from .remaining import renewal, session_end, token_end
from .revocation import Revocations

#: The names of RFC 8176 for authenticators. An authenticator that has none
#: there goes by its own name.
AMR = {"basic": "pwd", "client_certificate": "hwk"}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and what its client needs to know (RFC 6749, section 5.1).

    :ivar expires_in: seconds until the token expires unless it is renewed.
    :ivar session_expires_in: seconds until the session ends for good.
    :ivar ticket: the user and the times that the token stands for.
    """

    access_token: str
    token_type: str
    expires_in: int
    session_expires_in: int
    ticket: Ticket

    def __repr__(self) -> str:
        return f"<IssuedToken {self.token_type} for session {self.ticket.sid}>"

    def as_dict(self) -> dict[str, Any]:
        """Give the members of the JSON that the token endpoint answers."""
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
    :param token_type: as clients are told (RFC 6749, section 5.1).
    :param revocations: ``None`` where revocation is off.
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

        :param thumbprint: of the certificate to which it is bound.
        :raises ClaimsError: for an identity that no token can carry.
        :raises SessionTokenError: if the expiry policy makes it longer than
            400 days.
        """
        now = self._now()
        if identity.userid is None:
            raise ClaimsError("a session needs a userid")
        userid = identity.userid
        times = self._expiry.begin(now, identity, persistent)
        if times.session_end > now + LONGEST:
            raise SessionTokenError(
                "the expiry policy begins a session of more than 400 days:"
                " the end of a session is remembered no longer than that"
            )
        ticket = Ticket(
            userid=userid,
            sid=new_id(),
            iat=times.iat,
            exp=times.exp,
            auth_time=self._auth_time(userid, now),
            session_end=times.session_end,
            amr=_amr(identity),
            claims=freeze_claims(identity.claims),
            persistent=persistent,
            device=freeze_claims(device or {}),
            thumbprint=thumbprint,
        )
        return self._issued(self._form.encode(ticket), ticket, now)

    def read(self, text: str) -> Decoded:
        """Give the ticket of a token, also if it has expired.

        :raises InvalidCredential: for a text that is no token of ours, and
            for a session that was ended.
        """
        return self._form.decode(text)

    def redeem(self, text: str) -> Redeemed:
        """Give the ticket of a token that is accepted now.

        :raises InvalidCredential: for any other text. The reason is
            ``errors.REASON_EXPIRED`` if the token was good and has expired.
        """
        ticket, reference = self._form.decode(text)
        verdict = self.verdict_of(ticket)
        if verdict is VALID or verdict is RENEW:
            return ticket, reference, verdict
        if verdict is EXPIRED:
            raise InvalidCredential(REASON_EXPIRED, ticket)
        raise InvalidCredential(
            "its iat is later than now: compare the clocks of the servers, or"
            " raise sessiontoken.expiry.clock_skew"
        )

    def renew(
        self, ticket: Ticket, reference: str | None
    ) -> IssuedToken | None:
        """Let a session go on: same session, same end, a new token.

        :param reference: as in ``forms.Decoded``, of the token that is
            renewed.
        :return: ``None`` if the session reached its end, or if another
            request ended or renewed it meanwhile.
        """
        now = self._now()
        times = self._expiry.renew(ticket, now)
        if times.exp <= times.iat:
            return None
        renewed = replace(
            ticket,
            iat=times.iat,
            exp=times.exp,
            session_end=_limited(times.session_end, ticket),
        )
        text = self._form.renew(reference, renewed)
        if text is None:
            return None
        return self._issued(text, renewed, now)

    def unchanged(self, ticket: Ticket, text: str) -> IssuedToken:
        """Give a token that the client has, with the times that are left."""
        return self._issued(text, ticket, self._now())

    def exchange(self, ticket: Ticket) -> IssuedToken:
        """Give a token in this carrier for a session of the other one.

        :raises InvalidCredential: if the session reached its end meanwhile.
        """
        now = self._now()
        times = self._expiry.renew(ticket, now)
        if times.exp <= times.iat:
            raise InvalidCredential(REASON_EXPIRED, ticket)
        renewed = replace(ticket, iat=times.iat, exp=times.exp)
        return self._issued(self._form.encode(renewed), renewed, now)

    def verdict_of(self, ticket: Ticket) -> Verdict:
        """Judge the times of a ticket now."""
        now = clock.now(self._registry)
        policy = self._registry.utilities.lookup((), IExpiryPolicy)
        verdict: Verdict = policy.judge(ticket, now)
        return verdict

    def remaining(self, ticket: Ticket) -> dict[str, int | None]:
        """Give the seconds that are left: until the token expires, until the
        session ends, and until a use renews the token (``None`` for never).
        """
        now, policy = self._now(), self._expiry
        due = renewal(policy, ticket, now)
        return {
            "expires_in": token_end(policy, ticket, now) - now,
            "session_expires_in": session_end(policy, ticket, now) - now,
            "renews_in": None if due is None else due - now,
        }

    def _auth_time(self, userid: Userid, now: int) -> int:
        if self._revocations is None:
            return now
        auth_time = self._revocations.first_auth_time(userid, now)
        if auth_time - now > MOST_AHEAD:
            raise RepositoryUnavailable(
                "no session of this user can begin: a mark ended all sessions"
                " up to a time in the future, so a clock was set back or is"
                " ahead"
            )
        return auth_time

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


def _amr(identity: Identity) -> tuple[str, ...]:
    """Name how the user was authenticated (RFC 8176)."""
    names = identity.authenticator.split()
    return tuple(AMR.get(name, name) for name in names)


def _limited(end: int, ticket: Ticket) -> int:
    """Give the end that an expiry policy of the application's own moved, but
    no later than that of the longest session.
    """
    return min(end, max(ticket.session_end, ticket.auth_time + LONGEST))
