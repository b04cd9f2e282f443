"""``psessiontoken revoke``: end sessions."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from typing import Any

from ..authenticators.names import ACCESS_TOKEN
from ..errors import SessionTokenError
from ..events import REVOKED, REVOKED_ALL, SessionEnded
from ..identity.userid import subject_of
from ..interfaces import IForgetfulRepository, ITokenRepository
from ..policy.access_tokens import access_tokens_of
from ..policy.ending import ended
from ..policy.observers import notify
from ..sessions.stored import StoredSessions
from .application import USER, add_ini, application, read_users, stored_of


def add_to(commands: Any) -> None:
    revoke = commands.add_parser("revoke", help="end sessions")
    add_ini(revoke)
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--sid", metavar="SID", help="one session")
    which.add_argument(
        "--user", metavar="USERID", help=f"all of a user: {USER}"
    )
    revoke.add_argument(
        "--access-tokens",
        action="store_true",
        help="with --user: the access tokens of the user, too",
    )
    revoke.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.access_tokens and arguments.user is None:
        print("--access-tokens needs --user", file=sys.stderr)
        return 2
    with application(arguments) as request:
        stored = stored_of(request)
        repository = request.registry.queryUtility(ITokenRepository)
        if IForgetfulRepository.providedBy(repository):
            raise SessionTokenError(
                "nothing was revoked: the repository is in the memory of the"
                " process that serves, and no command can reach it"
            )
        events = (
            _revoke_user(stored, arguments.user, arguments.access_tokens)
            if arguments.sid is None
            else _revoke_session(stored, arguments.sid)
        )
        notify(request.registry, *events)
    return 0


def _revoke_session(stored: StoredSessions, sid: str) -> list[SessionEnded]:
    ticket = stored.find(sid)
    until = stored.end(sid, ticket=ticket)
    found = "no such stored session" if ticket is None else _ended(1)
    print(f"{found}; {_refused(until)}")
    return [ended(None, REVOKED, ticket=ticket, sid=sid)]


def _revoke_user(
    stored: StoredSessions,
    text: str,
    access_tokens: bool,
) -> list[SessionEnded]:
    tokens = None
    if access_tokens:
        tokens = access_tokens_of(stored)
        tokens.require_listing()
    users = read_users(stored, text, access_tokens=access_tokens)
    events = []
    for user in users:
        found = "stored sessions cannot be counted"
        if stored.finds_by_sid:
            found = _ended(len(stored.of(user, None)))
        until = stored.end_all(user)
        print(f"{subject_of(user)}: {found}; {_refused(until)}")
        events.append(ended(None, REVOKED_ALL, userid=user))
        if tokens is not None:
            count = tokens.end_all(user)
            print(f"{subject_of(user)}: {_ended(count, 'access token')}")
            events.append(
                ended(
                    None,
                    REVOKED_ALL,
                    userid=user,
                    authenticator=ACCESS_TOKEN,
                )
            )
    return events


def _ended(count: int, what: str = "stored session") -> str:
    return f"{count} {what}{'' if count == 1 else 's'} ended"


def _refused(until: datetime | None) -> str:
    if until is None:
        return (
            "self-contained tokens are still accepted"
            " (sessiontoken.revocation = off)"
        )
    return f"tokens issued before are refused until {until:%Y-%m-%d %H:%M:%S}"
