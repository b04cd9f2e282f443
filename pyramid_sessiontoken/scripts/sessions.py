"""``psessiontoken sessions``: list stored sessions."""

from __future__ import annotations

import argparse
from typing import Any

from ..identity.userid import subject_of
from ..sessions.access_tokens import AccessTokenInfo
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
            users = read_users(stored, arguments.userid, access_tokens=True)
            for user in users:
                for info in stored.of(user, None):
                    print(_line(info))
                if stored.access_tokens is not None:
                    for token in stored.access_tokens.of(user):
                        print(_line_of_token(token))
    return 0


def _list_all(request: Any) -> None:
    for userid, info in stored_of(request).of_everybody():
        print(f"{_line(info)}  {subject_of(userid)}")


def _line(info: SessionInfo) -> str:
    device = " ".join(filter(None, map(str, info.device.values())))
    actor = info.actor
    acts = "" if actor is None else f", {subject_of(actor)} acts"
    return (
        f"{info.sid}  began {info.began:%Y-%m-%d %H:%M:%S},"
        f" ends {info.ends:%Y-%m-%d %H:%M:%S}, by"
        f" {info.authenticator}{acts}  {device}".rstrip()
    )


def _line_of_token(info: AccessTokenInfo) -> str:
    used = info.last_used
    last = "not used yet" if used is None else f"last used {used:%Y-%m-%d}"
    return (
        f"{info.id}  made {info.created:%Y-%m-%d %H:%M:%S},"
        f" ends {info.expires:%Y-%m-%d %H:%M:%S}, access token {info.name!r},"
        f" {last}"
    )
