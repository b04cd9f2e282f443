"""``psessiontoken explain``: tell what a token is."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from .. import clock
from ..errors import InvalidCredential
from ..identity.ticket import Ticket
from ..interfaces import EXPIRED, NOT_YET, RENEW
from .application import add_ini, application, rules_of

_OVER = (EXPIRED, NOT_YET)

_VERDICTS = {
    RENEW: "accepted, and renewed when it is used",
    EXPIRED: "refused, it expired",
    NOT_YET: "refused, it is from the future",
}


def add_to(commands: Any) -> None:
    explain = commands.add_parser("explain", help="tell what a token is")
    add_ini(explain)
    explain.add_argument(
        "token", metavar="TOKEN", help="the token; - reads standard input"
    )
    explain.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    given = arguments.token
    token = sys.stdin.read().strip() if given == "-" else given
    with application(arguments) as request:
        header = rules_of(request).header
        sessions = header.sessions
        try:
            ticket, _ = sessions.read(token)
        except InvalidCredential as refusal:
            print(f"Verdict: refused, {refusal.reason}")
            return 1
        now = clock.now(request.registry)
        verdict = sessions.verdict_of(ticket)
        print(f"Verdict: {_VERDICTS.get(verdict, 'accepted')}")
        for name, value in _facts(ticket, header.form.kid_of(token)):
            print(f"{name}: {value}")
        left = sessions.remaining(ticket)
        over = verdict in _OVER
        renews = None if over else left["renews_in"]
        ends = ticket.exp - now if over else left["expires_in"]
        print(f"Next renewal: {_when(now, renews)}")
        print(f"Token ends: {_when(now, ends)}")
        session = left["session_expires_in"]
        if over:
            session = ticket.session_end - now
        print(f"Session ends: {_when(now, session)}")
    return 1 if over else 0


def _facts(ticket: Ticket, kid: str | None) -> Iterator[tuple[str, Any]]:
    yield "Key", kid or "none: it is a reference to what the server keeps"
    yield "User", repr(ticket.userid)
    yield "Session", ticket.sid
    yield "Authenticated by", " ".join(ticket.amr)
    yield "Claims", json.dumps(ticket.claims)
    yield "Authenticated", _time(ticket.auth_time)
    yield "Issued", _time(ticket.iat)
    if ticket.thumbprint is not None:
        yield "Bound to the certificate", ticket.thumbprint


def _when(now: int, seconds: int | None) -> str:
    if seconds is None:
        return "never"
    when = f"in {seconds} s" if seconds >= 0 else f"{-seconds} s ago"
    return f"{_time(now + seconds)}, {when}"


def _time(seconds: int) -> str:
    return clock.moment(seconds).isoformat(" ")
