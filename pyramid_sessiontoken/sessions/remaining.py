"""How long a session lasts: what the expiry policy will do with its ticket.

The policy itself is asked, so that this holds for any policy, and under
settings that changed since the ticket was written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..identity.ticket import Ticket
from ..interfaces import EXPIRED, VALID, Verdict


def token_end(policy: Any, ticket: Ticket, now: int) -> int:
    """Give when a token dies unless it is renewed, leeway not counted."""

    def is_over(time: int) -> bool:
        return policy.judge(ticket, time) is EXPIRED

    return _first(is_over, now, min(ticket.exp, ticket.session_end))


def session_end(policy: Any, ticket: Ticket, now: int) -> int:
    """Give when a session ends for good, however often it is renewed."""
    end = ticket.session_end

    def is_over(time: int) -> bool:
        # Renewed at that very moment, for as long as can be.
        renewed = replace(ticket, iat=time, exp=end)
        return policy.judge(renewed, time) is EXPIRED

    return _first(is_over, now, end)


def renewal(policy: Any, ticket: Ticket, now: int) -> int | None:
    """Give when a use renews a token; ``None`` where none does before it
    dies.
    """

    def is_due(time: int) -> bool:
        verdict: Verdict = policy.judge(ticket, time)
        return verdict is not VALID

    end = token_end(policy, ticket, now)
    due = _first(is_due, now, end)
    return due if due < end else None


def _first(holds: Callable[[int], bool], now: int, end: int) -> int:
    """Give the first second for which something holds; ``end`` where it
    holds for none before, ``now`` where that is past already.
    """
    # Mostly it holds for none, and one question is enough.
    if end <= now or not holds(end - 1):
        return max(now, end)
    life = range(now, end)
    return now + bisect_left(life, True, key=holds)
