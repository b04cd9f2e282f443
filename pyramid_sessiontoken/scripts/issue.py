"""``psessiontoken issue``: make a token."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .application import USERID, add_ini, application, read_userid


def add_to(commands: Any) -> None:
    issue = commands.add_parser("issue", help="make a token")
    add_ini(issue)
    issue.add_argument("userid", metavar="USERID", help=USERID)
    issue.add_argument(
        "--claim",
        metavar="K=V",
        action="append",
        default=[],
        help="V is JSON, or else a text",
    )
    issue.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    claims = dict(map(_read_claim, arguments.claim))
    with application(arguments.ini) as request:
        userid = read_userid(arguments.userid)
        print(request.sessiontoken.issue(userid, claims).access_token)
    return 0


def _read_claim(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"not K=V: {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
