"""The arithmetic of absolute and sliding expiry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

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


class Limits(NamedTuple):
    """How long sessions of one kind live, in seconds.

    :ivar life: of a ticket.
    :ivar leeway: for the times that a ticket contains.
    :ivar minimum_gain: what a renewal must gain, see :func:`least_gain`.
    """

    absolute: int
    life: int
    leeway: int
    minimum_gain: float


def limits_of(absolute: int, sliding: int | None, clock_skew: int) -> Limits:
    """Compute the limits of sessions of one kind.

    :param sliding: ``None``: a ticket lives as long as its session.
    """
    life = absolute if sliding is None else sliding
    leeway = min(clock_skew, life // 10)
    return Limits(absolute, life, leeway, least_gain(life))


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
    :param persistent: ``absolute`` and ``sliding`` of sessions that were begun
        as persistent; ``None`` for the same.
    """

    absolute: int
    sliding: int | None = None
    renew_after: float = 0.5
    clock_skew: int = 0
    persistent: tuple[int, int | None] | None = None
    #: Of a session, by whether it was begun as persistent.
    limits: tuple[Limits, Limits] = field(init=False)

    def __post_init__(self) -> None:
        ordinary = self.absolute, self.sliding
        both = (
            limits_of(*ordinary, self.clock_skew),
            limits_of(*(self.persistent or ordinary), self.clock_skew),
        )
        object.__setattr__(self, "limits", both)

    def begin(
        self,
        now: int,
        identity: Identity | None = None,
        persistent: bool = False,
    ) -> Times:
        absolute, life, _, _ = self.limits[persistent]
        end = now + absolute
        return Times(now, min(now + life, end), end)

    def judge(self, ticket: Ticket, now: int) -> Verdict:
        absolute, life, leeway, minimum_gain = self.limits[ticket.persistent]
        iat = ticket.iat
        if now < iat - leeway:
            return NOT_YET
        # The settings may be shorter now than when the ticket was written.
        # Each request comes here, and min() costs more than a comparison.
        end = ticket.auth_time + absolute
        if end > ticket.session_end:  # noqa: PLR1730
            end = ticket.session_end
        exp = iat + life
        if exp > ticket.exp:  # noqa: PLR1730
            exp = ticket.exp
        # The absolute end has no leeway.
        if now >= end or now >= exp + leeway:
            return EXPIRED
        if now - iat < self.renew_after * (exp - iat):
            return VALID
        gain = min(now + life, end) - exp
        return RENEW if gain >= minimum_gain else VALID

    def renew(self, ticket: Ticket, now: int) -> Times:
        # The life comes from the settings. The old ticket may have another
        # one: cut by the end of its session, or made under other settings.
        absolute, life, _, _ = self.limits[ticket.persistent]
        exp = min(now + life, ticket.session_end, ticket.auth_time + absolute)
        return Times(now, exp, ticket.session_end)
