"""``psessiontoken sessions``: list stored sessions."""

from __future__ import annotations

import argparse
from typing import Any

from ..identity.userid import subject_of
from ..sessions.stored import SessionInfo
from .application import USER, add_ini, application, read_users, stored_of


def add_to(commands: Any) -> None:
    sessions = commands.add_parser("sessions", help="list stored sessions")
    add_ini(sessions)
    sessions.add_argument(
        "userid",
        metavar="USERID",
        nargs="?",
        help=f"whose, everybody's by default: {USER}",
    )
    sessions.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments) as request:
        if arguments.userid is None:
            _list_all(request)
        else:
            stored = stored_of(request)
            for user in read_users(stored, arguments.userid):
                for info in stored.of(user, None):
                    print(_line(info))
    return 0


def _list_all(request: Any) -> None:
    for userid, info in stored_of(request).of_everybody():
        print(f"{_line(info)}  {subject_of(userid)}")


def _line(info: SessionInfo) -> str:
    device = " ".join(filter(None, map(str, info.device.values())))
    return (
        f"{info.sid}  began {info.began:%Y-%m-%d %H:%M:%S},"
        f" ends {info.ends:%Y-%m-%d %H:%M:%S}, by"
        f" {info.authenticator}  {device}".rstrip()
    )
