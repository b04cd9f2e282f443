"""``psessiontoken revoke``: end sessions."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from ..errors import SessionTokenError
from ..identity.userid import subject_of
from ..interfaces import IForgetfulRepository, ITokenRepository
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
    revoke.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments) as request:
        stored = stored_of(request)
        repository = request.registry.queryUtility(ITokenRepository)
        if IForgetfulRepository.providedBy(repository):
            raise SessionTokenError(
                "nothing was revoked: the repository is in the memory of the"
                " process that serves, and no command can reach it"
            )
        if arguments.sid is not None:
            _revoke_session(stored, arguments.sid)
        else:
            _revoke_user(stored, arguments.user)
    return 0


def _revoke_session(stored: StoredSessions, sid: str) -> None:
    count = stored.count(sid)
    until = stored.end(sid)
    found = f"{_sessions(count)} ended" if count else "no such stored session"
    print(f"{found}; {_refused(until)}")


def _revoke_user(stored: StoredSessions, text: str) -> None:
    for user in read_users(stored, text):
        found = "stored sessions cannot be counted"
        if stored.finds_by_sid:
            found = f"{_sessions(len(stored.of(user, None)))} ended"
        until = stored.end_all(user)
        print(f"{subject_of(user)}: {found}; {_refused(until)}")


def _sessions(count: int) -> str:
    return f"{count} stored session{'' if count == 1 else 's'}"


def _refused(until: datetime | None) -> str:
    if until is None:
        return (
            "self-contained tokens are still accepted"
            " (sessiontoken.revocation = off)"
        )
    return f"tokens issued before are refused until {until:%Y-%m-%d %H:%M:%S}"
