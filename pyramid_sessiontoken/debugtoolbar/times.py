"""The times of a session, in words."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock
from ..identity.ticket import Ticket
from ..interfaces import EXPIRED, RENEW, IExpiryPolicy
from ..sessions.remaining import renewal, session_end, token_end

#: The first characters of a ``sid``: enough to find it in a log.
SID_SHOWN = 8

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Row(NamedTuple):
    name: str
    value: str


class SessionShown(NamedTuple):
    """A session of a request.

    :ivar carrier: in what it travels.
    :ivar note: what is to be said about its token.
    """

    ticket: Ticket
    carrier: str
    note: str

    def is_due(self, registry: Any) -> bool:
        """Tell whether a use renews the token now."""
        policy = registry.getUtility(IExpiryPolicy)
        return policy.judge(self.ticket, clock.now(registry)) is RENEW


def rows_of(registry: Any, shown: SessionShown) -> tuple[Row, ...]:
    """Tell of a session and its times, as the expiry policy judges them."""
    ticket = shown.ticket
    rows = [
        Row("Session", f"{ticket.sid[:SID_SHOWN]}…"),
        Row("Travels in", f"{shown.carrier} ({shown.note})"),
        Row("Signed in with", ", ".join(ticket.amr) or "not told"),
        Row("Persistent", "yes" if ticket.persistent else "no"),
    ]
    if ticket.actor is not None:
        rows.append(Row("Acting user", repr(ticket.actor)))
    now = clock.now(registry)
    rows += [
        Row("Signed in", when(ticket.auth_time, now)),
        Row("This token made", when(ticket.iat, now)),
    ]
    policy = registry.getUtility(IExpiryPolicy)
    if policy.judge(ticket, now) is EXPIRED:
        rows.append(Row("This token expired", when(ticket.exp, now)))
        rows.append(Row("Session ends", when(ticket.session_end, now)))
        return tuple(rows)
    due = renewal(policy, ticket, now)
    never = "never: it expires before a use can renew it"
    rows += [
        Row("A use renews it from", never if due is None else when(due, now)),
        Row("This token expires", when(token_end(policy, ticket, now), now)),
        Row("Session ends", when(session_end(policy, ticket, now), now)),
    ]
    return tuple(rows)


def when(time: int, now: int) -> str:
    """Write a time, and how far it is away."""
    text = f"{clock.moment(time):%Y-%m-%d %H:%M:%S} UTC"
    if time == now:
        return f"{text}, now"
    away = span(abs(time - now))
    return f"{text}, in {away}" if time > now else f"{text}, {away} ago"


def span(seconds: int) -> str:
    """Write a duration in its two greatest units: ``1 h 30 min``."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
