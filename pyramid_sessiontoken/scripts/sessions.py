"""``psessiontoken sessions``: list stored sessions."""

from __future__ import annotations

import argparse
from typing import Any

from ..identity.userid import subject_of
from ..sessions.stored import SessionInfo
from .application import (
    add_ini,
    application,
    no_repository,
    read_userid,
    rules_of,
)


def add_to(commands: Any) -> None:
    sessions = commands.add_parser("sessions", help="list stored sessions")
    add_ini(sessions)
    sessions.add_argument(
        "userid",
        metavar="USERID",
        nargs="?",
        help="whose, everybody's by default; a text, int:42, or uuid:...",
    )
    sessions.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments.ini) as request:
        if arguments.userid is None:
            _list_all(request)
        else:
            userid = read_userid(arguments.userid)
            for info in request.sessiontoken.sessions(userid):
                print(_line(info))
    return 0


def _list_all(request: Any) -> None:
    stored = rules_of(request).stored
    if stored is None:
        raise no_repository()
    for userid, info in stored.of_everybody():
        print(f"{_line(info)}  {subject_of(userid)}")


def _line(info: SessionInfo) -> str:
    device = " ".join(filter(None, map(str, info.device.values())))
    return (
        f"{info.sid}  began {info.began:%Y-%m-%d %H:%M:%S},"
        f" ends {info.ends:%Y-%m-%d %H:%M:%S}, by"
        f" {info.authenticator}  {device}".rstrip()
    )
