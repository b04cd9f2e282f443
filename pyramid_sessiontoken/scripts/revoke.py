"""``psessiontoken revoke``: end sessions."""

from __future__ import annotations

import argparse
from typing import Any

from .application import add_ini, application, read_userid


def add_to(commands: Any) -> None:
    revoke = commands.add_parser("revoke", help="end sessions")
    add_ini(revoke)
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--sid", metavar="SID", help="one session")
    which.add_argument("--user", metavar="USERID", help="all of a user")
    revoke.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments.ini) as request:
        if arguments.sid is not None:
            request.sessiontoken.revoke(arguments.sid)
        else:
            request.sessiontoken.revoke_all(read_userid(arguments.user))
    return 0
