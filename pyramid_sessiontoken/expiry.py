"""Absolute and sliding expiry: arithmetic, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from zope.interface import implementer

from .identity.identity import Identity
from .identity.ticket import Ticket
from .interfaces import (
    EXPIRED,
    NOT_YET,
    RENEW,
    VALID,
    IExpiryPolicy,
    Times,
    Verdict,
)

#: No session is longer, seconds: 400 days, as long as browsers keep a cookie.
#: What ends sessions is remembered for as long.
LONGEST = 400 * 86400

#: A renewal that gains less than this is not worth a write, seconds.
MINIMUM_GAIN = 60


@implementer(IExpiryPolicy)
@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """Slide while used, end for good.

    :param absolute: seconds from the credential to the end of the session.
    :param sliding: seconds that a ticket lives, ``None`` for as long as the
        session.
    :param renew_after: the fraction of its life after which a use renews.
    :param clock_skew: seconds of leeway when a time is read (RFC 7519,
        section 4.1.4); the lesser of this and a tenth of ``sliding`` holds.
    """

    absolute: int
    sliding: int | None = None
    renew_after: float = 0.5
    clock_skew: int = 0
    #: Seconds that a ticket lives.
    life: int = field(init=False)
    #: Seconds of leeway.
    leeway: int = field(init=False)
    #: Seconds that a renewal must gain.
    minimum_gain: float = field(init=False)

    def __post_init__(self) -> None:
        life = self.absolute if self.sliding is None else self.sliding
        object.__setattr__(self, "life", life)
        object.__setattr__(self, "leeway", min(self.clock_skew, life // 10))
        object.__setattr__(self, "minimum_gain", min(MINIMUM_GAIN, life / 20))

    def begin(
        self,
        now: int,
        identity: Identity | None = None,
        persistent: bool = False,
    ) -> Times:
        end = now + self.absolute
        return Times(now, min(now + self.life, end), end)

    def judge(self, ticket: Ticket, now: int) -> Verdict:
        iat = ticket.iat
        if now < iat - self.leeway:
            return NOT_YET
        # Both within today's settings.
        end = min(ticket.session_end, ticket.auth_time + self.absolute)
        exp = min(ticket.exp, iat + self.life)
        # No leeway on the absolute end: it is never passed.
        if now >= end or now >= exp + self.leeway:
            return EXPIRED
        if now - iat < self.renew_after * (exp - iat):
            return VALID
        gain = min(now + self.life, end) - exp
        return RENEW if gain >= self.minimum_gain else VALID

    def renew(self, ticket: Ticket, now: int) -> Times:
        # From the settings, never from the ticket's length: whatever is
        # derived from the old length drifts from renewal to renewal.
        exp = min(
            now + self.life,
            ticket.session_end,
            ticket.auth_time + self.absolute,
        )
        return Times(now, exp, ticket.session_end)
