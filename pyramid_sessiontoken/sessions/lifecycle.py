"""Sessions: issue, redeem, renew and judge them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from .. import clock
from ..errors import (
    REASON_EXPIRED,
    ClaimsError,
    Expired,
    NotYetValid,
    RepositoryUnavailable,
    SessionTokenError,
)
from ..expiry import LONGEST, least_gain
from ..identity.claims import NO_CLAIMS, Claims, freeze_claims
from ..identity.identity import Identity
from ..identity.ticket import MOST_AHEAD, Ticket
from ..identity.userid import Userid
from ..interfaces import (
    EXPIRED,
    RENEW,
    VALID,
    IClock,
    IExpiryPolicy,
    Times,
    Verdict,
)
from .amr import amr_of
from .forms import Decoded, Form
from .issued import IssuedToken
from .limits import SessionLimit
from .references import NO_SESSION
from .remaining import renewal, session_end, token_end
from .revocation import Revocations
from .shown import ShownToken


class Acting(NamedTuple):
    """One user acts for another in a session that begins.

    :ivar actor: who acts.
    :ivar until: when the session ends at the latest, in seconds since the
        epoch.
    """

    actor: Userid
    until: int


class Sessions:
    """The sessions that travel in one carrier, in one form.

    :ivar strict: redeems the same tokens, past the first-level cache.
    :ivar limit: how many sessions a user has; ``None`` for any number.
    :param registry: where ``IClock`` and ``IExpiryPolicy`` are looked up.
    :param token_type: as clients are told (RFC 6749, section 5.1).
    :param revocations: ``None`` where revocation is off.
    :param trim: removes a few old records at each sign-in.
    """

    def __init__(
        self,
        registry: Any,
        form: Form,
        token_type: str,
        revocations: Revocations | None = None,
        trim: Callable[[], None] | None = None,
    ) -> None:
        self._trim = trim
        self._revocations = revocations
        self._registry = registry
        self._form = form
        self._token_type = token_type
        self.strict = self
        self.limit: SessionLimit | None = None

    def issue(  # noqa: PLR0913
        self,
        identity: Identity,
        *,
        persistent: bool = False,
        device: Mapping[str, str] | None = None,
        thumbprint: str | None = None,
        replaced: Collection[str] = (),
        stamp: str | None = None,
        amr: tuple[str, ...] | None = None,
        began: Mapping[str, Any] = NO_CLAIMS,
        acting: Acting | None = None,
        until: int | None = None,
        at: int | None = None,
    ) -> IssuedToken:
        """Begin a session.

        :param thumbprint: of the certificate to which it is bound.
        :param replaced: the ``sid`` of each session that ends with this
            sign-in.
        :param stamp: the digest of the user's stamp.
        :param amr: how the user was authenticated (RFC 8176); ``None`` if
            the authenticator of the identity tells.
        :param began: as in ``Ticket.began``.
        :param acting: ``None`` where the user acts.
        :param until: when it ends at the latest, in seconds since the epoch;
            ``None`` if the expiry policy alone decides.
        :param at: when it began; ``None`` for now.
        :raises ValueError: if a session that began then has ended by now.
        :raises ClaimsError: for an identity that no token can carry.
        :raises SessionTokenError: if the expiry policy makes it longer than
            400 days.
        :raises SessionLimitReached: where the user has too many sessions.
        """
        now = self._now()
        if identity.userid is None:
            raise ClaimsError("a session needs a userid")
        userid = identity.userid
        began_at = now if at is None else at
        times = self._expiry.begin(began_at, identity, persistent)
        if times.session_end > began_at + LONGEST:
            raise SessionTokenError(
                "the expiry policy begins a session of more than 400 days:"
                " the end of a session is remembered no longer than that"
            )
        if acting is not None:
            times = _cut(times, acting.until)
        if until is not None:
            times = _cut(times, until)
        sid, reference = self._form.begin()
        ticket = Ticket(
            userid=userid,
            sid=sid,
            iat=times.iat,
            exp=times.exp,
            auth_time=began_at,
            session_end=times.session_end,
            amr=amr_of(identity.authenticator) if amr is None else amr,
            claims=freeze_claims(identity.claims),
            persistent=persistent,
            device=freeze_claims(device or {}),
            thumbprint=thumbprint,
            stamp=stamp,
            actor=None if acting is None else acting.actor,
            began=freeze_claims({**began, **self._place(userid, began_at)}),
        )
        if at is not None:
            ticket = self._used_until_now(ticket, now)
        if self.limit is None or ticket.actor is not None:
            text = self._form.encode(ticket, reference)
        else:
            with self.limit.place(ticket, replaced) as placed:
                text = self._form.encode(placed, reference)
            ticket = placed
        # A store of the library has done it with what it wrote.
        if self._trim is not None and reference is None:
            self._trim()
        return self._issued(text, ticket, now)

    def read(self, text: str) -> Decoded:
        """Give the user and the ticket of a token, also if it has expired.

        :raises InvalidCredential: for a text that is no token of ours, and
            for a session that was ended.
        """
        return self._form.decode(text)

    def redeem(self, text: str) -> ShownToken:
        """Accept a token, or refuse it.

        :raises InvalidCredential: for any other text. The reason is
            ``errors.REASON_EXPIRED`` if the token was good and has expired.
        """
        identity, reference = self._form.decode(text)
        ticket: Any = identity.ticket
        lookup = self._registry.utilities.lookup
        now = lookup((), IClock).now()
        verdict = lookup((), IExpiryPolicy).judge(ticket, now)
        if now >= ticket.session_end and ticket.ends_with_another:
            verdict = EXPIRED  # Whatever a policy of the application says.
        revocations = self._revocations
        if (
            verdict is RENEW
            and revocations is not None
            and revocations.believes(ticket)
        ):
            verdict = VALID  # Nothing is renewed then.
        if verdict is VALID or verdict is RENEW:
            return ShownToken(identity, ticket, reference, text, verdict)
        if verdict is EXPIRED:
            raise Expired(REASON_EXPIRED, ticket)
        raise NotYetValid(
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
        times = self._renewed(ticket, now)
        if times.exp <= times.iat:
            return None
        renewed = ticket._replace(
            iat=times.iat,
            exp=times.exp,
            session_end=_limited(times.session_end, ticket),
        )
        text = self._form.renew(reference, renewed)
        if text is None:
            return None
        return self._issued(text, renewed, now)

    def update(
        self,
        ticket: Ticket,
        reference: str | None,
        change: Callable[[Claims], Claims],
    ) -> IssuedToken:
        """Change the claims of a session and renew it: same session, same end,
        a new token.

        :param ticket: as it was shown, with the digest of the stamp of now.
        :param reference: as in ``forms.Decoded``, of the token that was
            shown.
        :param change: makes the new claims of those that count now; called
            again if another request wrote meanwhile.
        :raises SessionTokenError: if the session ended meanwhile.
        :raises RepositoryUnavailable: also where the session is believed in a
            time of grace only.
        """
        if reference is None:
            self.confirm(ticket)
        now = self._now()

        def successor(current: Ticket) -> Ticket:
            claims = change(current.claims)
            times = self._renewed(current, now)
            if times.exp <= times.iat:
                raise SessionTokenError(NO_SESSION)
            return current._replace(
                claims=claims,
                iat=times.iat,
                exp=times.exp,
                session_end=_limited(times.session_end, current),
                stamp=ticket.stamp,
            )

        text, changed = self._form.update(reference, ticket, successor)
        return self._issued(text, changed, now)

    def gains(self, ticket: Ticket) -> bool:
        """Tell whether a renewal now is worth a write: a minute, or a
        twentieth of the life of a ticket, passed since the last one.
        """
        now = self._now()
        times = self._renewed(ticket, now)
        return now - ticket.iat >= least_gain(times.exp - times.iat)

    def unchanged(self, ticket: Ticket, text: str) -> IssuedToken:
        """Give a token that the client has, with the times that are left."""
        return self._issued(text, ticket, self._now())

    def exchange(self, ticket: Ticket) -> IssuedToken:
        """Give a token in this carrier for a session of the other one.

        :raises InvalidCredential: if the session reached its end meanwhile.
        """
        now = self._now()
        times = self._renewed(ticket, now)
        if times.exp <= times.iat:
            raise Expired(REASON_EXPIRED, ticket)
        renewed = ticket._replace(iat=times.iat, exp=times.exp)
        return self._issued(self._form.encode(renewed), renewed, now)

    def confirm(self, ticket: Ticket) -> None:
        """Refuse a ticket that was accepted in a time of grace only.

        :raises InvalidCredential: where the session was ended by now.
        :raises RepositoryUnavailable: where that is still not known.
        """
        if self._revocations is not None:
            self._revocations.confirm(ticket)

    def verdict_of(self, ticket: Ticket) -> Verdict:
        """Judge the times of a ticket now."""
        now = self._now()
        if now >= ticket.session_end and ticket.ends_with_another:
            return EXPIRED
        verdict: Verdict = self._expiry.judge(ticket, now)
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

    def _used_until_now(self, ticket: Ticket, now: int) -> Ticket:
        """Give the ticket that its session has now, if it began earlier."""
        iat, exp, session_end = self._renewed(ticket, now)
        if exp <= iat:
            raise ValueError("a session that began then has ended by now")
        return ticket._replace(iat=iat, exp=exp, session_end=session_end)

    def _renewed(self, ticket: Ticket, now: int) -> Times:
        times: Times = self._expiry.renew(ticket, now)
        if ticket.ends_with_another:
            return _cut(times, ticket.session_end)
        return times

    def _place(self, userid: Userid, now: int) -> Mapping[str, int]:
        """Say in ``Ticket.began`` which mark a session comes after, where its
        ``auth_time`` does not tell.
        """
        if self._revocations is None:
            return NO_CLAIMS
        after = self._revocations.mark_ahead(userid, now)
        if after is None:
            return NO_CLAIMS
        if after - now >= MOST_AHEAD:
            raise RepositoryUnavailable(
                "no session of this user can begin: a mark ended all sessions"
                " up to a time in the future, so a clock was set back or is"
                " ahead"
            )
        return {"after": after}

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


def _cut(times: Times, until: int) -> Times:
    """Give times that are over at a time at the latest."""
    iat, exp, session_end = times
    return Times(iat, min(exp, until), min(session_end, until))


def _limited(end: int, ticket: Ticket) -> int:
    """Give the end that an expiry policy of the application's own moved, but
    no later than that of the longest session.
    """
    return min(end, max(ticket.session_end, ticket.auth_time + LONGEST))
