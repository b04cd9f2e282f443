"""How long a session lasts, as the expiry policy will judge its ticket.

The policy may be the application's own, and the settings may have changed
since the ticket was written. So search for the second at which the policy's
verdict changes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from ..identity.ticket import Ticket
from ..interfaces import EXPIRED, RENEW, VALID, Verdict


def token_end(policy: Any, ticket: Ticket, now: int) -> int:
    """Give when a token expires if it is not renewed, without leeway; at
    least ``now``.
    """

    def is_over(time: int) -> bool:
        return policy.judge(ticket, time) is EXPIRED

    return _first(is_over, now, min(ticket.exp, ticket.session_end))


def session_end(policy: Any, ticket: Ticket, now: int) -> int:
    """Give when a session ends, however often it is renewed; at least
    ``now``.
    """
    end = ticket.session_end

    def is_over(time: int) -> bool:
        # A ticket that was renewed at this time, and lives to the end.
        renewed = ticket._replace(iat=time, exp=end)
        return policy.judge(renewed, time) is EXPIRED

    return _first(is_over, now, end)


def renewal(policy: Any, ticket: Ticket, now: int) -> int | None:
    """Give when a use renews a token; ``None`` if it expires before that."""

    def is_due(time: int) -> bool:
        verdict: Verdict = policy.judge(ticket, time)
        return verdict is not VALID

    if policy.judge(ticket, now) is RENEW:
        # Perhaps in its leeway, after its end.
        return now
    end = token_end(policy, ticket, now)
    due = _first(is_due, now, end)
    return due if due < end else None


def _first(holds: Callable[[int], bool], now: int, end: int) -> int:
    """Give the first second from ``now`` on for which something holds;
    ``end`` if it does not hold before.
    """
    # Mostly it does not, and one question is enough.
    if end <= now or not holds(end - 1):
        return max(now, end)
    return now + bisect_left(range(now, end), True, key=holds)
