"""What a ticket says, as lines for people."""

from __future__ import annotations

import json
from typing import Any

from .. import clock
from ..errors import CODES
from ..events import STAMP
from ..identity.ticket import Ticket
from ..interfaces import EXPIRED, NOT_YET, RENEW
from ..sessions.sealed_access_tokens import AccessToken
from .application import rules_of
from .durations import when

_OVER = (EXPIRED, NOT_YET)

_VERDICTS = {
    RENEW: "accepted, and renewed when it is used",
    EXPIRED: "refused, it expired",
    NOT_YET: "refused, it is from the future",
}


def judge(request: Any, sessions: Any, ticket: Ticket) -> tuple[str, bool]:
    """Say whether a ticket is accepted now, in words and as a fact."""
    verdict = sessions.verdict_of(ticket)
    stamp = rules_of(request).stamp
    is_over = verdict in _OVER
    if is_over or stamp is None or stamp.is_of(request, ticket):
        return _VERDICTS.get(verdict, "accepted"), not is_over
    return f"refused, {CODES[STAMP]}", False


def facts_of_ticket(
    request: Any, sessions: Any, ticket: Ticket
) -> dict[str, str]:
    """Say what a ticket contains, and until when it lives. No secret."""
    now = clock.now(request.registry)
    facts = {"User": repr(ticket.userid)}
    if ticket.actor is not None:
        facts["Acts for the user"] = repr(ticket.actor)
    facts |= {
        "Session": ticket.sid,
        "Authenticated by": " ".join(ticket.amr),
        "Claims": json.dumps(ticket.claims),
        "Authenticated": when(now, ticket.auth_time),
        "Issued": when(now, ticket.iat),
    }
    if ticket.persistent:
        facts["Persistent"] = "yes"
    if ticket.thumbprint is not None:
        facts["Bound to the certificate"] = ticket.thumbprint
    return {**facts, **_times(request, sessions, ticket, now)}


def _times(
    request: Any, sessions: Any, ticket: Ticket, now: int
) -> dict[str, str]:
    is_over = sessions.verdict_of(ticket) in _OVER
    _, is_accepted = judge(request, sessions, ticket)
    left = sessions.remaining(ticket)
    renews = left["renews_in"] if is_accepted else None
    ends, session_ends = ticket.exp, ticket.session_end
    if not is_over:
        ends = now + left["expires_in"]
        session_ends = now + left["session_expires_in"]
    return {
        "Next renewal": "never" if renews is None else when(now, now + renews),
        "Token ends": when(now, ends),
        "Session ends": when(now, session_ends),
    }


def facts_of_access_token(now: int, token: AccessToken) -> dict[str, str]:
    """Say what an access token is for, and until when it lives."""
    used = token.last_used
    return {
        "User": repr(token.userid),
        "Access token": token.id,
        "Name": repr(token.name),
        "Claims": json.dumps(token.claims),
        "Made": when(now, token.created),
        "Last used": "not yet" if used is None else when(now, used),
        "Ends": when(now, token.expires),
    }
