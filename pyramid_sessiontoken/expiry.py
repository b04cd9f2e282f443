"""The arithmetic of absolute and sliding expiry."""

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


def least_gain(life: int) -> float:
    """Give the seconds that a renewal must gain to be worth a write: 60, or a
    twentieth of the life of a ticket if that is less.
    """
    return min(60, life / 20)


@implementer(IExpiryPolicy)
@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """Let a session live while it is used, up to its absolute end.

    :param absolute: seconds from sign-in to the end of the session.
    :param sliding: seconds that a ticket lives; ``None`` for as long as its
        session.
    :param renew_after: the fraction of the ticket's life after which a request
        renews it.
    :param clock_skew: seconds of leeway for times that a token contains (RFC
        7519, section 4.1.4). A tenth of ``sliding`` is used if it is less.
    """

    absolute: int
    sliding: int | None = None
    renew_after: float = 0.5
    clock_skew: int = 0
    #: Seconds that a ticket lives.
    life: int = field(init=False)
    #: Seconds of leeway.
    leeway: int = field(init=False)
    #: Seconds that a renewal must gain, see :func:`least_gain`.
    minimum_gain: float = field(init=False)

    def __post_init__(self) -> None:
        life = self.absolute if self.sliding is None else self.sliding
        object.__setattr__(self, "life", life)
        object.__setattr__(self, "leeway", min(self.clock_skew, life // 10))
        object.__setattr__(self, "minimum_gain", least_gain(life))

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
        # The settings may be shorter now than when the ticket was written.
        end = min(ticket.session_end, ticket.auth_time + self.absolute)
        exp = min(ticket.exp, iat + self.life)
        # The absolute end has no leeway.
        if now >= end or now >= exp + self.leeway:
            return EXPIRED
        if now - iat < self.renew_after * (exp - iat):
            return VALID
        gain = min(now + self.life, end) - exp
        return RENEW if gain >= self.minimum_gain else VALID

    def renew(self, ticket: Ticket, now: int) -> Times:
        # The life comes from the settings. The old ticket may have another
        # one: cut by the end of its session, or made under other settings.
        exp = min(
            now + self.life,
            ticket.session_end,
            ticket.auth_time + self.absolute,
        )
        return Times(now, exp, ticket.session_end)
